package ui

import "strings"

// A Frame says how a page stands in the layout.
type Frame struct {
	Title  string // of the tab, already translated
	Look   string // class of main: "narrow", "wide", "door" …; "" is the usual column
	Bar    bool   // the page has a bottom bar of its own on a phone, in the place of the tabs
	Module string // ES module of this page beside app.js, "" for none
	Sheet  string // stylesheet of this page beside tijori.css, "" for none

	Report string // where a customer reports that the page is not theirs, "" where nothing of anybody is shown

	// for a customer of a shop, who has a link and no account: no ways in, and none to prices
	Guest   bool
	Preview Preview // what a messenger shows beside a link to the page

	// for visitors, neither prices nor ways in around it: the page has those that work
	Bare bool

	// the page that a device keeps for when there is no connection: nobody's data, no ways that lead nowhere
	Offline bool
}

// A Preview is what other programs show of a page. The zero value is nothing.
type Preview struct {
	Title, Description string
	Image              string // absolute address of a picture of 1200 by 630
	Address            string // absolute address of the page
}

type link struct {
	path, icon, word string
	wide             bool // a phone has it in the user's menu, not among the tabs
}

// shop is the business that the ways lead to: the open one, else the one that was open last, else the only one.
func (s Shell) shop() Business {
	if s.Business.ID != "" {
		return s.Business
	}
	for _, b := range s.Businesses {
		if b.ID == s.LastShop || len(s.Businesses) == 1 {
			return b
		}
	}
	return Business{}
}

// links are the ways from any page of a signed-in user. They are the same ones on every page, whether a business is
// open on it or not, so that none of them moves away under a thumb.
func (s Shell) links() []link {
	if s.InRoom() {
		return s.room()
	}
	var all []link
	shop := s.shop()
	may, at := shop.Rights(), BusinessPath(shop.ID)
	if shop.ID != "" {
		all = append(all, link{path: at, icon: "khata", word: s.T("Khata")})
	} else {
		all = append(all, link{path: "/", icon: "shop", word: s.T("Businesses")})
	}
	if may.RunsKhata {
		all = append(all, link{path: at + "/collect", icon: "bell", word: s.T("Collect")})
	}
	if may.SeesTotals {
		all = append(all, link{path: at + "/reports", icon: "bill", word: s.T("Reports")})
	}
	if may.RunsKhata {
		all = append(all, link{path: at + "/grid", icon: "grid", word: s.T("Many entries"), wide: true})
		all = append(all, link{path: at + "/bin", icon: "bin", word: s.T("Bin"), wide: true})
		all = append(all, link{path: at + "/settings", icon: "shop", word: s.T("Business")})
	}
	if s.OwnsAccount() {
		all = append(all, link{path: "/team", icon: "team", word: s.T("Team"), wide: may.Owns})
		all = append(all, link{path: "/billing", icon: "plan", word: s.T("Plan")})
	}
	return append(all, link{path: "/settings", icon: "settings", word: s.T("Settings"), wide: may.RunsKhata})
}

// InRoom reports whether the page belongs to the operators' room, which has ways of its own.
func (s Shell) InRoom() bool {
	return s.Operator && (s.at() == "/admin" || strings.HasPrefix(s.at(), "/admin/"))
}

func (s Shell) at() string {
	at, _, _ := strings.Cut(s.CurrentPath, "?")
	return at
}

// room is the ways of the operators' room, and the one that leads out of it.
func (s Shell) room() []link {
	return []link{
		{path: "/admin", icon: "bill", word: s.T("Overview")},
		{path: "/admin/search", icon: "search", word: s.T("Accounts")},
		{path: "/admin/review", icon: "bell", word: s.T("Review")},
		{path: "/admin/health", icon: "bolt", word: s.T("Health")},
		{path: "/admin/inbox", icon: "mail", word: s.T("Webhooks")},
		{path: "/admin/incidents", icon: "alert", word: s.T("Incidents"), wide: true},
		{path: "/admin/reconcile", icon: "even", word: s.T("Compare"), wide: true},
		{path: "/admin/credits", icon: "plan", word: s.T("Credits"), wide: true},
		{path: "/admin/apps", icon: "shop", word: s.T("Apps"), wide: true},
		{path: "/admin/log", icon: "clock", word: s.T("Log"), wide: true},
		{path: "/", icon: "shop", word: s.T("Back to the shops"), wide: true},
	}
}

// here reports whether a link leads to the page that is open, or to its parent.
func (s Shell) here(path string) bool {
	at := s.at()
	switch {
	case path == "/admin":
		return at == path
	case path == "/admin/search":
		return at == path || strings.HasPrefix(at, "/admin/accounts")
	}
	if shop := s.shop(); shop.ID != "" && path == BusinessPath(shop.ID) {
		return at == path || strings.HasPrefix(at, path+"/p/") || strings.HasPrefix(at, path+"/parties")
	}
	return at == path || path != "/" && strings.HasPrefix(at, path+"/")
}

func (s Shell) otherLocale() string {
	if s.Locale == "hi" {
		return "en"
	}
	return "hi"
}

// otherAccounts are businesses of accounts that the user owns beside the
// session's, one of each.
func (s Shell) otherAccounts() []Business {
	if s.AccountID == "" {
		return nil
	}
	var out []Business
	seen := map[string]bool{"": true, s.AccountID: true}
	for _, b := range s.Businesses {
		if b.Rights().Owns && !seen[b.AccountID] {
			out = append(out, b)
			seen[b.AccountID] = true
		}
	}
	return out
}
