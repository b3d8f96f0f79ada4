package ledger

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/tijorihq/tijori/internal/fault"
)

func TestNameKey(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Ramesh KUMAR": "ramesh kumar", "ज़ाकिर": "जाकिर", "ज\u093cा": "जा", "दुकान १२": "दुकान 12", "क्\u200dष": "क्ष",
		"ＡＢ": "ab", "É": "é",
	} {
		if got := nameKey(in); got != want {
			t.Errorf("nameKey(%q) = %q, want %q", in, got, want)
		}
	}
	if got := nameKey(strings.Repeat("ﷺ", MaxName)); utf8.RuneCountInString(got) > maxKey {
		t.Errorf("nameKey of a long name has %d letters", utf8.RuneCountInString(got))
	}
}

func TestParseDate(t *testing.T) {
	t.Parallel()
	want := time.Date(2026, 3, 31, 0, 0, 0, 0, time.UTC)
	for _, in := range []string{"2026-03-31", " 31/03/2026 ", "31-3-2026", "31.3.2026", "३१/०३/२०२६"} {
		if got, err := ParseDate(in); err != nil || !got.Equal(want) {
			t.Errorf("ParseDate(%q) = %v, %v, want %v", in, got, err, want)
		}
	}
	for _, in := range []string{
		"", "2026-02-30", "31/13/2026", "1999-12-31", "2100-01-01", "yesterday",
		"2026-03-31T00:00:00Z",
	} {
		_, err := ParseDate(in)
		if f := fault.Of(err); f == nil || f.Field != "date" {
			t.Errorf("ParseDate(%q): %v, want an invalid date", in, err)
		}
	}
	night := time.Date(2026, 3, 31, 20, 0, 0, 0, time.UTC)
	if got, err := Today(night, "Asia/Kolkata"); err != nil || !got.Equal(want.AddDate(0, 0, 1)) {
		t.Errorf("Today(%v) in Kolkata = %v, %v, want 1 April", night, got, err)
	}
	if _, err := Today(night, "Mars/Olympus"); err == nil {
		t.Error("Today in no zone: no error")
	}
}

// Phones copy numbers with marks that nobody sees.
func TestPhoneWithHiddenMarks(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"\u202a+91 98765 43210\u202c", "\u200e+91 98765 43210", "\u206898765\u200b43210\u2069",
		"\ufeff9876543210",
	} {
		if got, err := cleanPhone(in); err != nil || got != "+919876543210" {
			t.Errorf("cleanPhone(%q) = %q, %v", in, got, err)
		}
	}
	for _, in := range []string{"\xff9876543210", "98765\x0043210", "a\u202e9876543210"} {
		if got, err := cleanPhone(in); err == nil {
			t.Errorf("cleanPhone(%q) = %q, want a refusal", in, got)
		}
	}
}

func TestRequestsDoNotRunTogether(t *testing.T) {
	t.Parallel()
	if sameRequest(requestHash("ab", "c"), requestHash("a", "bc")) || !sameRequest(requestHash("a"), requestHash("a")) {
		t.Error("requests run together")
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{
		"Ram", "श्री कृष्ण\r\n", "=cmd()", "\x00", "\xff", "a\u202eb", "+91 98200 12345",
		strings.Repeat("क", 501),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		clean, err := PartyFields{Kind: Customer, Name: s, Note: s}.Clean()
		if err != nil && fault.Of(err) == nil {
			t.Fatalf("Clean(%q) is no fault: %v", s, err)
		}
		if err == nil {
			again, err := clean.Clean()
			if err != nil || again != clean {
				t.Fatalf("Clean is not stable: %q, then %q, %v", clean, again, err)
			}
			if n := utf8.RuneCountInString(clean.Name); n < 1 || n > MaxName || strings.ContainsAny(clean.Name,
				"\x00\n\r\t") || utf8.RuneCountInString(clean.Note) > MaxNote {
				t.Fatalf("Clean(%q) = %q", s, clean)
			}
		}
		if p, err := cleanPhone(s); err == nil && p != "" && (len(strings.TrimPrefix(p, "+")) < 3 || len(p) > 16 ||
			strings.Trim(p, "+0123456789") != "") {
			t.Fatalf("cleanPhone(%q) = %q", s, p)
		}
		words, phone := searchPatterns(s)
		for _, w := range append(words, phone) {
			if !utf8.ValidString(w) || strings.Contains(w, "\x00") {
				t.Fatalf("searchPatterns(%q) = %q", s, w)
			}
		}
		if d, err := ParseDate(s); err == nil && checkDate(d) != nil {
			t.Fatalf("ParseDate(%q) = %v", s, d)
		}
		var c partyCursor
		if Cursor(s).read(&c) == nil && strings.Contains(cleanCursorText(c.Name), "\x00") {
			t.Fatalf("cursor %q keeps a NUL", s)
		}
	})
}
