package operators

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/insight"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/admin"
	"github.com/tijorihq/tijori/internal/web/ui"
)

const accountsShown = 50

// SearchPage is the empty search.
func (h *Handlers) SearchPage(_ http.ResponseWriter, r *frame.Request) error {
	s := shell(r)
	return r.Page(admin.AccountsPage(admin.Accounts{Shell: s, Title: s.T("Accounts"), Search: true}))
}

// SearchAccounts answers in place: what is searched for stands in no address.
func (h *Handlers) SearchAccounts(w http.ResponseWriter, r *frame.Request) error {
	s := shell(r)
	view := admin.Accounts{
		Shell: s, Title: s.T("Accounts"), Search: true, Asked: true, Query: strings.TrimSpace(r.PostFormValue("q")),
	}
	found, err := h.search(r, view.Query)
	if err != nil {
		return frame.Again(r, err, &view, &view.Form, admin.AccountsPage)
	}
	if len(found) > accountsShown {
		found = found[:accountsShown]
		view.Next = found[accountsShown-1].Account.String()
	}
	for _, m := range found {
		line := h.accountLine(s, m.Line)
		line.At, line.Matched = s.T("since %s", s.Date(m.At)), m.Matched
		view.Lines = append(view.Lines, line)
	}
	view.Empty = s.T("Nothing was found.")
	return r.Page(admin.AccountsPage(view))
}

func (h *Handlers) search(r *frame.Request, text string) ([]insight.Match, error) {
	q, err := insight.ParseQuery(text)
	if err != nil {
		return nil, err
	}
	after := uuid.Nil
	if more := r.PostFormValue("after"); more != "" {
		if after, err = uuid.Parse(more); err != nil {
			return nil, fault.New(fault.Invalid, "This form is out of date. Reload the page.")
		}
	}
	return h.Desk.Search(r.Context(), r.Person.Email, workOf(r).ID, q, after, accountsShown+1)
}

func (h *Handlers) accountLine(s ui.Shell, l insight.Line) admin.AccountLine {
	v := admin.AccountLine{ID: l.Account.String(), Name: ui.Or(l.Name, s.T("erased")), Plan: planName(h.Plans, l.Plan)}
	if l.Monthly.Currency != "" {
		v.Money = s.T("%s a month", l.Monthly.Short())
	}
	return v
}

// ListPage lists the accounts behind a figure.
func (h *Handlers) ListPage(_ http.ResponseWriter, r *frame.Request) error {
	q := r.URL.Query()
	l := insight.Listing{Figure: insight.Figure(q.Get("figure")), Limit: accountsShown + 1}
	if !slices.Contains(insight.AllFigures, l.Figure) {
		return fault.New(fault.NotFound, "Page not found.")
	}
	s := shell(r)
	view := admin.Accounts{Shell: s, Title: figureName(s, l.Figure), Empty: s.T("No account is behind this figure.")}
	if l.Figure.OfATime() {
		month, err := time.ParseInLocation("2006-01", q.Get("month"), zoneOf(r))
		if err != nil || month.Year() < 2000 || month.Year() > 9000 {
			return fault.New(fault.NotFound, "Page not found.")
		}
		l.From, l.To = month, month.AddDate(0, 1, 0)
		view.Sub = s.Month(month)
	}
	if before := q.Get("before"); before != "" {
		at, account, _ := strings.Cut(before, " ")
		t, err := time.Parse(time.RFC3339Nano, at)
		id, wrong := uuid.Parse(account)
		if err != nil || wrong != nil {
			return fault.New(fault.NotFound, "Page not found.")
		}
		l.Before = &insight.Line{At: t, Account: id}
	}
	list, err := h.Desk.ListAccounts(r.Context(), r.Person.Email, workOf(r).ID, l)
	if err != nil {
		return err
	}
	if len(list) > accountsShown {
		list = list[:accountsShown]
		last := list[accountsShown-1]
		q.Set("before", last.At.UTC().Format(time.RFC3339Nano)+" "+last.Account.String())
		view.Next = "/admin/accounts?" + q.Encode()
	}
	for _, one := range list {
		line := h.accountLine(s, one)
		line.At = s.Moment(one.At)
		view.Lines = append(view.Lines, line)
	}
	return r.Page(admin.AccountsPage(view))
}

func figureName(s ui.Shell, f insight.Figure) string {
	switch f {
	case insight.Active:
		return s.T("Active subscriptions")
	case insight.TrialsNow:
		return s.T("On trial")
	case insight.Failing:
		return s.T("Cards that fail")
	case insight.Ending:
		return s.T("Not renewing")
	case insight.SignUps:
		return s.T("Sign-ups")
	case insight.Trials:
		return s.T("Trials that began")
	case insight.Won:
		return s.T("New")
	case insight.WonBack:
		return s.T("Won back")
	case insight.Lost:
		return s.T("Lost")
	}
	return string(f)
}

// AccountPage is one account, while it is open; else it asks why it is to be.
func (h *Handlers) AccountPage(w http.ResponseWriter, r *frame.Request) error {
	return h.renderAccount(w, r, http.StatusOK, nil)
}

