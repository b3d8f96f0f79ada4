package ui

import (
	"net/url"
	"strings"
)

// Addresses of pages, written in one place so that a link cannot miss.

// BusinessPath is the party list of a business.
func BusinessPath(business string) string { return "/b/" + url.PathEscape(business) }

// PartyPath is the page of a party.
func PartyPath(business, party string) string {
	return BusinessPath(business) + "/p/" + url.PathEscape(party)
}

// reports reports whether the page offers to report what is not the reader's: all but the report itself.
func (s Shell) reports() bool {
	at, _, _ := strings.Cut(s.CurrentPath, "?")
	return s.RequestID != "" && at != "/report"
}

// reportPath is where this page is reported.
func (s Shell) reportPath() string {
	at, _, _ := strings.Cut(s.CurrentPath, "?")
	return "/report?" + url.Values{"from": {at}, "request": {s.RequestID}}.Encode()
}

// SharedReportPath is where whoever was sent a link reports it.
func (s Shell) SharedReportPath(link string) string {
	if link == "" || s.RequestID == "" {
		return ""
	}
	return link + "/report?" + url.Values{"request": {s.RequestID}}.Encode()
}

// MergePath is the root of what is asked of a merge of two parties.
func MergePath(business, merge string) string {
	return BusinessPath(business) + "/merges/" + url.PathEscape(merge)
}

// EntryPath is the root of the pages of one entry.
func EntryPath(business, party, entry string) string {
	return PartyPath(business, party) + "/entries/" + url.PathEscape(entry)
}

// NewEntryPath is the form for a new entry of one side.
func NewEntryPath(business, party, side string) string {
	return PartyPath(business, party) + "/entries/new?side=" + url.QueryEscape(side)
}
