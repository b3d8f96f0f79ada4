package billing

import (
	"maps"
	"slices"
)

// Unclear is what the worker asks before it asks for invoices.
var Unclear = unclear

// Reasons lists the kinds of review items.
func Reasons() []string { return slices.Sorted(maps.Keys(kinds)) }
