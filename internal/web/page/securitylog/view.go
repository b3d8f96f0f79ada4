// Package securitylog shows an owner what concerns the safety of the account.
package securitylog

import (
	"net/url"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/role"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// A View is the page of /security.
type View struct {
	ui.Shell
	Account string
	Lines   []Line
	After   string // where the next page begins, "" on the last one
}

// A Line is something that happened.
type Line struct {
	Event      account.Event
	When       time.Time
	Who, About string // addresses, "" where nobody is known
	Detail     string
	Device     string // such as "Chrome on Android"; "" when unknown
	Network    string // address it came from, "" when unknown
}

// Older is the address of the next page.
func (v View) Older() string { return "/security?after=" + url.QueryEscape(v.After) }

// What is the event in words.
func (v View) What(l Line) string {
	switch l.Event {
	case account.SignedIn:
		return v.T("Signed in")
	case account.DeviceAdded:
		return v.T("Signed in on a new device")
	case account.SignInFailed:
		return v.T("Wrong password")
	case account.SignedOutEverywhere:
		return v.T("Signed out on other devices")
	case account.PasswordChanged:
		return v.T("Password changed")
	case account.PasswordRecovered:
		return v.T("Password reset by mail")
	case account.EmailChangeAsked:
		return v.T("Change of address requested")
	case account.EmailChanged:
		return v.T("E-mail address changed")
	case account.EmailTakenBack:
		return v.T("Old e-mail address taken back")
	case account.FactorAdded:
		return v.T("Passkey or authenticator added")
	case account.FactorRemoved:
		return v.T("Passkey or authenticator removed")
	case account.RecoveryCodesMade:
		return v.T("New recovery codes")
	case account.RecoveryCodeUsed:
		return v.T("Recovery code used")
	}
	return v.whatOfAccount(l)
}

// whatOfAccount are the words for what concerns the account and its members.
func (v View) whatOfAccount(l Line) string {
	switch l.Event {
	case account.MemberInvited:
		return v.T("Member invited")
	case account.OwnerInvited:
		return v.T("Owner invited")
	case account.MemberAdded:
		return v.T("New member")
	case account.OwnerAdded:
		return v.T("New owner")
	case account.RoleChanged:
		return v.T("Role changed")
	case account.MemberRemoved:
		return v.T("Member left")
	case account.OwnerRemoved:
		return v.T("Owner left")
	case account.KeyMade:
		return v.T("API key made")
	case account.KeyEnded:
		return v.T("API key ended")
	case account.PayeeChanged:
		return v.T("UPI payee changed")
	case account.DataExported:
		return v.T("File downloaded")
	case account.DataTaken:
		return v.T("All data downloaded")
	case account.DeletionBegun:
		return v.T("Deletion of the account begun")
	case account.DeletionEnded:
		return v.T("Account kept")
	}
	return string(l.Event)
}

// more is what belongs to the event: a role in words, the first letters of a key, a UPI id.
func (v View) more(l Line) string {
	for _, r := range role.All() {
		if r.Name == l.Detail {
			return r.Title.In(v.Locale)
		}
	}
	return l.Detail
}

// from is whence it came: device and address, as far as they are known.
func from(l Line) string { return strings.Trim(l.Device+" · "+l.Network, " ·") }

// alarming marks what an owner should look at first.
func alarming(l Line) bool {
	switch l.Event {
	case account.SignInFailed, account.EmailTakenBack, account.RecoveryCodeUsed, account.DeletionBegun:
		return true
	}
	return false
}
