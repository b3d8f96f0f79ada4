// Package settings is what a user sets for themselves: name, language,
// password, and the devices that are signed in.
package settings

import (
	"time"

	"github.com/tijorihq/tijori/internal/web/ui"
)

// A View is the page of /settings. Profile posts name and locale to /settings;
// Password posts current and password to /settings/password; ending a session posts to
// /settings/sessions/{id}/end; ending all of them to /logout/everywhere; Delete posts password to /settings/delete.
type View struct {
	ui.Shell
	Profile   ui.Form
	Password  ui.Form
	Address   ui.Form // posts new_email and proof to /settings/email
	NewEmail  string  // as typed
	Waiting   string  // the address to which the login is about to change, "" for none
	Name      string  // as typed
	Email     string
	Language  string // "en" or "hi"
	Sessions  []Session
	Teams     []Team
	Delete    ui.Form
	TwoStep   bool // sign-in asks for a second step; owners without one are offered it
	LastOwner bool // of an account, which is deleted before the login
}

// A Team is one of the user's own roles; its form posts to /settings/teams/{id}/leave.
type Team struct {
	ID      string
	Account string
	Shop    string // "" for the whole account
	Role    string
	Stays   bool // the last owner, who cannot leave
}

// A Session is a device that is signed in.
type Session struct {
	ID      string
	Device  string // such as "Chrome on Android"; "" when unknown
	Network string // address it was last seen from
	Seen    time.Time
	Current bool // this very one
}
