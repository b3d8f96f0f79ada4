package ui

import "github.com/tijorihq/tijori/internal/money"

// Ahead is what entries come to whose day is yet to come: they are in no figure beside it.
type Ahead struct {
	Entries   int
	Gave, Got money.Amount
}

// AheadText says how many entries are dated ahead, and what they come to.
func (s Shell) AheadText(a Ahead) string {
	text := s.N(a.Entries, "%d entry is dated ahead and is not counted before its day",
		"%d entries are dated ahead and are not counted before their day")
	switch {
	case a.Got.Minor == 0:
		return s.T("%s: gave %s.", text, a.Gave.Short())
	case a.Gave.Minor == 0:
		return s.T("%s: got %s.", text, a.Got.Short())
	}
	return s.T("%s: gave %s, got %s.", text, a.Gave.Short(), a.Got.Short())
}
