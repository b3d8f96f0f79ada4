// Package checkout is the last page before a provider asks for the money.
package checkout

import (
	"time"

	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// A View is the page of /billing/checkout. Its form posts plan, interval and provider to
// the same address, and nothing about who pays or how much.
type View struct {
	ui.Shell
	ui.Form
	Account   string // who pays
	Email     string // where the receipt goes
	PlanID    string
	PlanName  string
	Features  []string     // entitlements, as ids
	Parties   int          // that it holds, 0 without limit
	People    int          // that it has room for, 0 without limit
	Interval  string       // "month" or "year"
	Price     money.Amount // for the interval
	Provider  string       // "razorpay" or "stripe"
	Simulated bool         // no real money moves
	Ahead     *Ahead       // what is paid for already, nil for nothing
}

// Ahead is a plan that is paid for beyond today.
type Ahead struct {
	PlanName string
	Until    time.Time
	Waits    bool // the new plan begins then, and is paid for then; else days are paid twice
}

// A GoView is the page between our checkout and a provider that is reached by a
// posted form. Its form leaves our site.
type GoView struct {
	ui.Shell
	Account  string
	Provider string // "razorpay" or "stripe"
	Action   string // address of the provider
	Fields   []Field
}

// A Field is a hidden input of that form.
type Field struct{ Name, Value string }
