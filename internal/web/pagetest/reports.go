package pagetest

import (
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/page/mydata"
	"github.com/tijorihq/tijori/internal/web/page/reports"
	"github.com/tijorihq/tijori/internal/web/ui"
)

func (w world) reports() []Sample {
	empty := w.report(reports.DayBook)
	empty.Gave, empty.Got = rupees(0), rupees(0)
	return []Sample{
		{"reports-day", reports.Page(w.dayBook())},
		{"reports-cash", reports.Page(w.cashBook())},
		{"reports-coming", reports.Page(w.collections())},
		{"reports-parties", reports.Page(w.partySummary())},
		{"reports-ageing", reports.Page(w.ageing())},
		{"mydata", mydata.Page(mydata.View{
			Shell: w.start("/mydata"), Account: w.say("Gupta family", "गुप्ता परिवार"),
			Shops: []string{w.businesses()[0].Name, w.businesses()[1].Name},
		})},
		{"reports-empty", reports.Page(empty)},
	}
}

// start is the frame of the owner with no shop open.
func (w world) start(path string) ui.Shell {
	s := w.in(path)
	s.Business = ui.Business{}
	return s
}

func (w world) report(show string) reports.View {
	v := reports.View{
		Shell: w.in(ui.BusinessPath(shop) + "/reports?show=" + show), Show: show, From: "2026-11-01", To: "2026-11-30",
		Period: w.say("1 Nov 2026 – 30 Nov 2026", "1 नव॰ 2026 – 30 नव॰ 2026"), Part: 1, Parts: 1,
	}
	for _, c := range w.statementView().Chips {
		c.Chosen = c.From == "2026-11-01"
		v.Chips = append(v.Chips, reports.Chip(c))
	}
	return v
}

func (w world) columns() (out []reports.Column) {
	for i := range 22 {
		c := reports.Column{Label: w.in("/").Date(day(21 - i)), Up: i * 37 % 90, Down: i * 53 % 101}
		if i%7 == 3 {
			c.Up, c.Down = 0, 0
		}
		c.Got, c.Gave = rupees(int64(c.Up)*145), rupees(int64(c.Down)*145)
		out = append(out, c)
	}
	return out
}

func (w world) dayBook() reports.View {
	v := w.report(reports.DayBook)
	v.Gave, v.Got, v.Count, v.Columns = rupees(1234567), paise(98765050), 41, w.columns()
	v.Days = []reports.Day{
		{Date: day(1), Gave: rupees(2190), Got: rupees(500), Entries: 3, Lines: []reports.Line{
			{PartyID: partyID, Name: w.say("Ramesh Tea Stall", "रमेश चाय वाले"), Note: w.say("Sugar 20 kg\nTea 2 kg",
				"चीनी 20 किलो\nचाय पत्ती 2 किलो"), Side: "given", Amount: rupees(1850)},
			{PartyID: partyID, Name: w.say("Sunita Tailor", "सुनीता दर्ज़ी"), Side: "received", Amount: rupees(500)},
			{PartyID: partyID, Name: w.say("Mohammed Irfan", "मोहम्मद इरफ़ान"), Side: "given", Amount: rupees(340)},
		}},
		{Date: day(0), Gave: rupees(1232377), Entries: 1, Lines: []reports.Line{
			{
				PartyID: partyID, Name: w.say("Shri Balaji Marriage Garden and Caterers Pvt. Ltd.",
					"श्री बालाजी मैरिज गार्डन एंड कैटरर्स प्रा. लि."), Note: w.say("Wedding order", "शादी का ऑर्डर"),
				Side: "given", Amount: rupees(1232377),
			},
		}},
	}
	return v
}

func (w world) cashBook() reports.View {
	v := w.report(reports.CashBook)
	v.Opening, v.Closing = paise(-4523050), paise(-2323050)
	v.Got, v.Gave = rupees(118000), rupees(96000)
	v.Count, v.Columns = 3, w.columns()
	v.CountID, v.Counted = fresh, paise(-15000)
	v.Counts = []reports.Count{
		{Date: day(0), Amount: rupees(5000), By: w.anita(), Difference: rupees(5000)},
		{Date: day(0), Closing: true, Amount: rupees(4850), Known: true, Difference: rupees(-150), By: w.anita()},
		{Date: day(1), Closing: true, Amount: rupees(4850), Known: true, Difference: rupees(0), By: w.anita()},
	}
	v.Short = []reports.Day{{Date: day(0), Balance: paise(-2323050)}}
	v.Days = []reports.Day{
		{Date: day(9), Got: rupees(98000), Gave: rupees(36000), Balance: paise(1676950)},
		{Date: day(3), Got: rupees(20000), Balance: paise(3676950)},
		{Date: day(0), Gave: rupees(60000), Balance: paise(-2323050)},
	}
	return v
}

