// Package invite is where the link of an invitation leads.
package invite

import "github.com/tijorihq/tijori/internal/web/ui"

// A View is the page of /invite/{token}. Signed in, its form posts nothing but
// the consent; signed out, name and password of the new user. Both post to the same address.
type View struct {
	ui.Shell
	ui.Form
	Token    string
	Email    string // the address invited
	Inviter  string // name of who invited
	Account  string
	Shop     string // name of the business, "" for the whole account
	Role     string // owner, manager, accountant, counter
	Mismatch bool   // signed in with another address than the one invited
	Name     string // as typed
}
