package operators

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/admin"
)

func runViews(list []billing.Run) (out []admin.Run) {
	for _, r := range list {
		out = append(out, admin.Run{
			ID: r.ID.String(), Provider: r.Provider.Name(), State: r.State, Note: r.Note,
			Started: admin.When(r.StartedAt), By: r.AskedBy, Dry: r.DryRun,
			Sum: fmt.Sprintf("%d compared, %d differ, %d repaired, %d for a person",
				r.Looked, r.Differ, r.Repaired, r.Queued),
		})
	}
	return out
}

func (h *Handlers) ReconcilePage(w http.ResponseWriter, r *frame.Request) error {
	return h.renderRuns(w, r, http.StatusOK, nil)
}

func (h *Handlers) renderRuns(w http.ResponseWriter, r *frame.Request, status int, wrong error) error {
	list, err := h.Billing.ListRuns(r.Context(), 20)
	if err != nil {
		return err
	}
	view := admin.Runs{Shell: r.Shell(), Runs: runViews(list)}
	if asked := r.URL.Query().Get("run"); asked != "" {
		id, err := uuid.Parse(asked)
		if err != nil {
			return fault.New(fault.NotFound, "Page not found.")
		}
		found, err := h.Billing.ListFindings(r.Context(), id)
		if err != nil {
			return err
		}
		view.About = "What the comparison found"
		for _, f := range found {
			v := admin.Finding{Outcome: f.Outcome, Class: f.Class, Subscription: f.Subscription, Detail: f.Detail}
			if f.AccountID != uuid.Nil {
				v.Account = f.AccountID.String()
			}
			view.Findings = append(view.Findings, v)
		}
	}
	if wrong != nil {
		if err := r.FormFault(&view.Form, wrong); err != nil {
			return err
		}
	}
	h.Render(w, r, status, admin.RunsPage(view))
	return nil
}

// ReconcileAccount compares one account now. All of them take longer than a
// page may: the clock and the command do that.
func (h *Handlers) ReconcileAccount(w http.ResponseWriter, r *frame.Request) error {
	text := strings.TrimSpace(r.PostFormValue("account"))
	id, err := uuid.Parse(text)
	if err != nil || len(text) != 36 || id == uuid.Nil {
		err := fault.InvalidField("account", "This is not the ID of an account.")
		return h.renderRuns(w, r, frame.FormStatus(err), err)
	}
	runs, err := h.Billing.Reconcile(r.Context(), billing.Reconciliation{
		Account: id,
		DryRun:  r.PostFormValue("dry") != "", Who: r.Person.Email,
	})
	if err != nil && len(runs) == 0 {
		return err
	}
	if err != nil { // the run says how far it came
		h.Log.Warn("reconcile an account", "request", r.ID, "error", err)
	}
	target := "/admin/reconcile"
	for _, run := range runs {
		if target == "/admin/reconcile" || run.Differ > 0 {
			target = "/admin/reconcile?run=" + run.ID.String()
		}
	}
	return h.Redirect(w, r, target)
}

func (h *Handlers) SupportPage(w http.ResponseWriter, r *frame.Request) error {
	return h.renderSupport(w, r, http.StatusOK, nil, nil)
}

func (h *Handlers) renderSupport(
	w http.ResponseWriter, r *frame.Request, status int, a *billing.SupportAnswer, wrong error,
) error {
	view := admin.Support{Shell: r.Shell(), Email: r.PostFormValue("email"), Remark: r.PostFormValue("remark")}
	if a != nil {
		view.Answer = answerView(a)
	}
	uses, err := h.Billing.ListSupportUses(r.Context(), 10)
	if err != nil {
		return err
	}
	for _, u := range uses {
		view.Uses = append(view.Uses, admin.Use{
			At: admin.When(u.At), Who: u.Who, Question: u.Question,
			Subject: u.Subject, Detail: u.Detail,
		})
	}
	if wrong != nil {
		if err := r.FormFault(&view.Form, wrong); err != nil {
			return err
		}
	}
	h.Render(w, r, status, admin.SupportPage(view))
	return nil
}

// LookUp answers in place: the address is nobody's business in a log or a history.
func (h *Handlers) LookUp(w http.ResponseWriter, r *frame.Request) error {
	a, err := h.Billing.SupportLookup(r.Context(), r.Person.Email, r.PostFormValue("email"), r.PostFormValue("remark"))
	if fault.Is(err, fault.NotFound) {
		err = fault.InvalidField("email", "Nobody with this address has an account.")
	}
	if err != nil {
		return h.renderSupport(w, r, frame.FormStatus(err), nil, err)
	}
	return h.renderSupport(w, r, http.StatusOK, a, nil)
}

func answerView(a *billing.SupportAnswer) *admin.Answer {
	v := &admin.Answer{User: a.UserName, UserID: a.UserID.String()}
	for _, acc := range a.Accounts {
		one := admin.Account{
			ID: acc.ID.String(), Name: acc.Name, Role: acc.Role, Since: admin.When(acc.CreatedAt),
			Plan: acc.PlanName, Why: acc.Why, Entitlements: strings.Join(acc.Entitlements, ", "),
		}
		for _, sub := range acc.Subscriptions {
			one.Subscriptions = append(one.Subscriptions, sub.Provider.Name()+" "+sub.ID+": "+sub.Why)
		}
		for _, item := range acc.Items {
			one.Items = append(one.Items, fmt.Sprintf("Open since %s: %s: %s", admin.When(item.OpenedAt),
				strings.ReplaceAll(item.Reason, "_", " "), item.Detail))
		}
		for _, e := range acc.Events {
			one.Events = append(one.Events, admin.Event{
				Provider: string(e.Provider), ID: e.ID, Type: e.Type,
				Subject: e.Subject, State: e.Status, Reason: e.LastError,
				Received: admin.When(e.Received), Tries: e.Attempts,
			})
		}
		v.Accounts = append(v.Accounts, one)
	}
	return v
}
