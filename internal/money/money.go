// Package money holds amounts as integer minor units with a currency, and reads
// and writes them as people do: lakh and crore grouping, ₹, Devanagari digits.
package money

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Max is the largest amount of one entry or price, in minor units: ten
// thousand crore rupees. Sums of 900,000 such amounts still fit an int64.
const Max = 10_000_000_000_000

// An Amount is a number of minor units (paise, cents) of a currency.
type Amount struct {
	Minor    int64
	Currency string // ISO 4217, upper case
}

// Digits returns the number of decimal places of a currency, as the payment
// providers count its minor units (docs.stripe.com/currencies): two for most, none
// where the minor unit is the currency itself, three for the dinars and the rial
// of Oman. Of króna, Ugandan shilling, forint and Taiwan dollar, of which whole
// ones only are paid out, amounts are in hundredths all the same.
func Digits(currency string) int {
	switch strings.ToUpper(currency) {
	case "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3
	}
	return 2
}

// Plain writes minor units as a decimal number without grouping or symbol, as
// a spreadsheet reads it: -1234.50.
func Plain(minor int64, currency string) string {
	sign, whole, frac := split(minor, Digits(currency))
	return sign + whole + frac
}

// Format writes the amount with its symbol, grouped the Indian way for INR
// (₹12,34,567.00) and by thousands for the rest ($1,234.50). A negative amount
// has a minus before the symbol.
func (a Amount) Format() string {
	sign, whole, frac := split(a.Minor, Digits(a.Currency))
	step := 3
	if a.Currency == "INR" {
		step = 2
	}
	return sign + symbol(a.Currency) + group(whole, step) + frac
}

// Short is Format without ".00" on whole amounts, for headlines and prices.
func (a Amount) Short() string {
	text := a.Format()
	if digits := Digits(a.Currency); digits > 0 {
		text = strings.TrimSuffix(text, "."+strings.Repeat("0", digits))
	}
	return text
}

// Symbol is the sign of the currency, its code where it has none here.
func (a Amount) Symbol() string { return strings.TrimRight(symbol(a.Currency), "\u00a0") }

func symbol(currency string) string {
	switch currency {
	case "INR":
		return "₹"
	case "USD":
		return "$"
	case "EUR":
		return "€"
	case "GBP":
		return "£"
	case "JPY":
		return "¥"
	}
	return currency + "\u00a0"
}

func split(minor int64, digits int) (sign, whole, frac string) {
	u := uint64(minor)
	if minor < 0 {
		sign, u = "-", uint64(-(minor+1))+1
	}
	if digits == 0 {
		return sign, strconv.FormatUint(u, 10), ""
	}
	unit := uint64(1)
	for range digits {
		unit *= 10
	}
	return sign, strconv.FormatUint(u/unit, 10), fmt.Sprintf(".%0*d", digits, u%unit)
}

// Grouped writes a number of things, not of money, the Indian way: 12,34,567.
func Grouped(n int64) string {
	sign, whole, _ := split(n, 0)
	return sign + group(whole, 2)
}

// group sets a comma before the last three digits, and before each step digits to their left.
func group(whole string, step int) string {
	for at := len(whole) - 3; at > 0; at -= step {
		whole = whole[:at] + "," + whole[at:]
	}
	return whole
}

// Errors of Parse.
var (
	ErrNoNumber  = errors.New("not an amount")
	ErrTooFine   = errors.New("more decimal places than the currency has")
	ErrTooLarge  = errors.New("amount too large")
	ErrNotAmount = errors.New("amount must be more than zero")
)

// Parse reads what a person types: an amount with or without symbol and
// grouping commas where groups end, in Western or Devanagari digits, or a sum or difference of such (250+90,
// 500-20). The result is in minor units and positive; anything else is an error.
func Parse(s, currency string) (int64, error) {
	total, err := ParseCount(s, currency)
	if err == nil && total == 0 {
		return 0, ErrNotAmount
	}
	return total, err
}

// ParseCount is Parse for what may be nothing, as a till may.
func ParseCount(s, currency string) (int64, error) {
	s = clean(s)
	if s == "" {
		return 0, ErrNoNumber
	}
	var total int64
	sign, start := int64(1), 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && s[i] != '+' && s[i] != '-' {
			continue
		}
		n, err := parseOne(s[start:i], Digits(currency))
		if err != nil {
			return 0, err
		}
		total += sign * n
		if total > Max || total < -Max {
			return 0, ErrTooLarge
		}
		if i < len(s) && s[i] == '-' {
			sign = -1
		} else {
			sign = 1
		}
		start = i + 1
	}
	if total < 0 {
		return 0, ErrNotAmount
	}
	return total, nil
}

// clean drops spaces and symbols, and turns Devanagari digits into Western ones.
func clean(s string) string {
	s = strings.TrimSpace(s)
	for _, p := range []string{"₹", "Rs.", "Rs", "INR", "USD", "$", "€", "£"} {
		s = strings.ReplaceAll(s, p, "")
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '०' && r <= '९':
			return '0' + (r - '०')
		case r == ' ' || r == '\u00a0' || r == '\u202f':
			return -1
		case r == '−' || r == '–':
			return '-'
		}
		return r
	}, s)
}

// grouped reports commas that stand where they do in 1,23,456 and 1,234,567: three digits after the last, two or three
// between. In 10,00 the comma divides rupees from paise, and is no grouping.
func grouped(whole string) bool {
	groups := strings.Split(whole, ",")
	for i, g := range groups {
		n := len(g)
		switch {
		case len(groups) == 1:
		case i == 0 && (n < 1 || n > 3), i == len(groups)-1 && n != 3, i > 0 && n != 2 && n != 3:
			return false
		}
	}
	return true
}

func parseOne(s string, digits int) (int64, error) {
	whole, frac, _ := strings.Cut(s, ".")
	if whole == "" && frac == "" || len(s) > 24 || !grouped(whole) {
		return 0, ErrNoNumber
	}
	whole = strings.ReplaceAll(whole, ",", "")
	for _, r := range whole + frac {
		if r < '0' || r > '9' {
			return 0, ErrNoNumber
		}
	}
	if len(strings.TrimRight(frac, "0")) > digits {
		return 0, ErrTooFine
	}
	if len(frac) > digits {
		frac = frac[:digits]
	}
	frac += strings.Repeat("0", digits-len(frac))
	n, err := strconv.ParseInt("0"+whole+frac, 10, 64)
	if err != nil || n > Max {
		return 0, ErrTooLarge
	}
	return n, nil
}
