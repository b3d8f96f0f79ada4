package ui

import "strings"

// A Frame says how a page stands in the layout.
type Frame struct {
	Title  string // of the tab, already translated
	Look   string // class of main: "narrow", "wide", "door" …; "" is the usual column
	Bar    bool   // the page has a bottom bar of its own on a phone, in the place of the tabs
	Module string // ES module of this page beside app.js, "" for none

	// the page that a device keeps for when there is no connection: nobody's data, no ways that lead nowhere
	Offline bool
}

type link struct {
	path, icon, word string
	wide             bool // a phone has it in the user's menu, not among the tabs
}

// links are the ways from any page of a signed-in user.
func (s Shell) links() []link {
	var all []link
	may := s.Rights()
	if s.Business.ID != "" {
		all = append(all, link{path: BusinessPath(s.Business.ID), icon: "khata", word: s.T("Khata")})
	} else {
		all = append(all, link{path: "/", icon: "shop", word: s.T("Businesses")})
	}
	if may.SeesTotals {
		all = append(all, link{path: BusinessPath(s.Business.ID) + "/reports", icon: "bill", word: s.T("Reports")})
	}
	if may.RunsKhata {
		all = append(all, link{path: BusinessPath(s.Business.ID) + "/grid", icon: "grid", word: s.T("Grid")})
		all = append(all, link{path: BusinessPath(s.Business.ID) + "/bin", icon: "bin", word: s.T("Bin"), wide: true})
	}
	if may.RunsKhata {
		all = append(all, link{path: BusinessPath(s.Business.ID) + "/settings", icon: "shop", word: s.T("Business")})
	}
	if may.Owns || s.Business.ID == "" && s.OwnsAccount() {
		all = append(all, link{path: "/team", icon: "team", word: s.T("Team"), wide: may.Owns})
		all = append(all, link{path: "/billing", icon: "plan", word: s.T("Plan")})
	}
	return append(all, link{path: "/settings", icon: "settings", word: s.T("Settings"), wide: may.RunsKhata})
}

// here reports whether a link leads to the page that is open, or to its parent.
func (s Shell) here(path string) bool {
	at, _, _ := strings.Cut(s.CurrentPath, "?")
	if s.Business.ID != "" && path == BusinessPath(s.Business.ID) {
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
