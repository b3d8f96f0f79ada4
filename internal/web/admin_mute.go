package web

import (
	"net/http"
	"time"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/fault"
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

func (s *Server) alertPage(w http.ResponseWriter, r *request) error {
	return s.renderAlert(w, r, http.StatusOK, nil)
}

func (s *Server) renderAlert(w http.ResponseWriter, r *request, status int, wrong error) error {
	provider := facts.Provider(r.PathValue("provider"))
	if !provider.Known() {
		return fault.New(fault.NotFound, "There is nothing here.")
	}
	a, acts, err := s.Billing.AlertByKind(r.Context(), provider, r.PathValue("kind"))
	if err != nil {
		return err
	}
	view := admin.AlertPage{
		Shell: r.shell(), Alert: alertView(*a, s.Clock.Now()), Told: admin.When(a.ToldAt), Acts: actViews(acts),
		Typed: r.PostFormValue("reason"), For: r.PostFormValue("for"),
	}
	if wrong != nil {
		if err := r.formFault(&view.Form, wrong); err != nil {
			return err
		}
	}
	s.render(w, r, status, admin.AlertPageOf(view))
	return nil
}

// muteAlert snoozes an alert, or dismisses it until there is news.
func (s *Server) muteAlert(w http.ResponseWriter, r *request) error {
	m := billing.Mute{Who: r.person.Email, Reason: r.PostFormValue("reason")}
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
		return s.renderAlert(w, r, formStatus(err), err)
	}
	s.setFlash(w, "saved", "")
	return s.redirect(w, r, "/admin")
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

func (s *Server) snoozeItem(w http.ResponseWriter, r *request) error {
	until, err := s.snoozeEnd(r.PostFormValue("for"))
	if err == nil {
		err = s.Billing.SnoozeReview(r.Context(), r.PathValue("item"), billing.Mute{Who: r.person.Email,
			Reason: r.PostFormValue("remark"), Until: until})
	}
	if fault.Is(err, fault.NotFound) {
		return err
	}
	if err != nil {
		if fault.Is(err, fault.Invalid) && fault.Of(err).Field == "reason" {
			err = fault.InvalidField("remark", "Say why, in a few words. It is kept.")
		}
		return s.renderItem(w, r, formStatus(err), err)
	}
	s.setFlash(w, "saved", "")
	return s.redirect(w, r, "/admin/review")
}
