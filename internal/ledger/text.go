package ledger

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/text"
)

// Limits of what people type, in letters (code points). The database has the same as checks.
const (
	MaxName  = 120
	MaxNote  = 500
	maxKey   = 480
	maxQuery = 120
	maxWords = 8
)

// cleanName returns a party's name as it is stored: composed, trimmed, inner
// spaces single.
func cleanName(s string) (string, error) {
	s, err := cleanText("name", s, false)
	if err != nil {
		return "", err
	}
	s = strings.Join(strings.Fields(s), " ")
	if !visible(s) {
		return "", fault.InvalidField("name", "Enter the party's name.").Coded("party_name_missing")
	}
	if utf8.RuneCountInString(s) > MaxName {
		return "", fault.InvalidField("name", "A name has at most %d characters.", MaxName)
	}
	return s, nil
}

// cleanNote returns a note as it is stored: composed, trimmed, with \n between
// lines and no other control character.
func cleanNote(s string) (string, error) {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.ReplaceAll(s, "\t", " ")
	s, err := cleanText("note", s, true)
	if err != nil {
		return "", err
	}
	if utf8.RuneCountInString(s) > MaxNote {
		return "", fault.InvalidField("note", "A note has at most %d characters.", MaxNote).Coded("note_length")
	}
	return s, nil
}

func cleanText(field, s string, lines bool) (string, error) {
	if !utf8.ValidString(s) {
		return "", fault.InvalidField(field, "This text is damaged. Please type it again.")
	}
	s = strings.TrimSpace(norm.NFC.String(s))
	for _, r := range s {
		if refused(r) && !(lines && r == '\n') {
			return "",
				fault.InvalidField(field, "This text has a character that cannot be shown. Please type it again.")
		}
	}
	return s, nil
}

func refused(r rune) bool { return text.Steers(r) || r == '\ufeff' || r == utf8.RuneError }

func visible(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsGraphic(r) && !unicode.IsSpace(r) &&
			!unicode.IsMark(r)
	})
}

var errPhone = fault.InvalidField("phone", "This does not look like a phone number.").Coded("not_a_phone")

// cleanPhone reads a phone number as people write it and returns digits, with
// +91 before an Indian number; "" stays "".
func cleanPhone(s string) (string, error) {
	if s = WithoutMarks(s); !utf8.ValidString(s) || strings.ContainsRune(s, utf8.RuneError) ||
		utf8.RuneCountInString(s) > 40 {
		return "", errPhone
	}
	s = strings.TrimSpace(s)
	if s == "" {
		return "", nil
	}
	plus, d := false, strings.Builder{}
	for i, r := range s {
		switch r = latinDigit(r); {
		case r >= '0' && r <= '9':
			d.WriteRune(r)
		case r == '+' && i == 0:
			plus = true
		case unicode.IsSpace(r) && !unicode.IsControl(r), strings.ContainsRune("-.()/‐‑–", r):
		default:
			return "", errPhone
		}
	}
	digits := d.String()
	switch {
	case plus:
	case len(digits) == 10 && digits[0] >= '6':
		digits, plus = "91"+digits, true
	case len(digits) == 11 && digits[0] == '0':
		digits, plus = "91"+digits[1:], true
	case len(digits) == 12 && strings.HasPrefix(digits, "91"):
		plus = true
	case len(digits) > 4 && strings.HasPrefix(digits, "00"):
		digits, plus = digits[2:], true
	}
	if len(digits) < 3 || len(digits) > 15 {
		return "", errPhone
	}
	if plus {
		digits = "+" + digits
	}
	return digits, nil
}

// WithoutMarks drops what cannot be seen and says nothing of a number: the marks of direction, and spaces without
// width, that phones, WhatsApp and Windows put around a number that is copied.
func WithoutMarks(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\u061c', r == '\ufeff', r >= '\u200b' && r <= '\u200f', r >= '\u202a' && r <= '\u202e',
			r >= '\u2060' && r <= '\u2069':
			return -1
		}
		return r
	}, s)
}

func latinDigit(r rune) rune {
	if r >= '०' && r <= '९' {
		return '0' + (r - '०')
	}
	return r
}

// nameKey is what a name is searched and sorted by: small letters, plain digits,
// without the dot and the joiners that Hindi names are typed with or without.
func nameKey(name string) string {
	key := strings.Map(func(r rune) rune {
		switch r = latinDigit(r); {
		case r == '\u093c', r == '\u200c', r == '\u200d', refused(r):
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(name))
	if runes := []rune(norm.NFC.String(key)); len(runes) > maxKey {
		return string(runes[:maxKey])
	}
	return norm.NFC.String(key)
}

// searchPatterns turns what was typed into LIKE patterns: every word must be in
// the name key, or the digits in the phone ("" when there are none to look for).
func searchPatterns(query string) (words []string, phone string) {
	words = []string{}
	query = strings.ToValidUTF8(query, "")
	if r := []rune(query); len(r) > maxQuery {
		query = string(r[:maxQuery])
	}
	for _, w := range strings.Fields(nameKey(query)) {
		if len(words) < maxWords {
			words = append(words, "%"+escapeLike(w)+"%")
		}
	}
	digits := strings.Map(func(r rune) rune {
		if r = latinDigit(r); r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, query)
	letters := strings.ContainsFunc(query, unicode.IsLetter)
	if digits = strings.TrimLeft(digits, "0"); len(digits) >= 3 && !letters {
		phone = "%" + digits + "%"
	}
	return words, phone
}

// heard is what was typed as the database is asked how it sounds.
func heard(query string) string {
	query = strings.Map(func(r rune) rune {
		if refused(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(query, ""))
	if r := []rune(query); len(r) > maxQuery {
		query = string(r[:maxQuery])
	}
	return query
}

func escapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}
