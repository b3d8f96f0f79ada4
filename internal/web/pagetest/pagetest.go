// Package pagetest has every page filled with what a kirana store would see.
// Tests render it, and the preview shows it; the program itself never imports it.
package pagetest

import (
	"time"

	"github.com/a-h/templ"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/role"
	"github.com/tijorihq/tijori/internal/web/i18n"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// A Sample is one page in one state.
type Sample struct {
	Name string
	Page templ.Component
}

// Now is the moment at which all samples are seen.
var Now = time.Date(2026, 11, 22, 16, 5, 0, 0, time.FixedZone("IST", 5*3600+1800))

const (
	shop    = "0198f2a0-0000-7000-8000-000000000001"
	other   = "0198f2a0-0000-7000-8000-000000000002"
	third   = "0198f2a0-0000-7000-8000-000000000003"
	partyID = "0198f2a0-0000-7000-8000-000000000010"
	entry   = "0198f2a0-0000-7000-8000-000000000100"
	fresh   = "0198f2a0-0000-7000-8000-00000000ffff"
)

// All returns every page in a language.
func All(locale string) []Sample {
	w := world{locale: locale}
	var all []Sample
	for _, part := range []func() []Sample{
		w.door, w.khata, w.merge, w.list, w.account, w.money, w.rest, w.statement, w.grid,
		w.reports, w.collect, w.usage, w.portal, w.factors, w.room, w.developer,
	} {
		all = append(all, part()...)
	}
	return all
}

type world struct{ locale string }

// say picks the words of a language: what shopkeepers write themselves.
func (w world) say(en, hi string) string {
	if w.locale == i18n.Hindi {
		return hi
	}
	return en
}

func (w world) businesses() []ui.Business {
	account := w.say("Gupta family", "गुप्ता परिवार")
	return []ui.Business{
		{
			ID: shop, Name: w.say("Shri Krishna Kirana Store", "श्री कृष्ण किराना स्टोर"),
			Account: account, Role: role.Owner, Currency: "INR",
		},
		{
			ID: other, Name: w.say("Gupta Sweets, Station Road", "गुप्ता स्वीट्स, स्टेशन रोड"),
			Account: account, Role: role.Owner, Currency: "INR",
		},
		{
			ID: third, Name: w.say("Sharma & Sons Hardware", "शर्मा एंड संस हार्डवेयर"),
			Account: w.say("Sharma", "शर्मा"), Role: role.Counter, Currency: "INR",
		},
	}
}

// out is the frame of somebody who is not signed in.
func (w world) out(path string) ui.Shell {
	return ui.Shell{Locale: w.locale, CurrentPath: path, Now: Now, FreeParties: 5}
}

// in is the frame of the owner in the first shop.
func (w world) in(path string) ui.Shell {
	all := w.businesses()
	return ui.Shell{
		Locale: w.locale, User: w.say("Anita Gupta", "अनीता गुप्ता"), Mark: "5e1f", Businesses: all, Business: all[0],
		Plan: "pro", RequestID: "a3f1", CurrentPath: path, Now: Now, FreeParties: 5, Carriers: map[string]string{
			"export":      "Pro",
			"batch_entry": "Pro",
		},
	}
}

// as is in with another role.
func (w world) as(name, path string) ui.Shell {
	s := w.in(path)
	s.Business.Role = name
	return s
}

func rupees(n int64) money.Amount { return money.Amount{Minor: n * 100, Currency: "INR"} }

func paise(n int64) money.Amount { return money.Amount{Minor: n, Currency: "INR"} }

func day(ago int) time.Time {
	y, m, d := Now.Date()
	return time.Date(y, m, d-ago, 0, 0, 0, 0, time.UTC)
}
