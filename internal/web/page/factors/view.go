// Package factors is how a user signs in beside the password: passkeys, an authenticator app, recovery codes.
package factors

import (
	"time"

	"github.com/tijorihq/tijori/internal/web/ui"
)

// A View is the page of /settings/signin. Adding a passkey posts name and passkey to /settings/passkeys; renaming and
// removing one to /settings/passkeys/{id}/name and …/remove; the app to /settings/app and /settings/app/remove; new
// recovery codes to /settings/codes; two steps to /settings/twostep.
type View struct {
	ui.Shell
	New      ui.Form // of a passkey
	NewName  string
	Trouble  ui.Form // of everything else
	Passkeys []Passkey
	Offered  bool // browsers make passkeys for this address
	Apps     bool // the server can keep secrets of authenticator apps
	App      bool // one is set up
	Codes    int  // that are left
	TwoStep  bool
	Operator bool // two steps are no choice
}

// Any reports whether there is a factor beside the password.
func (v View) Any() bool {
	for _, p := range v.Passkeys {
		if !p.Copied {
			return true
		}
	}
	return v.App
}

// A Passkey is one line of the list.
type Passkey struct {
	ID      string
	Name    string
	Made    time.Time
	Used    time.Time // zero while it is not
	Synced  bool
	Copied  bool
	Renames ui.Form
}

// An AppView shows the secret of an authenticator app, once. The code posts to /settings/app/confirm.
type AppView struct {
	ui.Shell
	ui.Form
	Secret  string // in groups of four
	Address string // otpauth:
	Code    string // the QR code as a path
	Size    int
}

// A CodesView shows recovery codes, once.
type CodesView struct {
	ui.Shell
	Codes []string
	Fresh bool // two steps were turned on just now
}
