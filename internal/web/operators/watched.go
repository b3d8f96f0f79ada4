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
	"github.com/tijorihq/tijori/internal/web/ui"
)

// watchAlerts stands where the path of an alert names a provider: of what was found in the access log.
const watchAlerts = "watch"

func watchedView(s ui.Shell, a *watch.Alert, now time.Time) admin.Alert {
	v := admin.Alert{
		Provider: watchAlerts, Kind: a.ID.String(), Name: s.T("Watch"), Title: string(a.Rule), Text: a.Detail,
		Raised: a.State == "raised", Since: s.Moment(a.FirstAt), Requests: a.Requests, TakenBy: a.TakenBy,
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
		v.Quiet = s.T("until there is news")
	default:
		v.Quiet = s.T("until %s", s.Moment(a.MutedUntil))
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
		Shell: shell(r), Alert: watchedView(shell(r), a, time.Now()), Told: when(shell(r), a.ToldAt),
		Typed: r.PostFormValue("reason"), For: r.PostFormValue("for"),
	}
	for _, one := range acts {
		until := view.T("until there is news")
		if !one.Until.IsZero() {
			until = view.T("until %s", view.Moment(one.Until))
		}
		view.Acts = append(view.Acts, admin.Act{
			At: view.Moment(one.At), Who: one.Who, What: one.What, Subject: "alert " + string(a.Rule),
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

// watchedNeeds are what was found in the access log and waits for somebody.
func (h *Handlers) watchedNeeds(r *frame.Request, s ui.Shell) (out []admin.Need, err error) {
	if h.Watch == nil {
		return nil, nil
	}
	list, err := h.Watch.ListAlerts(r.Context())
	if err != nil {
		return nil, err
	}
	for i := range list {
		v := watchedView(s, &list[i], time.Now())
		if !v.Raised {
			continue
		}
		need := admin.Need{
			Bad: v.Quiet == "", Text: v.Name + ": " + v.Text, Fine: s.T("since %s", s.Ago(list[i].FirstAt)),
			Path: v.Path(), Do: s.T("Look"),
		}
		if v.Quiet != "" {
			need.Fine += " · " + s.T("quiet %s", v.Quiet)
		}
		out = append(out, need)
	}
	return out, nil
}
