// Package operators is the pages below /admin, for who runs this server. The frame decides who may come in before
// any of them runs: users whose address the server's settings name, in a session that was proved by more than a
// password. Every page is written down with the reason that its reader gave (InRoom).
package operators

import (
	"context"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/credits"
	"github.com/tijorihq/tijori/internal/incident"
	"github.com/tijorihq/tijori/internal/insight"
	"github.com/tijorihq/tijori/internal/platform"
	"github.com/tijorihq/tijori/internal/watch"
	"github.com/tijorihq/tijori/internal/web/frame"
)

// Handlers answer the routes of this part.
type Handlers struct {
	*frame.Frame
	Billing   *billing.Service
	Credits   *credits.Service
	Platform  *platform.Service
	Desk      *insight.Service
	Incidents *incident.Service
	Machine   func(context.Context) insight.Machine // what only the program knows; nil where nothing is
	Watch     *watch.Service                        // nil where nothing is watched
}
