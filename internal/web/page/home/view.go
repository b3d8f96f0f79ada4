// Package home is the page of / for a user of several businesses.
package home

import (
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// A View is what the list of businesses shows.
type View struct {
	ui.Shell
	Shops []Shop
}

// A Shop is one business with its totals.
type Shop struct {
	ui.Business
	Parties   int
	Get, Give money.Amount // both positive; not shown where the role may not see them
}
