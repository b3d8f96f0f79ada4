package account

import (
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/account/passkeytest"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

const (
	origin = "https://khata.example.com"
	rpID   = "khata.example.com"
)

// equipped is a service with passkeys and authenticator apps.
func equipped(t *testing.T) (*Service, *pgtest.DB) {
	t.Helper()
	s, db := setup(t)
	public, err := url.Parse(origin)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Equip(public, []byte(strings.Repeat("k", 32))); err != nil {
		t.Fatal(err)
	}
	return s, db
}

// withPasskey adds a passkey to a session's user.
func withPasskey(t *testing.T, s *Service, session Session, count uint32) *passkeytest.Authenticator {
	t.Helper()
	a := passkeytest.New(t, origin, rpID)
	a.Count = count
	creation, err := s.AskToRegister(t.Context(), caller(session))
	if err != nil {
		t.Fatalf("AskToRegister = %v", err)
	}
	if err := s.AddPasskey(t.Context(), caller(session), "Phone", a.Register(t, creation)); err != nil {
		t.Fatalf("AddPasskey = %v", err)
	}
	return a
}

// signInBy asks to sign in and lets an authenticator answer.
func signInBy(t *testing.T, s *Service, a *passkeytest.Authenticator) (Session, error) {
	t.Helper()
	question, err := s.AskToSignIn(t.Context(), phone.Network)
	if err != nil {
		t.Fatalf("AskToSignIn = %v", err)
	}
	return s.SignInWithPasskey(t.Context(), a.Sign(t, question), phone, "")
}

// stale makes a session's proof older than it may be.
func stale(t *testing.T, db *pgtest.DB, s Session) {
	t.Helper()
	hash := Hash(s.Token)
	exec(t, db, `update credentials set proven_at = now() - interval '11 minutes',
		strong_at = case when strong_at is not null then now() - interval '11 minutes' end where hash = $1`, hash[:])
}

func wantCode(t *testing.T, what string, err error, code string) {
	t.Helper()
	if err == nil || fault.CodeOf(err) != code {
		t.Errorf("%s = %v, want a fault with the code %s", what, err, code)
	}
}

func TestPasskeySignsIn(t *testing.T) {
	t.Parallel()
	s, db := equipped(t)
	first := confirmed(t, s, db, "asha@example.com")
	for _, count := range []uint32{0, 7} {
		a := withPasskey(t, s, first, count)
		session, err := signInBy(t, s, a)
		if err != nil || session.UserID != first.UserID || !alive(t, db, session) {
			t.Fatalf("with a counter at %d: SignInWithPasskey = %+v, %v", count, session, err)
		}
		hash := Hash(session.Token)
		if !one[bool](t, db, `select strong_at is not null from credentials where hash = $1`, hash[:]) {
			t.Error("a session by passkey counts as one by password alone")
		}
	}
	f, err := s.ListFactors(t.Context(), caller(first))
	if err != nil || len(f.Passkeys) != 2 || f.Passkeys[0].UsedAt == nil || !f.Passkeys[0].Synced ||
		f.Passkeys[1].Synced {
		t.Errorf("ListFactors = %+v, %v", f, err)
	}
}

// Whatever is not right with an answer, it is refused with the same words, and its question cannot be answered again.
func TestPasskeyAnswerMustBeRight(t *testing.T) {
	t.Parallel()
	s, db := equipped(t)
	a := withPasskey(t, s, confirmed(t, s, db, "asha@example.com"), 5)
	b := withPasskey(t, s, confirmed(t, s, db, "bela@example.com"), 5)
	unknown := passkeytest.New(t, origin, rpID)
	unknown.Handle = a.Handle
	change := func(what func(*passkeytest.Authenticator)) *passkeytest.Authenticator {
		c := a.Copy()
		c.Count += 100
		what(c)
		return c
	}
	for what, x := range map[string]*passkeytest.Authenticator{
		"another page's":         change(func(c *passkeytest.Authenticator) { c.Origin = "https://khata.example.com.evil.example" }),
		"the page without TLS's": change(func(c *passkeytest.Authenticator) { c.Origin = "http://khata.example.com" }),
		"another server's":       change(func(c *passkeytest.Authenticator) { c.RPID = "example.com" }),
		"nobody verified":        change(func(c *passkeytest.Authenticator) { c.Unverified = true }),
		"an unknown passkey":     unknown,
		"another user's handle":  change(func(c *passkeytest.Authenticator) { c.Handle = b.Handle }),
		"no handle":              change(func(c *passkeytest.Authenticator) { c.Handle = nil }),
		"another passkey's id":   change(func(c *passkeytest.Authenticator) { c.ID = b.ID }),
		"an id that nobody has": change(func(c *passkeytest.Authenticator) {
			c.ID = []byte("sixteen bytes are enough")
		}),
		"a passkey of no counter": change(func(c *passkeytest.Authenticator) { c.Count = 0 }),
	} {
		_, err := signInBy(t, s, x)
		if f := fault.Of(err); f == nil || f.Sentence() != errPasskey.Sentence() {
			t.Errorf("%s: %v, want %v", what, err, errPasskey)
		}
	}
	for _, answer := range []string{
		"", "{}", "null", `{"id":"AA"}`,
		`{"id":"AA==","client_data":"e30","authenticator_data":"AA","signature":"","user":""}`,
		strings.Repeat("[", 100_000), `{"id":"AA","ID":"AB"}`,
	} {
		if _, err := s.SignInWithPasskey(t.Context(), answer, phone, ""); fault.CodeOf(err) != "passkey_refused" {
			t.Errorf("%.40q: %v", answer, err)
		}
	}
	if _, err := signInBy(t, s, a); err != nil {
		t.Errorf("the right one afterwards: %v", err)
	}
}

func TestPasskeyChallengeIsUsedOnce(t *testing.T) {
	t.Parallel()
	s, db := equipped(t)
	first := confirmed(t, s, db, "asha@example.com")
	a := withPasskey(t, s, first, 0)
	question, err := s.AskToSignIn(t.Context(), phone.Network)
	if err != nil {
		t.Fatal(err)
	}
	answer := a.Sign(t, question)
	var done atomic.Int64
	var all sync.WaitGroup
	for range 20 { // at once
		all.Go(func() {
			if _, err := s.SignInWithPasskey(t.Context(), answer, phone, ""); err == nil {
				done.Add(1)
			} else if fault.CodeOf(err) != "passkey_refused" {
				t.Errorf("a repetition: %v", err)
			}
		})
	}
	all.Wait()
	if done.Load() != 1 {
		t.Errorf("one answer opened %d sessions", done.Load())
	}
	late, err := s.AskToSignIn(t.Context(), phone.Network)
	if err != nil {
		t.Fatal(err)
	}
	exec(t, db, `update challenges set expires_at = now() - interval '1 second'`)
	_, err = s.SignInWithPasskey(t.Context(), a.Sign(t, late), phone, "")
	wantCode(t, "an answer that comes late", err, "passkey_refused")
	// A question of one kind is no question of another, nor of another session.
	other, err := s.SignIn(t.Context(), "asha@example.com", goodPassword, phone, "")
	if err != nil {
		t.Fatal(err)
	}
	step, err := s.AskToStepUp(t.Context(), caller(first))
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.SignInWithPasskey(t.Context(), a.Sign(t, step), phone, "")
	wantCode(t, "a step-up's answer to sign in", err, "passkey_refused")
	step, err = s.AskToStepUp(t.Context(), caller(first))
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, "another session's answer", s.StepUp(t.Context(), caller(other), Proof{Passkey: a.Sign(t, step)}),
		"passkey_refused")
	creation, err := s.AskToRegister(t.Context(), caller(first))
	if err != nil {
		t.Fatal(err)
	}
	fresh := passkeytest.New(t, origin, rpID)
	wantCode(t, "another session's registration",
		s.AddPasskey(t.Context(), caller(other), "x", fresh.Register(t, creation)), "passkey_refused")
}

