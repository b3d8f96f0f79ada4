package pagetest

import (
	"time"

	"github.com/tijorihq/tijori/internal/web/page/grid"
	"github.com/tijorihq/tijori/internal/web/page/intake"
	"github.com/tijorihq/tijori/internal/web/ui"
)

func (w world) grid() []Sample {
	at := ui.BusinessPath(shop) + "/grid"
	empty := grid.View{Shell: w.in(at), Form: ui.Form{ID: fresh}, Max: 1000, Given: rupees(0), Received: rupees(0)}
	for range 10 {
		empty.Rows = append(empty.Rows, grid.Row{ID: fresh, Date: "22/11/2026"})
	}
	full := empty
	full.Some, full.Error, full.Names = true, w.say("Nothing was saved. Please check the marked cells.",
		"कुछ सेव नहीं हुआ। निशान वाले खाने देखें।"), []string{w.say("Ramesh Tea Stall", "रमेश चाय वाले")}
	full.Given, full.Received = rupees(1850), rupees(1200000)
	full.Rows = append([]grid.Row{
		{
			ID: entry, Date: "22/11/2026", Party: w.say("Ramesh Tea Stall", "रमेश चाय वाले"), PartyID: partyID,
			Given: "1,850", Note: w.say("Sugar 20 kg, tea", "चीनी 20 किलो, चाय पत्ती"),
		},
		{
			ID: entry, Date: "21/11/2026", Party: w.say("Hotel Annapurna", "होटल अन्नपूर्णा"), PartyID: partyID,
			Received: "₹12,00,000", Twin: true,
		},
		{
			ID: entry, Date: "21/11/2026", Party: w.say("Priya", "प्रिया"), NewParty: true, PartyID: partyID,
			Given: "250+90",
		},
		{ID: entry, Date: "32/11/2026", Party: w.say("Sunita", "सुनीता"), Received: "x", Problems: map[string]string{
			"date": w.say("This is not a date.", "यह तारीख सही नहीं है।"), "party": w.say("There is no such party yet.",
				"यह पार्टी अभी खाते में नहीं है।"),
			"received": w.say("Write an amount, such as 250 or 250+90.", "रकम लिखें, जैसे 250 या 250+90।"),
		}},
	}, empty.Rows[:6]...)
	full.Batches = []grid.Batch{
		{ID: entry, By: w.say("Anita Gupta", "अनीता गुप्ता"), At: Now.Add(-3 * time.Hour), Entries: 47, Parties: 2},
		{ID: partyID, By: w.say("Chhotu", "छोटू"), At: Now.Add(-5 * time.Hour), Undone: true},
	}
	full.Undone = &grid.Undone{Kept: []grid.Kept{
		{
			Party: w.say("Ramesh Tea Stall", "रमेश चाय वाले"), PartyID: partyID, EntryID: entry, Side: "given",
			Amount: rupees(340), Date: day(1),
		},
		{Party: w.say("Priya", "प्रिया"), PartyID: partyID},
	}}
	return append([]Sample{{"grid", grid.Page(empty)}, {"grid-full", grid.Page(full)}}, w.intake()...)
}

