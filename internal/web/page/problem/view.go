// Package problem is the page of every error.
package problem

import "github.com/tijorihq/tijori/internal/web/ui"

// A View is the page of an error.
type View struct {
	ui.Shell
	Status    int
	Detail    string // the fault's sentence, already translated; "" for the usual one of the status
	RequestID string
	Retry     bool // trying again may help
}
