package pagetest

import (
	"time"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/role"
	"github.com/tijorihq/tijori/internal/web/page/billing"
	"github.com/tijorihq/tijori/internal/web/page/checkout"
	"github.com/tijorihq/tijori/internal/web/page/paid"
	"github.com/tijorihq/tijori/internal/web/page/pricing"
	"github.com/tijorihq/tijori/internal/web/page/upgrade"
	"github.com/tijorihq/tijori/internal/web/ui"
)

var proFeatures = []string{"export", "batch_entry"}

func (w world) money() []Sample {
	account := w.businesses()[0].Account
	offer := upgrade.View{
		Shell: w.in(ui.BusinessPath(shop) + "/upgrade"), Back: ui.BusinessPath(shop), Reason: fault.PartiesMax,
		PlanNow: "Free", Limit: 5,
		PlanID: "pro", PlanName: "Pro", Features: proFeatures, Prices: prices(299, 2999), People: 10, CanBuy: true,
	}
	people := offer
	people.Reason, people.PeopleNow, people.Change, people.Back = fault.MembersMax, 10, true, "/team"
	people.PlanID, people.PlanName, people.Prices, people.People = "team", "Team", prices(799, 7999), 0
	none, foreign := offer, offer // no plan has what lacks; none is sold in rupees
	none.PlanID, none.PlanName = "", ""
	foreign.Missing, foreign.Prices = "INR", []upgrade.Price{{Interval: "year", Amount: money.Amount{
		Minor:    5000,
		Currency: "USD",
	}, Provider: "stripe"}}
	ask := offer
	ask.Shell, ask.Reason, ask.CanBuy = w.as(role.Manager, offer.CurrentPath), fault.ExportNeedsPlan, false
	ask.Owner = w.say("Anita Gupta", "अनीता गुप्ता")
	due := checkout.View{
		Shell: w.in("/billing/checkout"), Account: account, Email: "anita@example.in", PlanID: "pro",
		PlanName: "Pro", Features: proFeatures, Interval: "month", Price: rupees(299),
		Provider: "razorpay", Simulated: true,
	}
	dollars := due
	dollars.Provider, dollars.Simulated = "stripe", false
	dollars.Interval, dollars.Price = "year", money.Amount{Minor: 5000, Currency: "USD"}
	dollars.Error = w.say("The payment provider cannot be reached. Nothing was charged.",
		"भुगतान सेवा से संपर्क नहीं हो रहा। कोई पैसा नहीं कटा।")
	ahead, twice := due, due
	ahead.Ahead = &checkout.Ahead{PlanName: "Pro", Until: day(12), Waits: true}
	twice.Ahead = &checkout.Ahead{PlanName: "Pro", Until: day(12)}
	twice.PlanID, twice.PlanName, twice.Price, twice.People = "team", "Team", rupees(799), 0
	change := billing.ChangeView{Shell: w.in("/billing/change"), Account: account, Quote: &billing.Quote{
		PlanID: "team", PlanName: "Team", Interval: "month", FromName: "Pro", Price: rupees(799), Due: rupees(799),
		AtOnce: true,
		Starts: day(0), Next: day(30), Ends: true, Keeps: day(12), CanWait: true, At: "1", DueMinor: "79900",
	}}
	later := change
	later.Quote = &billing.Quote{
		PlanID: "pro", PlanName: "Pro", Interval: "month", FromName: "Team", Price: rupees(299), Due: rupees(0),
		Starts: day(12), Next: day(42), Ends: true, Keeps: day(12), At: "1", DueMinor: "0",
	}
	renew := w.billing("canceling")
	renew.CanResume, renew.Renew = false, "/billing/checkout?plan=pro"
	return []Sample{
		{"change-razorpay", billing.ChangePage(change)},
		{"change-razorpay-later", billing.ChangePage(later)},
		{"checkout-ahead", checkout.Page(ahead)},
		{"checkout-twice", checkout.Page(twice)},
		{"billing-renew", billing.Page(renew)},
		{"pricing", pricing.Page(w.pricing(w.out("/pricing"), "month"))},
		{"pricing-in", pricing.Page(w.pricing(w.in("/pricing"), "year"))},
		{"upgrade", upgrade.Page(offer)},
		{"pricing-foreign", pricing.Page(w.foreign())},
		{"upgrade-ask", upgrade.Page(ask)},
		{"upgrade-none", upgrade.Page(none)},
		{"upgrade-foreign", upgrade.Page(foreign)},
		{"checkout", checkout.Page(due)},
		{"checkout-error", checkout.Page(dollars)},
		{"checkout-go", checkout.GoPage(checkout.GoView{
			Shell: due.Shell, Account: account, Action: "/pay",
			Fields: []checkout.Field{{Name: "key", Value: "k"}},
		})},
		{"paid-waiting", paid.Page(paid.View{
			Shell: w.in("/billing/return"), Account: account, PlanID: "pro",
			PlanName: "Pro", Features: proFeatures, Reference: "ref",
		})},
		{"paid-done", paid.Page(paid.View{
			Shell: w.in("/billing/return"), Account: account, PlanID: "pro",
			PlanName: "Pro", Features: proFeatures, Done: true,
		})},
		{"billing", billing.Page(w.billing("active"))},
		{"billing-canceling", billing.Page(w.billing("canceling"))},
		{"billing-past-due", billing.Page(w.billing("past_due"))},
		{"billing-open", billing.Page(w.openPurchase())},
		{"billing-lapsed", billing.Page(w.lapsed())},
		{"billing-changing", billing.Page(w.changing())},
		{"upgrade-people", upgrade.Page(people)},
		{"billing-free", billing.Page(billing.View{
			Shell: w.in("/billing"), Account: account, PlanID: "free",
			PlanName: "Free", Unpaid: true, Status: "none", Parties: 4, Limit: 5, Waiting: "pro",
		})},
	}
}

