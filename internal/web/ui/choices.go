package ui

import (
	"slices"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/web/i18n"
)

// Languages are the choices of a language, each in its own words.
func Languages() []Option {
	return []Option{{Value: "hi", Label: "हिन्दी", Lang: "hi"}, {Value: "en", Label: "English", Lang: "en"}}
}

// Currencies are the choices of a business's currency.
func (s Shell) Currencies() []Option {
	return []Option{
		{Value: "INR", Label: s.T("₹ Indian rupee")},
		{Value: "USD", Label: s.T("$ US dollar")},
		{Value: "EUR", Label: s.T("€ Euro")},
		{Value: "GBP", Label: s.T("£ British pound")},
		{Value: "AED", Label: s.T("AED Emirati dirham")},
		{Value: "NPR", Label: s.T("NPR Nepalese rupee")},
		{Value: "BDT", Label: s.T("BDT Bangladeshi taka")},
	}
}

// zones are offered for a business; any other that it already has is kept.
var zones = []Option{
	{Value: "Asia/Kolkata", Label: "India"},
	{Value: "Asia/Kathmandu", Label: "Nepal"},
	{Value: "Asia/Dhaka", Label: "Bangladesh"},
	{Value: "Asia/Colombo", Label: "Sri Lanka"},
	{Value: "Asia/Dubai", Label: "Dubai, Oman"},
	{Value: "Asia/Riyadh", Label: "Saudi Arabia, Kuwait, Qatar"},
	{Value: "Asia/Singapore", Label: "Singapore, Malaysia"},
	{Value: "Africa/Nairobi", Label: "East Africa"},
	{Value: "Europe/London", Label: "Britain"},
	{Value: "Europe/Berlin", Label: "Central Europe"},
	{Value: "America/New_York", Label: "New York, Toronto"},
	{Value: "America/Chicago", Label: "Chicago"},
	{Value: "America/Los_Angeles", Label: "Los Angeles, Vancouver"},
	{Value: "Australia/Sydney", Label: "Sydney, Melbourne"},
	{Value: "UTC", Label: "World time (UTC)"},
}

// Modes are the ways in which an entry is paid.
func (s Shell) Modes() []Option {
	return []Option{
		{Value: "cash", Label: s.T("Cash")},
		{Value: "upi", Label: "UPI"},
		{Value: "bank", Label: s.T("Bank")},
		{Value: "cheque", Label: s.T("Cheque")},
		{Value: "goods", Label: s.T("Goods")},
	}
}

// Cheques are the states of a cheque that was got, or given.
func (s Shell) Cheques(side string) []Option {
	first := Option{Value: "received", Label: s.T("Received")}
	if side == "given" {
		first.Label = s.T("Handed over")
	}
	return []Option{
		first,
		{Value: "deposited", Label: s.T("Deposited")},
		{Value: "cleared", Label: s.T("Cleared")},
		{Value: "bounced", Label: s.T("Bounced")},
	}
}

// Cheque is one of Cheques in words; "" for none.
func (s Shell) Cheque(side, value string) string {
	for _, o := range s.Cheques(side) {
		if o.Value == value {
			return o.Label
		}
	}
	return ""
}

// Mode is one of Modes in words; "" for none.
func (s Shell) Mode(value string) string {
	for _, o := range s.Modes() {
		if o.Value == value {
			return o.Label
		}
	}
	return ""
}

// Zones are the choices of a business's time zone, with the one it has: where it is, and what the clock says there now,
// which is how people tell whether it is theirs.
func (s Shell) Zones(current string) []Option {
	var out []Option
	if current != "" && !slices.ContainsFunc(zones, func(o Option) bool { return o.Value == current }) {
		out = append(out, Option{Value: current, Label: s.ZoneName(current)})
	}
	for _, o := range zones {
		out = append(out, Option{Value: o.Value, Label: s.ZoneName(o.Value)})
	}
	return out
}

// ZoneName is a time zone in words, with the time there.
func (s Shell) ZoneName(name string) string {
	word := strings.ReplaceAll(name[strings.LastIndexByte(name, '/')+1:], "_", " ")
	for _, o := range zones {
		if o.Value == name {
			word = s.T(o.Label)
		}
	}
	place, err := time.LoadLocation(name)
	if err != nil {
		return word
	}
	return word + " · " + i18n.Clock(s.Locale, s.Now.In(place))
}

// OpeningSides are the two ways in which something was open before the khata began.
func (s Shell) OpeningSides() []Option {
	return []Option{{Value: "given", Label: s.T("They owed you")}, {Value: "received", Label: s.T("You owed them")}}
}

// Or returns the first value that is not empty: what was typed, or the default.
func Or(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
