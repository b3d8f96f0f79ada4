// Package notmine is the page on which people report that they were shown what is not theirs.
package notmine

import "github.com/tijorihq/tijori/internal/web/ui"

// A View is the form, and what follows it.
type View struct {
	ui.Shell
	ui.Form
	Action  string // of the form
	Back    string // the page that it is about, or where else to go on
	From    string // the path of that page, "" when it is not known
	Request string // its request id
	Words   string
	Guest   bool // a customer of a shop, who has a link and no account
	Sent    bool
}
