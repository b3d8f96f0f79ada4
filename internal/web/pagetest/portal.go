package pagetest

import (
	"time"

	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/page/portal"
)

func (w world) portal() []Sample {
	out := w.out("/portal")
	rupees := func(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "INR"} }
	ago := func(days int) time.Time { return Now.Add(-time.Duration(days) * 24 * time.Hour) }
	full := portal.View{
		Shell: out, App: "Poster Studio", Customer: w.say("Asha Textiles", "आशा टेक्सटाइल्स"),
		Back: "https://app.example/account", Closes: Now.Add(25 * time.Minute), PlanName: "Studio", Status: "canceling",
		Interval: "month", Seats: 5, Price: rupees(249500), Next: ago(-9), Provider: "stripe",
		Credits: []portal.Credit{{Meter: "Credits", Left: 842}, {Meter: "Exports", Left: 3}},
		Invoices: []portal.Invoice{
			{
				Number: "STU-0007", Date: ago(21), Amount: rupees(249500), Status: "open",
				URL: "https://pay.example/7",
			},
			{
				Number: "STU-0006", Date: ago(51), Amount: rupees(249500), Status: "paid",
				URL: "https://pay.example/6",
			},
			{Number: "STU-0005", Date: ago(81), Amount: rupees(49900), Status: "paid"},
		},
		CanMethod: true, CanResume: true, CanCancel: true,
		Note: out.T("The plan is cancelled. Nothing more is charged."),
	}
	empty := portal.View{
		Shell: out, App: "Poster Studio", Customer: "org_1", Back: "https://app.example/account",
		Closes: Now.Add(25 * time.Minute), PlanName: "Starter", Status: "none",
	}
	long := full
	long.App = "The Incomparable Association of Poster Painters and Sign Writers of Uttar Pradesh"
	long.Customer = w.say("Messrs Shri Lakshmi Narayan Textiles and General Stores, Chandni Chowk",
		"मेसर्स श्री लक्ष्मी नारायण टेक्सटाइल्स एवं जनरल स्टोर्स, चाँदनी चौक")
	long.PlanName = "Studio with everything that a studio may ever need"
	long.Price = money.Amount{Minor: 99999999900, Currency: "INR"}
	long.Status, long.Pay, long.Refused = "past_due", "https://pay.example/7", true
	long.Note = out.T("The payment provider does not respond. Nothing was charged; please try again in a minute.")
	long.Provider, long.EndsNow = "razorpay", true
	pay := portal.PayView{
		Shell: out, App: "Poster Studio", Plan: "Studio", Action: "/pay",
		Fields: []portal.Field{{Name: "key_id", Value: "rzp"}},
	}
	return []Sample{
		{"portal", portal.Page(full)},
		{"portal-empty", portal.Page(empty)},
		{"portal-long", portal.Page(long)},
		{"portal-door", portal.Door(portal.DoorView{Shell: out, App: "Poster Studio", Path: "/portal/x"})},
		{"portal-ended", portal.Ended(out)},
		{"portal-pay", portal.Pay(pay)},
	}
}
