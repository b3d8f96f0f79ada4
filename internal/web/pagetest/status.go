package pagetest

import (
	"time"

	"github.com/tijorihq/tijori/internal/web/page/status"
)

// status is the public page: when all is well, when much is not, and before the first look.
func (w world) status() []Sample {
	s := w.out("/status")
	days := func(bad ...int) (out []status.Day) {
		for i := range 90 {
			d := status.Day{Date: s.Date(Now.AddDate(0, 0, i-89)), State: status.Up, Share: "100%"}
			if i < 12 {
				d.State, d.Share = status.Unknown, ""
			}
			for k, at := range bad {
				if at == i && k%2 == 0 {
					d.State, d.Share = status.Partly, "99.65%"
				} else if at == i {
					d.State, d.Share = status.Down, "81.25%"
				}
			}
			out = append(out, d)
		}
		return out
	}
	well := status.View{
		Shell: s, State: status.Up, Checked: s.Ago(Now.Add(-40 * time.Second)),
		Lines: []status.Line{
			{Title: w.say("Website", "वेबसाइट"), State: status.Up, Share: "100%", Days: days()},
			{
				Title: w.say("Sign-in and khata", "लॉग इन और खाता"), State: status.Up, Share: "99.98%",
				Days: days(40), Bad: 1,
			},
		},
	}
	bad := well
	bad.State = status.Down
	since := s.T("since %s", s.Moment(Now.Add(-20*time.Minute)))
	bad.Lines = append(bad.Lines[:1:1], []status.Line{
		{
			Title: w.say("Sign-in, khata, downloads and everything else that a shop needs on a busy day",
				"लॉग इन, खाता, डाउनलोड और वह सब जो व्यस्त दिन में किसी दुकान को चाहिए"),
			State: status.Down, Since: since, Share: "98.70%", Days: days(40, 61, 88, 89), Bad: 4,
		},
		{Title: "API", State: status.Partly, Since: since, Share: "99.90%", Days: days(89), Bad: 1},
		{Title: w.say("New page", "नया पेज"), State: status.Unknown, Days: days()[:90]},
	}...)
	for i := range 90 {
		bad.Lines[3].Days[i] = status.Day{Date: s.Date(Now.AddDate(0, 0, i-89)), State: status.Unknown}
	}
	bad.Outages = []status.Outage{
		{Title: "API", From: s.Moment(Now.Add(-20 * time.Minute))},
		{Title: bad.Lines[1].Title, From: s.Moment(Now.AddDate(0, 0, -28)), Lasted: s.N(4, "%d hour", "%d hours")},
	}
	return []Sample{
		{"status", status.Page(well)},
		{"status-bad", status.Page(bad)},
		{"status-empty", status.Page(status.View{Shell: s, State: status.Up})},
	}
}
