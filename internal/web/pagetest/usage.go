package pagetest

import (
	"time"

	"github.com/tijorihq/tijori/internal/web/page/usage"
)

func (w world) usage() []Sample {
	account := w.businesses()[0].Account
	full := usage.View{
		Shell: w.in("/billing/usage"), Account: account, Meter: "credits", MayCSV: true,
		CSV: "/billing/usage.csv?meter=credits", Older: "/billing/usage?before=40",
		Meters: []usage.Meter{
			{ID: "credits", Name: "Credits", Left: 212, Held: 8, Next: Now.Add(9 * 24 * time.Hour), Refill: 300},
			{ID: "sms", Name: "Messages", Left: 4},
		},
		Entries: []usage.Entry{
			{
				Number: 46, Kind: "capture", Amount: -4, Balance: 220, Note: w.say("bill 1834", "बिल 1834"),
				At: Now.Add(-2 * time.Hour),
			},
			{Number: 45, Kind: "consume", Amount: -1, Balance: 224, At: Now.Add(-3 * time.Hour)},
			{Number: 44, Kind: "promotional", Amount: 50, Balance: 225, Note: w.say("for the long wait",
				"देर होने के लिए"), At: Now.Add(-24 * time.Hour)},
			{Number: 43, Kind: "expire", Amount: -12, Balance: 175, At: Now.Add(-25 * time.Hour)},
			{Number: 42, Kind: "allowance", Amount: 300, Balance: 187, At: Now.Add(-26 * time.Hour)},
		},
	}
	for i := range 30 {
		used := int64((i * 7) % 13)
		full.Days = append(full.Days, usage.Day{Date: day(29 - i), Used: used})
	}
	empty := usage.View{
		Shell: w.in("/billing/usage"), Account: account, Meter: "credits",
		Meters: []usage.Meter{{ID: "credits", Name: "Credits"}},
	}
	for i := range 30 {
		empty.Days = append(empty.Days, usage.Day{Date: day(29 - i)})
	}
	return []Sample{{"usage", usage.Page(full)}, {"usage-empty", usage.Page(empty)}}
}
