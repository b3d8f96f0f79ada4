// Package mydata is the page on which an owner takes the account's data along.
package mydata

import "github.com/tijorihq/tijori/internal/web/ui"

// A View is the page of /mydata.
type View struct {
	ui.Shell
	Account string   // named on top, so that nobody takes the wrong one
	Shops   []string // names of the businesses in the file
}
