package operators

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/tijorihq/tijori/internal/insight"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/admin"
	"github.com/tijorihq/tijori/internal/web/ui"
)

type workKey struct{}

// InRoom lets an operator see a page only during a piece of work, whose reason is asked for first, and writes it down
// before anything is read. What cannot be written down is not shown.
func (h *Handlers) InRoom(page frame.Handler) frame.Handler {
	return func(w http.ResponseWriter, r *frame.Request) error {
		work, err := h.Desk.WorkOf(r.Context(), r.Person.Email)
		if errors.Is(err, insight.ErrNoWork) {
			next := "/admin"
			if r.Method == http.MethodGet {
				next = r.URL.RequestURI()
			}
			return h.Redirect(w, r, "/admin/work?"+url.Values{"next": {next}}.Encode())
		}
		if err != nil {
			return err
		}
		what := r.URL.Path
		if r.Method != http.MethodGet {
			what = r.Method + " " + what
		}
		if err := h.Desk.See(r.Context(), r.Person.Email, work.ID, what); err != nil {
			return err
		}
		r.Request = r.Request.WithContext(context.WithValue(r.Context(), workKey{}, work))
		return page(w, r)
	}
}

func workOf(r *frame.Request) insight.Work {
	work, _ := r.Context().Value(workKey{}).(insight.Work)
	return work
}

// shell is the frame of a page in the room.
func shell(r *frame.Request) ui.Shell {
	s := r.Shell()
	s.Work = workOf(r).Reason
	return s
}

// WorkPage asks what an operator is here for.
func (h *Handlers) WorkPage(w http.ResponseWriter, r *frame.Request) error {
	return h.renderWork(w, r, http.StatusOK, nil)
}

func (h *Handlers) renderWork(w http.ResponseWriter, r *frame.Request, status int, wrong error) error {
	view := admin.Begin{
		Shell: r.Shell(), Reason: r.PostFormValue("reason"),
		Next: roomPath(ui.Or(r.PostFormValue("next"), r.URL.Query().Get("next"))),
	}
	work, err := h.Desk.WorkOf(r.Context(), r.Person.Email)
	if err != nil && !errors.Is(err, insight.ErrNoWork) {
		return err
	}
	view.Now = work.Reason
	if wrong != nil {
		if err := r.FormFault(&view.Form, wrong); err != nil {
			return err
		}
	}
	h.Render(w, r, status, admin.BeginPage(view))
	return nil
}

// BeginWork begins a piece of work with its reason.
func (h *Handlers) BeginWork(w http.ResponseWriter, r *frame.Request) error {
	if err := h.Desk.Begin(r.Context(), r.Person.Email, r.PostFormValue("reason")); err != nil {
		return h.renderWork(w, r, frame.FormStatus(err), err)
	}
	return h.Redirect(w, r, roomPath(r.PostFormValue("next")))
}

// roomPath is a path of the room; what leads elsewhere leads to its first page.
func roomPath(path string) string {
	path = frame.LocalPath(path, "/admin")
	if path == "/admin" || strings.HasPrefix(path, "/admin?") || strings.HasPrefix(path, "/admin/") {
		return path
	}
	return "/admin"
}
