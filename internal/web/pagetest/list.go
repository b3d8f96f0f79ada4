package pagetest

import (
	"time"

	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/role"
	"github.com/tijorihq/tijori/internal/web/page/home"
	"github.com/tijorihq/tijori/internal/web/page/parties"
	"github.com/tijorihq/tijori/internal/web/ui"
)

func (w world) list() []Sample {
	at := ui.BusinessPath(shop)
	empty := w.in(at)
	empty.Flash = &ui.Flash{Kind: "done", Text: "Welcome. Your khata is open."}
	none := w.parties()
	none.Filter = parties.Filter{Query: "zeb", Show: "due"}
	none.Rows, none.After = nil, ""
	free := w.parties()
	free.Plan, free.Limit, free.Roomier, free.ExportLocked = "free", 5, "Pro", true
	free.Rows, free.Count, free.After = free.Rows[:4], 4, ""
	free.Get, free.Give = rupees(345000), rupees(12500)
	rich := w.parties()
	rich.Get, rich.Give = paise(178305729250), paise(178305729250)
	counter := w.parties()
	counter.Shell = w.as(role.Counter, at)
	for i := range counter.Rows {
		counter.Rows[i].RemindID = ""
	}
	all := w.businesses()
	start := w.in("/")
	start.Business = ui.Business{}
	shops := []home.Shop{
		{Business: all[0], Parties: 41, Get: rupees(1234567), Give: rupees(84500)},
		{Business: all[1], Parties: 1, Get: rupees(0), Give: paise(1250050)},
		{Business: all[2], Parties: 12},
	}
	return []Sample{
		{"parties", parties.Page(w.parties())},
		{"parties-free", parties.Page(free)},
		{"parties-rich", parties.Page(rich)},
		{"parties-empty", parties.Page(parties.View{Shell: empty, Get: rupees(0), Give: rupees(0)})},
		{"parties-none-found", parties.Page(none)},
		{"parties-counter", parties.Page(counter)},
		{"home", home.Page(home.View{Shell: start, Shops: shops, Sums: home.SumShops(shops)})},
	}
}

func (w world) parties() parties.View {
	v := parties.View{
		Shell: w.in(ui.BusinessPath(shop)), Get: paise(123456750), Give: rupees(84500), Count: 41, After: "next",
	}
	for _, r := range []struct {
		en, hi  string
		kind    string
		ago     int
		balance money.Amount
	}{
		{"Hotel Annapurna", "होटल अन्नपूर्णा", "customer", 2, rupees(218400)},
		{"Ramesh Tea Stall", "रमेश चाय वाले", "customer", 0, rupees(3450)},
		{"Sunita Tailor", "सुनीता दर्ज़ी", "customer", 1, paise(125050)},
		{"Laxmi Traders (wholesale, Azadpur)", "लक्ष्मी ट्रेडर्स (थोक, आज़ादपुर)", "supplier", 4, rupees(-62000)},
		{"Mohammed Irfan", "मोहम्मद इरफ़ान", "customer", 12, rupees(780)},
		{"Dr. Kulkarni", "डॉ. कुलकर्णी", "customer", 33, rupees(-500)},
		{"Priya", "प्रिया", "customer", 64, rupees(0)},
		{"Amul Distributor", "अमूल डिस्ट्रीब्यूटर", "supplier", 400, rupees(-22000)},
		{
			"Shri Balaji Marriage Garden and Caterers Pvt. Ltd.", "श्री बालाजी मैरिज गार्डन एंड कैटरर्स प्रा. लि.",
			"customer", -1, rupees(12345678),
		},
	} {
		row := parties.Row{ID: partyID, Name: w.say(r.en, r.hi), Kind: r.kind, Balance: r.balance}
		if r.ago >= 0 {
			row.Last = day(r.ago)
		} else {
			row.Last = time.Time{}
		}
		if r.balance.Minor > 0 {
			row.RemindID, row.Token, row.Due = fresh, "9vQ2xJ4Jt0eJ0m3yq9l0Bw", day(max(r.ago, 0)*3)
		}
		if r.ago%3 == 0 {
			row.Phone = "+919876543210"
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}
