package operators

import (
	"net/http"
	"time"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/admin"
	"github.com/tijorihq/tijori/internal/web/ui"
)

const usesShown = 100

// LogPage is who looked at what, and who did what.
func (h *Handlers) LogPage(_ http.ResponseWriter, r *frame.Request) error {
	before := time.Time{}
	if text := r.URL.Query().Get("before"); text != "" {
		t, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return fault.New(fault.NotFound, "Page not found.")
		}
		before = t
	}
	view := admin.Log{Shell: shell(r)}
	uses, err := h.Billing.ListSupportUses(r.Context(), before, usesShown)
	if err != nil {
		return err
	}
	for _, u := range uses {
		view.Uses = append(view.Uses, admin.Use{
			At: view.Shell.Moment(u.At), Who: u.Who, Question: questionName(view.Shell, u.Question), Subject: u.Subject,
			Detail: u.Detail,
		})
	}
	if len(uses) == usesShown {
		view.Next = "/admin/log?before=" + uses[usesShown-1].At.UTC().Format(time.RFC3339Nano)
	}
	acts, err := h.Billing.ListActs(r.Context(), 40)
	if err != nil {
		return err
	}
	view.Acts = actViews(view.Shell, acts)
	return r.Page(admin.LogPage(view))
}

func questionName(s ui.Shell, question string) string {
	switch question {
	case "work":
		return s.T("Began to work")
	case "page":
		return s.T("Page")
	case "figures":
		return s.T("Figures")
	case "list":
		return s.T("Accounts behind a figure")
	case "search":
		return s.T("Search")
	case "account":
		return s.T("Opened an account")
	case "lookup":
		return s.T("Looked an address up")
	case "why":
		return s.T("Asked why")
	}
	return words(question)
}
