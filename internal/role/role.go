// Package role is the vocabulary of what the members of an account may do: four
// rights, and the roles that grant them. Code asks for a right, never for the
// name of a role, so that a new role is one more entry in the list below.
//
// The database has the final say: its table tijori.roles holds the same list,
// tijori_access.scope answers the caller's rights, and the policies ask for them.
// What this package says only lets a refusal have a sentence and keeps buttons
// that lead nowhere off the pages. A test compares the two.
package role

import "slices"

// Rights are what a member may do. The zero value allows nothing but what every
// member may: to see the names of parties and the entries they made themselves.
type Rights struct {
	SeesTotals  bool // balances, totals, phones, everybody's entries, reports and files
	AddsEntries bool // adds entries, and corrects their own for a day
	RunsKhata   bool // adds, changes, deletes and restores parties and entries; the business's settings
	Owns        bool // members, plan and money, locks, payee, and the account itself
}

// The names of the roles, as the database keeps them. They are for those who
// give somebody a role. To decide what a member may do, ask for a right.
const (
	Owner      = "owner"
	Manager    = "manager"
	Accountant = "accountant"
	Counter    = "counter"
)

// A Role is one that a member can have, with the words that people know it by.
type Role struct {
	Name    string
	Rights  Rights
	Title   Words
	Meaning Words // one line that says what the role may do
}

// Words are a text in both languages.
type Words struct{ English, Hindi string }

// In returns the text in a language, "hi" or "en".
func (w Words) In(locale string) string {
	if locale == "hi" {
		return w.Hindi
	}
	return w.English
}

// roles is every role, the widest first. To add one, see docs/architecture.md.
var roles = []Role{
	{
		Name:   Owner,
		Rights: Rights{SeesTotals: true, AddsEntries: true, RunsKhata: true, Owns: true},
		Title:  Words{"Owner", "मालिक"},
		Meaning: Words{
			"Everything, including team and billing.",
			"सब कुछ, टीम और प्लान भी।",
		},
	},
	{
		Name:   Manager,
		Rights: Rights{SeesTotals: true, AddsEntries: true, RunsKhata: true},
		Title:  Words{"Manager", "मैनेजर"},
		Meaning: Words{
			"Runs the khata: parties, entries, exports. No team, no billing.",
			"पूरा खाता संभालते हैं: पार्टी, एंट्री, डाउनलोड। टीम और प्लान नहीं।",
		},
	},
	{
		Name:   Accountant,
		Rights: Rights{SeesTotals: true},
		Title:  Words{"Accountant", "मुनीम"},
		Meaning: Words{
			"Reads and exports everything. Changes nothing.",
			"सब देख और डाउनलोड कर सकते हैं। कुछ बदल नहीं सकते।",
		},
	},
	{
		Name:   Counter,
		Rights: Rights{AddsEntries: true},
		Title:  Words{"Counter", "काउंटर"},
		Meaning: Words{
			"Adds entries at the counter. Sees no totals and no balances.",
			"काउंटर पर एंट्री करते हैं। टोटल और बाकी नहीं दिखती।",
		},
	},
}

// All returns every role, the widest first.
func All() []Role { return slices.Clone(roles) }

// Named returns the role of a name. One that is not in the list grants nothing,
// and its title is the name.
func Named(name string) Role {
	for _, r := range roles {
		if r.Name == name {
			return r
		}
	}
	return Role{Name: name, Title: Words{name, name}}
}

// Of returns the rights of the role of a name: none for "" and for a role that
// is not in the list.
func Of(name string) Rights { return Named(name).Rights }
