// Package ownaccount is where a user who owns no account opens one.
package ownaccount

import "github.com/tijorihq/tijori/internal/web/ui"

// A View is the form of /account/new. Its fields post as name and currency.
type View struct {
	ui.Shell
	ui.Form
	Name     string
	Currency string // ISO 4217; "" selects INR
}
