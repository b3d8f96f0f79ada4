// Package device is the page on which a user keeps books on the device in use, for reading without a connection.
package device

import "github.com/tijorihq/tijori/internal/web/ui"

// A View is the page of /settings/offline. What the device keeps is known to the device alone, and its module
// keep.js says it.
type View struct {
	ui.Shell
	Books []ui.Business // whose totals the user may see
}
