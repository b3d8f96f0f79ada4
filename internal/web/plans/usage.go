package plans

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/credits"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/usage"
	"github.com/tijorihq/tijori/internal/web/ui"
)

const (
	usagePath = "/billing/usage"
	chartDays = 30
	usageRows = 50
)

// usageQuery is what the address of the usage page asks for. What makes no sense
// is left out.
type usageQuery struct {
	meter  string
	typed  usage.Filter
	filter credits.Filter
}

func (h *Handlers) usageQuery(q url.Values, zone *time.Location) usageQuery {
	u := usageQuery{meter: q.Get("meter"), typed: usage.Filter{
		Kind: q.Get("kind"), From: q.Get("from"),
		To: q.Get("to"),
	}}
	if _, ok := h.Plans.Meter(u.meter); !ok {
		u.meter = billing.DefaultMeter
	}
	if !slices.Contains([]string{
		"consume", "capture", "allowance", "top_up", "promotional", "expire", "take_back",
		"give_back",
	}, u.typed.Kind) {
		u.typed.Kind = ""
	}
	u.filter = credits.Filter{Meter: u.meter, Kind: u.typed.Kind, Limit: usageRows + 1}
	if day, err := time.ParseInLocation(time.DateOnly, u.typed.From, zone); err == nil {
		u.filter.From = day
	} else {
		u.typed.From = ""
	}
	if day, err := time.ParseInLocation(time.DateOnly, u.typed.To, zone); err == nil {
		u.filter.To = day.AddDate(0, 0, 1)
	} else {
		u.typed.To = ""
	}
	if n, err := strconv.ParseInt(q.Get("before"), 10, 64); err == nil && n > 0 {
		u.filter.Before = n
	}
	return u
}

func (u usageQuery) address(path string, before int64) string {
	q := url.Values{"meter": {u.meter}}
	for name, v := range map[string]string{"kind": u.typed.Kind, "from": u.typed.From, "to": u.typed.To} {
		if v != "" {
			q.Set(name, v)
		}
	}
	if before > 0 {
		q.Set("before", strconv.FormatInt(before, 10))
	}
	return path + "?" + q.Encode()
}

// accountZone is the time zone of the caller's account.
func accountZone(r *frame.Request, tx *postgres.Tx) (*time.Location, error) {
	var name string
	err := tx.QueryRow(r.Context(), `select time_zone from accounts where account_id = $1`,
		tx.Scope.AccountID).Scan(&name)
	if err != nil {
		return nil, err
	}
	return time.LoadLocation(ui.Or(name, frame.DefaultZone))
}

// usageView reads all that the page shows.
func (h *Handlers) usageView(r *frame.Request) (usage.View, error) {
	var zone *time.Location
	var q usageQuery
	var now time.Time
	var balances []credits.Balance
	var entries []credits.Entry
	var used []credits.Used
	var rights billing.Entitlements
	var waiting bool
	bought, _ := uuid.Parse(r.URL.Query().Get("bought")) // a malformed one waits for nothing
	err := r.AsPage(func(tx *postgres.Tx) (err error) {
		if zone, err = accountZone(r, tx); err != nil {
			return err
		}
		q, now = h.usageQuery(r.URL.Query(), zone), h.Clock.Now().In(zone)
		b := &pgx.Batch{}
		credits.QueueBalances(b, &balances)
		credits.QueueEntries(b, tx.Scope, q.filter, &entries)
		credits.QueueUsed(b, tx.Scope, q.meter, firstDay(now), &used)
		billing.QueuePurchaseOpen(b, tx.Scope, bought, &waiting)
		b.Queue(billing.EntitlementsSQL).QueryRow(billing.ScanEntitlements(&rights))
		return tx.SendBatch(r.Context(), b).Close()
	})
	if err != nil {
		return usage.View{}, err
	}
	view := usage.View{
		Shell: r.Shell(), Account: r.Person.AccountName, Meter: q.meter, Filter: q.typed,
		MayCSV: rights.Has(billing.Export),
		CSV:    q.address(usagePath+".csv", 0), Days: daysOf(used, now), Waiting: waiting, TopUps: h.topUps(r),
	}
	for _, b := range balances {
		view.Meters = append(view.Meters, usage.Meter{
			ID: b.Meter, Name: b.Name, Left: b.Available, Held: b.Held,
			Next: b.NextAt.In(zone), Refill: b.NextAmount,
		})
		if b.NextAt.IsZero() {
			view.Meters[len(view.Meters)-1].Next = time.Time{}
		}
	}
	if len(entries) > usageRows {
		entries = entries[:usageRows]
		view.Older = q.address(usagePath, entries[usageRows-1].Number) + "#entries"
	}
	for _, e := range entries {
		view.Entries = append(view.Entries, usage.Entry{
			Number: e.Number, Kind: e.Kind, Amount: e.Amount,
			Balance: e.Balance, Note: e.Note, At: e.CreatedAt.In(zone),
		})
	}
	return view, nil
}

