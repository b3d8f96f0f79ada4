package pagetest

import (
	"strings"

	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/role"
	"github.com/tijorihq/tijori/internal/web/page/merge"
	"github.com/tijorihq/tijori/internal/web/page/pick"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// merge are the pages on which an entry gets another party, and two parties become one.
func (w world) merge() []Sample {
	at, move := ui.PartyPath(shop, partyID), ui.EntryPath(shop, partyID, entry)+"/move"
	party := w.say("Ramesh Tea Stall", "रमेश चाय वाले")
	picks := pick.View{
		Shell: w.in(move), Title: w.say("Move to another party", "दूसरी पार्टी में डालें"),
		Sub:  party + w.say(" · Gave · ₹450 · 20 Nov 2026", " · दिए · ₹450 · 20 नव॰ 2026"),
		Hint: w.say("Choose the party that this entry belongs to.", "यह एंट्री जिस पार्टी की है, उसे चुनें।"),
		Back: ui.EntryPath(shop, partyID, entry) + "/edit", Path: move, Version: 1, After: "next",
	}
	owes, owed, even := rupees(3450), rupees(-98765), rupees(0)
	for i, balance := range []*money.Amount{&owes, &owed, &even} {
		picks.Parties = append(picks.Parties, pick.Party{
			ID: fresh, Kind: []string{"customer", "supplier", "customer"}[i], Phone: "+919876543210", Balance: balance,
			Name: []string{
				w.say("Ramesh Chai", "रमेश चाय"), w.say("Balaji Wholesale", "बालाजी होलसेल"),
				strings.Repeat(w.say("Annapurna", "अन्नपूर्णा"), 6),
			}[i],
		})
	}
	counter := picks
	counter.Shell, counter.Parties, counter.After = w.as(role.Counter, move), []pick.Party{
		{ID: fresh, Name: w.say("Ramesh Chai", "रमेश चाय"), Kind: "customer"},
	}, ""
	choose := picks
	choose.Shell, choose.Path, choose.Back, choose.Version = w.in(at+"/merge"), at+"/merge", at+"/edit", 0
	choose.Title, choose.Sub = w.say("Merge parties", "पार्टियाँ मिलाएँ"), party
	choose.Hint = w.say("Choose the party that is the same person or shop.",
		"वह पार्टी चुनें जो यही इंसान या दुकान है।")
	nobody := choose
	nobody.Parties, nobody.Query, nobody.After = nil, "zz", ""
	ask := merge.View{
		Shell: w.in(at + "/merge?into=" + other), Form: ui.Form{ID: fresh}, Version: 3, Sum: rupees(2950),
		Goes: merge.Party{
			ID: partyID, Name: w.say("Ramesh Chai", "रमेश चाय"), Phone: "+919876543210", Balance: rupees(-500),
			Entries: 1,
		},
		Stays: merge.Party{ID: other, Name: party, Balance: rupees(3450), Entries: 128},
	}
	long := ask
	long.Goes.Name, long.Stays.Name = strings.Repeat(ask.Goes.Name+" ", 11), strings.Repeat("अन्नपूर्णा", 12)
	return []Sample{
		{"entry-move", pick.Page(picks)},
		{"entry-move-counter", pick.Page(counter)},
		{"merge-choose", pick.Page(choose)},
		{"merge-choose-nobody", pick.Page(nobody)},
		{"merge-ask", merge.Page(ask)},
		{"merge-ask-long", merge.Page(long)},
	}
}
