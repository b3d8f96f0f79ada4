// Package waiting is the list of entries that wait on a device for a connection, and the page
// that the device shows while there is none.
package waiting

import "github.com/tijorihq/tijori/internal/web/ui"

// A View is the page of /waiting, or of /offline, which every device keeps. It holds nobody's data: what waits is
// on the device alone, and its module waiting.js draws it.
type View struct {
	ui.Shell
	Offline bool
}
