package account

import (
	"net/mail"
	"strings"
	"testing"
	"unicode"

	"github.com/tijorihq/tijori/internal/fault"
)

func TestEmail(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"  Asha@Example.COM\n":        "asha@example.com",
		"a.b+shop@mail.example.co.in": "a.b+shop@mail.example.co.in",
		"o'neil@example.com":          "o'neil@example.com",
		"a@x--y.in":                   "a@x--y.in",
	} {
		if got, err := Email(in); err != nil || got != want {
			t.Errorf("Email(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
	for _, in := range []string{
		"", "asha", "@example.com", "asha@", "asha@localhost", "a@b@example.com", "a..b@example.com", ".a@example.com",
		"a.@example.com",
		"a b@example.com", "a@exa mple.com", "a@-example.com", "a@example-.com", "a@example.c", "a@192.168.0.1",
		"a@[192.168.0.1]", `"a b"@example.com`,
		"a@example.com\r\nBcc: b@example.com", "a\x00@example.com", "Asha <asha@example.com>",
		"a@example.com,b@example.com", "a@ex_ample.com",
		strings.Repeat("a", 65) + "@example.com", "a@" + strings.Repeat("a", 64) + ".com",
		"a@" + strings.Repeat("abcdefg.", 40) + "com",
		"आशा@उदाहरण.भारत", "asha@exаmple.com", "ａsha@example.com",
	} {
		got, err := Email(in)
		if ft := fault.Of(err); ft == nil || ft.Field != "email" || got != "" {
			t.Errorf("Email(%q) = %q, %v, want a fault about the field", in, got, err)
		}
	}
}

func FuzzEmail(f *testing.F) {
	for _, s := range []string{
		"Asha@Example.com", "a@b.co", "\"x\"@y.in", "a@b\r\n.com", "é@b.com", "a@[::1]",
		"İ@b.com", "K@b.com",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Email(s)
		if err != nil {
			return
		}
		if again, err := Email(got); err != nil || again != got {
			t.Fatalf("Email(%q) = %q, and of that %q, %v", s, got, again, err)
		}
		if got != strings.ToLower(got) || len(got) > 254 || strings.IndexFunc(got, func(r rune) bool {
			return r > 126 ||
				unicode.IsControl(r) || unicode.IsSpace(r)
		}) >= 0 {
			t.Fatalf("Email(%q) = %q has letters that a header or the table must not have", s, got)
		}
		parsed, err := mail.ParseAddress(got)
		if err != nil || parsed.Address != got || parsed.Name != "" {
			t.Fatalf("Email(%q) = %q, which net/mail reads as %v, %v", s, got, parsed, err)
		}
	})
}
