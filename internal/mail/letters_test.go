package mail

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/fault"
)

func TestLetters(t *testing.T) {
	t.Parallel()
	l := links(t)
	// the 22nd in India
	leaving := Leaving{Name: "Asha", Account: "Asha Kirana", Day: time.Date(2026, 12, 21, 20, 0, 0, 0, time.UTC)}
	for _, locale := range []string{"en", "hi"} {
		for name, write := range map[string]func() (Message, error){
			"/confirm/T": func() (Message, error) { return l.Confirm("a@example.com", locale, "T") },
			"/login":     func() (Message, error) { return l.Known("a@example.com", locale, "Asha") },
			"/recover/T": func() (Message, error) { return l.Recover("a@example.com", locale, "Asha", "T") },
			"/invite/T": func() (Message, error) {
				return l.Invite("a@example.com", locale, "asha@example.com", "counter", "T")
			},
			"/mydata": func() (Message, error) { return l.Leaving("a@example.com", locale, leaving) },
			"/signup": func() (Message, error) { return l.Erased("a@example.com", locale, leaving) },
		} {
			m, err := write()
			if err != nil || m.Subject == "" || m.To != "a@example.com" {
				t.Fatalf("%s %s: %+v, %v", locale, name, m, err)
			}
			link := "https://khata.example.com" + name
			if !strings.Contains(m.Text, "\n"+link+"\n") || !strings.Contains(m.HTML, `href="`+link+`"`) ||
				!strings.Contains(m.HTML, `lang="`+locale+`"`) {
				t.Errorf("%s %s: the link stands not on its own line, or not in the page:\n%s\n%s", locale, name,
					m.Text, m.HTML)
			}
			// who asks for an address may be a stranger to it: no word of theirs
			if named := strings.Contains(m.Text, "Asha"); named == (name == "/confirm/T" || name == "/invite/T") ||
				strings.Contains(m.Text+m.HTML+m.Subject, "%!") {
				t.Errorf("%s %s: %s", locale, name, m.Text)
			}
			if isHindi := strings.ContainsFunc(m.Subject, func(r rune) bool {
				return r >= 0x900 &&
					r <= 0x97f
			}); isHindi != (locale == "hi") {
				t.Errorf("%s %s: subject %q", locale, name, m.Subject)
			}
		}
	}
}

// A name of the reader's own account that is a link or a speech stands in no letter.
func TestNamesAreNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"http://evil.example", "Win at evil.example", "evil。example", "call @evil", strings.Repeat("buy now ", 20),
		"a\nb", "<b>x</b>", "x\u202etxt", "Your KYC is blocked call us now", "Call 98765 43210",
	} {
		if got := plainName(name, "?"); got != "?" {
			t.Errorf("plainName(%q) = %q, want it replaced", name, got)
		}
	}
	for _, name := range []string{"आशा देवी", "M. K. Gandhi", "O'Neil & Sons", "Sharma Kirana (Indore)", "Jean-Luc"} {
		if got := plainName(name, "?"); got != name {
			t.Errorf("plainName(%q) = %q", name, got)
		}
	}
}

func TestOutbox(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/data/outbox"
	o, err := NewOutbox(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, subject := range []string{"first", "second", "तीसरा"} {
		if err := o.Send(t.Context(), Message{
			To: "a@example.com", Subject: subject, Text: "T",
			HTML: "H",
		}); err != nil {
			t.Fatalf("Send = %v", err)
		}
	}
	list, err := o.List()
	if err != nil || len(list) != 3 || list[0].Subject != "तीसरा" || list[2].Subject != "first" ||
		list[0].SentAt.IsZero() {
		t.Fatalf("List = %+v, %v, want the newest first", list, err)
	}
	if m, err := o.Read(list[1].ID); err != nil || m != list[1] || m.Text != "T" {
		t.Errorf("Read = %+v, %v", m, err)
	}
	for _, id := range []string{
		"", "../../etc/passwd", "01890000-0000-7000-8000-000000000000",
		strings.ToUpper(list[0].ID), "{" + list[0].ID + "}",
	} {
		if m, err := o.Read(id); !fault.Is(err, fault.NotFound) {
			t.Errorf("Read(%q) = %+v, %v, want NotFound", id, m, err)
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder's mode is %v, %v, want 0700", info.Mode(), err)
	}
	for range maxKept {
		if err := o.Send(t.Context(), Message{To: "a@example.com", Subject: "more"}); err != nil {
			t.Fatal(err)
		}
	}
	if ids, err := o.ids(); err != nil || len(ids) != maxKept {
		t.Errorf("%d messages kept, %v, want %d", len(ids), err, maxKept)
	}
	if _, err := o.Read(list[2].ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("the oldest message = %v, want NotFound", err)
	}
}

// The letters name the day on which the account goes, and an account called like a link sends none.
func TestLeavingLetters(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 12, 21, 20, 0, 0, 0, time.UTC)
	for locale, want := range map[string]string{"en": "22 December 2026", "hi": "22 दिसंबर 2026"} {
		first, err := links(t).Leaving("a@example.com", locale, Leaving{
			Name: "Asha", Account: "evil.example",
			Day: day,
		})
		if err != nil || !strings.Contains(first.Text, want) || !strings.Contains(first.Subject, want) ||
			strings.Contains(first.Text+first.Subject, "evil") {
			t.Errorf("%s: %v\n%s\n%s", locale, err, first.Subject, first.Text)
		}
		soon, err := links(t).Leaving("a@example.com", locale, Leaving{
			Name: "Asha", Account: "Asha Kirana", Day: day,
			Soon: true,
		})
		if err != nil || soon.Subject == first.Subject || !strings.Contains(soon.Text, "Asha Kirana") {
			t.Errorf("%s: %v\n%s", locale, err, soon.Subject)
		}
	}
}
