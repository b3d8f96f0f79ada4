package operators

import (
	"net/http"
	"time"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/admin"
	"github.com/tijorihq/tijori/internal/web/ui"
)

func alertView(s ui.Shell, a billing.Alert, now time.Time) admin.Alert {
	v := admin.Alert{
		Provider: string(a.Provider), Kind: a.Kind, Name: a.Provider.Name(), Text: a.Detail,
		Raised: a.State == "raised", Since: s.Moment(a.FirstAt),
	}
	switch {
	case !a.Muted(now):
	case a.MutedUntil.IsZero():
		v.Quiet = s.T("until there is news")
	default:
		v.Quiet = s.T("until %s", s.Moment(a.MutedUntil))
	}
	return v
}

func (h *Handlers) AlertPage(w http.ResponseWriter, r *frame.Request) error {
	return h.renderAlert(w, r, http.StatusOK, nil)
}

func (h *Handlers) renderAlert(w http.ResponseWriter, r *frame.Request, status int, wrong error) error {
	if r.PathValue("provider") == watchAlerts {
		return h.renderWatched(w, r, status, wrong)
	}
	provider := facts.Provider(r.PathValue("provider"))
	if !provider.Known() {
		return fault.New(fault.NotFound, "Page not found.")
	}
	a, acts, err := h.Billing.AlertByKind(r.Context(), provider, r.PathValue("kind"))
	if err != nil {
		return err
	}
	view := admin.AlertPage{
		Shell: shell(r), Alert: alertView(shell(r), *a, h.Clock.Now()), Told: when(shell(r), a.ToldAt),
		Acts:  actViews(shell(r), acts),
		Typed: r.PostFormValue("reason"), For: r.PostFormValue("for"),
	}
	if wrong != nil {
		if err := r.FormFault(&view.Form, wrong); err != nil {
			return err
		}
	}
	h.Render(w, r, status, admin.AlertPageOf(view))
	return nil
}

// MuteAlert snoozes an alert, or dismisses it until there is news.
func (h *Handlers) MuteAlert(w http.ResponseWriter, r *frame.Request) error {
	m := billing.Mute{Who: r.Person.Email, Reason: r.PostFormValue("reason")}
	var err error
	chosen := r.PostFormValue("for")
	if chosen != "news" && (chosen != "take" || r.PathValue("provider") != watchAlerts) {
		m.Until, err = h.snoozeEnd(chosen)
	}
	if err == nil && r.PathValue("provider") == watchAlerts {
		err = h.muteWatched(r, m)
	} else if err == nil {
		err = h.Billing.MuteAlert(r.Context(), facts.Provider(r.PathValue("provider")), r.PathValue("kind"), m)
	}
	if fault.Is(err, fault.NotFound) {
		return err
	}
	if err != nil {
		return h.renderAlert(w, r, frame.FormStatus(err), err)
	}
	h.SetFlash(w, "saved", "")
	return h.Redirect(w, r, "/admin")
}

// snoozeEnd is when a snooze ends that begins now.
func (h *Handlers) snoozeEnd(chosen string) (time.Time, error) {
	for _, o := range admin.Spans {
		if o.Value != chosen {
			continue
		}
		long, err := time.ParseDuration(chosen)
		return h.Clock.Now().Add(long), err
	}
	return time.Time{}, fault.InvalidField("for", "Choose for how long.")
}

func (h *Handlers) SnoozeItem(w http.ResponseWriter, r *frame.Request) error {
	until, err := h.snoozeEnd(r.PostFormValue("for"))
	if err == nil {
		err = h.Billing.SnoozeReview(r.Context(), r.PathValue("item"), billing.Mute{
			Who:    r.Person.Email,
			Reason: r.PostFormValue("remark"), Until: until,
		})
	}
	if fault.Is(err, fault.NotFound) {
		return err
	}
	if err != nil {
		if fault.Is(err, fault.Invalid) && fault.Of(err).Field == "reason" {
			err = fault.InvalidField("remark", "Say why, in a few words. It is kept.")
		}
		return h.renderItem(w, r, frame.FormStatus(err), err)
	}
	h.SetFlash(w, "saved", "")
	return h.Redirect(w, r, "/admin/review")
}
