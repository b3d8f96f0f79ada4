// Package accounts is a user's own settings, the team of an account, its businesses, and leaving with all data.
package accounts

import (
	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/web/frame"
)

// Handlers answer the routes of this part.
type Handlers struct {
	*frame.Frame
	Accounts *account.Service
}
