// Package login is the sign-in page.
package login

import "github.com/tijorihq/tijori/internal/web/ui"

// A View is the form of /login. Its fields post as email, password and next.
type View struct {
	ui.Shell
	ui.Form
	Email       string
	Unconfirmed bool   // the password was right, and the address is not confirmed yet
	Next        string // path to go on to; "" for the start
}
