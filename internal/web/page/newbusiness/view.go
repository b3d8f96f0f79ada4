// Package newbusiness adds a business to the account.
package newbusiness

import "github.com/tijorihq/tijori/internal/web/ui"

// A View is the form of /businesses/new. Its fields post as id, name, currency and zone.
type View struct {
	ui.Shell
	ui.Form
	Account  string // the account that gets the business
	Name     string
	Currency string // ISO 4217; "" selects INR
	Zone     string // IANA name; "" selects Asia/Kolkata
}
