// Package confirm is where the link of the sign-up mail leads. Opening it
// changes nothing; choosing the password there does.
package confirm

import "github.com/tijorihq/tijori/internal/web/ui"

// A View is the page of /confirm/{token}; its form posts password to the same address.
type View struct {
	ui.Shell
	ui.Form
	Token        string
	Name         string // of who signed up
	Email        string
	BusinessName string
	Passkeys     bool // browsers make passkeys for this address; posts passkey to /confirm/{token}/passkey
}

// An EndedView is where a link of a mail leads that opens nothing (any more).
type EndedView struct {
	ui.Shell
	Of string // "sign-up", "recovery", "email" or "invitation"
}
