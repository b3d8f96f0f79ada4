package ui

import (
	"hash/fnv"
	"strconv"
	"unicode"

	"github.com/tijorihq/tijori/internal/money"
)

// virama joins the letter before it to the one after it in Devanagari.
const virama = '\u094d'

// Initial is the letter on an avatar: the first letter of a name with the
// vowel signs and joined letters that belong to it.
func Initial(name string) string {
	var out []rune
	for _, r := range name {
		switch {
		case len(out) == 0:
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				out = append(out, unicode.ToUpper(r))
			}
		case unicode.Is(unicode.M, r), out[len(out)-1] == virama && unicode.IsLetter(r):
			out = append(out, r)
		default:
			return string(out)
		}
	}
	if len(out) == 0 {
		return "·"
	}
	return string(out)
}

// tint is one of six quiet colours, 0 to 5, always the same for a name.
func tint(name string) string {
	h := fnv.New32a()
	h.Write([]byte(name))
	return strconv.Itoa(int(h.Sum32() % 6))
}

// positive is an amount without its sign: a word and an arrow tell the side.
func positive(a money.Amount) money.Amount {
	if a.Minor < 0 {
		a.Minor = -a.Minor
	}
	return a
}

// Feature is the sentence of an entitlement, "" for one that is not shown.
func (s Shell) Feature(id string) string {
	switch id {
	case "export":
		return s.T("Download any khata as PDF or spreadsheet (Excel, CSV)")
	case "batch_entry":
		return s.T("The grid: a whole day's entries at once")
	}
	return ""
}

// Sign is a currency as people know it: ₹ INR.
func Sign(currency string) string {
	if sign := (money.Amount{Currency: currency}).Symbol(); sign != currency {
		return sign + " " + currency
	}
	return currency
}

// FreeFor is the sentence for how many parties cost nothing: any number, one, or several.
func (s Shell) FreeFor(any, one, many string) string {
	if s.FreeParties == 0 {
		return s.T(any)
	}
	return s.N(s.FreeParties, one, many)
}

// PeopleIn says how many people a plan has room for; 0 is without limit.
func (s Shell) PeopleIn(n int) string {
	if n == 0 {
		return s.T("As many people as you like, each with their own role")
	}
	return s.N(n, "%d person", "%d people, each with their own role")
}

// Parties says how many parties a plan holds; 0 is without limit.
func (s Shell) Parties(n int) string {
	if n == 0 {
		return s.T("As many parties as you like")
	}
	return s.N(n, "%d party", "%d parties")
}
