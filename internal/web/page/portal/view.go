// Package portal shows a customer of an app what they have bought, and leads them to pay.
package portal

import (
	"time"

	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// A DoorView is the page that a link opens before it is used up. Its form posts to its own address.
type DoorView struct {
	ui.Shell
	App  string // the app's name
	Path string // of the link
}

// A View is the page of /portal. Its forms post to /portal/act/….
type View struct {
	ui.Shell
	App      string // the app's name
	Customer string // the customer's, as the app calls them
	Back     string // the app's address to which the page leads back
	Closes   time.Time
	Note     string // what has just been done, or why it was not; already translated
	Refused  bool   // Note says why it was not

	PlanName  string
	Status    string       // "none", "active", "trialing", "past_due", "canceling", "canceled", "paused", "pending"
	Price     money.Amount // zero where there is none
	Seats     int64        // that are paid for, 0 where the plan has none
	Interval  string       // "month" or "year"
	Next      time.Time    // next payment, or the end; zero when none
	Provider  string       // "razorpay", "stripe" or ""
	Credits   []Credit
	Invoices  []Invoice // newest first
	Pay       string    // the provider's page on which what is outstanding is paid, "" when nothing is
	CanMethod bool
	CanCancel bool
	CanResume bool
	EndsNow   bool // nothing is paid any more: a cancellation ends it at once
}

// A Credit is the balance of one meter.
type Credit struct {
	Meter string
	Left  int64
}

// An Invoice is one bill of the provider.
type Invoice struct {
	Number string
	Date   time.Time
	Amount money.Amount
	Status string // "paid", "open", "failed", "refunded", "void"
	URL    string // the provider's page, "" for none
}

// A PayView leads to Razorpay's checkout. Its form leaves our site.
type PayView struct {
	ui.Shell
	App    string
	Plan   string
	Action string // address of the provider
	Fields []Field
}

// A Field is a hidden input of that form.
type Field struct{ Name, Value string }
