// Package signup makes a user with an account and its first business.
package signup

import "github.com/tijorihq/tijori/internal/web/ui"

// A View is the form of /signup, with what was typed. Its fields post as name, email,
// password, business, locale and currency.
type View struct {
	ui.Shell
	ui.Form
	Name         string
	Email        string
	BusinessName string
	Language     string // "en" or "hi"
	Currency     string // ISO 4217; "" selects INR
}

// A SentView is /signup/sent: the same for a known and an unknown address.
type SentView struct {
	ui.Shell
	ui.Form
	Email string // as typed; "" when not known any more
}
