package billing

import (
	"net/url"
	"time"

	"github.com/a-h/templ"

	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// A ChangeView is the page of /billing/change: the plans to choose from or,
// with Quote, what the chosen one costs.
type ChangeView struct {
	ui.Shell
	ui.Form
	Account string
	Offers  []Offer
	Quote   *Quote
}

// An Offer is a plan for an interval at the account's own provider.
type Offer struct {
	PlanID, PlanName, Interval string
	Price                      money.Amount
	Current                    bool
}

func (o Offer) path() templ.SafeURL {
	return templ.SafeURL("/billing/change?" + url.Values{"plan": {o.PlanID}, "interval": {o.Interval}}.Encode())
}

// A Quote is what a change would cost and when it takes effect.
type Quote struct {
	PlanID, PlanName, Interval, FromName string
	Price                                money.Amount
	Due                                  money.Amount // to pay now; never negative
	Credit                               money.Amount // credited to later bills
	AtOnce                               bool
	Starts                               time.Time
	Next                                 time.Time // payment after Starts
	// another subscription takes the place of the present one, and is paid first
	Ends         bool
	Keeps        time.Time // until when the present plan is paid for
	CanWait      bool      // with nothing due it begins at Keeps
	At, DueMinor string    // what the form brings back, so that no other sum is charged
}
