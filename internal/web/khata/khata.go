// Package khata is the book itself: parties, entries, statements, reports, reminders, shared statements and files that
// leave.
package khata

import (
	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/web/frame"
)

// Handlers answer the routes of this part.
type Handlers struct {
	*frame.Frame
	Accounts *account.Service
}
