package pagetest

import (
	"fmt"
	"time"

	"github.com/tijorihq/tijori/internal/freeze"
	"github.com/tijorihq/tijori/internal/web/page/device"
	"github.com/tijorihq/tijori/internal/web/page/notmine"
	"github.com/tijorihq/tijori/internal/web/page/outbox"
	"github.com/tijorihq/tijori/internal/web/page/paused"
	"github.com/tijorihq/tijori/internal/web/page/problem"
	"github.com/tijorihq/tijori/internal/web/page/waiting"
	"github.com/tijorihq/tijori/internal/web/ui"
)

func (w world) rest() []Sample {
	s := w.out("/dev/outbox")
	s.Development = true
	mail := outbox.Mail{
		ID: entry, To: "anita@example.in", Subject: w.say("Confirm your email", "अपना ईमेल पक्का करें"),
		Sent: Now.Add(-4 * time.Minute),
		Text: w.say("Namaste Anita,\n\nopen this link to finish:\n",
			"नमस्ते अनीता,\n\nआगे बढ़ने के लिए यह लिंक खोलें:\n") + "\nhttp://127.0.0.1:8080/confirm/2f0c5ae7b1d94e0c8c9a7c3a7f9d1e52b8a4f6c0\n\nTijori",
	}
	in := w.in(ui.PartyPath(shop, partyID))
	out := []Sample{
		{"outbox", outbox.Page(outbox.View{Shell: s, Mails: []outbox.Mail{mail, mail}})},
		{"outbox-empty", outbox.Page(outbox.View{Shell: s})},
		{"outbox-mail", outbox.One(outbox.MailView{Shell: s, Mail: mail})},
	}
	out = append(out, Sample{"waiting", waiting.Page(waiting.View{Shell: w.in("/waiting")})},
		Sample{"device", device.Page(device.View{Shell: w.in("/settings/offline"), Books: w.in("").Businesses})},
		Sample{"device-none", device.Page(device.View{Shell: w.in("/settings/offline")})},
		Sample{"offline", waiting.Page(waiting.View{Shell: w.out("/offline"), Offline: true})})
	for _, status := range []int{403, 404, 429, 500, 503} {
		out = append(out, Sample{fmt.Sprintf("error-%d", status), problem.Page(problem.View{
			Shell: in, Status: status,
			RequestID: "01J9Z6T3Q8", Retry: status >= 429,
		})})
	}
	report := notmine.View{
		Shell: w.in("/report"), Form: ui.Form{ID: entry}, Action: "/report", Back: ui.PartyPath(shop, partyID),
	}
	sent, wrong, guest := report, report, report
	sent.Sent = true
	wrong.Errors = map[string]string{"words": w.say("Say what you saw that is not yours.",
		"लिखें कि आपको ऐसा क्या दिखा जो आपका नहीं है।")}
	guest.Shell, guest.Guest = w.out("/s/x/report"), true
	for _, r := range []struct {
		name string
		view notmine.View
	}{{"report", report}, {"report-sent", sent}, {"report-wrong", wrong}, {"report-guest", guest}} {
		out = append(out, Sample{r.name, notmine.Page(r.view)})
	}
	for _, p := range append(freeze.All.Single(), freeze.All) {
		v := paused.View{
			Shell: in, Parts: p, Sent: p == freeze.Ledger, In: true, Home: p&freeze.Ledger == 0,
			RequestID: "01J9Z6T3Q8",
		}
		switch p {
		case freeze.Credits: // no page
			continue
		case freeze.All:
			v.Shell, v.Home = w.out("/settings/teams"), false
		case freeze.SignUp:
			v.Shell, v.In = w.out("/signup"), false
		}
		out = append(out, Sample{"paused-" + p.String(), paused.Page(v)})
	}
	out = append(out, w.status()...)
	return append(out, Sample{"error-out", problem.Page(problem.View{Shell: w.out("/b/x"), Status: 401})})
}