func TestCopiedPasskeyClosesItself(t *testing.T) {
	t.Parallel()
	s, db := equipped(t)
	first := confirmed(t, s, db, "asha@example.com")
	a := withPasskey(t, s, first, 10)
	thief := a.Copy()
	if _, err := signInBy(t, s, a); err != nil {
		t.Fatal(err)
	}
	_, err := signInBy(t, s, thief) // at the same count
	wantCode(t, "the copy", err, "passkey_copied")
	_, err = signInBy(t, s, a)
	wantCode(t, "the original after its copy", err, "passkey_copied")
	f, err := s.ListFactors(t.Context(), caller(first))
	if err != nil || len(f.Passkeys) != 1 || !f.Passkeys[0].Copied || f.Any() {
		t.Errorf("ListFactors = %+v, %v", f, err)
	}
}

func TestOthersDoNotReachAPasskey(t *testing.T) {
	t.Parallel()
	s, db := equipped(t)
	asha, bela := confirmed(t, s, db, "asha@example.com"), confirmed(t, s, db, "bela@example.com")
	a := withPasskey(t, s, asha, 3)
	id := one[uuid.UUID](t, db, `select id from passkeys`)
	wantKind(t, "rename another's", s.RenamePasskey(t.Context(), caller(bela), id, "mine"), fault.NotFound)
	wantKind(t, "remove another's", s.RemovePasskey(t.Context(), caller(bela), id), fault.NotFound)
	wantKind(t, "remove without a session", s.RemovePasskey(t.Context(), postgres.Caller{}, id), fault.Unauthorized)
	// Another account's authenticator proves nothing here, even in answer to one's own question.
	withPasskey(t, s, bela, 3)
	question, err := s.AskToStepUp(t.Context(), caller(bela))
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, "another account's authenticator",
		s.StepUp(t.Context(), caller(bela), Proof{Passkey: a.Sign(t, question)}), "passkey_refused")
	// Nor can an id that is registered be registered by somebody else.
	creation, err := s.AskToRegister(t.Context(), caller(bela))
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, "another's id", s.AddPasskey(t.Context(), caller(bela), "x", a.Register(t, creation)), "passkey_known")
	if n := one[int](t, db, `select count(*) from passkeys where user_id = $1`, asha.UserID); n != 1 {
		t.Errorf("%d passkeys are left, want 1", n)
	}
}

