// Package landing is the page of / for somebody who is not signed in.
package landing

import (
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// A View is what the landing page shows.
type View struct {
	ui.Shell
	FreeParties int          // parties of the Free plan
	Pro         money.Amount // Pro's price for a month, in the visitor's currency
}
