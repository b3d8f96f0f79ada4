package operators

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/admin"
	"github.com/tijorihq/tijori/internal/web/ui"
)

func actViews(s ui.Shell, list []billing.Act) (out []admin.Act) {
	for _, a := range list {
		reason := a.Reason
		if a.Detail != "" {
			reason += " (" + a.Detail + ")"
		}
		out = append(out, admin.Act{
			At: s.Moment(a.At), Who: a.Who, What: words(a.Act), Subject: a.Subject,
			Reason: reason,
		})
	}
	return out
}

func eventView(e billing.StoredEvent) admin.Event {
	return admin.Event{
		Provider: string(e.Provider), ID: e.ID, Type: e.Type, Subject: e.Subject, State: e.Status,
		Reason: e.Reason, Received: admin.When(e.ReceivedAt), Tries: e.Attempts,
	}
}

func (h *Handlers) InboxPage(w http.ResponseWriter, r *frame.Request) error {
	q := r.URL.Query()
	f := billing.InboxFilter{Provider: facts.Provider(q.Get("provider")), Status: q.Get("state"), Limit: 50}
	if f.Provider != "" && !f.Provider.Known() || f.Status != "" && !slices.Contains(billing.InboxStates, f.Status) {
		return fault.New(fault.NotFound, "Page not found.")
	}
	if before := q.Get("before"); before != "" {
		t, err := time.Parse(time.RFC3339Nano, before)
		if err != nil {
			return fault.New(fault.NotFound, "Page not found.")
		}
		f.Before = t
	}
	list, err := h.Billing.ListEvents(r.Context(), f)
	if err != nil {
		return err
	}
	view := admin.Inbox{Shell: shell(r), Provider: string(f.Provider), State: f.Status, States: billing.InboxStates}
	for _, e := range list {
		view.Events = append(view.Events, eventView(e))
	}
	if len(list) == f.Limit {
		view.Next = "/admin/inbox?" + url.Values{
			"provider": {string(f.Provider)}, "state": {f.Status},
			"before": {list[len(list)-1].ReceivedAt.UTC().Format(time.RFC3339Nano)},
		}.Encode()
	}
	return r.Page(admin.InboxPage(view))
}

// EventPage shows one event, with the form that hands it to the worker again.
func (h *Handlers) EventPage(w http.ResponseWriter, r *frame.Request) error {
	return h.renderEvent(w, r, http.StatusOK, nil)
}

func (h *Handlers) renderEvent(w http.ResponseWriter, r *frame.Request, status int, wrong error) error {
	provider := facts.Provider(r.PathValue("provider"))
	if !provider.Known() || !facts.ValidID(r.PathValue("event")) {
		return fault.New(fault.NotFound, "Page not found.")
	}
	d, err := h.Billing.EventByID(r.Context(), provider, r.PathValue("event"))
	if err != nil {
		return err
	}
	view := admin.EventPage{
		Shell: shell(r), Event: eventView(d.StoredEvent), Secret: d.Secret, Delivered: admin.When(d.DeliveredAt),
		Next: admin.When(d.NextAttempt), Applied: admin.When(d.AppliedAt),
		Deliveries: d.Deliveries, Body: pretty(d.Body), Acts: actViews(shell(r), d.Acts),
		Reason: r.PostFormValue("reason"),
	}
	if d.AccountID != uuid.Nil {
		view.Account = d.AccountID.String()
	}
	for name, value := range d.Headers {
		view.Headers = append(view.Headers, admin.Header{Name: name, Value: value})
	}
	slices.SortFunc(view.Headers, func(a, b admin.Header) int { return strings.Compare(a.Name, b.Name) })
	if view.Explained, err = h.Billing.Explain(r.Context(), provider, d.ID); err != nil {
		return err
	}
	if wrong != nil {
		if err := r.FormFault(&view.Form, wrong); err != nil {
			return err
		}
	}
	h.Render(w, r, status, admin.EventPageOf(view))
	return nil
}

// pretty indents JSON for people; what is none is quoted.
func pretty(body []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, body, "", "  ") == nil {
		return b.String()
	}
	return fmt.Sprintf("%q", body)
}

// ReplayEvent hands one event to the worker again, dead, parked or applied.
func (h *Handlers) ReplayEvent(w http.ResponseWriter, r *frame.Request) error {
	provider, id := facts.Provider(r.PathValue("provider")), r.PathValue("event")
	if !provider.Known() || !facts.ValidID(id) {
		return fault.New(fault.NotFound, "Page not found.")
	}
	if err := h.Billing.Replay(r.Context(), r.Person.Email, r.PostFormValue("reason"), provider, id); err != nil {
		return h.renderEvent(w, r, frame.FormStatus(err), err)
	}
	h.SetFlash(w, "saved", "")
	return h.Redirect(w, r, admin.Event{Provider: string(provider), ID: id}.Path())
}

