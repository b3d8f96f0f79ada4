// Package development is what only a development set-up serves: the mails that were not sent, and the demonstration
// account.
package development

import (
	"context"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/demo"
	"github.com/tijorihq/tijori/internal/mail"
	"github.com/tijorihq/tijori/internal/web/frame"
)

// Handlers answer the routes of this part.
type Handlers struct {
	*frame.Frame
	Accounts *account.Service
	Outbox   *mail.Outbox
	Demo     func(context.Context) (demo.Filled, error)
}
