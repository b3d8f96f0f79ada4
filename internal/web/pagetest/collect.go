package pagetest

import (
	"time"

	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/role"
	"github.com/tijorihq/tijori/internal/web/page/collect"
	"github.com/tijorihq/tijori/internal/web/page/entryform"
	"github.com/tijorihq/tijori/internal/web/page/lock"
	"github.com/tijorihq/tijori/internal/web/page/payee"
	"github.com/tijorihq/tijori/internal/web/page/remind"
	"github.com/tijorihq/tijori/internal/web/page/share"
	"github.com/tijorihq/tijori/internal/web/page/statement"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// collect are the pages by which an owner asks for money, and the lock of the books.
func (w world) collect() []Sample {
	at, party := ui.PartyPath(shop, partyID), w.say("Ramesh Tea Stall", "रमेश चाय वाले")
	locked := w.lock()
	wrong := w.lock()
	wrong.Opening, wrong.Errors = true, map[string]string{"reason": w.say("Say why you open the period again.",
		"लिखें कि फिर क्यों खोल रहे हैं।")}
	reader := w.lock()
	reader.Shell = w.as(role.Accountant, reader.CurrentPath)
	pays := payee.View{
		Shell: w.in(ui.BusinessPath(shop) + "/upi"), Form: ui.Form{ID: fresh}, UPI: "anita.gupta@okaxis",
		Payee: w.say("Shri Krishna Kirana Store", "श्री कृष्ण किराना स्टोर"), InForce: "anita.gupta@okaxis",
		Changes: []payee.Change{
			{UPI: "anita.gupta@okaxis", Payee: w.say("Shri Krishna Kirana Store",
				"श्री कृष्ण किराना स्टोर"), By: w.anita(), When: Now.Add(-50 * time.Hour)},
			{By: w.anita(), When: Now.Add(-500 * time.Hour)},
		},
	}
	badPays := pays
	badPays.UPI, badPays.Other = "anita@gmail.com", true
	badPays.Errors = map[string]string{"upi": w.say("This is not a UPI ID. It looks like name@bank.",
		"यह यूपीआई आईडी नहीं है। वह नाम@बैंक जैसी होती है।")}
	manager := pays
	manager.Shell = w.as(role.Manager, pays.CurrentPath)
	text := w.say("Namaste Ramesh Tea Stall, ₹3,450 is due to Shri Krishna Kirana Store as of 22 Nov 2026.\n"+
		"View the statement and pay: https://tijori.example/s/9vQ2xJ4Jt0eJ0m3yq9l0Bw\nThank you.",
		"नमस्ते रमेश चाय वाले, 22 नव॰ 2026 तक श्री कृष्ण किराना स्टोर के ₹3,450 बाकी हैं।\n"+
			"हिसाब देखें और पैसे दें: https://tijori.example/s/9vQ2xJ4Jt0eJ0m3yq9l0Bw\nधन्यवाद।")
	reminder := remind.View{
		Shell: w.in(at + "/remind"), Form: ui.Form{ID: fresh}, PartyID: partyID, Name: party, Phone: "+919876543210",
		Balance: rupees(3450), Lang: w.locale, HasUPI: true, WithLink: true, Text: text,
		Token: "9vQ2xJ4Jt0eJ0m3yq9l0Bw",
		Log: []remind.Reminder{
			{When: Now.Add(-30 * time.Hour), By: w.anita(), Balance: rupees(3110), Channel: "whatsapp"},
			{When: Now.Add(-300 * time.Hour), By: w.anita(), Balance: rupees(123456), Channel: "copy"},
		},
	}
	bare := reminder
	bare.WithLink, bare.HasUPI, bare.Token, bare.Phone, bare.Log = false, false, "", "", nil
	even := reminder
	even.Text, even.Balance = "", rupees(0)
	pay := remind.PayView{
		Shell: w.in(at + "/upi"), PartyID: partyID, Name: party, Balance: rupees(3450),
		Pay: w.pay(rupees(3450)),
	}
	noPay := pay
	noPay.Pay, noPay.Why = remind.Pay{}, w.say("Add your UPI ID first. Only the owner can.",
		"पहले अपनी यूपीआई आईडी लिखें। यह सिर्फ़ मालिक कर सकते हैं।")
	shares := share.View{
		Shell: w.in(at + "/share"), Form: ui.Form{ID: fresh}, PartyID: partyID, Name: party, To: "2026-11-22", Days: 30,
		Lives: []int{7, 30, 90},
		Fresh: "https://tijori.example/s/9vQ2xJ4Jt0eJ0m3yq9l0Bw", Links: w.links(),
	}
	whole := w.shared()
	whole.Whole = true
	settled := w.shared()
	settled.Closing, settled.Pay, settled.Changed, settled.Lines = rupees(0), remind.Pay{}, false, nil
	nobody := w.callers()
	nobody.Rows, nobody.Parties, nobody.Total, nobody.After = nil, 0, rupees(0), ""
	return []Sample{
		{"lock", lock.Page(locked)},
		{"lock-open", lock.Page(lock.View{
			Shell: w.in(ui.BusinessPath(shop) + "/lock"), Form: ui.Form{ID: fresh},
			OpenID: fresh, Chips: locked.Chips,
		})},
		{"lock-errors", lock.Page(wrong)},
		{"lock-accountant", lock.Page(reader)},
		{"payee", payee.Page(pays)},
		{"payee-errors", payee.Page(badPays)},
		{"payee-manager", payee.Page(manager)},
		{"remind", remind.Page(reminder)},
		{"remind-bare", remind.Page(bare)},
		{"remind-even", remind.Page(even)},
		{"pay", remind.PayPage(pay)},
		{"pay-none", remind.PayPage(noPay)},
		{"share", share.Page(shares)},
		{"shared", share.Public(w.shared())},
		{"shared-whole", share.Public(whole)},
		{"shared-settled", share.Public(settled)},
		{"shared-ended", share.Ended(w.out("/s/x"))},
		{"collect", collect.Page(w.callers())},
		{"collect-none", collect.Page(nobody)},
		{"opening", entryform.Page(entryform.View{
			Shell: w.in(at + "/opening"), Form: ui.Form{ID: fresh},
			PartyID: partyID, PartyName: party, Balance: rupees(0), Side: "given", Opening: true,
		})},
	}
}

func (w world) callers() collect.View {
	v := collect.View{
		Shell: w.in(ui.BusinessPath(shop) + "/collect"), Days: 30, Lang: w.locale, Parties: 61, Total: paise(123456750),
		After: "next",
	}
	for i, r := range []struct {
		en, hi, phone string
		owed          int64
		days          int
	}{
		{
			"Shri Balaji Marriage Garden and Caterers Pvt. Ltd.", "श्री बालाजी मैरिज गार्डन एंड कैटरर्स प्रा. लि.",
			"+919876500000", 12345678, 412,
		},
		{"Hotel Annapurna", "होटल अन्नपूर्णा", "+919876543210", 218400, 81},
		{"Priya", "प्रिया", "", 780, 33},
	} {
		row := collect.Row{
			ID: partyID, Name: w.say(r.en, r.hi), Phone: r.phone, Balance: rupees(r.owed), Days: r.days,
			RemindID: fresh,
			Token:    "9vQ2xJ4Jt0eJ0m3yq9l0Bw",
		}
		if i < 2 {
			row.Reminded, row.By, row.Channel = Now.Add(-time.Duration(i*70+2)*time.Hour), w.anita(), "whatsapp"
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

func (w world) anita() string { return w.say("Anita Gupta", "अनीता गुप्ता") }

func (w world) pay(owed money.Amount) remind.Pay {
	p, err := remind.NewPay("upi://pay?pa=anita.gupta@okaxis&pn=Shri%20Krishna%20Kirana%20Store&am="+
		money.Plain(owed.Minor,
			"INR")+"&cu=INR&tn=Shri%20Krishna%20Kirana%20Store", "anita.gupta@okaxis",
		w.say("Shri Krishna Kirana Store", "श्री कृष्ण किराना स्टोर"), owed)
	if err != nil {
		panic(err) // the link is a constant
	}
	return p
}

func (w world) links() []share.Link {
	return []share.Link{
		{ID: entry, To: day(0), By: w.anita(), Made: Now.Add(-time.Minute), Ends: Now.AddDate(0, 0, 30)},
		{
			ID: entry, From: day(60), To: day(30), By: w.anita(), Made: Now.Add(-90 * time.Hour),
			Ends: Now.AddDate(0, 0, 3),
		},
	}
}

func (w world) lock() lock.View {
	return lock.View{
		Shell: w.in(ui.BusinessPath(shop) + "/lock"), Form: ui.Form{ID: fresh}, OpenID: fresh, Locked: day(53),
		Chips: []lock.Chip{{Label: w.in("/").Date(day(22)), Day: day(22)}},
		Changes: []lock.Change{
			{Until: day(53), From: day(22), Opens: true, Reason: w.say("The milk bill of October came late.",
				"अक्टूबर का दूध का बिल देर से आया।"), By: w.anita(), When: Now.Add(-2 * time.Hour)},
			{Until: day(22), By: w.anita(), When: Now.Add(-300 * time.Hour)},
		},
	}
}

func (w world) shared() share.PublicView {
	v := share.PublicView{
		SharedAt: Now.Add(-30 * time.Hour), EndsAt: Now.AddDate(0, 0, 28), Changed: true, Pay: w.pay(rupees(234567)),
		View: statement.View{
			Shell: w.out("/s/9vQ2xJ4Jt0eJ0m3yq9l0Bw"), Shared: "/s/9vQ2xJ4Jt0eJ0m3yq9l0Bw",
			Name: w.say("Ramesh Tea Stall", "रमेश चाय वाले"), Kind: "customer",
			Period: w.say("Up to 22 Nov 2026", "22 नव॰ 2026 तक"), Opening: rupees(230000), Gave: rupees(6567),
			Got: rupees(2000), Closing: rupees(234567), LastDay: day(0), Count: 3, Part: 1, Parts: 1,
			Lines: []statement.Line{
				{
					Date: day(3), Note: w.say("Sugar 20 kg, tea", "चीनी 20 किलो, चाय पत्ती"), Side: "given",
					Amount: rupees(1850), Balance: rupees(231850),
				},
				{
					Date: day(2), Note: w.say("Cash", "नकद"), Side: "received", Amount: rupees(2000),
					Balance: rupees(229850),
				},
				{Date: day(1), Note: "", Side: "given", Amount: rupees(4717), Balance: rupees(234567), Changed: true},
			},
		},
	}
	v.Business = ui.Business{Name: w.say("Shri Krishna Kirana Store", "श्री कृष्ण किराना स्टोर"), Currency: "INR"}
	return v
}
