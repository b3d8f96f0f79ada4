package operators

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/insight"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/admin"
	"github.com/tijorihq/tijori/internal/web/ui"
)

const monthsShown = 12

// Overview is what needs somebody now, and how the business goes.
func (h *Handlers) Overview(w http.ResponseWriter, r *frame.Request) error {
	zone := zoneOf(r)
	bounds := monthBounds(h.Clock.Now().In(zone))
	f, err := h.Desk.Figures(r.Context(), r.Person.Email, workOf(r).ID, bounds)
	if err != nil {
		return err
	}
	view := admin.Overview{Shell: shell(r)}
	if view.Needs, err = h.needs(r, view.Shell); err != nil {
		return err
	}
	o := overview{Shell: view.Shell, Figures: f, plans: h.Plans, now: f.Moments[len(f.Moments)-1]}
	view.Tiles, view.Charts, view.Months, view.Plans = o.tiles(), o.charts(), o.months(), o.byPlan()
	view.Notes, view.Pace = o.notes(), h.pace(view.Shell)
	return r.Page(admin.OverviewPage(view))
}

func zoneOf(r *frame.Request) *time.Location {
	zone, err := time.LoadLocation(r.TimeZone())
	if err != nil {
		return time.UTC
	}
	return zone
}

// monthBounds are the first moments of the last months, and now.
func monthBounds(now time.Time) (out []time.Time) {
	for i := monthsShown - 1; i >= 0; i-- {
		out = append(out, time.Date(now.Year(), now.Month()-time.Month(i), 1, 0, 0, 0, 0, now.Location()))
	}
	if !out[len(out)-1].Before(now) { // the very first moment of a month
		out = out[:len(out)-1]
	}
	return append(out, now)
}

// slowRead is what a read of the dashboard may take.
const slowRead = 300 * time.Millisecond

// pace says how fast this node answered in the last hour.
func (h *Handlers) pace(s ui.Shell) []string {
	now := time.Now()
	line := func(p *frame.Pace, none, says string) string {
		took, of := p.Percentile(95, now)
		if of == 0 {
			return none
		}
		return s.T(says, took.Milliseconds(), of)
	}
	out := []string{
		line(&h.Reads, s.T("Users have read no page on this node in the last hour."),
			s.T("Users' pages: 95 of 100 were ready within %d ms (%d pages on this node in the last hour).")),
		line(&h.OperatorReads, s.T("Operators have read no other page on this node in the last hour."),
			s.T("This room: 95 of 100 pages were ready within %d ms (%d pages on this node in the last hour).")),
	}
	if took, _ := h.Reads.Percentile(95, now); took > slowRead {
		out = append(out, s.T("That is more than the %d ms that we promise ourselves.", slowRead.Milliseconds()))
	}
	return out
}

// trouble is the incident that is open, and what is stopped meanwhile.
func (h *Handlers) trouble(r *frame.Request, s ui.Shell) (out []admin.Need, err error) {
	list, err := h.Incidents.List(r.Context())
	if err != nil {
		return nil, err
	}
	for _, i := range list {
		if i.Open() {
			out = append(out, admin.Need{
				Bad: true, Text: s.T("Incident %d: %s", i.Number, i.Title),
				Fine: s.T("opened by %s, %s", i.OpenedBy, s.Ago(i.OpenedAt)) + " · " +
					s.T("releases wait until it is closed: %s", fmt.Sprintf("tijori incident close %d", i.Number)),
			})
		}
	}
	frozen, err := h.Incidents.Freezes(r.Context(), h.Clock.Now())
	if err != nil {
		return nil, err
	}
	for _, f := range frozen {
		if !f.ThawedAt.IsZero() {
			continue
		}
		need := admin.Need{
			Bad: true, Text: s.T("Frozen for everybody: %s", f.Part.String()),
			Fine: f.Reason + " · " + s.T("by %s, %s", f.By, s.Ago(f.At)) + " · tijori incident thaw " + f.Part.String(),
		}
		if f.Account != uuid.Nil {
			need.Text, need.Path, need.Do = s.T("Frozen for one account: %s", f.Part.String()),
				admin.AccountPath(f.Account.String()), s.T("Look")
			need.Fine += " --account " + f.Account.String()
		}
		out = append(out, need)
	}
	return out, nil
}

