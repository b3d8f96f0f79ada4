// Package confirm is where the link of the sign-up mail leads. Opening it
// changes nothing; its button does.
package confirm

import "github.com/tijorihq/tijori/internal/web/ui"

// A View is the page of /confirm/{token}; its form posts to the same address.
type View struct {
	ui.Shell
	ui.Form
	Token string
}
