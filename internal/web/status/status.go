// Package status answers the public page that says how Tijori answers from outside.
package status

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/tijorihq/tijori/internal/watch/probe"
	"github.com/tijorihq/tijori/internal/web/frame"
	page "github.com/tijorihq/tijori/internal/web/page/status"
	"github.com/tijorihq/tijori/internal/web/static"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// Handlers answer the routes of this part.
type Handlers struct {
	*frame.Frame
	Probes probe.Store // nil shows none

	mu      sync.Mutex
	history *probe.History // as it was read last
	due     time.Time      // when to read again
}

const (
	fresh   = 30 * time.Second // how long an answer is shown before the database is asked again
	patient = 2 * time.Second  // how long the database may take: the page must answer when nothing else does
)

// Page is the same for everybody, whoever is signed in. However many ask, the database is asked twice a minute, and
// while it does not answer, what was known last is shown.
func (h *Handlers) Page(_ http.ResponseWriter, r *frame.Request) error {
	s := r.Shell() // of nobody: the session was not looked up
	return r.Page(page.Page(ViewOf(s, h.known(r.Context()))))
}

func (h *Handlers) known(ctx context.Context) *probe.History {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	if h.Probes == nil || now.Before(h.due) {
		return h.history
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patient)
	defer cancel()
	h.due = now.Add(fresh)
	history, err := h.Probes.History(ctx, now)
	if err != nil {
		h.Log.Warn("read the history of probes", "error", err)
		return h.history
	}
	h.history = history
	return history
}

// ViewOf is what the page shows of a history, which may be nil. What is hidden is left out, and so is why something
// fails.
func ViewOf(s ui.Shell, h *probe.History) page.View {
	v := page.View{Shell: s, State: page.Up}
	if h == nil || h.Newest.IsZero() {
		return v
	}
	v.Checked = s.Ago(h.Newest)
	known := false
	for i := range h.Lines {
		l := &h.Lines[i]
		if l.Hidden {
			continue
		}
		line := page.Line{Title: titleOf(s, l.Title, l.TitleHi), State: string(l.State)}
		switch l.State {
		case probe.Down:
			v.State = page.Down
		case probe.Partly:
			if v.State == page.Up {
				v.State = page.Partly
			}
		}
		known = known || l.State != probe.Unknown
		if l.State == probe.Down || l.State == probe.Partly {
			line.Since = s.T("since %s", s.Moment(l.Since))
		}
		line.Share = share(l.Sum())
		for _, d := range l.Days {
			one := page.Day{Date: s.Date(d.Day), State: stateOf(d), Share: share(d)}
			if d.Failures > 0 {
				line.Bad++
			}
			line.Days = append(line.Days, one)
		}
		v.Lines = append(v.Lines, line)
	}
	v.Stale = !known
	for _, o := range h.Outages {
		one := page.Outage{Title: titleOf(s, o.Title, o.TitleHi), From: s.Moment(o.From)}
		if !o.Until.IsZero() {
			one.Lasted = lasted(s, o.Until.Sub(o.From))
		}
		v.Outages = append(v.Outages, one)
	}
	return v
}

func titleOf(s ui.Shell, en, hi string) string {
	if s.Locale == "hi" {
		return hi
	}
	return en
}

// share writes which part of looks was well, never rounded up to all.
func share(d probe.Day) string {
	hundredths, ok := d.Share()
	switch {
	case !ok:
		return ""
	case hundredths%100 == 0:
		return fmt.Sprintf("%d%%", hundredths/100)
	}
	return fmt.Sprintf("%d.%02d%%", hundredths/100, hundredths%100)
}

// stateOf is down for a day on which one look in twenty failed, which is more than an hour.
func stateOf(d probe.Day) string {
	switch {
	case d.Checks == 0:
		return page.Unknown
	case d.Failures == 0:
		return page.Up
	case d.Failures*20 < d.Checks:
		return page.Partly
	}
	return page.Down
}

func lasted(s ui.Shell, d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return s.T("about a minute")
	case d < 2*time.Hour:
		return s.N(int(d/time.Minute), "%d minute", "%d minutes")
	case d < 48*time.Hour:
		return s.N(int(d/time.Hour), "%d hour", "%d hours")
	}
	return s.N(int(d/(24*time.Hour)), "%d day", "%d days")
}

// Write writes the page in both languages into a folder, with its style sheet. Each file takes the place of the old
// one when it is whole.
func Write(folder string, h *probe.History) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	const sheet = "tijori.css"
	for _, name := range []string{sheet, "status.css"} {
		if err := replace(filepath.Join(folder, name), static.Content(name)); err != nil {
			return err
		}
	}
	names := map[string]string{"en": "index.html", "hi": "index.hi.html"}
	for locale, name := range names {
		v := ViewOf(ui.Shell{Locale: locale, CurrentPath: "/status", Now: time.Now()}, h)
		v.Style, v.Other = sheet, names[map[string]string{"en": "hi", "hi": "en"}[locale]]
		var buf bytes.Buffer
		if err := page.Alone(v).Render(context.Background(), &buf); err != nil {
			return err
		}
		if err := replace(filepath.Join(folder, name), buf.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

func replace(path string, body []byte) error {
	fresh := path + ".new"
	if err := os.WriteFile(fresh, body, 0o644); err != nil {
		return err
	}
	return os.Rename(fresh, path)
}