// needs is what waits for somebody, the worst first.
func (h *Handlers) needs(r *frame.Request, s ui.Shell) (out []admin.Need, err error) {
	if out, err = h.trouble(r, s); err != nil {
		return nil, err
	}
	watched, err := h.watchedNeeds(r, s)
	if err != nil {
		return nil, err
	}
	out = append(out, watched...)
	alerts, err := h.Billing.ListAlerts(r.Context())
	if err != nil {
		return nil, err
	}
	for _, a := range alerts {
		v := alertView(s, a, h.Clock.Now())
		if !v.Raised {
			continue
		}
		need := admin.Need{
			Bad: v.Quiet == "", Text: v.Name + ": " + v.Text, Fine: s.T("since %s", s.Ago(a.FirstAt)), Path: v.Path(),
			Do: s.T("Look"),
		}
		if v.Quiet != "" {
			need.Fine += " · " + s.T("quiet %s", v.Quiet)
		}
		out = append(out, need)
	}
	items, err := h.Billing.ListReviews(r.Context(), false)
	if err != nil {
		return nil, err
	}
	const shown = 5
	for i, item := range items {
		if i == shown {
			out = append(out, admin.Need{
				Text: s.N(len(items)-shown, "%d more item for a decision", "%d more items for a decision"),
				Path: "/admin/review", Do: s.T("Show all"),
			})
			break
		}
		v := itemView(item)
		out = append(out, admin.Need{
			Text: v.Provider + ": " + v.Reason, Fine: v.Detail + " · " + s.T("since %s", s.Ago(item.OpenedAt)),
			Path: "/admin/review/" + v.Handle, Do: s.T("Decide"),
		})
	}
	return out, nil
}

// An overview turns figures into what the page shows.
type overview struct {
	ui.Shell
	*insight.Figures
	plans *billing.Plans
	now   insight.Moment
}

func listPath(f insight.Figure, p *insight.Part) string {
	q := url.Values{"figure": {string(f)}}
	if p != nil {
		q.Set("month", p.From.Format("2006-01"))
	}
	return "/admin/accounts?" + q.Encode()
}

func (o overview) tiles() []admin.Tile {
	this := o.Parts[len(o.Parts)-1]
	var failing, ending, trials int64
	var risk, leaving []money.Amount
	for _, g := range o.Figures.Now {
		failing, ending, trials = failing+g.Failing, ending+g.Ending, trials+g.Trials
		risk, leaving = plus(risk, g.FailingMoney), plus(leaving, g.EndingMoney)
	}
	tile := func(name string, n int64, note, path string) admin.Tile {
		return admin.Tile{Name: name, Values: []string{money.Grouped(n)}, Note: note, Path: path}
	}
	out := []admin.Tile{
		{
			Name: o.T("Monthly recurring revenue"), Values: o.amounts(o.now.Money), Path: listPath(insight.Active, nil),
			Note: o.T("each currency separately"),
		},
		tile(o.T("Active subscriptions"), o.now.Active,
			o.T("of %s accounts, %s pay", money.Grouped(o.now.Accounts), money.Grouped(o.now.Paying)),
			listPath(insight.Active, nil)),
		tile(o.T("New this month"), this.Won,
			o.T("%s more won back", money.Grouped(this.WonBack)), listPath(insight.Won, &this)),
		tile(o.T("Lost this month"), this.Lost, o.change(this), listPath(insight.Lost, &this)),
		tile(o.T("Cards that fail"), failing, o.each(o.T("%s a month at risk"), risk), listPath(insight.Failing, nil)),
		tile(o.T("Not renewing"), ending, o.each(o.T("%s a month less then"), leaving), listPath(insight.Ending, nil)),
		tile(o.T("On trial"), trials, o.T("%s began this month", money.Grouped(this.Trials)),
			listPath(insight.TrialsNow, nil)),
		{
			Name: o.T("Conversion this month"), Values: []string{share(this.Conversion())},
			Note: o.T("%s of %s that did not pay", money.Grouped(this.Won+this.WonBack),
				money.Grouped(this.Free+this.SignUps)),
			Path: listPath(insight.Won, &this),
		},
	}
	out[4].Alarm = failing > 0
	return out
}

