// Package collect is the page that answers whom to call today.
package collect

import (
	"net/url"
	"strconv"
	"time"

	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/i18n"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// Usual is for how many days somebody owes before the page shows them, unless it is asked otherwise.
const Usual = 30

// choices are the spans to choose from, in days.
var choices = []int{0, 7, 30, 60, 90}

// A View is the page of /b/{business}/collect. Its query: days, lang, after.
type View struct {
	ui.Shell
	Days    int
	Lang    string       // of the reminders
	Parties int          // who has owed for so long, over all pages
	Total   money.Amount // what they owe
	Rows    []Row
	Later   bool   // this is not the first page
	After   string // cursor of the next page, "" on the last
}

// A Row is a party that owes.
type Row struct {
	ID, Name, Phone string
	Balance         money.Amount
	Days            int // since the oldest unpaid entry
	RemindID, Token string
	Reminded        time.Time // zero when nobody has reminded this party
	By, Channel     string
}

func (v View) address(days int, lang, after string) string {
	q := url.Values{"days": {strconv.Itoa(days)}, "lang": {lang}}
	if after != "" {
		q.Set("after", after)
	}
	return ui.BusinessPath(v.Business.ID) + "/collect?" + q.Encode()
}

func (v View) span(days int) string {
	if days == 0 {
		return v.T("All who owe")
	}
	return v.N(days, "%d day or longer", "%d days or longer")
}

// today reports whether a party was reminded today.
func (v View) today(r Row) bool {
	return !r.Reminded.IsZero() && i18n.DaysBetween(r.Reminded.In(v.Now.Location()), v.Now) == 0
}

// way is the word for how a reminder left.
func (v View) way(channel string) string {
	switch channel {
	case "whatsapp":
		return "WhatsApp"
	case "sms":
		return "SMS"
	}
	return v.T("Copied")
}
