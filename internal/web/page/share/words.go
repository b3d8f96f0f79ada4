package share

import (
	"strconv"

	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/ui"
)

func (v View) path() string { return ui.PartyPath(v.Business.ID, v.PartyID) }

func (v View) days() string { return strconv.Itoa(v.Days) }

func (v View) lives() []ui.Option {
	var out []ui.Option
	for _, n := range v.Lives {
		out = append(out, ui.Option{Value: strconv.Itoa(n), Label: v.N(n, "%d day", "%d days")})
	}
	return out
}

// Headline says what the figure of the page is, to whoever it is about.
func (v PublicView) Headline() string {
	switch {
	case v.Closing.Minor > 0:
		return v.T("Due from you")
	case v.Closing.Minor < 0:
		return v.T("Due to you")
	}
	return v.T("All settled")
}

// Owed is the figure of the page, without its sign.
func (v PublicView) Owed() money.Amount {
	return money.Amount{Minor: max(v.Closing.Minor, -v.Closing.Minor), Currency: v.Closing.Currency}
}

func (v PublicView) whole() string { return v.Shared + "?part=1" }