func (w world) intake() []Sample {
	at := ui.BusinessPath(shop) + "/import"
	page := intake.View{Shell: w.in(at), MaxMB: 10, MaxRows: 50000}
	wrong := page
	wrong.Errors = map[string]string{"file": w.say("Line 3: a quotation mark is in the wrong place, or is never closed.", "लाइन 3: उद्धरण चिह्न गलत जगह है, या बंद नहीं हुआ।")}
	wrong.Batches = []intake.Batch{
		{
			ID: entry, Name: "Khatabook_Customer_List.csv", By: w.say("Anita Gupta", "अनीता गुप्ता"),
			At: Now.Add(-3 * time.Hour), Entries: 41, Parties: 38,
		},
		{ID: partyID, Name: "contacts.vcf", At: Now.Add(-50 * time.Hour), Undone: true},
	}
	dry := intake.Dry{
		Shell: w.in(at + "/" + entry), Upload: entry, File: "Khatabook_Customer_List.csv", Encoding: "Windows-1252",
		Head: true, HasOpening: true, Kind: "customer", Day: "2026-04-01",
		Fields: []ui.Option{
			{Value: "", Label: w.say("skip", "छोड़ दें")},
			{Value: "name", Label: w.say("Name of the party", "पार्टी का नाम")},
			{Value: "opening", Label: w.say("Opening balance (positive: they owe you)",
				"पिछला बाकी (+ हो तो वे देंगे)")},
		},
		Columns: []intake.Column{
			{Head: "Customer Name", Field: "name", Samples: []string{
				w.say("Ramesh Tea Stall", "रमेश चाय वाले"),
				w.say("Sunita Tailor", "सुनीता दर्ज़ी"),
			}},
			{Head: "Mobile", Samples: []string{"98765 43210"}},
			{Head: "Balance", Field: "opening", Samples: []string{"1,234.50", "-500"}},
		},
		Lines: 41, All: 40, New: 38, Entries: 39, Twins: 2, Repeats: 1, Sheet: w.say("Dues 2026", "बाकी 2026"),
		MaxColumns: 64, Given: rupees(123456), Received: rupees(500), Room: -1, Wrong: 2,
		Former: &intake.Former{Name: "Khata June.csv", At: Now.Add(-50 * time.Hour)},
		TwinRows: []intake.Twin{
			{
				Line: 3, Party: w.say("Ramesh Tea Stall", "रमेश चाय वाले"), Date: Now.AddDate(0, 0, -3), Side: "given",
				Amount: paise(123450),
			},
			{
				Line: 22, Party: w.say("Sunita Tailor", "सुनीता दर्ज़ी"), Date: Now.AddDate(0, 0, -1), Side: "received",
				Amount: rupees(500), InFile: true,
			},
		},
		Problems: []intake.Problem{
			{Line: 7, Column: "Mobile", Reason: w.say("This does not look like a phone number.",
				"यह फ़ोन नंबर नहीं लगता।")},
			{Line: 19, Column: "Balance", Reason: w.say("This cell holds a formula. Put its value there.",
				"इस खाने में फ़ॉर्मूला है। उसकी जगह रकम लिखें।")},
		},
		Parties: []intake.Party{
			{
				Name: w.say("Ramesh Tea Stall", "रमेश चाय वाले"), Phone: "+919876543210",
				Entries: 1, Before: rupees(3450),
				After: paise(468450),
			},
			{
				Name: w.say("Sunita Tailor", "सुनीता दर्ज़ी"), New: true, Entries: 1, Before: rupees(0),
				After: rupees(-500),
			},
			{Name: w.say("Priya", "प्रिया"), New: true, Before: rupees(0), After: rupees(0)},
		},
	}
	full := dry
	full.Contacts, full.Room, full.File = true, 3, "contacts.vcf"
	full.Picks = []intake.Pick{
		{Line: 1, Name: w.say("Sunita Tailor", "सुनीता दर्ज़ी"), Phone: "+919876543210"},
		{Line: 8, Name: w.say("Priya", "प्रिया")},
	}
	asks := dry
	asks.Former, asks.TwinRows, asks.Twins, asks.Repeats, asks.Problems, asks.Wrong = nil, nil, 0, 0, nil, 0
	asks.Asks = []intake.Ask{
		{
			Name: "days", Reason: w.say("Does the day or the month stand first? “04/05/2026” can be read in two ways.",
				"पहले दिन है या महीना? “04/05/2026” दो तरह से पढ़ा जा सकता है।"),
			Options: []ui.Option{
				{Value: "", Label: w.say("Choose", "चुनें")},
				{Value: "day", Label: w.say("The day first (31/12)", "पहले दिन (31/12)")},
				{Value: "month", Label: w.say("The month first (12/31)", "पहले महीना (12/31)")},
			},
		},
		{
			Name: "party", Reason: w.say("Whose account is all of this?", "यह सब किसका खाता है?"),
			Value: w.say("Ramesh", "रमेश"),
		},
	}
	asks.Answers = []intake.Answer{{Name: "sides", Value: "got"}}
	asks.Out = []intake.Problem{{Line: 40, Reason: w.say("This line is a total.", "यह लाइन कुल जोड़ है।")}}
	asks.OutAll = 1
	return []Sample{
		{"import-asks", intake.Preview(asks)},
		{"import", intake.Page(page)},
		{"import-wrong", intake.Page(wrong)},
		{"import-dry", intake.Preview(dry)},
		{
			"import-no-room",
			intake.Preview(full),
		},
	}
}
