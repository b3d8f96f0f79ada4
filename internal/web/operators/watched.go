package operators

import (
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/watch"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/admin"
)

// watchAlerts stands where the path of an alert names a provider: of what was found in the access log.
const watchAlerts = "watch"

func watchedView(a *watch.Alert, now time.Time) admin.Alert {
	v := admin.Alert{
		Provider: watchAlerts, Kind: a.ID.String(), Name: "Watch", Title: string(a.Rule), Text: a.Detail,
		Raised: a.State == "raised", Since: admin.When(a.FirstAt), Requests: a.Requests, TakenBy: a.TakenBy,
	}
	if a.Subject != "" {
		v.About = a.Subject
	}
	if a.Account != uuid.Nil {
		v.Account = a.Account.String()
	}
	switch {
	case !a.Muted(now):
	case a.MutedUntil.IsZero():
		v.Quiet = "until there is news"
	default:
		v.Quiet = "until " + admin.When(a.MutedUntil)
	}
	return v
}

func (h *Handlers) watched(r *frame.Request) (*watch.Alert, []watch.Act, error) {
	id, err := uuid.Parse(r.PathValue("kind"))
	if err != nil || h.Watch == nil {
		return nil, nil, fault.New(fault.NotFound, "Page not found.")
	}
	return h.Watch.AlertByID(r.Context(), id)
}

func (h *Handlers) renderWatched(w http.ResponseWriter, r *frame.Request, status int, wrong error) error {
	a, acts, err := h.watched(r)
	if err != nil {
		return err
	}
	view := admin.AlertPage{
		Shell: r.Shell(), Alert: watchedView(a, time.Now()), Told: admin.When(a.ToldAt),
		Typed: r.PostFormValue("reason"), For: r.PostFormValue("for"),
	}
	for _, one := range acts {
		until := "until there is news"
		if !one.Until.IsZero() {
			until = "until " + admin.When(one.Until)
		}
		view.Acts = append(view.Acts, admin.Act{
			At: admin.When(one.At), Who: one.Who, What: one.What, Subject: "alert " + string(a.Rule),
			Reason: one.Reason + " (" + until + ")",
		})
	}
	if wrong != nil {
		if err := r.FormFault(&view.Form, wrong); err != nil {
			return err
		}
	}
	h.Render(w, r, status, admin.AlertPageOf(view))
	return nil
}

func (h *Handlers) muteWatched(r *frame.Request, m billing.Mute) error {
	a, _, err := h.watched(r)
	if err != nil {
		return err
	}
	act := watch.Snooze
	switch {
	case r.PostFormValue("for") == "take":
		act = watch.Take
	case m.Until.IsZero():
		act = watch.Dismiss
	}
	return h.Watch.Mute(r.Context(), a.ID, act, m.Until, m.Who, m.Reason)
}

// watchedAlerts are those of the desk.
func (h *Handlers) watchedAlerts(r *frame.Request) (out []admin.Alert, err error) {
	if h.Watch == nil {
		return nil, nil
	}
	list, err := h.Watch.ListAlerts(r.Context())
	for i := range list {
		one := watchedView(&list[i], time.Now())
		one.Text = one.Name + ": " + one.Text
		out = append(out, one)
	}
	return out, err
}
