package source

import (
	"slices"

	"github.com/tijorihq/tijori/internal/audit/source/rule"
	"github.com/tijorihq/tijori/internal/audit/source/rules/credit"
)

// all lists the rules.
func all() []*rule.Rule {
	return slices.Concat(credit.Rules)
}
