// Package bulk is work on many rows at once: the grid, and files that are brought in.
package bulk

import "github.com/tijorihq/tijori/internal/web/frame"

// Handlers answer the routes of this part.
type Handlers struct {
	*frame.Frame

	arriving *frame.Slots // for files that arrive
	reading  *frame.Slots // for files that are read: each may need a hundred megabytes for a moment
}

// New returns the handlers of this part.
func New(f *frame.Frame) *Handlers {
	return &Handlers{
		Frame:    f,
		arriving: frame.NewSlots(maxArrivals, MaxOwnArrivals, errArriving, errOwnArriving),
		reading:  frame.NewSlots(2, 1, errReading, errOwnTurn),
	}
}
