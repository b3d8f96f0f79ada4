// Package programs is the API of an account's own programs, which come with an API key: credits.
package programs

import (
	"github.com/tijorihq/tijori/internal/credits"
	"github.com/tijorihq/tijori/internal/web/frame"
)

// Handlers answer the routes of this part.
type Handlers struct {
	*frame.Frame
	Credits *credits.Service
}
