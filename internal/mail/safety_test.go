package mail

import (
	"strings"
	"testing"
	"time"
)

// Whatever a stranger may choose reaches nobody's letter: the address that invites, or that a login moves to, is
// confirmed or shortened, and says no more than an address does.
func TestAddressesMakeNoSpeech(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"asha@example.com":                                      "asha@example.com",
		"asha.devi_1984@example.co.in":                          "asha.devi_1984@example.co.in",
		"your.kyc.is.blocked@example.com":                       "y…@example.com",
		"call.9876543210@example.com":                           "c…@example.com",
		"callnineeightsevensixfivefourthreetwoone@example.com":  "c…@example.com",
		"a!b@example.com":                                       "a…@example.com",
		"asha@your-kyc-is-blocked-call.example.com":             "",
		"asha@call9876543210.example":                           "",
		"asha@" + strings.Repeat("blocked.", 8) + "example.com": "",
		"":           "",
		"no address": "",
	} {
		if got := plainAddress(address); got != want {
			t.Errorf("plainAddress(%q) = %q, want %q", address, got, want)
		}
	}
}

// Every letter that may go to a stranger is written with hostile words for all that is not ours; none of them arrives.
func TestLettersCarryNoWordsOfStrangers(t *testing.T) {
	t.Parallel()
	l := links(t)
	const speech, inviter = "your-kyc-is-blocked.call.now", "your-kyc-is-blocked.call.now@evil.example"
	for _, locale := range []string{"en", "hi"} {
		for name, write := range map[string]func() (Message, error){
			"invitation": func() (Message, error) { return l.Invite("a@example.com", locale, inviter, "owner", "T") },
			"former":     func() (Message, error) { return l.ConfirmFormer("a@example.com", locale, inviter, "T") },
			"new":        func() (Message, error) { return l.ConfirmNew("a@example.com", locale, "T") },
			"back":       func() (Message, error) { return l.EmailChanged("a@example.com", locale, inviter, "T") },
			"notice": func() (Message, error) {
				return l.Notice("a@example.com", locale, Notice{Event: "owner_added", Actor: inviter, At: time.Now()})
			},
		} {
			m, err := write()
			if err != nil || strings.Contains(m.Text+m.HTML+m.Subject, speech) {
				t.Errorf("%s %s: %v\n%s", locale, name, err, m.Text)
			}
		}
	}
}

// Each letter says the same as text and as a page, has a button and a link of its own line, and knows a dark screen.
func TestNoticesAndChanges(t *testing.T) {
	t.Parallel()
	l := links(t)
	at := time.Date(2026, 12, 21, 20, 0, 0, 0, time.UTC) // the 22nd in India
	writers := map[string]func(locale string) (Message, error){
		"former": func(locale string) (Message, error) {
			return l.ConfirmFormer("a@example.com", locale, "new@example.com", "T")
		},
		"new": func(locale string) (Message, error) { return l.ConfirmNew("a@example.com", locale, "T") },
		"back": func(locale string) (Message, error) {
			return l.EmailChanged("a@example.com", locale, "new@example.com", "T")
		},
	}
	for event := range notices {
		writers[event] = func(locale string) (Message, error) {
			return l.Notice("a@example.com", locale, Notice{
				Event: event, Actor: "binod@example.com", Device: "Chrome · Android", Network: "192.0.2.7", At: at,
			})
		}
	}
	subjects := map[string]string{}
	for name, write := range writers {
		for _, locale := range []string{"en", "hi"} {
			m, err := write(locale)
			if err != nil {
				t.Fatalf("%s %s: %v", name, locale, err)
			}
			if other, ok := subjects[m.Subject]; ok {
				t.Errorf("%s and %s have the subject %q", name, other, m.Subject)
			}
			subjects[m.Subject] = name
			want := []string{"https://khata.example.com/"}
			if _, told := notices[name]; told {
				want = append(want, "binod@example.com", "Chrome · Android", "192.0.2.7", "22 ", "01:30 IST")
			}
			for _, w := range want {
				if !strings.Contains(m.Text, w) || !strings.Contains(m.HTML, w) {
					t.Errorf("%s %s lacks %q:\n%s", name, locale, w, m.Text)
				}
			}
			if !strings.Contains(m.HTML, "prefers-color-scheme:dark") || !strings.Contains(m.HTML, `class="button"`) {
				t.Errorf("%s %s: no dark screen, or no button", name, locale)
			}
		}
	}
	if _, err := l.Notice("a@example.com", "en", Notice{Event: "nothing"}); err == nil {
		t.Error("a notice of nothing was written")
	}
}
