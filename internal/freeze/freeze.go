// Package freeze names the parts of the product that an operator can stop while something is checked. The database
// keeps which are stopped (tijori.freezes) and says so with the scope of every request; the list of routes says to
// which parts each address belongs.
package freeze

import (
	"context"
	"strings"
)

// A Part is a part of the product, or several of them together. The bits are kept in the database.
type Part uint8

const (
	SignUp  Part = 1 << iota // new people: sign-up, confirmation, invitations
	Billing                  // plans, checkout, invoices
	Exports                  // files that leave: statements, reports, backups of one's own data
	Ledger                   // parties, entries, reports, shared statements
	Credits                  // the API of an account's own programs
	Team                     // members, businesses, settings of accounts and shops

	// Never marks what keeps working whatever is frozen: sign-in, webhooks, health, operators.
	Never Part = 1 << 7

	All = SignUp | Billing | Exports | Ledger | Credits | Team
)

// names are the words of commands, in the order in which they are listed.
var names = []struct {
	part Part
	name string
}{
	{Billing, "billing"},
	{Exports, "exports"},
	{Ledger, "ledger"},
	{SignUp, "sign-up"},
	{Credits, "credits"},
	{Team, "members"},
}

// Parse returns the part that a word names; "all" names all of them.
func Parse(word string) (Part, bool) {
	if word == "all" {
		return All, true
	}
	for _, n := range names {
		if n.name == word {
			return n.part, true
		}
	}
	return 0, false
}

// Words lists what Parse knows.
func Words() []string {
	var out []string
	for _, n := range names {
		out = append(out, n.name)
	}
	return append(out, "all")
}

// Single lists the parts that p is made of, in the order of Words.
func (p Part) Single() []Part {
	var out []Part
	for _, n := range names {
		if p&n.part != 0 {
			out = append(out, n.part)
		}
	}
	return out
}

// String lists the names, or says all.
func (p Part) String() string {
	if p&All == All {
		return "all"
	}
	var words []string
	for _, n := range names {
		if p&n.part != 0 {
			words = append(words, n.name)
		}
	}
	if len(words) == 0 {
		return "nothing"
	}
	return strings.Join(words, ", ")
}

type needed struct{}

// With returns a context for work that needs parts of the product. What the database is asked for a caller in it is
// refused while one of them is frozen for that caller.
func With(ctx context.Context, parts Part) context.Context {
	return context.WithValue(ctx, needed{}, parts&All)
}

// Needed returns the parts that the work of a context needs.
func Needed(ctx context.Context) Part {
	parts, _ := ctx.Value(needed{}).(Part)
	return parts
}
