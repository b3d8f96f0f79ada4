// Package upgrade answers what the plan in force does not include (403
// upgrade_required): honestly, with what stays free and what the plan costs that includes it.
package upgrade

import (
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// A View is the page of /b/{business}/upgrade, and the body of a refusal.
type View struct {
	ui.Shell
	Back      string // where the visitor came from
	Reason    string // the code of the fault that the page explains; "" when just looking
	PlanNow   string // name of the plan in force
	Limit     int    // parties that it allows, 0 without limit
	PeopleNow int    // people that it has room for
	PlanID    string // the plan offered, "" when none that is sold has what lacks
	PlanName  string
	Features  []string // its entitlements, as ids
	Prices    []Price  // at least one where a plan is offered, the shorter interval first
	Missing   string   // the account's own currency where the plan is not sold in it, else ""
	Parties   int      // that the plan offered holds, 0 without limit
	People    int      // that it has room for, 0 without limit
	Change    bool     // a plan is in force that would be changed, not bought
	CanBuy    bool     // the user owns the account
	Owner     string   // name of who does, when the user does not
}

// A Price is what the plan offered costs for an interval.
type Price struct {
	Interval string // "month" or "year"
	Amount   money.Amount
	Provider string
}
