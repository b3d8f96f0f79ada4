package pagetest

import (
	"time"

	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/page/billing"
	"github.com/tijorihq/tijori/internal/web/page/checkout"
	"github.com/tijorihq/tijori/internal/web/page/paid"
	"github.com/tijorihq/tijori/internal/web/page/pricing"
	"github.com/tijorihq/tijori/internal/web/page/upgrade"
	"github.com/tijorihq/tijori/internal/web/ui"
)

var proFeatures = []string{"export", "batch_entry", "reminders"}

func (w world) money() []Sample {
	account := w.businesses()[0].Account
	offer := upgrade.View{Shell: w.in(ui.BusinessPath(shop) + "/upgrade"), Reason: "parties.max", Limit: 5, PlanID: "pro", PlanName: "Pro", Features: proFeatures, Monthly: rupees(299), Yearly: rupees(2999), CanBuy: true}
	ask := offer
	ask.Shell, ask.Reason, ask.CanBuy, ask.Owner = w.as("manager", offer.CurrentPath), "export", false, w.say("Anita Gupta", "अनीता गुप्ता")
	due := checkout.View{Shell: w.in("/billing/checkout"), Account: account, Email: "anita@example.in", PlanID: "pro", PlanName: "Pro", Features: proFeatures, Interval: "month", Price: rupees(299), Provider: "razorpay", Simulated: true}
	dollars := due
	dollars.Provider, dollars.Simulated, dollars.Interval, dollars.Price = "stripe", false, "year", money.Amount{Minor: 5000, Currency: "USD"}
	dollars.Error = w.say("The payment provider cannot be reached. Nothing was charged.", "भुगतान सेवा से संपर्क नहीं हो रहा। कोई पैसा नहीं कटा।")
	return []Sample{
		{"pricing", pricing.Page(w.pricing(w.out("/pricing"), "month"))},
		{"pricing-in", pricing.Page(w.pricing(w.in("/pricing"), "year"))},
		{"upgrade", upgrade.Page(offer)},
		{"upgrade-ask", upgrade.Page(ask)},
		{"checkout", checkout.Page(due)},
		{"checkout-error", checkout.Page(dollars)},
		{"checkout-go", checkout.GoPage(checkout.GoView{Shell: due.Shell, Account: account, Action: "/pay", Fields: []checkout.Field{{Name: "key", Value: "k"}}})},
		{"paid-waiting", paid.Page(paid.View{Shell: w.in("/billing/return"), Account: account, PlanID: "pro", PlanName: "Pro", Features: proFeatures, Reference: "ref"})},
		{"paid-done", paid.Page(paid.View{Shell: w.in("/billing/return"), Account: account, PlanID: "pro", PlanName: "Pro", Features: proFeatures, Done: true})},
		{"billing", billing.Page(w.billing("active"))},
		{"billing-canceling", billing.Page(w.billing("canceling"))},
		{"billing-past-due", billing.Page(w.billing("past_due"))},
		{"billing-free", billing.Page(billing.View{Shell: w.in("/billing"), Account: account, PlanID: "free", PlanName: "Free", Status: "free", Parties: 4, Limit: 5, Waiting: "pro"})},
	}
}

func (w world) pricing(s ui.Shell, interval string) pricing.View {
	v := pricing.View{Shell: s, Interval: interval, Currency: "INR", Plans: []pricing.Plan{
		{ID: "free", Name: "Free", Free: true, Parties: 5, Price: rupees(0)},
		{ID: "pro", Name: "Pro", Features: proFeatures, Price: rupees(299), Provider: "razorpay", Current: s.SignedIn()},
		{ID: "team", Name: "Team", Features: append([]string{"team"}, proFeatures...), Price: rupees(799), Provider: "razorpay"},
	}}
	if interval == "year" {
		v.Plans[1].Price, v.Plans[1].PerMonth = rupees(2999), paise(24992)
		v.Plans[2].Price, v.Plans[2].PerMonth = rupees(7999), paise(66658)
	}
	return v
}

func (w world) billing(status string) billing.View {
	return billing.View{
		Shell: w.in("/billing"), Account: w.businesses()[0].Account, PlanID: "pro", PlanName: "Pro", Status: status, Price: rupees(299), Interval: "month",
		Next: Now.Add(9 * 24 * time.Hour), Provider: "razorpay", Parties: 41, Features: proFeatures,
		Invoices: []billing.Invoice{
			{Number: "inv_00000000000003", Date: day(21), Amount: rupees(299), Status: "paid", Path: "/billing/invoices/3"},
			{Number: "inv_00000000000002", Date: day(51), Amount: rupees(299), Status: "refunded"},
			{Number: "inv_00000000000001", Date: day(81), Amount: rupees(299), Status: "paid"},
		},
		Credits:   []billing.Credit{{Meter: w.say("Messages", "संदेश"), Left: 212, Of: 300, Reset: Now.Add(9 * 24 * time.Hour)}},
		CanCancel: status == "active", CanResume: status == "canceling", CanPortal: true,
	}
}
