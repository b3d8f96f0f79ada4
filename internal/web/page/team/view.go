// Package team shows who may open the account's businesses, and invites more.
package team

import (
	"time"

	"github.com/tijorihq/tijori/internal/web/ui"
)

// A View is the page of /team. Its form posts email, role and business ("" for the whole
// account) to /team/invite.
type View struct {
	ui.Shell
	ui.Form
	Account     string
	Members     []Member
	Invitations []Invitation
	Shops       []ui.Business // the account's businesses, to choose from
	Email       string        // as typed
	Role        string        // as chosen; "" selects the narrowest
	Scope       string        // id of the business chosen, "" for the whole account
}

// A Member is a user with a role; its forms post role to /team/members/{id}/role,
// and to /team/members/{id}/remove.
type Member struct {
	ID    string
	Name  string
	Email string
	Role  string
	Shop  string // name of the business, "" for the whole account
	You   bool   // the user who looks
	Stays bool   // cannot be removed: the last owner
}

// An Invitation is one that nobody has accepted yet; its forms post to
// /team/invitations/{id}/revoke and /resend.
type Invitation struct {
	ID    string
	Email string
	Role  string
	Shop  string // name of the business, "" for the whole account
	Sent  time.Time
	Ends  time.Time
}
