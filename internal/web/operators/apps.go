package operators

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/platform"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/admin"
	"github.com/tijorihq/tijori/internal/web/ui"
)

func appLine(s ui.Shell, g platform.Glance) admin.AppLine {
	l := admin.AppLine{
		ID: g.ID, Name: g.Name, Live: g.Mode == platform.Live,
		Customers: s.N(g.Customers, "%d customer", "%d customers"),
	}
	if len(g.Recurring) > 0 {
		l.Recurring = s.T("%s a month", amounts(g.Recurring))
	}
	if g.Failing > 0 {
		l.Trouble = append(l.Trouble, s.N(g.Failing, "%d payment fails", "%d payments fail"))
	}
	if g.Off > 0 {
		l.Trouble = append(l.Trouble, s.N(g.Off, "%d webhook fails or is off", "%d webhooks fail or are off"))
	}
	return l
}

func amounts(list []money.Amount) string {
	var texts []string
	for _, a := range list {
		texts = append(texts, a.Short())
	}
	return strings.Join(texts, " · ")
}

// AppsPage lists the founders' apps.
func (h *Handlers) AppsPage(w http.ResponseWriter, r *frame.Request) error {
	list, err := h.Platform.Founders(r.Context())
	if err != nil {
		return err
	}
	view := admin.Apps{Shell: shell(r)}
	for _, a := range list {
		g, err := h.Platform.Glance(r.Context(), a)
		if err != nil {
			return err
		}
		view.Lines = append(view.Lines, appLine(view.Shell, g))
	}
	h.Render(w, r, http.StatusOK, admin.AppsPage(view))
	return nil
}

// AppPage shows one app.
func (h *Handlers) AppPage(w http.ResponseWriter, r *frame.Request) error {
	return h.renderApp(w, r, http.StatusOK, "", nil)
}

func (h *Handlers) renderApp(w http.ResponseWriter, r *frame.Request, status int, secret string, wrong error) error {
	app, err := h.Platform.Founder(r.Context(), r.PathValue("app"))
	if err != nil {
		return noPage(err)
	}
	g, err := h.Platform.Glance(r.Context(), app)
	if err != nil {
		return err
	}
	s := shell(r)
	view := admin.App{
		Shell: s, AppLine: appLine(s, g), Secret: secret, Query: r.URL.Query().Get("q"),
		Failing: r.URL.Query().Get("failing") != "", Kind: ui.Or(r.PostFormValue("kind"), platform.ServerKey),
		Facts: []admin.Fact{
			{Name: s.T("Customers"), Says: strconv.Itoa(g.Customers)},
			{Name: s.T("Customers who pay"), Says: strconv.Itoa(g.Paying)},
			{Name: s.T("Recurring by the month"), Says: ui.Or(amounts(g.Recurring), "–")},
			{Name: s.T("Collected in thirty days"), Says: ui.Or(amounts(g.Collected), "–")},
			{Name: s.T("Failing payments"), Says: strconv.Itoa(g.Failing)},
		},
	}
	if wrong != nil {
		view.Typed = r.PostFormValue("name")
		if err := r.FormFault(&view.Form, wrong); err != nil {
			return err
		}
	}
	for _, fill := range []func(*frame.Request, string, *admin.App) error{
		h.appPlans, h.appCustomers, h.appHooks, h.appKeys,
	} {
		if err := fill(r, app.ID, &view); err != nil {
			return err
		}
	}
	h.Render(w, r, status, admin.AppPage(view))
	return nil
}

// noPage is what an address of nothing answers with.
func noPage(err error) error {
	if fault.Is(err, fault.NotFound) {
		return fault.New(fault.NotFound, "Page not found.").Because(err)
	}
	return err
}

func (h *Handlers) appPlans(r *frame.Request, app string, view *admin.App) error {
	list, err := h.Platform.PlanCounts(r.Context(), app)
	for _, p := range list {
		view.Plans = append(view.Plans, admin.Fact{
			Name: p.Name,
			Says: view.N(p.Customers, "%d customer", "%d customers"),
		})
	}
	return err
}

func (h *Handlers) appCustomers(r *frame.Request, app string, view *admin.App) error {
	list, err := h.Platform.Customers(r.Context(), app, view.Query, view.Failing)
	for _, c := range list {
		one := admin.AppCustomer{ID: c.ID, Plan: ui.Or(c.Plan, view.T("pays nothing")), Trouble: c.Status == "past_due"}
		if c.Name != c.ID {
			one.Name = c.Name
		}
		switch {
		case one.Trouble:
			one.Note = view.T("the payment fails")
		case !c.Until.IsZero():
			one.Note = view.T("until %s", view.Moment(c.Until))
		}
		view.Customers = append(view.Customers, one)
	}
	view.Empty = view.T("There is no such customer.")
	if view.Query == "" && !view.Failing {
		view.Empty = view.T("This app has no customers yet.")
	} else if view.Failing {
		view.Empty = view.T("No payment fails.")
	}
	return err
}

func (h *Handlers) appHooks(r *frame.Request, app string, view *admin.App) error {
	list, err := h.Platform.EndpointsOf(r.Context(), app)
	for _, e := range list {
		one := admin.Endpoint{
			Path: admin.AppPath(app) + "/webhooks/" + e.ID.String(), URL: e.URL, Note: view.T("on"),
			Trouble: e.State == "off" || !e.FailingSince.IsZero(),
		}
		switch {
		case e.State == "off":
			one.Note = view.T("off")
		case !e.FailingSince.IsZero():
			one.Note = view.T("fails since %s", view.Moment(e.FailingSince))
		}
		if e.Waiting > 0 {
			one.Note += " · " + view.N(int(e.Waiting), "%d event waits", "%d events wait")
		}
		if e.Failed > 0 {
			one.Note += " · " + view.N(int(e.Failed), "%d event has failed", "%d events have failed")
		}
		view.Endpoints = append(view.Endpoints, one)
	}
	return err
}

