// Package paused is the page that stands in for a part of the product which operators have stopped for a while.
package paused

import (
	"github.com/tijorihq/tijori/internal/freeze"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// A View is the page. When everything is paused, its shell knows nobody: names are data too.
type View struct {
	ui.Shell
	Parts     freeze.Part // which of the parts that the page needs are paused
	Sent      bool        // a form was sent, and is not saved
	In        bool        // somebody is signed in, whether the shell says who or not
	Home      bool        // the home page works
	RequestID string
}

// what says what is paused and what stays as it is.
func (v View) what() string {
	switch {
	case v.Parts == freeze.All:
		return v.T("We have paused Tijori while we check something. Everything that you have saved is kept.")
	case v.Parts&freeze.Ledger != 0:
		return v.T("We have paused the khata while we check something. All your entries are kept.")
	case v.Parts&freeze.Exports != 0:
		return v.T("We have paused downloads while we check something.")
	case v.Parts&freeze.Billing != 0:
		return v.T("We have paused plans and payments while we check something. What you have paid for stays yours.")
	case v.Parts&freeze.SignUp != 0:
		return v.T("We have paused new sign-ups while we check something. If you have an account, you can sign in.")
	}
	return v.T("We have paused team and account settings while we check something.")
}
