// Package paid is where a provider sends the user back to: it waits for the
// signed word of the provider, without which nothing has been paid.
package paid

import "github.com/tijorihq/tijori/internal/web/ui"

// A View is the page of /billing/return. Its form posts to the same address, to
// ask again. With JavaScript it asks /api/billing/me every two seconds and turns by itself.
type View struct {
	ui.Shell
	Account   string
	PlanID    string // the plan bought: the tier that is waited for
	PlanName  string
	Done      bool     // the plan is in force
	Features  []string // its entitlements, as ids
	Parties   int      // that it holds, 0 without limit
	People    int      // that it has room for, 0 without limit
	Reference string   // hidden field: whatever the handler needs to ask the provider again
}
