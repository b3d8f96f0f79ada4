// Package pricing shows the plans and what they cost.
package pricing

import (
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// A View is the page of /pricing. Its query: interval, currency.
type View struct {
	ui.Shell
	Interval   string   // "month" or "year"
	Currency   string   // ISO 4217
	Intervals  []string // that something is sold by
	Currencies []string // that something is sold in
	Missing    string   // the account's own currency where nothing is sold in it, else ""
	Plans      []Plan   // in order of rank, the default one first
}

// A Plan is one column.
type Plan struct {
	ID          string
	Name        string
	Purpose     string // whom it is for, in the reader's language; may be empty
	Free        bool   // the default plan
	Recommended bool
	Unsold      bool         // cannot be had in this currency
	Interval    string       // of the price: the one chosen, or the only one it is sold by
	Parties     int          // parties allowed, 0 without limit
	People      int          // members allowed, 0 without limit
	Credits     int64        // that come each month
	Features    []string     // entitlements, as ids
	Price       money.Amount // for the interval chosen
	PerMonth    money.Amount // for yearly prices, the price of one month; else zero
	Provider    string       // "razorpay" or "stripe"
	Current     bool         // the plan in force for the signed-in account, by this interval
	Other       bool         // the plan in force, by the other interval
	Change      bool         // another plan is in force: this one would be changed to, not bought
}