// firstDay is the first day of the chart.
func firstDay(now time.Time) time.Time {
	return time.Date(now.Year(), now.Month(), now.Day()-chartDays+1, 0, 0, 0, 0, now.Location())
}

// daysOf fills the days without any use in.
func daysOf(used []credits.Used, now time.Time) []usage.Day {
	spent := map[string]int64{}
	for _, u := range used {
		spent[u.Day.Format(time.DateOnly)] = u.Spent
	}
	var out []usage.Day
	for i := range chartDays {
		day := time.Date(now.Year(), now.Month(), now.Day()-chartDays+1+i, 0, 0, 0, 0, time.UTC)
		out = append(out, usage.Day{Date: day, Used: spent[day.Format(time.DateOnly)]})
	}
	return out
}

// topUps are the offers, each at one price: in the currency of the account where it has one.
func (h *Handlers) topUps(r *frame.Request) (out []usage.TopUp) {
	own, _ := h.payCurrency(r)
	for _, t := range h.Plans.TopUps {
		var best *billing.Price
		for i, p := range t.Prices {
			if h.Billing.Sells(p.Provider) && (best == nil || p.Amount.Currency == ownCurrency(r) ||
				p.Amount.Currency == own && best.Amount.Currency != ownCurrency(r)) {
				best = &t.Prices[i]
			}
		}
		if best != nil {
			out = append(out, usage.TopUp{
				ID: t.ID, Name: t.Name, Credits: t.Credits, Price: best.Amount.Short(),
				Provider: string(best.Provider), Days: t.Days,
			})
		}
	}
	return out
}

// BuyTopUp leads the owner to the provider's page. The form names an offer; what it costs and brings stands in the plan
// file.
func (h *Handlers) BuyTopUp(w http.ResponseWriter, r *frame.Request) error {
	if err := r.CheckAccess(); err != nil {
		return err
	}
	to, err := h.Billing.StartTopUp(r.Context(), r.Caller, r.PostFormValue("top_up"),
		facts.Provider(r.PostFormValue("provider")))
	if err == nil {
		return h.Redirect(w, r, to)
	}
	var form ui.Form
	status := frame.FormStatus(err)
	if fault.Is(err, fault.Unavailable) {
		h.Log.Error("open top-up", "request", r.ID, "error", err)
		form.Error, status = r.T(fault.Of(err).Text), http.StatusServiceUnavailable
	} else if e := r.FormFault(&form, err); e != nil {
		return e
	}
	view, e := h.usageView(r)
	if e != nil {
		return e
	}
	view.TopUp = form
	h.Render(w, r, status, usage.Page(view))
	return nil
}

func (h *Handlers) UsagePage(w http.ResponseWriter, r *frame.Request) error {
	view, err := h.usageView(r)
	if err != nil {
		return err
	}
	return r.Page(usage.Page(view))
}

// UsageCSV answers with the entries that the page's filter chooses.
func (h *Handlers) UsageCSV(_ http.ResponseWriter, r *frame.Request) error {
	var zone *time.Location
	err := r.AsPage(func(tx *postgres.Tx) (err error) {
		zone, err = accountZone(r, tx)
		return err
	})
	if err != nil {
		return err
	}
	q := h.usageQuery(r.URL.Query(), zone)
	return h.SendFile(r, frame.File{
		Name: fmt.Sprintf("%s - %s %s.csv", r.Person.AccountName, q.meter, r.Shell().Today()),
		Kind: "text/csv; charset=utf-8", Task: &frame.Task{},
		Make: func(w io.Writer) error {
			return r.As(func(tx *postgres.Tx) error { return credits.WriteCSV(r.Context(), tx, q.filter, w) })
		},
	})
}

// APIUsage is GET /api/billing/usage, for an owner's session: balances, and what was used on each of the last thirty
// days.
func (h *Handlers) APIUsage(w http.ResponseWriter, r *frame.Request) error {
	if m := r.URL.Query().Get("meter"); m != "" {
		if _, ok := h.Plans.Meter(m); !ok {
			return fault.InvalidField("meter", "There is no such meter.")
		}
	}
	view, err := h.usageView(r)
	if err != nil {
		return err
	}
	type dayJSON struct {
		Date string `json:"date"`
		Used int64  `json:"used"`
	}
	type meterJSON struct {
		Meter         string        `json:"meter"`
		Name          string        `json:"name"`
		Balance       int64         `json:"balance"`
		Held          int64         `json:"held"`
		NextAllowance *frame.Refill `json:"next_allowance"`
	}
	body := struct {
		Credits []meterJSON `json:"credits"`
		Meter   string      `json:"meter"`
		Days    []dayJSON   `json:"days"`
	}{Credits: []meterJSON{}, Meter: view.Meter}
	for _, m := range view.Meters {
		body.Credits = append(body.Credits, meterJSON{m.ID, m.Name, m.Left, m.Held, frame.NewRefill(m.Next, m.Refill)})
	}
	for _, d := range view.Days {
		body.Days = append(body.Days, dayJSON{d.Date.Format(time.DateOnly), d.Used})
	}
	return h.WriteJSON(w, r, http.StatusOK, body)
}
