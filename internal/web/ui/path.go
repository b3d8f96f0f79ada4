package ui

import "net/url"

// Addresses of pages, written in one place so that a link cannot miss.

// BusinessPath is the party list of a business.
func BusinessPath(business string) string { return "/b/" + url.PathEscape(business) }

// PartyPath is the page of a party.
func PartyPath(business, party string) string {
	return BusinessPath(business) + "/p/" + url.PathEscape(party)
}

// EntryPath is the root of the pages of one entry.
func EntryPath(business, party, entry string) string {
	return PartyPath(business, party) + "/entries/" + url.PathEscape(entry)
}

// NewEntryPath is the form for a new entry of one side.
func NewEntryPath(business, party, side string) string {
	return PartyPath(business, party) + "/entries/new?side=" + url.QueryEscape(side)
}
