package frame

import (
	"net/http"
	"path"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/page/stepup"
)

// ErrNoScript is the answer to a form for a passkey that nothing has filled in.
var ErrNoScript error = fault.New(fault.Invalid, "Passkeys need JavaScript. Everything else works without it.").
	Coded("passkey_missing")

var errSecondStep = fault.New(fault.Forbidden, "Operators sign in with two steps.").Coded(fault.SecondStep)

// The fields in which a form brings a proof along that the session is its user's.
const (
	proofPasskey  = "proof_passkey"
	proofCode     = "proof_code"
	proofPassword = "proof_password"
)

// ProofOf takes the proof out of a request's form.
func ProofOf(r *Request) (p account.Proof, found bool) {
	for field, into := range map[string]*string{
		proofPasskey: &p.Passkey, proofCode: &p.Code, proofPassword: &p.Password,
	} {
		found = found || r.PostForm.Has(field)
		*into = r.PostFormValue(field)
		r.PostForm.Del(field)
		r.Form.Del(field)
	}
	return p, found
}

// prove takes the proof that a form of a signed-in user brings along. What the form asks for is then done as if the
// session had been fresh from the start: nobody types a form twice.
func (r *Request) prove() error {
	if r.route.Access == Anyone || r.route.Access == Program {
		return nil
	}
	byPasskey := r.PostForm.Has(proofPasskey)
	p, found := ProofOf(r)
	if !found {
		return nil
	}
	err := ErrNoScript
	if p != (account.Proof{}) || !byPasskey {
		err = r.f.config.Accounts.StepUp(r.Context(), r.Caller, p)
	}
	if err != nil {
		if fault.Is(err, fault.Unauthorized) {
			return err
		}
		r.unproven = err
		return fault.New(fault.Forbidden, "Please confirm that it is you.").Coded(fault.StepUp)
	}
	return nil
}

// RequireFresh refuses a caller who has not just proved to be there, before what only such a one may do. Where rows
// change, the database asks by itself.
func (r *Request) RequireFresh() error {
	return r.As(func(tx *postgres.Tx) error {
		_, err := tx.Exec(r.Context(), `select tijori_access.require_fresh()`)
		return err
	})
}

// enterOperator reads who asks for an operator's page, and how the session was proved.
func (r *Request) enterOperator() error {
	return r.Read(func(_ postgres.Scope, b *pgx.Batch) {
		b.Queue(`select strong from tijori_access.proof()`).QueryRow(func(row pgx.Row) error {
			return row.Scan(&r.strong)
		})
	})
}

// pagePath is the page to come back to when a proof was given: the one that was asked for, or the one with the button
// that asked for a file.
func (r *Request) pagePath() string {
	switch {
	case r.Method != http.MethodGet:
		return path.Dir(r.URL.Path)
	case r.route.KeepsFlash:
		return path.Dir(r.URL.Path)
	}
	return r.URL.RequestURI()
}

// askForProof answers a form with the question who is there. What was typed goes along, hidden, and arrives with the
// proof.
func (f *Frame) askForProof(w http.ResponseWriter, r *Request) error {
	view, err := r.StepUpView()
	if err != nil {
		return err
	}
	view.Action = r.URL.RequestURI()
	for _, name := range sortedNames(r.PostForm) {
		for _, value := range r.PostForm[name] {
			view.Carried = append(view.Carried, stepup.Carried{Name: name, Value: value})
		}
	}
	status := http.StatusForbidden
	if r.unproven != nil {
		status = FormStatus(r.unproven)
		if err := r.ProofFault(&view, r.unproven); err != nil {
			return err
		}
	}
	f.Render(w, r, status, stepup.Page(view))
	return nil
}

func sortedNames(form map[string][]string) []string {
	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// ProofFault puts what is wrong with a proof beside its field.
func (r *Request) ProofFault(view *stepup.View, cause error) error {
	if err := r.FormFault(&view.Form, cause); err != nil {
		return err
	}
	for _, name := range []string{"password", "code"} {
		if text, ok := view.Errors[name]; ok {
			view.Errors["proof_"+name] = text
			delete(view.Errors, name)
		}
	}
	return nil
}

// StepUpView is the question who is there, with the answers that the caller's user can give.
func (r *Request) StepUpView() (stepup.View, error) {
	factors, err := r.f.config.Accounts.ListFactors(r.Context(), r.Caller)
	if err != nil {
		return stepup.View{}, err
	}
	r.frame()
	return stepup.View{
		Shell: r.Shell(), Email: r.Person.Email, Password: factors.Password && !factors.TwoStep, App: factors.TOTP,
		Codes: factors.Codes > 0, Passkey: len(factors.Passkeys) > 0 && r.f.config.Accounts.HasPasskeys(),
	}, nil
}
