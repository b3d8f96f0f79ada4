// Package plans is what is sold: the price list, checkout, the page of the plan, credits used, and the addresses
// that providers call.
package plans

import (
	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/credits"
	"github.com/tijorihq/tijori/internal/web/frame"
)

// Handlers answer the routes of this part.
type Handlers struct {
	*frame.Frame
	Billing *billing.Service
	Credits *credits.Service
}
