package source

import (
	"github.com/tijorihq/tijori/internal/audit/source/rule"
)

// all lists the rules.
func all() (list []*rule.Rule) {
	return list
}
