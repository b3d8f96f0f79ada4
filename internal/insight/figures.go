package insight

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/money"
)

// Figures are what a founder asks every morning. Money stands in each currency by itself and is never added over two.
//
// What a subscription brings in a month is the price that was paid for: a yearly one divided by twelve, without the
// remainder, before tax and discounts. It counts while its plan is given, which includes the days of grace after a
// payment that failed; trials bring nothing.
type Figures struct {
	Moments []Moment // one for each bound, the last one now
	Parts   []Part   // one for each time between two bounds
	Now     []Given  // by plan, period and currency
}

// A Moment is how much there was at one time.
type Moment struct {
	At       time.Time
	Money    []money.Amount // what the subscriptions brought in a month, in order of the currency
	Active   int64          // subscriptions that were paid for
	Unpriced int64          // of these, those whose price is not known: they are in no amount
	Accounts int64
	Paying   int64 // accounts that paid
}

// A Part is what happened between two bounds, counted in accounts.
type Part struct {
	From, To time.Time
	SignUps  int64
	Trials   int64 // that began
	Won      int64 // paid for the first time
	WonBack  int64 // paid again, after more than a day without
	Lost     int64 // stopped paying
	Free     int64 // accounts that did not pay when it began
}

// Conversion is how many of a thousand accounts that paid nothing before, or signed up meanwhile, paid for the first
// time or again. It is -1 where there was no such account.
func (p Part) Conversion() int64 {
	base := p.Free + p.SignUps
	if base <= 0 {
		return -1
	}
	return (1000*(p.Won+p.WonBack) + base/2) / base
}

// Given is what is given now of one plan in one period and currency.
type Given struct {
	Plan, Period string
	Paid         int64
	Monthly      money.Amount // no currency where the price is not known
	Failing      int64        // their last payment failed; they still have the plan
	FailingMoney money.Amount
	Ending       int64 // they end by themselves
	EndingMoney  money.Amount
	Trials       int64
}

// Figures reads all of it at once, for a piece of somebody's work. bounds rise; the last one is now.
func (s *Service) Figures(ctx context.Context, who string, work uuid.UUID, bounds []time.Time) (*Figures, error) {
	use, err := s.note(ctx, who, work, "figures", "overview", "")
	if err != nil {
		return nil, err
	}
	f := &Figures{Moments: make([]Moment, len(bounds)), Parts: make([]Part, max(len(bounds)-1, 0))}
	for i, at := range bounds {
		f.Moments[i].At = at
	}
	for i := range f.Parts {
		f.Parts[i].From, f.Parts[i].To = bounds[i], bounds[i+1]
	}
	b := &pgx.Batch{}
	b.Queue(`select moment, currency, subscriptions, monthly_minor, unpriced from tijori_ops.figures_paid($1, $2)`,
		use, bounds).Query(f.readPaid)
	b.Queue(`select part, accounts, paying, sign_ups, trials, won, won_back, lost
		from tijori_ops.figures_moves($1, $2)`, use, bounds).Query(f.readMoves)
	b.Queue(`select plan_id, period, currency, paid, monthly_minor, failing, failing_minor, ending, ending_minor, trials
		from tijori_ops.figures_now($1)`, use).Query(f.readNow)
	err = s.db.AsSupport(ctx, func(tx pgx.Tx) error { return tx.SendBatch(ctx, b).Close() })
	if err != nil {
		return nil, fmt.Errorf("read the figures: %w", err)
	}
	return f, nil
}

func (f *Figures) readPaid(rows pgx.Rows) error {
	var moment int
	var currency string
	var active, monthly, unpriced int64
	_, err := pgx.ForEachRow(rows, []any{&moment, &currency, &active, &monthly, &unpriced}, func() error {
		m := &f.Moments[moment-1]
		m.Active += active
		m.Unpriced += unpriced
		if currency != "" {
			m.Money = append(m.Money, money.Amount{Minor: monthly, Currency: currency})
		}
		return nil
	})
	return err
}

func (f *Figures) readMoves(rows pgx.Rows) error {
	var part int
	var accounts, paying int64
	var p Part
	_, err := pgx.ForEachRow(rows,
		[]any{&part, &accounts, &paying, &p.SignUps, &p.Trials, &p.Won, &p.WonBack, &p.Lost}, func() error {
			m := &f.Moments[part-1]
			m.Accounts, m.Paying = accounts, paying
			if part <= len(f.Parts) {
				at := &f.Parts[part-1]
				p.From, p.To, p.Free = at.From, at.To, accounts-paying
				*at = p
			}
			return nil
		})
	return err
}

func (f *Figures) readNow(rows pgx.Rows) (err error) {
	f.Now, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (Given, error) {
		var g Given
		var currency string
		err := row.Scan(&g.Plan, &g.Period, &currency, &g.Paid, &g.Monthly.Minor, &g.Failing, &g.FailingMoney.Minor,
			&g.Ending, &g.EndingMoney.Minor, &g.Trials)
		g.Monthly.Currency, g.FailingMoney.Currency, g.EndingMoney.Currency = currency, currency, currency
		return g, err
	})
	return err
}

// A Figure names accounts that can be listed.
type Figure string

// The figures with accounts behind them. Those of a time take its two bounds.
const (
	Active    Figure = "active"     // paid for now
	TrialsNow Figure = "trials_now" // on trial now
	Failing   Figure = "failing"    // paid for now, and the last payment failed
	Ending    Figure = "ending"     // paid for now, and ending by themselves
	SignUps   Figure = "sign_ups"
	Trials    Figure = "trials"
	Won       Figure = "won"
	WonBack   Figure = "won_back"
	Lost      Figure = "lost"
)

// AllFigures lists them.
var AllFigures = []Figure{Active, TrialsNow, Failing, Ending, SignUps, Trials, Won, WonBack, Lost}

// OfATime reports whether a figure counts what happened in a time.
func (f Figure) OfATime() bool {
	switch f {
	case SignUps, Trials, Won, WonBack, Lost:
		return true
	}
	return false
}

// A Line is one account behind a figure, or of a search.
type Line struct {
	Account uuid.UUID
	Name    string
	At      time.Time    // when it began, signed up or ended
	Plan    string       // the one that it is about, "" for none
	Monthly money.Amount // what that brings in a month; no currency for nothing known
}

// A Listing is which accounts to list.
type Listing struct {
	Figure   Figure
	From, To time.Time // of a figure of a time
	Before   *Line     // the last of the page before
	Limit    int
}

// ListAccounts lists the accounts behind a figure, the newest first.
func (s *Service) ListAccounts(ctx context.Context, who string, work uuid.UUID, l Listing) (list []Line, err error) {
	use, err := s.note(ctx, who, work, "list", string(l.Figure), "")
	if err != nil {
		return nil, err
	}
	var at *time.Time
	var account *uuid.UUID
	if l.Before != nil {
		at, account = &l.Before.At, &l.Before.Account
	}
	err = s.db.AsSupport(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select account_id, name, at, coalesce(plan_id, ''), coalesce(currency, ''),
			    coalesce(monthly_minor, 0)
			from tijori_ops.accounts_behind($1, $2, $3, $4, $5, $6, $7)`,
			use, string(l.Figure), nullTime(l.From), nullTime(l.To), at, account, l.Limit)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (v Line, err error) {
			err = row.Scan(&v.Account, &v.Name, &v.At, &v.Plan, &v.Monthly.Currency, &v.Monthly.Minor)
			return v, err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	return list, nil
}

func nullTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
