// Package ui is what all pages share: the layout around them, the components
// inside them, icons, addresses, and how amounts and dates are shown.
package ui

import (
	"strconv"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/i18n"
)

// A Shell is what the frame of every page needs. Each page's view embeds one.
type Shell struct {
	Locale string // "en" or "hi"
	User   string // name of who is signed in, "" when nobody
	// stands for the user on a device, where entries may wait for them; no id; "" when nobody
	Mark        string
	Businesses  []Business        // all that the user may open, for the switcher
	Business    Business          // the open one; zero on pages outside a business
	LastShop    string            // id of the business that this browser had open last, "" when it says none
	Operator    bool              // runs this server: the menu leads to the operators' room
	Work        string            // in the operators' room: what its reader said to be here for
	Leaving     time.Time         // when the account is erased; zero unless its owner deletes it
	Keeps       bool              // the user may keep it: an owner
	AccountID   string            // the session's account, to which team and billing pages belong; "" when signed out
	Plan        string            // id of the plan in force for the account
	FreeParties int               // parties that cost nothing, 0 without limit
	Carriers    map[string]string // by entitlement, the name of the plan that it comes with
	RequestID   string            // of this page, for a report about it; "" on pages that nobody reports
	CurrentPath string            // path and query of this page, as requested
	Flash       *Flash            // what just happened, nil when nothing
	Development bool              // shows the way to the outbox
	BusinessDay time.Time         // the day it is in the open business, midnight UTC; zero without one
	Now         time.Time         // the service clock, in the business's (or user's) time zone
}

// A Business is one line of the switcher, and the open business.
type Business struct {
	ID        string
	Name      string
	Account   string // name of the account it belongs to
	AccountID string
	Role      string // the user's, one of package role's
	Currency  string // ISO 4217
}

// A Flash tells once, on the page after a redirect, what was done.
type Flash struct {
	Kind string // "done", "note" or "error"
	Text string // English sentence, the key of its translation
	Args []any  // values for its verbs
	Undo string // action of the form that undoes it, "" when there is none
	Send Sending
}

// A Sending is the form that tells a party about an entry just saved, from the owner's own messenger. Without an
// action there is none.
type Sending struct {
	Action    string
	ID, Token string // made with the form, so that a double tap is one link
	Entry     string
	To        string // name of the party
}

// T returns an English sentence in the reader's language.
func (s Shell) T(key string, args ...any) string { return i18n.T(s.Locale, key, args...) }

// N returns the sentence for n things.
func (s Shell) N(n int, one, many string) string { return i18n.N(s.Locale, n, one, many) }

// Date writes a calendar day with its year.
func (s Shell) Date(t time.Time) string { return i18n.Date(s.Locale, t) }

// Month writes a month with its year.
func (s Shell) Month(t time.Time) string { return i18n.Month(s.Locale, t) }

// Day writes a calendar day as people say it: Today, Yesterday, Mon, 16 Nov.
func (s Shell) Day(t time.Time) string { return i18n.Day(s.Locale, t, s.Now) }

// Moment writes an instant with day and time.
func (s Shell) Moment(t time.Time) string { return i18n.Moment(s.Locale, t, s.Now) }

// Ago writes how long ago an instant was.
func (s Shell) Ago(t time.Time) string { return i18n.Ago(s.Locale, t, s.Now) }

// dayWords writes the value of a date input in words, "" when it is none.
func (s Shell) dayWords(value string) string {
	day, err := time.Parse(time.DateOnly, value)
	if err != nil {
		return ""
	}
	return i18n.FullDay(s.Locale, day)
}

// Today is the current day as a date input wants it: that of the open business, else that of the clock.
func (s Shell) Today() string {
	if !s.BusinessDay.IsZero() {
		return s.BusinessDay.Format(time.DateOnly)
	}
	return s.Now.Format(time.DateOnly)
}

// Ahead reports whether a business date is yet to come.
func (s Shell) Ahead(d time.Time) bool { return d.Format(time.DateOnly) > s.Today() }

// Symbol is the sign of the business's currency.
func (s Shell) Symbol() string {
	return strings.TrimRight(money.Amount{Currency: s.Business.Currency}.Short(), "0\u00a0")
}

// Digits is how many decimal places the business's currency has.
func (s Shell) Digits() string { return strconv.Itoa(money.Digits(s.Business.Currency)) }

// SignedIn reports whether somebody is signed in.
func (s Shell) SignedIn() bool { return s.User != "" }

// A Form is what the view of every form carries beside its values.
type Form struct {
	ID     string            // client-made id (UUIDv7) that makes a double tap one row; "" where nothing is created
	Errors map[string]string // sentence by field, already translated
	Error  string            // sentence about the whole form, already translated
}

// Fails reports whether the form comes back with something to mend.
func (f Form) Fails() bool { return f.Error != "" || len(f.Errors) > 0 }
