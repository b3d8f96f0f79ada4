// Package mydata is the page on which an owner takes the account's data along.
package mydata

import "github.com/tijorihq/tijori/internal/web/ui"

// A View is the page of /mydata. Its form posts account and password to /mydata/delete.
type View struct {
	ui.Shell
	ui.Form
	Account string   // named on top, so that nobody takes the wrong one
	Shops   []string // names of the businesses in the file
	Renews  bool     // a plan that renews is canceled before the account can be deleted
	Days    int      // of grace
}