// change is by how many paying accounts a month has grown or shrunk.
func (o overview) change(p insight.Part) string {
	n := p.Won + p.WonBack - p.Lost
	switch {
	case n > 0:
		return o.T("%s more pay than at the month's start", money.Grouped(n))
	case n < 0:
		return o.T("%s fewer pay than at the month's start", money.Grouped(-n))
	}
	return o.T("as many pay as at the month's start")
}

func plus(list []money.Amount, a money.Amount) []money.Amount {
	if a.Currency == "" || a.Minor == 0 {
		return list
	}
	for i := range list {
		if list[i].Currency == a.Currency {
			list[i].Minor += a.Minor
			return list
		}
	}
	return append(list, a)
}

func (o overview) amounts(list []money.Amount) (out []string) {
	for _, a := range list {
		out = append(out, a.Short())
	}
	if len(out) == 0 {
		return []string{"–"}
	}
	return out
}

func (o overview) each(says string, list []money.Amount) string {
	text := ""
	for i, a := range list {
		if i > 0 {
			text += " + "
		}
		text += a.Short()
	}
	if text == "" {
		return ""
	}
	return fmt.Sprintf(says, text)
}

// share writes thousandths as a percentage.
func share(thousandths int64) string {
	if thousandths < 0 {
		return "–"
	}
	return strconv.FormatInt(thousandths/10, 10) + "." + strconv.FormatInt(thousandths%10, 10) + " %"
}

func (o overview) months() (out []admin.Month) {
	for i := len(o.Parts) - 1; i >= 0; i-- {
		p, end := o.Parts[i], o.Moments[i+1]
		m := admin.Month{
			Name: o.Month(p.From), Money: o.amounts(end.Money), Active: money.Grouped(end.Active),
			Conversion: share(p.Conversion()),
		}
		for _, c := range []struct {
			figure insight.Figure
			n      int64
		}{
			{insight.SignUps, p.SignUps},
			{insight.Trials, p.Trials},
			{insight.Won, p.Won},
			{insight.WonBack, p.WonBack},
			{insight.Lost, p.Lost},
		} {
			cell := admin.Cell{Word: money.Grouped(c.n)}
			if c.n > 0 {
				cell.Path = listPath(c.figure, &p)
			}
			m.Cells = append(m.Cells, cell)
		}
		out = append(out, m)
	}
	return out
}

func (o overview) period(name string) string {
	switch name {
	case "month":
		return o.T("each month")
	case "year":
		return o.T("each year")
	}
	return name
}

func (o overview) byPlan() (out []admin.PlanLine) {
	for _, g := range o.Figures.Now {
		v := admin.PlanLine{
			Name: planName(o.plans, g.Plan), Period: o.period(g.Period), Active: money.Grouped(g.Paid),
			Trials: money.Grouped(g.Trials), Failing: money.Grouped(g.Failing), Ending: money.Grouped(g.Ending),
			Money: g.Monthly.Short(),
		}
		if g.Monthly.Currency == "" {
			v.Money = o.T("price not known")
		}
		out = append(out, v)
	}
	return out
}

func planName(plans *billing.Plans, id string) string {
	if p, ok := plans.ByID(id); ok {
		return p.Name
	}
	return id
}

func (o overview) notes() []string {
	out := []string{
		o.T("Everything follows from what the providers confirmed as paid; nothing is estimated."),
		o.T("Monthly recurring revenue is the price of each active subscription for a month, before tax and discounts. A yearly price is divided by twelve and rounded down to the paisa or cent. Rupees and dollars are never added together."),
		o.T("A subscription is active while its plan is given: until the end of what is paid for, and for %d days of grace after a payment that failed. Trials bring nothing.", int(billing.Grace.Hours()/24)),
		o.T("New is an account that pays for the first time. Won back is one that pays again after more than a day without. Lost is one whose paid time ended without another."),
		o.T("Conversion is new and won back, of the accounts that did not pay when the month began or signed up in it."),
		o.T("Months begin at midnight in your time zone; the last one is not over."),
	}
	if o.now.Unpriced > 0 {
		out = append(out, o.T("%s subscriptions have a price that is in no plan file: they are counted, and their money is not.",
			money.Grouped(o.now.Unpriced)))
	}
	return out
}
