package pagetest

import (
	"time"

	"github.com/tijorihq/tijori/internal/role"
	"github.com/tijorihq/tijori/internal/web/page/businesssettings"
	"github.com/tijorihq/tijori/internal/web/page/mydata"
	"github.com/tijorihq/tijori/internal/web/page/newbusiness"
	"github.com/tijorihq/tijori/internal/web/page/ownaccount"
	"github.com/tijorihq/tijori/internal/web/page/securitylog"
	"github.com/tijorihq/tijori/internal/web/page/settings"
	"github.com/tijorihq/tijori/internal/web/page/team"
	"github.com/tijorihq/tijori/internal/web/ui"
)

func (w world) account() []Sample {
	anita, all := w.say("Anita Gupta", "अनीता गुप्ता"), w.businesses()
	settingsView := settings.View{
		Shell: w.in("/settings"), Name: anita, Email: "anita@example.in", Language: w.locale,
		Sessions: []settings.Session{
			{ID: entry, Device: "Chrome, Android", Network: "49.36.12.0", Seen: Now, Current: true},
			{ID: entry, Device: "Firefox, Windows", Network: "2405:201:5:9::", Seen: Now.Add(-30 * time.Hour)},
			{ID: entry, Network: "103.21.5.0", Seen: Now.Add(-200 * time.Hour)},
		},
	}
	settingsView.LastOwner, settingsView.TwoStep = true, true
	settingsView.Teams = []settings.Team{
		{ID: entry + "1", Account: all[0].Account, Role: role.Owner, Stays: true},
		{
			ID: entry + "2", Account: w.say("Joshi & Sons", "जोशी एंड संस"),
			Shop: w.say("Joshi Medical", "जोशी मेडिकल"), Role: role.Accountant,
		},
	}
	wrong := settingsView
	leaves := settingsView
	leaves.LastOwner, leaves.Teams = false, settingsView.Teams[1:]
	leaves.Delete = ui.Form{Errors: map[string]string{"password": w.say("This is not your password.",
		"यह आपका पासवर्ड नहीं है।")}}
	changing, refused := settingsView, settingsView
	changing.Waiting = "anita.gupta@example.com"
	refused.NewEmail = "anita@"
	refused.Address = ui.Form{Errors: map[string]string{
		"email":    w.say("This is not an email address.", "यह ईमेल पता नहीं है।"),
		"password": w.say("This is not your password.", "यह आपका पासवर्ड नहीं है।"),
	}}
	log := securitylog.View{
		Shell: w.in("/security"), Account: all[0].Account, After: "abc",
		Lines: []securitylog.Line{
			{
				Event: "payee_changed", When: Now.Add(-time.Hour), Who: "anita@example.in", Detail: "anita@upi",
				Device: "Chrome · Android", Network: "49.36.12.0",
			},
			{
				Event: "role_changed", When: Now.Add(-2 * time.Hour), Who: "anita@example.in",
				About: "chhotu@example.in", Detail: role.Counter, Device: "Chrome · Android", Network: "49.36.12.0",
			},
			{
				Event: "sign_in_failed", When: Now.Add(-20 * time.Hour), About: "anita@example.in",
				Device: "Firefox · Windows", Network: "2405:201:5:9::1",
			},
			{
				Event: "device_added", When: Now.Add(-30 * time.Hour), Who: "anita@example.in",
				About: "anita@example.in", Network: "103.21.5.0",
			},
		},
	}
	for _, event := range []string{"signed_in", "key_made", "data_taken", "email_changed", "deletion_begun"} {
		log.Lines = append(log.Lines, securitylog.Line{Event: event, When: Now.Add(-40 * time.Hour)})
	}
	leaving := w.in("/mydata")
	leaving.Leaving, leaving.Keeps, leaving.AccountID = Now.Add(30*24*time.Hour), true, fresh
	wrong.Password = ui.Form{Errors: map[string]string{"current": w.say("This is not your password.",
		"यह आपका पासवर्ड नहीं है।")}}
	return []Sample{
		{"settings-address-waits", settings.Page(changing)},
		{"settings-address-refused", settings.Page(refused)},
		{"security-log", securitylog.Page(log)},
		{"security-log-empty", securitylog.Page(securitylog.View{Shell: w.in("/security"), Account: all[0].Account})},
		{"business-new", newbusiness.Page(newbusiness.View{
			Shell: w.in("/businesses/new"), Form: ui.Form{ID: fresh},
			Account: all[0].Account,
		})},
		{
			"business-settings",
			businesssettings.Page(businesssettings.View{
				Shell: w.in(ui.BusinessPath(shop) + "/settings"),
				Name:  all[0].Name, Currency: "INR", Zone: "Asia/Kolkata", PartiesCount: 4, PartiesAllowed: 5,
			}),
		},
		{
			"business-settings-new",
			businesssettings.Page(businesssettings.View{
				Shell: w.in(ui.BusinessPath(shop) + "/settings"),
				Name:  all[0].Name, Currency: "USD", Zone: "Asia/Tokyo", CanExport: true, PartiesCount: 1,
			}),
		},
		{"team", team.Page(team.View{
			Shell: w.in("/team"), Account: all[0].Account, Shops: all[:2],
			Members: []team.Member{
				{ID: entry + "1", Name: anita, Email: "anita@example.in", Role: role.Owner, You: true, Stays: true},
				{
					ID: entry + "2", Name: w.say("Mahesh Joshi (accountant)", "महेश जोशी (मुनीम)"),
					Email: "mahesh.joshi.chartered.accountants@example.in", Role: role.Accountant,
				},
				{
					ID: entry + "3", Name: w.say("Chhotu", "छोटू"), Email: "chhotu@example.in", Role: role.Counter,
					Shop: all[0].Name,
				},
			},
			Invitations: []team.Invitation{{
				ID: entry, Email: "vikram@example.in", Role: role.Manager, Shop: all[1].Name,
				Sent: Now.Add(-3 * time.Hour), Ends: Now.Add(165 * time.Hour),
			}},
		})},
		{"settings", settings.Page(settingsView)},
		{"settings-errors", settings.Page(wrong)},
		{"settings-leave", settings.Page(leaves)},
		{"account-new", ownaccount.Page(ownaccount.View{Shell: w.in("/account/new")})},
		{"mydata-renews", mydata.Page(mydata.View{
			Shell: w.in("/mydata"), Account: all[0].Account,
			Shops: []string{all[0].Name}, Renews: true, Days: 30,
		})},
		{"mydata-leaving", mydata.Page(mydata.View{
			Shell: leaving, Account: all[0].Account,
			Shops: []string{all[0].Name}, Days: 30,
		})},
		{"mydata-wrong", mydata.Page(mydata.View{
			Shell: w.in("/mydata"), Account: all[0].Account, Days: 30,
			Form: ui.Form{Errors: map[string]string{"password": w.say("This is not your password.",
				"यह आपका पासवर्ड नहीं है।")}},
		})},
	}
}
