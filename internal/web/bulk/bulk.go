// Package bulk is work on many rows at once: the grid, and files that are brought in.
package bulk

import (
	"sync"

	"github.com/tijorihq/tijori/internal/web/frame"
)

// Handlers answer the routes of this part.
type Handlers struct {
	*frame.Frame

	arriving sync.Map // the places of an account for files that arrive, by its id
	reading  sync.Map // and the one for a file that is read
}
