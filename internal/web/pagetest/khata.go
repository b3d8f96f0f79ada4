package pagetest

import (
	"time"

	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/role"
	"github.com/tijorihq/tijori/internal/web/page/bin"
	"github.com/tijorihq/tijori/internal/web/page/entryform"
	"github.com/tijorihq/tijori/internal/web/page/history"
	"github.com/tijorihq/tijori/internal/web/page/party"
	"github.com/tijorihq/tijori/internal/web/page/partyform"
	"github.com/tijorihq/tijori/internal/web/ui"
)

func (w world) khata() []Sample {
	at := ui.PartyPath(shop, partyID)
	return []Sample{
		{"party", party.Page(w.party())},
		{"party-empty", party.Page(party.View{Shell: w.in(at), PartyID: partyID, Name: w.say("Ramesh Tea Stall",
			"रमेश चाय वाले"), Kind: "customer", Balance: rupees(0), Gave: rupees(0), Got: rupees(0)})},
		{"party-counter", party.Page(w.counterParty())},
		{"party-deleted", party.Page(w.deletedParty())},
		{"party-new", partyform.Page(partyform.View{
			Shell: w.in(ui.BusinessPath(shop) + "/parties/new"),
			Form:  ui.Form{ID: fresh},
		})},
		{"party-new-errors", partyform.Page(partyform.View{
			Shell: w.in(ui.BusinessPath(shop) + "/parties/new"),
			Form: ui.Form{ID: fresh, Errors: map[string]string{
				"name":  w.say("Write a name.", "नाम लिखें।"),
				"phone": w.say("This is no phone number.", "यह फ़ोन नंबर नहीं है।"),
			}},
			Kind: "supplier", Phone: "98x",
		})},
		{"party-edit", partyform.Page(partyform.View{
			Shell: w.in(at + "/edit"), PartyID: partyID, Version: 2,
			Kind: "customer", Name: w.say("Ramesh Tea Stall", "रमेश चाय वाले"), Phone: "+91 98765 43210",
			Note: w.say("Pays on the 5th", "हर 5 तारीख को देते हैं"),
		})},
		{"entry-gave", entryform.Page(entryform.View{
			Shell: w.in(at + "/entries/new?side=given"),
			Form:  ui.Form{ID: fresh}, PartyID: partyID, PartyName: w.say("Ramesh Tea Stall", "रमेश चाय वाले"),
			Balance: rupees(3450), Side: "given", Amount: "250+90", Mode: "goods",
		})},
		{"entry-got", entryform.Page(entryform.View{
			Shell: w.in(at + "/entries/new?side=received"),
			Form: ui.Form{
				ID: fresh,
				Errors: map[string]string{"amount": w.say("Write an amount, such as 250 or 250+90.",
					"रकम लिखें, जैसे 250 या 250+90।")},
			},
			PartyID: partyID, PartyName: w.say("Ramesh Tea Stall", "रमेश चाय वाले"), Balance: rupees(3450),
			Side: "received", Amount: "2x", Mode: "upi",
		})},
		{"entry-edit", entryform.Page(entryform.View{
			Shell:   w.in(ui.EntryPath(shop, partyID, entry) + "/edit"),
			PartyID: partyID, PartyName: w.say("Ramesh Tea Stall", "रमेश चाय वाले"), Balance: rupees(3450),
			EntryID: entry, Version: 1, Side: "given", Amount: "1850", Date: "2026-11-20", Mode: "cheque",
			ChequeDate: "2026-12-05", Cheque: "deposited",
			Note: w.say("Sugar 20 kg, tea", "चीनी 20 किलो, चाय पत्ती"),
		})},
		{"history", history.Page(w.history())},
		{"bin", bin.Page(w.bin())},
		{"bin-empty", bin.Page(bin.View{Shell: w.in(ui.BusinessPath(shop) + "/bin")})},
	}
}

func (w world) party() party.View {
	anita, chhotu := w.say("Anita Gupta", "अनीता गुप्ता"), w.say("Chhotu", "छोटू")
	v := party.View{
		Shell: w.in(ui.PartyPath(shop, partyID)), PartyID: partyID, Name: w.say("Ramesh Tea Stall", "रमेश चाय वाले"),
		Kind:  "customer",
		Phone: "+91 98765 43210", Note: w.say("Pays on the 5th", "हर 5 तारीख को देते हैं"), EntryCount: 214,
		After: "next", ExportLocked: true,
	}
	v.RemindID, v.CanPay, v.NoOpening, v.Locked, v.Links = fresh, true, true, day(30), w.links()
	v.Token, v.NewID = "9vQ2xJ4Jt0eJ0m3yq9l0Bw", fresh
	v.Send = ui.Sending{
		Action: ui.PartyPath(shop, partyID) + "/send", ID: fresh, Token: v.Token, Entry: entry,
		To: v.Name,
	}
	v.Flash = &ui.Flash{
		Kind: "done", Text: "Entry saved.", Undo: ui.EntryPath(shop, partyID, entry) + "/delete", Send: v.Send,
	}
	lines := []struct {
		ago    int
		side   string
		amount money.Amount
		en, hi string
		by     string
		edited bool
	}{
		{0, "given", rupees(1850), "Sugar 20 kg, tea", "चीनी 20 किलो, चाय पत्ती", anita, false},
		{0, "received", rupees(2000), "Cash", "नकद", chhotu, false},
		{1, "given", rupees(340), "Biscuits", "बिस्कुट", chhotu, true},
		{
			3, "given", paise(360050), "Milk, 12 days, and the empties that came back short",
			"दूध, 12 दिन, और खाली बोतलें जो कम लौटीं", anita, false,
		},
		{9, "received", rupees(5000), "UPI", "यूपीआई", anita, false},
		{40, "given", rupees(125000), "", "", anita, false},
		{330, "received", rupees(118000), "Cheque 004512", "चेक 004512", anita, false},
	}
	balance := paise(345000)
	v.Balance, v.Gave, v.Got = balance, paise(13345000), rupees(130000)
	for _, l := range lines {
		v.Entries = append(v.Entries, party.Entry{
			ID: entry, Side: l.side, Amount: l.amount, Date: day(l.ago),
			Note: w.say(l.en, l.hi), Balance: balance, By: l.by, Edited: l.edited,
		})
		if l.side == "given" {
			balance.Minor -= l.amount.Minor
		} else {
			balance.Minor += l.amount.Minor
		}
	}
	v.Entries[len(v.Entries)-1].Opening = true
	v.Entries[4].Mode, v.Entries[4].Cheque = "cheque", "bounced"
	v.Ahead = ui.Ahead{Entries: 1, Gave: rupees(0), Got: rupees(1500)}
	ahead := party.Entry{
		ID: entry, Side: "received", Amount: rupees(1500), Date: day(-30), Note: w.say("Cheque 004513", "चेक 004513"),
		By: anita, Mode: "cheque", Ahead: true,
	}
	v.Entries = append([]party.Entry{ahead}, v.Entries...)
	return v
}

