package web

import (
	"net/http"
	"time"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/admin"
)

func alertView(a billing.Alert, now time.Time) admin.Alert {
	v := admin.Alert{Provider: string(a.Provider), Kind: a.Kind, Name: a.Provider.Name(), Text: a.Detail,
		Raised: a.State == "raised", Since: admin.When(a.FirstAt)}
	switch {
	case !a.Muted(now):
	case a.MutedUntil.IsZero():
		v.Quiet = "until there is news"
	default:
		v.Quiet = "until " + admin.When(a.MutedUntil)
	}
	return v
}

func (s *Server) AlertPage(w http.ResponseWriter, r *frame.Request) error {
	return s.renderAlert(w, r, http.StatusOK, nil)
}

func (s *Server) renderAlert(w http.ResponseWriter, r *frame.Request, status int, wrong error) error {
	provider := facts.Provider(r.PathValue("provider"))
	if !provider.Known() {
		return fault.New(fault.NotFound, "There is nothing here.")
	}
	a, acts, err := s.Billing.AlertByKind(r.Context(), provider, r.PathValue("kind"))
	if err != nil {
		return err
	}
	view := admin.AlertPage{
		Shell: r.Shell(), Alert: alertView(*a, s.Clock.Now()), Told: admin.When(a.ToldAt), Acts: actViews(acts),
		Typed: r.PostFormValue("reason"), For: r.PostFormValue("for"),
	}
	if wrong != nil {
		if err := r.FormFault(&view.Form, wrong); err != nil {
			return err
		}
	}
	s.Render(w, r, status, admin.AlertPageOf(view))
	return nil
}

// MuteAlert snoozes an alert, or dismisses it until there is news.
func (s *Server) MuteAlert(w http.ResponseWriter, r *frame.Request) error {
	m := billing.Mute{Who: r.Person.Email, Reason: r.PostFormValue("reason")}
	var err error
	if chosen := r.PostFormValue("for"); chosen != "news" {
		m.Until, err = s.snoozeEnd(chosen)
	}
	if err == nil {
		err = s.Billing.MuteAlert(r.Context(), facts.Provider(r.PathValue("provider")), r.PathValue("kind"), m)
	}
	if fault.Is(err, fault.NotFound) {
		return err
	}
	if err != nil {
		return s.renderAlert(w, r, frame.FormStatus(err), err)
	}
	s.SetFlash(w, "saved", "")
	return s.Redirect(w, r, "/admin")
}

// snoozeEnd is when a snooze ends that begins now.
func (s *Server) snoozeEnd(chosen string) (time.Time, error) {
	for _, o := range admin.Spans {
		if o.Value != chosen {
			continue
		}
		long, err := time.ParseDuration(chosen)
		return s.Clock.Now().Add(long), err
	}
	return time.Time{}, fault.InvalidField("for", "Choose for how long.")
}

func (s *Server) SnoozeItem(w http.ResponseWriter, r *frame.Request) error {
	until, err := s.snoozeEnd(r.PostFormValue("for"))
	if err == nil {
		err = s.Billing.SnoozeReview(r.Context(), r.PathValue("item"), billing.Mute{Who: r.Person.Email,
			Reason: r.PostFormValue("remark"), Until: until})
	}
	if fault.Is(err, fault.NotFound) {
		return err
	}
	if err != nil {
		if fault.Is(err, fault.Invalid) && fault.Of(err).Field == "reason" {
			err = fault.InvalidField("remark", "Say why, in a few words. It is kept.")
		}
		return s.renderItem(w, r, frame.FormStatus(err), err)
	}
	s.SetFlash(w, "saved", "")
	return s.Redirect(w, r, "/admin/review")
}
