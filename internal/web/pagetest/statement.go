package pagetest

import (
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/page/statement"
	"github.com/tijorihq/tijori/internal/web/ui"
)

func (w world) statement() []Sample {
	empty := w.statementView()
	empty.Lines, empty.Count, empty.Gave, empty.Got, empty.Closing = nil, 0, rupees(0), rupees(0), empty.Opening
	part := w.statementView()
	part.Part, part.Parts, part.Brought, part.Count = 2, 3, paise(-1234550), 2400
	broken := w.statementView()
	broken.WithoutFigures = true
	broken.Form = ui.Form{Errors: map[string]string{"to": w.say("The last day lies before the first.",
		"आख़िरी दिन पहले दिन से पहले का है।")}}
	return []Sample{
		{"statement", statement.Page(w.statementView())},
		{"statement-empty", statement.Page(empty)},
		{"statement-part", statement.Page(part)},
		{"statement-errors", statement.Page(broken)},
	}
}

func (w world) statementView() statement.View {
	v := statement.View{
		Shell: w.in(ui.PartyPath(shop, partyID) + "/statement?from=2026-04-01"), PartyID: partyID,
		Name: w.say("Ramesh Tea Stall", "रमेश चाय वाले"), Kind: "customer",
		Phone: "+91 98765 43210", From: "2026-04-01", Part: 1, Parts: 1, ExportLocked: true, Opening: paise(-52468),
		FirstDay: day(235),
		Period:   w.say("From 1 Apr 2026", "1 अप्रैल 2026 से"),
		Chips: []statement.Chip{
			{Label: w.say("All", "सभी")},
			{Label: w.say("This month", "इस महीने"), From: "2026-11-01", To: "2026-11-30"},
			{Label: w.say("Last month", "पिछले महीने"), From: "2026-10-01", To: "2026-10-31"},
			{Label: w.say("FY 2026–27", "वित्त वर्ष 2026–27"), From: "2026-04-01", To: "2027-03-31", Chosen: true},
			{Label: w.say("FY 2025–26", "वित्त वर्ष 2025–26"), From: "2025-04-01", To: "2026-03-31"},
		},
	}
	balance, gave, got := v.Opening, rupees(0), rupees(0)
	for _, l := range []struct {
		ago    int
		side   string
		amount money.Amount
		en, hi string
	}{
		{230, "given", rupees(125000), "", ""},
		{200, "received", rupees(118000), "Cheque 004512", "चेक 004512"},
		{64, "received", rupees(20000), "UPI", "यूपीआई"},
		{
			9, "given", paise(360050), "Milk, 12 days, and the empties that came back short",
			"दूध, 12 दिन, और खाली बोतलें जो कम लौटीं",
		},
		{3, "given", rupees(340), "Biscuits", "बिस्कुट"},
		{1, "given", rupees(1850), "Sugar 20 kg\nTea 2 kg", "चीनी 20 किलो\nचाय पत्ती 2 किलो"},
		{0, "given", paise(1234567800), "Wedding order", "शादी का ऑर्डर"},
	} {
		if l.side == "given" {
			balance.Minor += l.amount.Minor
			gave.Minor += l.amount.Minor
		} else {
			balance.Minor -= l.amount.Minor
			got.Minor += l.amount.Minor
		}
		v.Lines = append(v.Lines, statement.Line{
			Date: day(l.ago), Note: w.say(l.en, l.hi), Side: l.side,
			Amount: l.amount, Balance: balance,
		})
	}
	v.Count, v.Gave, v.Got, v.Closing = len(v.Lines), gave, got, balance
	return v
}
