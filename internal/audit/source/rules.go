package source

import (
	"slices"

	"github.com/tijorihq/tijori/internal/audit/source/rule"
	"github.com/tijorihq/tijori/internal/audit/source/rules/access"
	"github.com/tijorihq/tijori/internal/audit/source/rules/browser"
	"github.com/tijorihq/tijori/internal/audit/source/rules/cache"
	"github.com/tijorihq/tijori/internal/audit/source/rules/credit"
	"github.com/tijorihq/tijori/internal/audit/source/rules/logs"
	"github.com/tijorihq/tijori/internal/audit/source/rules/owner"
	"github.com/tijorihq/tijori/internal/audit/source/rules/pool"
	"github.com/tijorihq/tijori/internal/audit/source/rules/provider"
	"github.com/tijorihq/tijori/internal/audit/source/rules/webhook"
)

// all lists the rules.
func all() []*rule.Rule {
	return slices.Concat(credit.Rules, owner.Rules, webhook.Rules, provider.Rules, pool.Rules, logs.Rules,
		browser.Rules, cache.Rules, access.Rules)
}