func (w world) counterParty() party.View {
	v := w.party()
	v.Shell, v.RemindID, v.CanPay, v.NoOpening, v.Links = w.as(role.Counter, v.CurrentPath), "", false, false, nil
	return v
}

func (w world) deletedParty() party.View {
	v := w.party()
	v.Flash, v.Deleted, v.RemindID, v.CanPay, v.NoOpening, v.Links = nil, true, "", false, false, nil
	v.NewID, v.Send = "", ui.Sending{}
	return v
}

func (w world) history() history.View {
	anita, chhotu := w.say("Anita Gupta", "अनीता गुप्ता"), w.say("Chhotu", "छोटू")
	change := func(ago time.Duration, who, subject, what, side string, diff ...history.Diff) history.Change {
		return history.Change{
			When: Now.Add(-ago), Who: who, Subject: subject, EntryID: entry, What: what, Side: side,
			Diff: diff,
		}
	}
	return history.View{
		Shell: w.in(ui.PartyPath(shop, partyID) + "/history"), PartyID: partyID, PartyName: w.say("Ramesh Tea Stall",
			"रमेश चाय वाले"), After: "next",
		Changes: []history.Change{
			change(5*time.Minute, anita, "entry", "deleted", "given", history.Diff{Field: "amount", Before: "₹340"}),
			change(2*time.Hour, anita, "entry", "edited", "given", history.Diff{
				Field: "amount", Before: "₹3,600",
				After: "₹3,600.50",
			}, history.Diff{Field: "note", After: w.say("Milk, 12 days", "दूध, 12 दिन")}),
			change(3*time.Hour, anita, "entry", "moved", "given", history.Diff{
				Field: "party", Of: "₹450", Before: w.say("Suresh", "सुरेश"),
				After: w.say("Ramesh Tea Stall", "रमेश चाय वाले"),
			}),
			{
				When: Now.Add(-4 * time.Hour), Who: anita, Subject: "merge", What: "merged", Merge: history.Merge{
					Other: w.say("Ramesh Chai", "रमेश चाय"), Entries: 12, Undo: ui.MergePath(shop, other) + "/undo",
				},
			},
			{
				When: Now.Add(-5 * time.Hour), Who: anita, Subject: "merge", What: "unmerged",
				Merge: history.Merge{Other: w.say("Ramesh Chai", "रमेश चाय"), Entries: 1},
			},
			change(26*time.Hour, chhotu, "entry", "added", "received", history.Diff{Field: "amount", After: "₹2,000"},
				history.Diff{Field: "date", After: w.say("22 Nov 2026", "22 नव॰ 2026")}),
			change(50*time.Hour, anita, "entry", "restored", "received"),
			change(400*time.Hour, anita, "party", "edited", "", history.Diff{
				Field: "phone", Before: "98765 43210",
				After: "+91 98765 43210",
			}),
			change(900*time.Hour, anita, "party", "added", "", history.Diff{
				Field: "name",
				After: w.say("Ramesh Tea Stall", "रमेश चाय वाले"),
			}, history.Diff{
				Field: "kind",
				After: w.say("Customer", "ग्राहक"),
			}),
		},
	}
}

func (w world) bin() bin.View {
	anita := w.say("Anita Gupta", "अनीता गुप्ता")
	return bin.View{
		Shell: w.in(ui.BusinessPath(shop) + "/bin"),
		Parties: []bin.Party{{
			ID: partyID, Name: w.say("Old Bakery", "पुरानी बेकरी"), Kind: "supplier",
			Deleted: Now.Add(-50 * time.Hour), By: anita,
		}},
		Entries: []bin.Entry{
			{
				ID: entry, PartyID: partyID, PartyName: w.say("Ramesh Tea Stall", "रमेश चाय वाले"), Side: "given",
				Amount: rupees(340), Date: day(1), Note: w.say("Biscuits", "बिस्कुट"),
				Deleted: Now.Add(-5 * time.Minute), By: anita,
			},
			{
				ID: entry, PartyID: partyID, PartyName: w.say("Sunita Tailor", "सुनीता दर्ज़ी"), Side: "received",
				Amount: rupees(125000), Date: day(12), Deleted: Now.Add(-90 * time.Minute), By: anita,
			},
		},
	}
}
