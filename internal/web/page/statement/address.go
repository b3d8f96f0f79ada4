package statement

import (
	"net/url"
	"slices"
	"strconv"

	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/ui"
)

func (v View) party() string { return ui.PartyPath(v.Business.ID, v.PartyID) }

func query(from, to string, part int) string {
	q := url.Values{}
	if from != "" {
		q.Set("from", from)
	}
	if to != "" {
		q.Set("to", to)
	}
	if part > 1 {
		q.Set("part", strconv.Itoa(part))
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

func (v View) chip(c Chip) string { return v.party() + "/statement" + query(c.From, c.To, 1) }

func (v View) part(n int) string {
	if v.Shared != "" {
		return v.Shared + "?part=" + strconv.Itoa(n)
	}
	return v.party() + "/statement" + query(v.From, v.To, n)
}

// file is a download of the same range.
func (v View) file(kind string) string { return v.party() + "/export." + kind + query(v.From, v.To, 1) }

// ownDays reports whether the range is none of the chips, or cannot be read.
func (v View) ownDays() bool {
	return v.Fails() || !slices.ContainsFunc(v.Chips, func(c Chip) bool { return c.Chosen })
}

// gave and got are the words of the two sides: the shop's own, and on a shared link the customer's.
func (v View) gave() string {
	if v.Shared != "" {
		return v.T("You took")
	}
	return v.T("Gave")
}

func (v View) got() string {
	if v.Shared != "" {
		return v.T("You paid")
	}
	return v.T("Got")
}

// owes says what the closing balance means, so that both sides read it alike.
func (v View) owes() string {
	a := v.Closing
	switch {
	case v.Shared != "" && a.Minor > 0:
		return v.T("%s: due from you %s.", v.Business.Name, a.Short())
	case v.Shared != "" && a.Minor < 0:
		a.Minor = -a.Minor
		return v.T("%s: due to you %s.", v.Business.Name, a.Short())
	case a.Minor > 0:
		return v.T("%s owes %s %s.", v.Name, v.Business.Name, a.Short())
	case a.Minor < 0:
		a.Minor = -a.Minor
		return v.T("%s owes %s %s.", v.Business.Name, v.Name, a.Short())
	}
	return v.T("Settled")
}

// sign is the class of a balance.
func sign(a money.Amount) string {
	switch {
	case a.Minor > 0:
		return "get"
	case a.Minor < 0:
		return "give"
	}
	return "even"
}
