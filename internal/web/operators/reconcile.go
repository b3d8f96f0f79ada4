package operators

import (
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/admin"
	"github.com/tijorihq/tijori/internal/web/ui"
)

func runViews(s ui.Shell, list []billing.Run) (out []admin.Run) {
	for _, r := range list {
		out = append(out, admin.Run{
			ID: r.ID.String(), Provider: r.Provider.Name(), State: r.State, Word: runWord(s, r.State), Note: r.Note,
			Started: s.Moment(r.StartedAt), By: r.AskedBy, Dry: r.DryRun,
			Sum: s.T("%d compared, %d differ, %d repaired, %d for a person", r.Looked, r.Differ, r.Repaired, r.Queued),
		})
	}
	return out
}

func runWord(s ui.Shell, state string) string {
	switch state {
	case "running":
		return s.T("running")
	case "complete":
		return s.T("complete")
	case "partial":
		return s.T("broken off")
	}
	return state
}

func (h *Handlers) ReconcilePage(w http.ResponseWriter, r *frame.Request) error {
	return h.renderRuns(w, r, http.StatusOK, nil)
}

func (h *Handlers) renderRuns(w http.ResponseWriter, r *frame.Request, status int, wrong error) error {
	list, err := h.Billing.ListRuns(r.Context(), 20)
	if err != nil {
		return err
	}
	view := admin.Runs{
		Shell: shell(r), Runs: runViews(shell(r), list),
		Account: ui.Or(r.PostFormValue("account"), r.URL.Query().Get("account")),
	}
	if asked := r.URL.Query().Get("run"); asked != "" {
		id, err := uuid.Parse(asked)
		if err != nil {
			return fault.New(fault.NotFound, "Page not found.")
		}
		found, err := h.Billing.ListFindings(r.Context(), id)
		if err != nil {
			return err
		}
		view.About = r.T("What the comparison found")
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
