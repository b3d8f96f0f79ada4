// Package stepup asks who is there, before what cannot be taken back.
package stepup

import "github.com/tijorihq/tijori/internal/web/ui"

// A View is the question, with the answers that its user can give. The answer posts as proof_password, proof_code or
// proof_passkey, together with what is carried, to Action.
type View struct {
	ui.Shell
	ui.Form
	Action   string
	Email    string
	Carried  []Carried
	Next     string // the page to go to afterwards, where nothing is carried
	Password bool   // a password counts
	App      bool   // an authenticator app is set up
	Codes    bool   // there are recovery codes
	Passkey  bool
	Strong   bool // the password would not do
}

// Carried is a field of the form that waits for the proof.
type Carried struct{ Name, Value string }
