package pagetest

import (
	"time"

	"github.com/tijorihq/tijori/internal/web/page/admin"
)

// app is an app with the longest texts that it can have.
func (w world) app(line admin.AppLine) admin.App {
	s := w.operator("/admin/apps/" + line.ID)
	return admin.App{
		Shell: s, AppLine: line, Query: "org_", Secret: "tj_live_sk_abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrst",
		Kind: "server",
		Facts: []admin.Fact{
			{Name: s.T("Customers"), Says: "1212"},
			{Name: s.T("Customers who pay"), Says: "1012"},
			{Name: s.T("Recurring by the month"), Says: "$12,400 · ₹4,12,300"},
			{Name: s.T("Collected in thirty days"), Says: "$11,900 · ₹3,98,120"},
			{Name: s.T("Failing payments"), Says: "3"},
		},
		Plans: []admin.Fact{{Name: "Studio", Says: s.N(812, "%d customer", "%d customers")}},
		Customers: []admin.AppCustomer{
			{
				ID: "org_1", Name: w.say("Render & Co", "रेंडर ऐंड कंपनी"),
				Plan: "studio", Note: s.T("until %s", s.Moment(Now)),
			},
			{ID: "organisation:0198f3f0-7d6b-7c55-9c3a-3f8f6f0d6a11@eu-central", Plan: "studio", Note: s.T("the payment fails"), Trouble: true},
			{ID: "org_3", Plan: s.T("pays nothing")},
		},
		Endpoints: []admin.Endpoint{
			{
				Path: "/admin/apps/acme/webhooks/" + entry,
				URL:  "https://app.example.com/api/hooks/tijori", Note: s.T("on"),
			},
			{
				Path: "/admin/apps/acme/webhooks/" + other, Trouble: true,
				URL:  "https://a-very-long-name-of-a-host.internal.example.com/with/a/long/path/to/the/receiver",
				Note: s.T("fails since %s", s.Moment(Now)) + " · " + s.N(12, "%d event waits", "%d events wait"),
			},
		},
		Keys: []admin.AppKey{
			{
				ID: entry, Hint: "tj_live_sk_k3qz", Name: w.say("Server", "सर्वर"),
				Note: s.T("last used %s", s.Ago(Now.Add(-time.Hour))),
			},
			{
				ID: other, Hint: "tj_live_sk_7abc", Name: w.say("Old server", "पुराना सर्वर"),
				Note: s.T("revoked %s", s.Moment(Now)), Ended: true,
			},
		},
	}
}

func (w world) deliveries(line admin.AppLine) admin.Deliveries {
	s := w.operator("/admin/apps/" + line.ID)
	return admin.Deliveries{
		Shell: s, App: line,
		Path: "/admin/apps/acme/webhooks/" + entry, URL: "https://app.example.com/api/hooks/tijori",
		Older: "/admin/apps/acme/webhooks/" + entry + "?before=9",
		List: []admin.Delivery{
			{
				Number: "12", Type: "customer.state_changed", Word: s.T("waiting"),
				Note: s.T("next try %s", s.Moment(Now)),
				Tries: []admin.Fact{
					{Name: s.Moment(Now), Says: "500, “Internal Server Error: the database does not answer” · 31ms"},
					{Name: s.Moment(Now.Add(-time.Minute)), Says: "dial tcp 198.51.100.7:443: connect: connection refused · 2ms"},
				},
			},
			{
				Number: "11", Type: "payment.collected", Word: s.T("delivered"), Tone: "status-active",
				Tries: []admin.Fact{{Name: s.Moment(Now), Says: "204 · 12ms"}},
			},
			{Number: "10", Type: "webhook.test", Word: s.T("failed"), Tone: "status-past_due"},
		},
	}
}