func (w world) pricing(s ui.Shell, interval string) pricing.View {
	intervals := []string{"month", "year"}
	v := pricing.View{Shell: s, Interval: interval, Intervals: intervals, Currency: "INR", Currencies: []string{
		"INR",
		"USD",
	}, Plans: []pricing.Plan{
		{
			ID: "free", Name: "Free",
			Purpose: w.say("For a start, and for small khatas.", "शुरुआत और छोटे खाते के लिए।"),
			Free:    true, Parties: 5, People: 3, Price: rupees(0),
		},
		{
			ID: "pro", Name: "Pro", Purpose: w.say("For a shop with regular customers.",
				"रोज़ के ग्राहकों वाली दुकान के लिए।"), Recommended: true, Interval: interval, People: 10,
			Features: proFeatures, Price: rupees(299), Provider: "razorpay", Other: s.SignedIn(),
		},
		{
			ID: "team", Name: "Team", Purpose: w.say("For several shops with staff.", "कई दुकानों और स्टाफ़ के लिए।"),
			Interval: interval, Features: proFeatures, Price: rupees(799), Change: s.SignedIn(), Provider: "razorpay",
		},
	}}
	if interval == "year" {
		v.Plans[1].Price, v.Plans[1].PerMonth = rupees(2999), paise(24992)
		v.Plans[2].Price, v.Plans[2].PerMonth = rupees(7999), paise(66658)
	}
	return v
}

// foreign is the price list of a shop that reckons in rupees, where little is sold in them.
func (w world) foreign() pricing.View {
	v := w.pricing(w.in("/pricing"), "month")
	v.Missing, v.Currency, v.Currencies, v.Intervals = "INR", "USD", []string{"USD", "EUR"}, v.Intervals[:1]
	v.Plans[0].Price = money.Amount{Currency: "USD"}
	v.Plans[1].Price, v.Plans[1].Interval, v.Plans[1].Other = money.Amount{Minor: 5000, Currency: "USD"}, "year", false
	v.Plans[2].Unsold, v.Plans[2].Change = true, false
	return v
}

func prices(month, year int64) []upgrade.Price {
	return []upgrade.Price{
		{Interval: "month", Amount: rupees(month), Provider: "razorpay"},
		{Interval: "year", Amount: rupees(year), Provider: "razorpay"},
	}
}

func (w world) openPurchase() billing.View {
	v := billing.View{
		Shell: w.in("/billing"), Account: w.businesses()[0].Account, PlanID: "free", PlanName: "Free",
		Unpaid: true, Status: "none", Parties: 4, Limit: 5, People: 1, PeopleMax: 3,
	}
	v.Open = &billing.Open{
		PlanID: "pro", PlanName: "Pro", Interval: "month", Provider: "razorpay",
		Until: Now.Add(9 * time.Hour),
	}
	return v
}

func (w world) lapsed() billing.View {
	v := w.billing("canceled")
	v.PlanID, v.PlanName, v.Price, v.Next, v.CanPortal = "free", "Free", money.Amount{}, time.Time{}, false
	v.Unpaid, v.Parties, v.Limit, v.People, v.PeopleMax = true, 6, 5, 4, 3
	v.Lapsed = &billing.Lapsed{PlanName: "Pro", Paid: day(3), Why: "canceled"}
	return v
}

func (w world) changing() billing.View {
	v := w.billing("active")
	v.PlanID, v.PlanName, v.Provider, v.People = "team", "Team", "stripe", 12
	v.Becomes, v.Changes, v.CanResume = "Pro", v.Next, true
	return v
}

func (w world) billing(status string) billing.View {
	return billing.View{
		Shell: w.in("/billing"), Account: w.businesses()[0].Account, PlanID: "pro", PlanName: "Pro",
		DefaultName: "Free", Status: status, Price: rupees(299), Interval: "month",
		Next: Now.Add(9 * 24 * time.Hour), Provider: "razorpay", Parties: 41, Features: proFeatures,
		Invoices: []billing.Invoice{
			{
				Number: "inv_00000000000003", Date: day(21), Amount: rupees(299), Status: "paid",
				Path: "/billing/invoices/3",
			},
			{Number: "inv_00000000000002", Date: day(51), Amount: rupees(299), Status: "refunded"},
			{Number: "inv_00000000000001", Date: day(81), Amount: rupees(299), Status: "paid"},
		},
		UsesAPI: true,
		Credits: []billing.Credit{{
			Meter: w.say("Messages", "संदेश"), Left: 212, Of: 300,
			Reset: Now.Add(9 * 24 * time.Hour),
		}},
		CanCancel: status == "active", CanResume: status == "canceling", CanPortal: true,
	}
}
