package pagetest

import (
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/role"
	"github.com/tijorihq/tijori/internal/web/i18n"
	"github.com/tijorihq/tijori/internal/web/page/admin"
	"github.com/tijorihq/tijori/internal/web/page/developer"
	"github.com/tijorihq/tijori/internal/web/page/usage"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// operator is the frame of a page in the operators' room.
func (w world) operator(path string) ui.Shell {
	s := w.in(path)
	s.Operator, s.Work, s.Business = true, w.say("the daily look at the figures", "रोज़ के आँकड़े"), ui.Business{}
	return s
}

// yearly is a chart of twelve months, in which something grows.
func (w world) yearly(id, title string, line bool, series ...string) ui.Chart {
	s := w.in("/admin")
	c := ui.Chart{ID: id, Title: title, Head: s.T("Month"), Line: line, Story: s.T("Now %s, a month ago %s.", "120",
		"114")}
	for i := range 12 {
		at := Now.AddDate(0, i-11, 0)
		c.Points = append(c.Points, ui.Point{Short: i18n.ShortMonth(w.locale, at), Name: s.Month(at)})
	}
	for n, name := range series {
		r := ui.Series{Name: name}
		for i := range 12 {
			v := int64((60 + 5*i + i*i%7) / (1 + 4*n))
			r.Values, r.Words, r.Links = append(r.Values, v), append(r.Words, money.Grouped(v)), append(r.Links,
				"/admin/accounts?figure=won&month=2026-11")
		}
		c.Series = append(c.Series, r)
	}
	return c
}

func (w world) room() []Sample {
	s := w.operator("/admin")
	overview := admin.Overview{
		Shell: s,
		Needs: []admin.Need{
			{Bad: true, Text: "Razorpay: 2 events could not be applied", Fine: s.T("since %s",
				s.Ago(Now.Add(-3*time.Hour))), Path: "/admin/alerts/razorpay/dead", Do: s.T("Look")},
			{Text: "Stripe: dispute", Fine: "the customer's bank disputes $5.00: needs_response", Path: "/admin/review/0011223344556677", Do: s.T("Decide")},
		},
		Tiles: []admin.Tile{
			{
				Name: s.T("Monthly recurring revenue"), Values: []string{"₹12,34,56,789.01", "$1,23,456.78"},
				Note: s.T("each currency separately"), Path: "/admin/accounts?figure=active",
			},
			{Name: s.T("Active subscriptions"), Values: []string{"4,128"}, Note: s.T("of %s accounts, %s pay",
				"50,000", "4,120"), Path: "/admin/accounts?figure=active"},
			{
				Name: s.T("Cards that fail"), Values: []string{"69"}, Note: s.T("%s a month at risk", "₹32,144.31"),
				Path: "/admin/accounts?figure=failing", Alarm: true,
			},
			{Name: s.T("Conversion this month"), Values: []string{"4.7 %"}, Note: s.T("%s of %s that did not pay",
				"107", "2,295")},
		},
		Charts: []ui.Chart{
			w.yearly("c1", s.T("Active subscriptions"), true, s.T("Active subscriptions")),
			w.yearly("c2", s.T("Accounts that began and stopped paying"), false, s.T("New and won back"), s.T("Lost")),
		},
		Plans: []admin.PlanLine{{
			Name: "Pro", Period: s.T("each month"), Active: "157", Trials: "0", Failing: "18",
			Ending: "6", Money: "₹46,943",
		}},
		Notes: []string{s.T("Months begin at midnight in your time zone; the last one is not over.")},
		Pace:  []string{s.T("This room: 95 of 100 pages were ready within %d ms (%d pages on this node in the last hour).", 42, 310)},
	}
	for i := range 12 {
		overview.Months = append(overview.Months, admin.Month{
			Name: s.Month(Now.AddDate(0, -i, 0)), Money: []string{"₹3,43,022.31", "$1,014"}, Active: "798",
			Conversion: "4.7 %",
			Cells: []admin.Cell{
				{Word: "399", Path: "/admin/accounts?figure=sign_ups"},
				{Word: "11"},
				{Word: "107"},
				{Word: "0"},
				{Word: "15"},
			},
		})
	}
	empty := admin.Overview{Shell: s, Charts: []ui.Chart{w.yearly("c1", s.T("Active subscriptions"), true,
		s.T("Active subscriptions"))}}
	account := admin.AccountPage{
		Shell: w.operator("/admin/accounts/" + shop), ID: shop, Opened: true, Reason: w.say("she called",
			"उनका फ़ोन आया"),
		Until: s.T("open until %s", s.Moment(Now.Add(time.Hour))), Name: w.say("Gupta family", "गुप्ता परिवार"),
		Plan: "Pro",
		Why:  "Pro, by subscription sub_Q3kd82Lm. Razorpay says active: Pro is given until 2026-12-06 18:30 UTC.",
		Facts: []admin.Fact{{Name: s.T("Signed up"), Says: s.Moment(Now.AddDate(-1, 0, 0))}, {
			Name: s.T("Currency"),
			Says: "INR",
		}},
		People: []admin.Person{
			{
				Name: w.say("Anita Gupta", "अनीता गुप्ता"), Role: s.RoleName(role.Owner),
				Email: "anita.with.a.rather.long.address@kirana-store.example", Since: s.T("since %s", s.Date(Now)),
			},
			{Name: "Chhotu", Role: s.RoleName(role.Counter), Since: s.T("since %s", s.Date(Now))},
		},
		Subscriptions: []string{
			"Razorpay sub_Q3kd82Lm: Razorpay says active",
			"Stripe sub_1Qabcdefghijklmn: Stripe says canceled",
		},
		Items:   []admin.Item{{Reason: "dispute", Detail: "the customer's bank disputes ₹299.00", Opened: s.T("since %s", s.Ago(Now.Add(-time.Hour)))}},
		Credits: []admin.Fact{{Name: s.T("Credits (%s)", "credits"), Says: s.T("%s left", "1,212")}},
		Life: []admin.Line{
			{
				Day: s.Day(Now), Time: i18n.Clock(w.locale, Now), Sort: "look", Word: s.T("Looked at"),
				Text: s.T("Opened by %s", "op@example.com"), Fine: w.say("she called", "उनका फ़ोन आया"),
			},
			{
				Time: i18n.Clock(w.locale, Now), Sort: "event", Word: s.T("Webhook"), Text: "subscription.charged",
				Fine: "parked: nobody here owns it", Path: "/admin/inbox/razorpay/evt_1", Trouble: true,
			},
			{
				Time: i18n.Clock(w.locale, Now), Sort: "payment", Word: s.T("Payment"), Text: s.T("Paid"),
				Fine: "pay_EKDVbzXcfFaCRGaW", Amount: "₹2,999",
			},
			{
				Day: s.Day(Now.AddDate(0, 0, -1)), Time: i18n.Clock(w.locale, Now), Sort: "plan", Word: s.T("Plan"),
				Text: s.T("%s began", "Pro"), Amount: s.T("%s a month", "₹249.91"),
			},
		},
		Older: "/admin/accounts/" + shop + "?until=2026",
	}
	closed := admin.AccountPage{Shell: account.Shell, ID: shop}
	lines := []admin.AccountLine{
		{
			ID: shop, Name: w.say("Shri Krishna Kirana Store", "श्री कृष्ण किराना स्टोर"), At: s.Moment(Now),
			Plan: "Pro", Money: s.T("%s a month", "₹299"),
		},
		{ID: other, Name: "Supercalifragilistic General Merchandise and Provision Stores of Station Road", At: s.Moment(Now), Plan: "Team", Matched: "keeper77@example.com"},
	}
	health := admin.Health{
		Shell: w.operator("/admin/health"),
		Checks: []admin.Check{
			{Name: s.T("Database"), State: "ok", Word: s.T("fine"), Says: s.T("PostgreSQL %s answers. It holds %s; %d of %d connections are in use.", "17.2", "26 MiB", 24, 60)},
			{Name: s.T("Back-up"), State: "watch", Word: s.T("keep an eye on it"), Says: s.T("This node makes none."), Do: s.T("Set TIJORI_BACKUP and restore one to see that it works: docs/backup.md.")},
			{
				Name: s.T("Disk"), State: "bad", Word: s.T("act now"), Says: s.T("%s of %s are free.", "1 GiB",
					"23 GiB"), Do: s.T("Make room or a larger disk: a full one stops the database."),
				Path: "/admin/health",
			},
		},
		Counts: []admin.Count{{
			Provider: "Razorpay", ID: "razorpay", Waiting: 1, Failing: 2, Parked: 3, Dead: 4,
			Ignored: 5, Day: 1200, Last: s.Moment(Now),
		}},
		Runs: []admin.Run{{
			ID: entry, Provider: "Stripe", State: "complete", Word: s.T("complete"),
			Started: s.Moment(Now), By: "the clock", Sum: s.T("%d compared, %d differ, %d repaired, %d for a person",
				900, 2, 1, 1),
		}},
	}
	incidents := admin.Incidents{
		Shell: w.operator("/admin/incidents"),
		List: []admin.Incident{
			{
				Title: s.T("Incident %d: %s", 2, "a user saw another shop's invoice"), Open: true,
				Opened: s.T("opened by %s, %s", "priya@example.in", s.Moment(Now.Add(-time.Hour))),
			},
			{
				Title: s.T("Incident %d: %s", 1, "a drill"), Opened: s.T("opened by %s, %s", "root",
					s.Moment(Now.AddDate(0, -1, 0))),
				Closed: s.T("closed by %s, %s", "root", s.Moment(Now.AddDate(0, -1,
					0))) + ": nothing was shown to anybody",
			},
		},
		Counts: []admin.ReleaseCount{
			{Release: "v1.4.1", Since: s.Moment(Now.Add(-30 * time.Minute)), Reports: "0"},
			{Release: "v1.4.0-12-gdeadbeef", Since: s.T("before that"), Reports: "2"},
		},
		Reports: []admin.Report{
			{
				At: s.Moment(Now.Add(-time.Hour)), Release: "v1.4.0-12-gdeadbeef", Page: "/billing",
				Request: "6b0d202b49488fac3a300cc7",
				Words:   w.say("I saw a bill in the name of Asha Kirana.", "मुझे आशा किराना के नाम का बिल दिखा।"),
				Account: shop,
			},
		},
		Bundles: []admin.Bundle{
			{
				Number: "2", At: s.Moment(Now.Add(-time.Hour)), By: "priya@example.in",
				File: strings.Repeat("cd026fdc", 8),
			},
			{Number: "1", At: s.Moment(Now.AddDate(0, -1, 0)), By: "root", File: strings.Repeat("0b5e77a1", 8)},
		},
	}
	noIncidents := admin.Incidents{Shell: incidents.Shell}
	brokenChain := incidents
	brokenChain.Broken = s.T("Bundle %d does not follow the one before it. Somebody changed the list.", 2)
	log := admin.Log{
		Shell: w.operator("/admin/log"), Next: "/admin/log?before=2026",
		Uses: []admin.Use{{
			At: s.Moment(Now), Who: "op@example.com", Question: s.T("Opened an account"),
			Subject: shop, Detail: w.say("she called", "उनका फ़ोन आया"),
		}},
		Acts: []admin.Act{{
			At: s.Moment(Now), Who: "op@example.com", What: "grant", Subject: shop,
			Reason: w.say("for the long wait", "देर होने के लिए"),
		}},
	}
	event := admin.Event{
		Provider: "razorpay", ID: "evt_4HlOgnBkfKW2OEp2", Type: "subscription.charged",
		Subject: "sub_1", State: "dead", Reason: "the provider answers 500", Received: "22 Nov 2026, 10:35:00 UTC",
		Tries: 3,
	}
	item := admin.Item{Handle: "0011223344556677", Provider: "Razorpay", Reason: "dispute", Detail: "the customer's bank disputes ₹299.00", Account: shop, Opened: "22 Nov 2026", Times: 2}
	apps := []admin.AppLine{
		{
			ID: "acme", Name: w.say("Acme Render", "एक्मे रेंडर"), Live: true,
			Customers: s.N(1212, "%d customer", "%d customers"),
			Recurring: s.T("%s a month", "$12,400 · ₹4,12,300"), Trouble: []string{
				s.N(3, "%d payment fails", "%d payments fail"),
				s.N(1, "%d webhook fails or is off", "%d webhooks fail or are off"),
			},
		},
		{ID: "acme-test", Name: w.say("Acme Render", "एक्मे रेंडर"), Customers: s.N(1, "%d customer", "%d customers")},
	}
	choices := []ui.Option{{Value: "", Label: s.T("Only close it"), Hint: s.T("Nothing else is changed.")}}
	return []Sample{
		{"admin", admin.OverviewPage(overview)},
		{"admin-empty", admin.OverviewPage(empty)},
		{"admin-work", admin.BeginPage(admin.Begin{Shell: s, Next: "/admin", Now: s.Work})},
		{"admin-search", admin.AccountsPage(admin.Accounts{
			Shell: s, Title: s.T("Accounts"), Search: true,
			Asked: true, Query: "keeper", Lines: lines, Next: shop,
		})},
		{"admin-list", admin.AccountsPage(admin.Accounts{
			Shell: s, Title: s.T("Lost"), Sub: s.Month(Now),
			Lines: lines, Next: "/admin/accounts?figure=lost",
		})},
		{"admin-account", admin.AccountPageOf(account)},
		{"admin-account-closed", admin.AccountPageOf(closed)},
		{"admin-health", admin.HealthPage(health)},
		{"admin-incidents", admin.IncidentsPage(incidents)},
		{"admin-incidents-empty", admin.IncidentsPage(noIncidents)},
		{"admin-incidents-broken", admin.IncidentsPage(brokenChain)},
		{"admin-log", admin.LogPage(log)},
		{"admin-inbox", admin.InboxPage(admin.Inbox{Shell: w.operator("/admin/inbox"), States: []string{
			"dead",
			"parked",
		}, Events: []admin.Event{event}, Next: "/admin/inbox?before=2026"})},
		{"admin-event", admin.EventPageOf(admin.EventPage{
			Shell: w.operator("/admin/inbox"), Event: event,
			Account: shop, Secret: "current", Body: "{\n  \"entity\": \"event\"\n}",
			Explained: []string{"It could not be applied."}, Deliveries: 2,
		})},
		{"admin-review", admin.QueuePage(admin.Queue{Shell: w.operator("/admin/review"), Items: []admin.Item{item}})},
		{"admin-item", admin.ItemPageOf(admin.ItemPage{Shell: w.operator("/admin/review"), Item: item, Means: "The customer's bank takes the payment back.", Open: true, Assignable: true, Choices: choices})},
		{"admin-alert", admin.AlertPageOf(admin.AlertPage{Shell: s, Alert: admin.Alert{
			Provider: "razorpay",
			Kind:     "dead", Name: "Razorpay", Text: "2 events could not be applied", Raised: true,
			Since: s.Moment(Now),
		}, Told: s.Moment(Now)})},
		{"admin-credits", admin.CreditsPage(admin.Credits{
			Shell: w.operator("/admin/credits"), Key: fresh,
			Way: "grant", Meters: []ui.Option{{Value: "credits", Label: "credits"}},
		})},
		{"admin-apps", admin.AppsPage(admin.Apps{Shell: w.operator("/admin/apps"), Lines: apps})},
		{"admin-apps-empty", admin.AppsPage(admin.Apps{Shell: w.operator("/admin/apps")})},
		{"admin-app", admin.AppPage(w.app(apps[0]))},
		{"admin-app-empty", admin.AppPage(admin.App{
			Shell: w.operator("/admin/apps/x"), AppLine: apps[1], Empty: s.T("This app has no customers yet."),
		})},
		{"admin-deliveries", admin.DeliveriesPage(w.deliveries(apps[0]))},
		{"admin-compare", admin.RunsPage(admin.Runs{
			Shell: w.operator("/admin/reconcile"), Runs: health.Runs,
			About: s.T("What the comparison found"), Findings: []admin.Finding{{
				Outcome: "repaired", Class: "access",
				Subscription: "sub_1", Account: shop, Detail: "access until 1 Nov here, 1 Dec there",
			}},
		})},
	}
}

func (w world) developer() []Sample {
	s := w.in("/developer")
	s.Business = ui.Business{}
	var days []usage.Day
	for i := range 30 {
		days = append(days, usage.Day{Date: day(29 - i), Used: int64((i * 7) % 13)})
	}
	chart := usage.Chart(s, s.T("Credits"), days)
	full := developer.View{
		Shell: s, Account: w.businesses()[0].Account, Base: "https://khata.example.com", Chart: chart,
		Meters: []developer.Meter{{ID: "credits", Name: "Credits", Left: 1212, Held: 8}},
		Keys: []developer.Key{
			{
				ID: entry, Name: w.say("Billing machine", "बिल की मशीन"), Hint: "tijori_k3qz", Spend: true,
				MadeBy: w.say("Anita Gupta", "अनीता गुप्ता"), Used: Now.Add(-time.Hour), Made: day(40), Live: true,
			},
			{
				ID: other, Name: w.say("Old website", "पुरानी वेबसाइट"), Hint: "tijori_7abc",
				MadeBy: w.say("Anita Gupta", "अनीता गुप्ता"), Made: day(90),
			},
		},
		Calls: []developer.Call{
			{
				At: Now.Add(-time.Minute), Key: w.say("Billing machine", "बिल की मशीन"),
				Route: "POST /api/credits/consume", Status: 200, Took: 4, Request: "0123456789abcdef",
			},
			{
				At: Now.Add(-time.Hour), Key: w.say("Billing machine", "बिल की मशीन"),
				Route: "POST /api/credits/consume", Status: 402, Failed: true, Took: 3, Request: "fedcba9876543210",
			},
		},
	}
	made := full
	made.Made, made.Name = "tijori_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", w.say("Billing machine", "बिल की मशीन")
	empty := full
	empty.Keys, empty.Calls, empty.Meters = nil, nil, nil
	return []Sample{{"developer", developer.Page(full)}, {"developer-key", developer.Page(made)}, {
		"developer-empty",
		developer.Page(empty),
	}}
}
