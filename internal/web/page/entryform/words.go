package entryform

import (
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/ui"
)

func title(v View) string {
	switch {
	case v.Opening:
		return v.T("Opening balance")
	case v.EntryID != "":
		return v.T("Edit entry")
	case v.Side == "given":
		return v.T("You gave")
	}
	return v.T("You got")
}

func action(v View) string {
	switch {
	case v.EntryID == "" && v.Opening:
		return ui.PartyPath(v.Business.ID, v.PartyID) + "/opening"
	case v.EntryID == "":
		return ui.PartyPath(v.Business.ID, v.PartyID) + "/entries/new"
	}
	return ui.EntryPath(v.Business.ID, v.PartyID, v.EntryID) + "/edit"
}

func sides(v View) []ui.Option {
	if v.Opening {
		return v.OpeningSides()
	}
	return []ui.Option{{Value: "given", Label: v.T("You gave")}, {Value: "received", Label: v.T("You got")}}
}

// tone is the class of the save button: the colour of the side.
func tone(v View) string {
	if v.Side == "given" {
		return "gave"
	}
	return "got"
}

func described(v View) string {
	if v.Errors["amount"] != "" {
		return "amount-error amount-hint"
	}
	return "amount-hint"
}

// CanSettle reports whether one entry of this side settles all that is open.
func (v View) CanSettle() bool {
	due := v.Side == "received" && v.Balance.Minor > 0 || v.Side == "given" && v.Balance.Minor < 0
	return v.EntryID == "" && !v.Opening && v.Rights().SeesTotals && due
}

// all is what is open, without its sign.
func all(v View) money.Amount {
	return money.Amount{Minor: max(v.Balance.Minor, -v.Balance.Minor), Currency: v.Balance.Currency}
}
