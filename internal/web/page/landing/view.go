// Package landing is the page of / for somebody who is not signed in.
package landing

import (
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// A View is what the landing page shows.
type View struct {
	ui.Shell
	PlanName string       // the plan that the page points to, "" when none is sold
	Interval string       // "month" or "year"
	Price    money.Amount // its price for the interval, in the visitor's currency
}
