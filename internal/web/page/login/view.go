// Package login is the sign-in page.
package login

import "github.com/tijorihq/tijori/internal/web/ui"

// A View is the form of /login. Its fields post as email, password and next.
type View struct {
	ui.Shell
	ui.Form
	Email    string
	Passkeys bool   // browsers make passkeys for this address; posts passkey and next to /login/passkey
	Next     string // path to go on to; "" for the start
}
