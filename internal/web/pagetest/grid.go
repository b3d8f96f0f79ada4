package pagetest

import (
	"github.com/tijorihq/tijori/internal/web/page/grid"
	"github.com/tijorihq/tijori/internal/web/ui"
)

func (w world) grid() []Sample {
	at := ui.BusinessPath(shop) + "/grid"
	empty := grid.View{Shell: w.in(at), Form: ui.Form{ID: fresh}, Max: 1000, Given: rupees(0), Received: rupees(0)}
	for range 10 {
		empty.Rows = append(empty.Rows, grid.Row{ID: fresh, Date: "22/11/2026"})
	}
	full := empty
	full.Some, full.Error, full.Names = true, w.say("Nothing was saved. Please look at the marked cells.", "कुछ सेव नहीं हुआ। निशान वाले खाने देखें।"), []string{w.say("Ramesh Tea Stall", "रमेश चाय वाले")}
	full.Given, full.Received = rupees(1850), rupees(1200000)
	full.Rows = append([]grid.Row{
		{ID: entry, Date: "22/11/2026", Party: w.say("Ramesh Tea Stall", "रमेश चाय वाले"), PartyID: partyID, Given: "1,850", Note: w.say("Sugar 20 kg, tea", "चीनी 20 किलो, चाय पत्ती")},
		{ID: entry, Date: "21/11/2026", Party: w.say("Hotel Annapurna", "होटल अन्नपूर्णा"), PartyID: partyID, Received: "₹12,00,000", Twin: true},
		{ID: entry, Date: "21/11/2026", Party: w.say("Priya", "प्रिया"), NewParty: true, PartyID: partyID, Given: "250+90"},
		{ID: entry, Date: "32/11/2026", Party: w.say("Sunita", "सुनीता"), Received: "x", Problems: map[string]string{
			"date": w.say("This is not a date.", "यह तारीख सही नहीं है।"), "party": w.say("There is no such party yet.", "यह पार्टी अभी खाते में नहीं है।"),
			"received": w.say("Write an amount, such as 250 or 250+90.", "रकम लिखें, जैसे 250 या 250+90।")}},
	}, empty.Rows[:6]...)
	full.Batches = []grid.Batch{
		{ID: entry, By: w.say("Anita Gupta", "अनीता गुप्ता"), At: Now.Add(-3 * 3600e9), Entries: 47, Parties: 2},
		{ID: partyID, By: w.say("Chhotu", "छोटू"), At: Now.Add(-5 * 3600e9), Undone: true},
	}
	full.Undone = &grid.Undone{Kept: []grid.Kept{
		{Party: w.say("Ramesh Tea Stall", "रमेश चाय वाले"), PartyID: partyID, EntryID: entry, Side: "given", Amount: rupees(340), Date: day(1)},
		{Party: w.say("Priya", "प्रिया"), PartyID: partyID},
	}}
	return []Sample{{"grid", grid.Page(empty)}, {"grid-full", grid.Page(full)}}
}
