// Package recovery is the three pages of a forgotten password.
package recovery

import "github.com/tijorihq/tijori/internal/web/ui"

// A View is the form of /recover, which posts email.
type View struct {
	ui.Shell
	ui.Form
	Email string
}

// A SentView is /recover/sent: the same for a known and an unknown address.
type SentView struct {
	ui.Shell
	Email string // as typed; "" when not known any more
}

// A PasswordView is the form of /recover/{token}, which posts password to the
// same address. Opening it consumes nothing.
type PasswordView struct {
	ui.Shell
	ui.Form
	Token string
}
