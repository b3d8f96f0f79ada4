// Package businesssettings changes the name, currency and time zone of a business.
package businesssettings

import "github.com/tijorihq/tijori/internal/web/ui"

// A View is the form of /b/{business}/settings. Its fields post as name, currency and zone.
type View struct {
	ui.Shell
	ui.Form
	Name           string
	Currency       string // ISO 4217
	CurrencyFixed  bool   // entries exist, so the currency cannot change any more
	Zone           string // IANA name
	CanExport      bool   // the plan has export
	EntriesCount   int
	PartiesCount   int
	PartiesAllowed int // 0 without limit
}