func (h *Handlers) ReviewPage(w http.ResponseWriter, r *frame.Request) error {
	resolved := r.URL.Query().Has("resolved")
	list, err := h.Billing.ListReviews(r.Context(), resolved)
	if err != nil {
		return err
	}
	view := admin.Queue{Shell: shell(r), Resolved: resolved}
	for _, item := range list {
		view.Items = append(view.Items, itemView(item))
	}
	return r.Page(admin.QueuePage(view))
}

func itemView(r billing.ReviewItem) admin.Item {
	v := admin.Item{
		Handle: r.Handle, Provider: r.Provider.Name(), Reason: strings.ReplaceAll(r.Reason, "_", " "),
		Detail: r.Detail, Opened: admin.When(r.OpenedAt), Times: r.Times,
	}
	if !r.SnoozedUntil.IsZero() {
		v.Snoozed = admin.When(r.SnoozedUntil)
	}
	if r.AccountID != uuid.Nil {
		v.Account = r.AccountID.String()
	}
	return v
}

func (h *Handlers) ItemPage(w http.ResponseWriter, r *frame.Request) error {
	return h.renderItem(w, r, http.StatusOK, nil)
}

func (h *Handlers) renderItem(w http.ResponseWriter, r *frame.Request, status int, wrong error) error {
	item, acts, err := h.Billing.ReviewByHandle(r.Context(), r.PathValue("item"))
	if err != nil {
		return err
	}
	view := admin.ItemPage{
		Shell: shell(r), Item: itemView(*item), Means: billing.ReasonOf(item.Reason),
		Subscription: item.SubscriptionID, Event: item.EventID, Seen: admin.When(item.SeenAt),
		Open: item.Status == "open", Assignable: item.Assignable(), Acts: actViews(shell(r), acts),
		Typed: r.PostFormValue("reason"), Assign: r.PostFormValue("account"),
		Snoozing: r.PostForm.Has("remark"), For: r.PostFormValue("for"),
	}
	if facts.ValidID(item.EventID) && !strings.HasPrefix(item.EventID, "reconcile.") && item.EventID != "return" {
		view.EventPath = admin.Event{Provider: string(item.Provider), ID: item.EventID}.Path()
	}
	if !view.Open {
		view.Resolution = r.T("Resolved at %s by %s: %s", admin.When(item.ResolvedAt), item.ResolvedBy, item.Resolution)
	}
	choices, why, err := h.Billing.Choices(r.Context(), item.Handle)
	if err != nil {
		return err
	}
	view.Cannot, view.Do = why, r.PostFormValue("do")
	if len(choices) > 0 {
		view.Choices = []ui.Option{{Value: "", Label: r.T("Only close it"), Hint: r.T("Nothing else is changed.")}}
	}
	for _, c := range choices {
		view.Choices = append(view.Choices, ui.Option{
			Value: strings.TrimSpace(c.Do + " " + c.Subscription),
			Label: c.Label,
		})
	}
	if wrong != nil {
		if err := r.FormFault(&view.Form, wrong); err != nil {
			return err
		}
	}
	h.Render(w, r, status, admin.ItemPageOf(view))
	return nil
}

func (h *Handlers) ResolveItem(w http.ResponseWriter, r *frame.Request) error {
	decision := billing.Resolution{Handle: r.PathValue("item"), Who: r.Person.Email, Reason: r.PostFormValue("reason")}
	decision.Do, decision.Subscription, _ = strings.Cut(r.PostFormValue("do"), " ")
	if text := strings.TrimSpace(r.PostFormValue("account")); text != "" {
		id, err := uuid.Parse(text)
		if err != nil || len(text) != 36 {
			err := fault.InvalidField("account", "This is not the ID of an account.")
			return h.renderItem(w, r, frame.FormStatus(err), err)
		}
		decision.Assign = id
	}
	if err := h.Billing.ResolveReview(r.Context(), decision); err != nil {
		if fault.Is(err, fault.NotFound) && decision.Assign != uuid.Nil {
			err = fault.InvalidField("account", "There is no account with this ID.")
		}
		return h.renderItem(w, r, frame.FormStatus(err), err)
	}
	h.SetFlash(w, "saved", "")
	return h.Redirect(w, r, "/admin/review")
}