func TestStepUp(t *testing.T) {
	t.Parallel()
	s, db := equipped(t)
	session := confirmed(t, s, db, "asha@example.com")
	a := withPasskey(t, s, session, 0)
	id := one[uuid.UUID](t, db, `select id from passkeys`)
	stale(t, db, session)
	c := caller(session)
	_, err := s.AskToRegister(t.Context(), c)
	wantCode(t, "AskToRegister", err, fault.StepUp)
	_, err = s.BeginTOTP(t.Context(), c)
	wantCode(t, "BeginTOTP", err, fault.StepUp)
	_, err = s.NewCodes(t.Context(), c)
	wantCode(t, "NewCodes", err, fault.StepUp)
	_, err = s.SetTwoStep(t.Context(), c, true)
	wantCode(t, "SetTwoStep", err, fault.StepUp)
	wantCode(t, "RemovePasskey", s.RemovePasskey(t.Context(), c, id), fault.StepUp)
	wantCode(t, "RemoveTOTP", s.RemoveTOTP(t.Context(), c), fault.StepUp)
	wantCode(t, "AddPasskey", s.AddPasskey(t.Context(), c, "x", "{}"), fault.StepUp)
	wantKind(t, "a wrong password", s.StepUp(t.Context(), c, Proof{Password: "not-this-one"}), fault.Invalid)
	wantKind(t, "nothing", s.StepUp(t.Context(), c, Proof{}), fault.Invalid)
	if err := s.StepUp(t.Context(), c, Proof{Password: goodPassword}); err != nil {
		t.Fatalf("StepUp by password = %v", err)
	}
	if _, err = s.SetTwoStep(t.Context(), c, true); err != nil {
		t.Fatalf("SetTwoStep = %v", err)
	}
	// With two steps, the password alone proves no more.
	stale(t, db, session)
	wantCode(t, "the password alone", s.StepUp(t.Context(), c, Proof{Password: goodPassword}), "strong_proof")
	wantCode(t, "RemovePasskey", s.RemovePasskey(t.Context(), c, id), fault.StepUp)
	question, err := s.AskToStepUp(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.StepUp(t.Context(), c, Proof{Passkey: a.Sign(t, question)}); err != nil {
		t.Fatalf("StepUp by passkey = %v", err)
	}
	if err := s.RemovePasskey(t.Context(), c, id); err != nil {
		t.Fatalf("RemovePasskey = %v", err)
	}
	f, err := s.ListFactors(t.Context(), c)
	if err != nil || f.TwoStep || f.Codes != 0 || f.Any() {
		t.Errorf("after the last factor went: %+v, %v", f, err)
	}
	// A session that has ended proves nothing, and is not brought back.
	if err := s.SignOut(t.Context(), session.Token); err != nil {
		t.Fatal(err)
	}
	wantKind(t, "after signing out", s.StepUp(t.Context(), c, Proof{Password: goodPassword}), fault.Unauthorized)
}

func TestSignUpWithPasskey(t *testing.T) {
	t.Parallel()
	s, db := equipped(t)
	l, err := s.IssueSignUp(t.Context(), signUp(t, s, db, form("asha@example.com")))
	if err != nil {
		t.Fatal(err)
	}
	creation, err := s.AskToSignUp(t.Context(), l.Token)
	if err != nil {
		t.Fatalf("AskToSignUp = %v", err)
	}
	a := passkeytest.New(t, origin, rpID)
	answer := a.Register(t, creation)
	_, err = s.SignUpWithPasskey(t.Context(), "another-token", "Phone", answer, phone)
	wantKind(t, "with another link", err, fault.NotFound)
	session, err := s.SignUpWithPasskey(t.Context(), l.Token, "Phone", answer, phone)
	if err != nil || !alive(t, db, session) {
		t.Fatalf("SignUpWithPasskey = %v", err)
	}
	if got := events(readLog(t, db, caller(session))); !slices.Equal(got, []Event{SignedIn}) || len(told(t, db)) > 0 {
		t.Errorf("the log has %v and notices wait for %v, want a sign-in that nobody is told of", got, told(t, db))
	}
	_, err = s.SignUpWithPasskey(t.Context(), l.Token, "Phone", answer, phone)
	wantKind(t, "the link again", err, fault.NotFound)
	if again, err := signInBy(t, s, a); err != nil || again.UserID != session.UserID {
		t.Errorf("sign in by it = %v", err)
	}
	// The password of the sign-up was anybody's.
	_, err = s.SignIn(t.Context(), "asha@example.com", goodPassword, phone, "")
	wantKind(t, "the sign-up's password", err, fault.Invalid)
	_, err = s.SignIn(t.Context(), "asha@example.com", "", phone, "")
	wantKind(t, "no password", err, fault.Invalid)
}

// Whoever has passkeys and no password proves with them what others prove with a password.
func TestNoPasswordIsNoDoor(t *testing.T) {
	t.Parallel()
	s, db := equipped(t)
	session := confirmed(t, s, db, "asha@example.com")
	withPasskey(t, s, session, 0)
	exec(t, db, `update users set password_hash = ''`)
	stale(t, db, session)
	c := caller(session)
	wantCode(t, "a first password", s.ChangePassword(t.Context(), c, "", "another-good-lantern"), fault.StepUp)
	_, err := s.LeaveAccount(t.Context(), c, one[uuid.UUID](t, db, `select account_id from accounts`), "")
	wantCode(t, "leave", err, fault.StepUp)
	wantKind(t, "no password as a proof", s.StepUp(t.Context(), c, Proof{}), fault.Invalid)
	hash := Hash(session.Token)
	exec(t, db, `update credentials set proven_at = now() where hash = $1`, hash[:])
	if err := s.ChangePassword(t.Context(), c, "", "another-good-lantern"); err != nil {
		t.Errorf("a first password after a proof: %v", err)
	}
	wantKind(t, "a second one without the first", s.ChangePassword(t.Context(), c, "", "yet-another-lantern"),
		fault.Invalid)
}
