// Package operators is the pages below /admin, for who runs this server. The frame decides who may come in before
// any of them runs: users whose address the server's settings name.
package operators

import (
	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/credits"
	"github.com/tijorihq/tijori/internal/watch"
	"github.com/tijorihq/tijori/internal/web/frame"
)

// Handlers answer the routes of this part.
type Handlers struct {
	*frame.Frame
	Billing *billing.Service
	Credits *credits.Service
	Watch   *watch.Service // nil where nothing is watched
}
