// Package secondstep is the second step of signing in.
package secondstep

import "github.com/tijorihq/tijori/internal/web/ui"

// A View is the form of /login/second. Its fields post as code or passkey, and next.
type View struct {
	ui.Shell
	ui.Form
	Next    string // path to go on to; "" for the start
	App     bool   // an authenticator app is set up
	Codes   bool   // there are recovery codes
	Passkey bool
}
