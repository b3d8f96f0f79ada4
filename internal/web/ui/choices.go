package ui

import "slices"

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
var zones = []string{
	"Asia/Kolkata", "Asia/Kathmandu", "Asia/Dhaka", "Asia/Colombo", "Asia/Dubai", "Asia/Riyadh", "Asia/Singapore",
	"Africa/Nairobi", "Europe/London", "Europe/Berlin", "America/New_York", "America/Chicago", "America/Los_Angeles",
	"Australia/Sydney", "UTC",
}

// Zones are the choices of a business's time zone, with the one it has.
func (s Shell) Zones(current string) []Option {
	names := zones
	if current != "" && !slices.Contains(names, current) {
		names = append([]string{current}, names...)
	}
	var out []Option
	for _, name := range names {
		label := name
		if name == "Asia/Kolkata" {
			label = s.T("India (Kolkata)")
		}
		out = append(out, Option{Value: name, Label: label})
	}
	return out
}

// OpeningSides are the two ways in which something was open before the khata began.
func (s Shell) OpeningSides() []Option {
	return []Option{{Value: "given", Label: s.T("They owed you")}, {Value: "received", Label: s.T("You owed them")}}
}

// Roles are the choices of a member's role, each explained.
func (s Shell) Roles() []Option {
	var out []Option
	for _, role := range []string{"counter", "accountant", "manager", "owner"} {
		out = append(out, Option{Value: role, Label: s.RoleName(role), Hint: s.RoleMeaning(role)})
	}
	return out
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
