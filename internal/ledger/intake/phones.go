package intake

import (
	"strings"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
)

// readPhones reads the numbers of a cell, the first of which is taken. What is told is nil when the cell was one
// number, or blank.
func readPhones(text string) (phones []string, told *fault.Fault) {
	text = strings.TrimSpace(digits(text))
	if text == "" {
		return nil, nil
	}
	if p, ok := onePhone(text); ok {
		return []string{p}, nil
	}
	for _, part := range phoneParts(text) {
		if p, ok := onePhone(part); ok {
			phones = append(phones, p)
		}
	}
	switch {
	case len(phones) == 0:
		return nil, fault.New(fault.Invalid, "“%s” is not a phone number and is skipped.", short(text))
	case len(phones) > 1:
		return phones, fault.New(fault.Invalid, "Of several phone numbers, the first is used: %s.", phones[0])
	}
	return phones, nil
}

// onePhone is a number with at least as many digits as a phone in a town has.
func onePhone(text string) (string, bool) {
	// 9876543210.0
	if whole, zero, ok := strings.Cut(text, "."); ok && strings.Trim(zero, "0") == "" && len(whole) >= 10 {
		text = whole
	}
	f, err := ledger.PartyFields{Kind: ledger.Customer, Name: "x", Phone: text}.Clean()
	return f.Phone, err == nil && f.Phone != "" && strings.Trim(f.Phone, "+0") != ""
}

// phoneParts takes a cell of several numbers, or of a number with words, apart.
func phoneParts(text string) []string {
	parts := strings.FieldsFunc(text, func(r rune) bool {
		return r != '+' && r != '-' && r != ' ' && r != '(' && r != ')' && r != '.' && (r < '0' || r > '9')
	})
	var out []string
	for _, p := range parts {
		p = strings.Trim(p, " -.()")
		if count(p) < 6 {
			continue
		}
		if _, ok := onePhone(p); ok {
			out = append(out, p)
			continue
		}
		for _, q := range strings.Fields(p) { // 9876543210 9000000001
			if count(q) >= 6 {
				out = append(out, q)
			}
		}
	}
	return out
}

func count(s string) (n int) {
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			n++
		}
	}
	return n
}

func short(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// isMobile reports a mobile number of India.
func isMobile(text string) bool {
	p, ok := onePhone(digits(text))
	return ok && len(p) == 13 && strings.HasPrefix(p, "+91") && p[3] >= '6' && count(text) >= 10
}
