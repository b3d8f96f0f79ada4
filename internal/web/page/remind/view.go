// Package remind has the pages by which an owner asks a party for money: the
// reminder that the owner's own phone sends, and the code that the party's app pays by.
package remind

import (
	"time"

	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// A View is the page of /b/{business}/p/{party}/remind. Its query: lang, and link as yes or no. Its form posts as id,
// token, channel and lang, to the same address.
type View struct {
	ui.Shell
	ui.Form
	PartyID  string
	Name     string
	Phone    string
	Balance  money.Amount
	Lang     string // of the text
	WithLink bool   // the text leads to the account
	Token    string // of that link, "" without one; it opens something once the form has been sent
	HasUPI   bool   // the business takes UPI
	Text     string // "" when nothing is owed
	Log      []Reminder
}

// A Reminder is one line of the log.
type Reminder struct {
	When    time.Time
	By      string
	Balance money.Amount
	Channel string // "whatsapp", "sms" or "copy"
}

// A PayView is the page of /b/{business}/p/{party}/upi.
type PayView struct {
	ui.Shell
	PartyID string
	Name    string
	Balance money.Amount
	Pay     Pay
	Why     string // there is nothing to scan: the reason, translated
}

// A Pay is a way to pay by UPI: what to scan or to tap, and what stands beside it.
type Pay struct {
	Link   string // upi://pay?…, "" when there is none
	Code   string // the path of the QR code's dark squares
	Size   int    // squares along its side
	UPI    string
	Payee  string
	Amount money.Amount
	Large  bool // above what most apps pay at once
}