func (h *Handlers) appKeys(r *frame.Request, app string, view *admin.App) error {
	list, err := h.Platform.KeysOf(r.Context(), app)
	for _, k := range list {
		note := view.T("made %s", view.Moment(k.CreatedAt))
		switch {
		case !k.RevokedAt.IsZero():
			note = view.T("revoked %s", view.Moment(k.RevokedAt))
		case !k.UsedAt.IsZero():
			note = view.T("last used %s", view.Ago(k.UsedAt))
		}
		view.Keys = append(view.Keys, admin.AppKey{
			ID: k.ID.String(), Hint: k.Hint, Name: k.Name, Note: note, Ended: !k.RevokedAt.IsZero(),
		})
	}
	return err
}

// MakeAppKey makes a key of an app and shows it, this once.
func (h *Handlers) MakeAppKey(w http.ResponseWriter, r *frame.Request) error {
	app, err := h.Platform.Founder(r.Context(), r.PathValue("app"))
	if err != nil {
		return noPage(err)
	}
	key, err := h.Platform.NewKey(r.Context(), app, r.PostFormValue("kind"), r.PostFormValue("name"))
	if err != nil {
		return h.renderApp(w, r, frame.FormStatus(err), "", err)
	}
	return h.renderApp(w, r, http.StatusOK, key, nil)
}

// RevokeAppKey ends a key of an app.
func (h *Handlers) RevokeAppKey(w http.ResponseWriter, r *frame.Request) error {
	app, err := h.Platform.Founder(r.Context(), r.PathValue("app"))
	if err == nil {
		err = h.Platform.EndKey(r.Context(), app.ID, r.PathID("id"))
	}
	if err != nil {
		return noPage(err)
	}
	return h.Redirect(w, r, admin.AppPath(app.ID))
}

// DeliveriesPage shows what was sent to an endpoint.
func (h *Handlers) DeliveriesPage(w http.ResponseWriter, r *frame.Request) error {
	return h.renderDeliveries(w, r, http.StatusOK, nil)
}

func (h *Handlers) renderDeliveries(w http.ResponseWriter, r *frame.Request, status int, wrong error) error {
	app, err := h.Platform.Founder(r.Context(), r.PathValue("app"))
	if err != nil {
		return noPage(err)
	}
	id := r.PathID("id")
	endpoints, err := h.Platform.EndpointsOf(r.Context(), app.ID)
	if err != nil {
		return err
	}
	s := shell(r)
	view := admin.Deliveries{
		Shell: s, App: admin.AppLine{ID: app.ID, Name: app.Name, Live: app.Mode == platform.Live},
		Path: admin.AppPath(app.ID) + "/webhooks/" + id.String(), First: r.PostFormValue("first"),
		Last: r.PostFormValue("last"),
	}
	for _, e := range endpoints {
		if e.ID == id {
			view.URL = e.URL
		}
	}
	if view.URL == "" {
		return fault.New(fault.NotFound, "Page not found.")
	}
	before, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64) // what is no number begins at the newest
	list, err := h.Platform.TriedOf(r.Context(), app.ID, id, max(before, 0))
	if err != nil {
		return err
	}
	for _, d := range list {
		view.List = append(view.List, deliveryView(s, d))
	}
	if len(list) == platform.MostListed {
		view.Older = view.Path + "?before=" + strconv.FormatInt(list[len(list)-1].Number, 10)
	}
	if wrong != nil {
		if err := r.FormFault(&view.Form, wrong); err != nil {
			return err
		}
	}
	h.Render(w, r, status, admin.DeliveriesPage(view))
	return nil
}

func deliveryView(s ui.Shell, d platform.Tried) admin.Delivery {
	out := admin.Delivery{Number: strconv.FormatInt(d.Number, 10), Type: d.Type, Word: s.T("waiting")}
	switch d.Status {
	case "delivered":
		out.Word, out.Tone = s.T("delivered"), "status-active"
	case "failed":
		out.Word, out.Tone = s.T("failed"), "status-past_due"
	default:
		out.Note = s.T("next try %s", s.Moment(d.NextAt))
	}
	for _, t := range d.Tries {
		says := t.Error
		if t.Answer > 0 {
			says = strconv.Itoa(t.Answer)
		}
		if t.Said != "" {
			says += ", “" + t.Said + "”"
		}
		out.Tries = append(out.Tries, admin.Fact{
			Name: s.Moment(t.At), Says: says + " · " + t.Took.Round(time.Millisecond).String(),
		})
	}
	return out
}

// SendAgain sends an event, or all from one to another, to an endpoint once more.
func (h *Handlers) SendAgain(w http.ResponseWriter, r *frame.Request) error {
	app, err := h.Platform.Founder(r.Context(), r.PathValue("app"))
	if err != nil {
		return noPage(err)
	}
	first, err := strconv.ParseInt(strings.TrimSpace(r.PostFormValue("first")), 10, 64)
	last := first
	if text := strings.TrimSpace(r.PostFormValue("last")); err == nil && text != "" {
		last, err = strconv.ParseInt(text, 10, 64)
	}
	if err != nil {
		first, last = 0, 0 // refused in the words of the service
	}
	id := r.PathID("id")
	if _, err := h.Platform.SendAgain(r.Context(), app.ID, id, first, last); err != nil {
		if fault.Is(err, fault.Invalid) {
			return h.renderDeliveries(w, r, frame.FormStatus(err), err)
		}
		return noPage(err)
	}
	return h.Redirect(w, r, admin.AppPath(app.ID)+"/webhooks/"+id.String())
}
