// Package notmine takes the reports of people who were shown what is not theirs.
package notmine

import (
	"net/http"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/incident"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/notmine"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// Handlers answer the routes of this part.
type Handlers struct {
	*frame.Frame
	Accounts  *account.Service
	Incidents *incident.Service
	Release   string // which program answers
}

func (h *Handlers) view(r *frame.Request) notmine.View {
	from := incident.CleanPage(r.FormValue("from"))
	return notmine.View{
		Shell: r.Shell(), Form: ui.Form{ID: frame.NewID()}, Action: "/report", Back: frame.LocalPath(from, "/"),
		From: from, Request: r.FormValue("request"), Words: r.PostFormValue("words"), Sent: r.URL.Query().Has("sent"),
	}
}

// Form asks a user what they saw.
func (h *Handlers) Form(_ http.ResponseWriter, r *frame.Request) error {
	if err := r.Read(nil); err != nil {
		return err
	}
	return r.Page(notmine.Page(h.view(r)))
}

// Report keeps what a user says.
func (h *Handlers) Report(w http.ResponseWriter, r *frame.Request) error {
	id, err := r.FormID()
	if err != nil {
		return err
	}
	err = r.AsPage(func(tx *postgres.Tx) error {
		return incident.Complain(r.Context(), tx, id, h.Release, r.PostFormValue("from"), r.PostFormValue("request"),
			r.PostFormValue("words"))
	})
	if err != nil {
		view := h.view(r)
		view.ID = id.String()
		return frame.Again(r, err, &view, &view.Form, notmine.Page)
	}
	return h.Redirect(w, r, "/report?sent")
}

// shared is the view for whoever was sent a link.
func (h *Handlers) shared(r *frame.Request) notmine.View {
	view := h.view(r)
	view.Guest, view.From = true, ""
	view.Back = "/s/" + r.PathValue("token")
	view.Action = view.Back + "/report"
	return view
}

// SharedForm asks whoever holds a link that works.
func (h *Handlers) SharedForm(_ http.ResponseWriter, r *frame.Request) error {
	if err := h.Accounts.ThrottleLinks(r.Context(), h.Network(r.Request)); err != nil {
		return err
	}
	if _, _, err := ledger.ReadShared(r.Context(), r.AsNobody, r.PathValue("token"), 0, 0); err != nil {
		return err
	}
	return r.Page(notmine.Page(h.shared(r)))
}

// SharedReport keeps what they say.
func (h *Handlers) SharedReport(w http.ResponseWriter, r *frame.Request) error {
	if err := h.Accounts.ThrottleReports(r.Context(), h.Network(r.Request)); err != nil {
		return err
	}
	id, err := r.FormID()
	if err != nil {
		return err
	}
	hash, ok := ledger.ShareHash(r.PathValue("token"))
	if !ok {
		return fault.New(fault.NotFound, "Page not found.")
	}
	err = h.Incidents.ComplainOfShare(r.Context(), hash, id, h.Release, r.PostFormValue("request"),
		r.PostFormValue("words"))
	if err != nil {
		view := h.shared(r)
		view.ID = id.String()
		return frame.Again(r, err, &view, &view.Form, notmine.Page)
	}
	return h.Redirect(w, r, h.shared(r).Action+"?sent")
}
