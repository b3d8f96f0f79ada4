// Package billing shows the plan of an account and what it paid.
package billing

import (
	"time"

	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// A View is the page of /billing. Its forms post to /billing/cancel, /billing/resume,
// /billing/checkout, /billing/discard and /billing/portal.
type View struct {
	ui.Shell
	Account     string // named on top, so that nobody acts on the wrong one
	PlanID      string // plan in force
	PlanName    string
	Unpaid      bool         // it is the default plan, which costs nothing
	DefaultName string       // name of the plan that follows when this one has ended
	Status      string       // "none", "active", "trialing", "past_due", "canceling", "canceled", "paused", "pending"
	Price       money.Amount // zero where there is none
	Interval    string       // "month" or "year"
	Next        time.Time    // next payment, or the end of access; zero when none
	Provider    string       // "razorpay", "stripe" or ""
	Parties     int          // parties in use
	Limit       int          // parties allowed, 0 without limit
	Features    []string     // entitlements in force, as ids
	Invoices    []Invoice    // newest first
	// a program of the account has, or had, a key; a shop without one is told nothing of credits
	UsesAPI   bool
	Credits   []Credit
	Allowance int64 // credits that the plan brings each month, shown while there is no meter
	CanCancel bool
	CanResume bool
	CanChange bool
	CanPortal bool
	Renew     string // where a cancelled plan is approved again, "" where it cannot be
	EndsNow   bool   // nothing is paid any more: a cancellation ends it at once
	Pay       string // the provider's page on which what is outstanding is paid, "" when nothing is
	Waiting   string // plan id of a payment that is not confirmed yet, "" when none
	Open      *Open  // a purchase that was begun and neither paid nor given up
	Lapsed    *Lapsed
	Becomes   string    // name of the plan that follows by itself at Changes, "" when none does
	Changes   time.Time // when it does
	People    int       // members and invited
	PeopleMax int       // 0 without limit
}

// An Open purchase can be resumed, or given up.
type Open struct {
	PlanID, PlanName, Interval, Provider string
	Until                                time.Time
}

// A Lapsed plan is one that was in force and is no more.
type Lapsed struct {
	PlanName string
	Paid     time.Time // until when it was paid
	Why      string    // "past_due", "paused", "canceled" or ""
}

// An Invoice is one bill of the provider.
type Invoice struct {
	Number string
	Date   time.Time
	Amount money.Amount
	Status string // "paid", "open", "failed", "refunded", "void"
	Path   string // our own address, which leads the owner to the provider's page
}

// A Credit is the balance of one meter.
type Credit struct {
	Meter string // name to show
	Left  int64
	Of    int64     // allowance, 0 when none
	Reset time.Time // zero when never
}
