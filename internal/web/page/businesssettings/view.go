// Package businesssettings changes the name and time zone of a business.
package businesssettings

import "github.com/tijorihq/tijori/internal/web/ui"

// A View is the form of /b/{business}/settings. Its fields post as name and zone.
type View struct {
	ui.Shell
	ui.Form
	Name           string
	Currency       string // ISO 4217
	Zone           string // IANA name
	CanExport      bool   // the plan has export
	PartiesCount   int
	PartiesAllowed int // 0 without limit
}
