// Package upgrade answers what the plan in force does not include (403
// upgrade_required): honestly, with what stays free and what Pro costs.
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
	Limit     int    // parties that the plan in force allows
	PlanID    string // the plan offered
	PlanName  string
	Features  []string     // its entitlements, as ids
	Monthly   money.Amount // its price for a month
	Yearly    money.Amount // its price for a year; zero when not sold
	People    int          // that the plan offered has room for, 0 without limit
	PeopleNow int          // that the plan in force has room for
	Change    bool         // a plan is in force that would be changed, not bought
	CanBuy    bool         // the user owns the account
	Owner     string       // name of who does, when the user does not
}
