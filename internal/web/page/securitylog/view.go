// Package securitylog shows an owner what concerns the safety of the account.
package securitylog

import (
	"net/url"
	"strings"
	"time"

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
	Event      string // one of account.Events
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
	case "signed_in":
		return v.T("Signed in")
	case "device_added":
		return v.T("Signed in on a new device")
	case "sign_in_failed":
		return v.T("Sign-in refused")
	case "signed_out_everywhere":
		return v.T("Signed out on other devices")
	case "password_changed":
		return v.T("Password changed")
	case "password_recovered":
		return v.T("Password reset by email")
	case "email_change_asked":
		return v.T("Change of address requested")
	case "email_changed":
		return v.T("Email address changed")
	case "email_taken_back":
		return v.T("Change of email address undone")
	case "factor_added":
		return v.T("Passkey or authenticator added")
	case "factor_removed":
		return v.T("Passkey or authenticator removed")
	case "recovery_codes_made":
		return v.T("New recovery codes")
	case "recovery_code_used":
		return v.T("Recovery code used")
	}
	return v.whatOfAccount(l)
}

// whatOfAccount are the words for what concerns the account and its members.
func (v View) whatOfAccount(l Line) string {
	switch l.Event {
	case "member_invited":
		return v.T("Member invited")
	case "owner_invited":
		return v.T("Owner invited")
	case "member_added":
		return v.T("New member")
	case "owner_added":
		return v.T("New owner")
	case "role_changed":
		return v.T("Role changed")
	case "member_removed":
		return v.T("Member left")
	case "owner_removed":
		return v.T("Owner left")
	case "key_made":
		return v.T("API key created")
	case "key_ended":
		return v.T("API key revoked")
	case "payee_changed":
		return v.T("UPI payee changed")
	case "data_exported":
		return v.T("File downloaded")
	case "data_taken":
		return v.T("All data downloaded")
	case "deletion_begun":
		return v.T("Deletion of the account started")
	case "deletion_ended":
		return v.T("Account kept")
	}
	return l.Event
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
	case "sign_in_failed", "email_taken_back", "recovery_code_used", "deletion_begun":
		return true
	}
	return false
}
