// Package door is how people come in: sign-up, sign-in, recovery, invitations and the language of pages.
package door

import (
	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/web/frame"
)

// Handlers answer the routes of this part.
type Handlers struct {
	*frame.Frame
	Accounts *account.Service
}
