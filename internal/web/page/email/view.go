// Package email is where the links of a change of address lead. Opening one
// changes nothing; its button does.
package email

import "github.com/tijorihq/tijori/internal/web/ui"

// A View is the page of /email/{token}; its form posts to the same address.
type View struct {
	ui.Shell
	ui.Form
	Token  string
	Email  string // the end that the link confirms
	Former bool   // that is the address of today
}

// A DoneView is the page after the form.
type DoneView struct {
	ui.Shell
	Email   string
	Changed bool // both ends have confirmed
}

// A BackView is the page of /email/back/{token}; its form posts end_keys to the same address.
type BackView struct {
	ui.Shell
	ui.Form
	Token string
	Email string // the address that comes back
}