func (w world) collections() reports.View {
	v := w.report(reports.Coming)
	modes := func(minor ...int64) (out []money.Amount) {
		for _, m := range minor {
			out = append(out, rupees(m))
		}
		return out
	}
	v.Came, v.Gave, v.Count, v.Columns = rupees(118500), rupees(0), 2, w.columns()
	for i := range v.Columns {
		v.Columns[i].Down, v.Columns[i].Gave = 0, rupees(0)
	}
	for i, a := range modes(78000, 20500, 12000, 8000, 0) {
		v.Modes = append(v.Modes, reports.Sum{Label: v.Shell.Modes()[i].Label, Amount: a})
	}
	v.Collected = []reports.Collected{
		{Date: day(9), Modes: modes(68000, 18000, 12000, 0, 0), Total: rupees(98000), Entries: 14},
		{Date: day(3), Modes: modes(10000, 2500, 0, 8000, 0), Total: rupees(20500), Entries: 5},
	}
	v.Takers = []reports.Collected{
		{
			Name: w.say("Asha Gupta", "आशा गुप्ता"), Modes: modes(60000, 20500, 12000, 8000, 0), Total: rupees(100500),
			Entries: 12,
		},
		{Name: w.say("Binod", "बिनोद"), Modes: modes(18000, 0, 0, 0, 0), Total: rupees(18000), Entries: 7},
	}
	v.Ahead = ui.Ahead{Entries: 2, Gave: rupees(1000), Got: rupees(250)}
	return v
}

func (w world) partySummary() reports.View {
	v := w.report(reports.Parties)
	v.Opening, v.Closing = rupees(153400), rupees(131400)
	v.Gave, v.Got = rupees(96000), rupees(118000)
	v.Get, v.Give = rupees(215900), rupees(84500)
	v.Count = 4
	for _, r := range []struct {
		en, hi             string
		opening, gave, got int64
		width              int
	}{
		{"Hotel Annapurna", "होटल अन्नपूर्णा", 230400, 96000, 118000, 100},
		{"Ramesh Tea Stall", "रमेश चाय वाले", 7500, 0, 0, 4},
		{"Priya", "प्रिया", 500, 0, 500, 0},
		{"Laxmi Traders (wholesale, Azadpur)", "लक्ष्मी ट्रेडर्स (थोक, आज़ादपुर)", -84500, 0, 0, 41},
	} {
		name, closing := w.say(r.en, r.hi), rupees(r.opening+r.gave-r.got)
		v.Rows = append(v.Rows, reports.Party{
			ID: partyID, Name: name, Opening: rupees(r.opening), Gave: rupees(r.gave),
			Got: rupees(r.got), Closing: closing,
		})
		if closing.Minor != 0 {
			v.Bars = append(v.Bars, reports.Bar{Label: name, Amount: closing, Width: r.width})
		}
	}
	return v
}

func (w world) ageing() reports.View {
	v := w.report(reports.Ageing)
	v.From, v.To, v.Period, v.Get, v.Count = "", "", w.say("As on 22 Nov 2026", "22 नव॰ 2026 तक"), rupees(215900), 2
	v.Chips = []reports.Chip{
		{Label: w.say("Today", "आज"), Chosen: true},
		{Label: w.say("31 Oct 2026", "31 अक्टू॰ 2026"), To: "2026-10-31"},
		{Label: w.say("31 Mar 2026",
			"31 मार्च 2026"), To: "2026-03-31"},
	}
	for i, sum := range []int64{96000, 0, 112400, 7500} {
		v.Buckets[i] = rupees(sum)
		v.Bars = append(v.Bars, reports.Bar{Label: v.Age(i), Amount: rupees(sum), Width: int(sum * 100 / 112400)})
	}
	v.Aged = []reports.Aged{
		{ID: partyID, Name: w.say("Ramesh Tea Stall", "रमेश चाय वाले"), Total: rupees(7500), Oldest: day(140)},
		{ID: partyID, Name: w.say("Hotel Annapurna", "होटल अन्नपूर्णा"), Total: rupees(208400), Oldest: day(81)},
	}
	for i, row := range [][4]int64{{0, 0, 0, 7500}, {96000, 0, 112400, 0}} {
		for j, sum := range row {
			v.Aged[i].Buckets[j] = rupees(sum)
		}
	}
	return v
}