// OpenAccount opens an account, with a reason of its own.
func (h *Handlers) OpenAccount(w http.ResponseWriter, r *frame.Request) error {
	id := r.PathID("id")
	if err := h.accountExists(r, id); err != nil {
		return err
	}
	err := h.Desk.Open(r.Context(), r.Person.Email, workOf(r).ID, id, r.PostFormValue("reason"))
	if err != nil {
		return h.renderAccount(w, r, frame.FormStatus(err), err)
	}
	return h.Redirect(w, r, admin.AccountPath(id.String()))
}

// accountExists refuses an id that is no account's, before anybody is asked for a reason or anything is written down.
func (h *Handlers) accountExists(r *frame.Request, id uuid.UUID) error {
	there, err := h.Desk.Exists(r.Context(), id)
	if err == nil && !there {
		return fault.New(fault.NotFound, "Page not found.")
	}
	return err
}

func (h *Handlers) renderAccount(w http.ResponseWriter, r *frame.Request, status int, wrong error) error {
	id := r.PathID("id")
	view := admin.AccountPage{Shell: shell(r), ID: id.String(), Typed: r.PostFormValue("reason")}
	if err := h.accountExists(r, id); err != nil {
		return err
	}
	use, open, err := h.Desk.Opened(r.Context(), r.Person.Email, id)
	if err != nil {
		return err
	}
	if open && wrong == nil {
		if err := h.fillAccount(r, &view, use); err != nil {
			return err
		}
	}
	if wrong != nil {
		if err := r.FormFault(&view.Form, wrong); err != nil {
			return err
		}
	}
	h.Render(w, r, status, admin.AccountPageOf(view))
	return nil
}

func (h *Handlers) fillAccount(r *frame.Request, v *admin.AccountPage, use insight.Use) error {
	from, err := cursorOf(r.URL.Query())
	if err != nil {
		return err
	}
	billed, err := h.Billing.SupportAccountOf(r.Context(), use.ID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	a, err := h.Desk.AccountOf(r.Context(), use.ID, from)
	if err != nil {
		return err
	}
	s := v.Shell
	v.Opened, v.Reason, v.Name = true, use.Reason, ui.Or(a.Name, s.T("erased"))
	v.Until = s.T("open until %s", s.Moment(use.At.Add(insight.AccountStaysOpen)))
	if billed != nil {
		v.Plan, v.Why = billed.PlanName, billed.Why
		for _, sub := range billed.Subscriptions {
			if len(billed.Subscriptions) == 1 {
				break // said already
			}
			v.Subscriptions = append(v.Subscriptions, sub.Provider.Name()+" "+sub.ID+": "+sub.Why)
		}
		for _, item := range billed.Items {
			v.Items = append(v.Items, admin.Item{
				Reason: strings.ReplaceAll(item.Reason, "_", " "), Detail: item.Detail,
				Opened: s.T("since %s", s.Ago(item.OpenedAt)),
			})
		}
	}
	v.Facts = []admin.Fact{
		{Name: s.T("Signed up"), Says: s.Moment(a.CreatedAt)},
		{Name: s.T("Currency"), Says: a.Currency},
		{Name: s.T("Time zone"), Says: a.TimeZone},
		{Name: s.T("Businesses"), Says: money.Grouped(a.Businesses)},
		{Name: s.T("API keys"), Says: money.Grouped(a.APIKeys)},
	}
	if !a.LeavingAt.IsZero() {
		v.Facts = append(v.Facts, admin.Fact{Name: s.T("Its owner is deleting it since"), Says: s.Moment(a.LeavingAt)})
	}
	if !a.ErasedAt.IsZero() {
		v.Facts = append(v.Facts, admin.Fact{Name: s.T("Erased"), Says: s.Moment(a.ErasedAt)})
	}
	for _, m := range a.Members {
		v.People = append(v.People, admin.Person{
			Name: m.Name, Role: s.RoleName(m.Role), Email: m.Email, Since: s.T("since %s", s.Date(m.Since)),
		})
	}
	for _, c := range a.Credits {
		says := s.T("%s left", money.Grouped(c.Balance-c.Held))
		if c.Held > 0 {
			says += " · " + s.T("%s on hold", money.Grouped(c.Held))
		}
		v.Credits = append(v.Credits, admin.Fact{Name: s.T("Credits (%s)", c.Meter), Says: says})
	}
	v.Life = h.lifeLines(s, a.Life)
	if a.More != nil {
		v.Older = admin.AccountPath(v.ID) + "?" + url.Values{
			"until": {a.More.At.UTC().Format(time.RFC3339Nano)}, "past": {strconv.Itoa(a.More.Past)},
		}.Encode()
	}
	return nil
}

func cursorOf(q url.Values) (*insight.Cursor, error) {
	if q.Get("until") == "" {
		return nil, nil //nolint:nilnil // the first page begins nowhere
	}
	at, err := time.Parse(time.RFC3339Nano, q.Get("until"))
	past, wrong := strconv.Atoi(q.Get("past"))
	if err != nil || wrong != nil || past < 0 || past > 100_000 {
		return nil, fault.New(fault.NotFound, "Page not found.")
	}
	return &insight.Cursor{At: at, Past: past}, nil
}
