package intake

import (
	"math/big"
	"strings"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/money"
)

// A figure is an amount as a cell says it: without a sign, with what the cell says of its side.
type figure struct {
	minor   int64
	minus   bool
	side    ledger.Side // "" when the cell does not say it
	rounded bool        // a computed number was finer than the smallest coin
}

var (
	errNoAmount = fault.InvalidField("amount", "Write an amount, such as 250 or 250+90.")
	errComma    = fault.InvalidField("amount", "The comma in this amount can be read in two ways. Write it as 1234.50.")
)

// zeros are the digits 0 of the scripts of India, and of Arabic.
var zeros = []rune{'०', '০', '੦', '૦', '୦', '௦', '౦', '೦', '൦', '٠', '۰'}

// digits writes digits of any script of India as 0 to 9.
func digits(s string) string {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return strings.Map(func(r rune) rune {
				if r < 0x600 {
					return r
				}
				for _, zero := range zeros {
					if r >= zero && r <= zero+9 {
						return '0' + r - zero
					}
				}
				return r
			}, s)
		}
	}
	return s
}

// A comma is what the commas of a file's amounts are.
type comma int

const (
	grouping comma = iota // 1,23,456.50
	decimal               // 1.23.456,50 and 1234,50
)

// commaOf reads the amounts of a file together. One whose commas can only divide rupees from paise decides, if no other
// says the opposite.
func commaOf(cells func(yield func(string) bool)) comma {
	out := grouping
	for c := range cells {
		if !strings.ContainsAny(c, ",.") {
			continue
		}
		core, _, _ := coreOf(digits(c))
		switch {
		case decimalComma(core):
			out = decimal
		case strings.Contains(core, ",") && grouped(core), pointed(core):
			return grouping
		}
	}
	return out
}

// pointed reports 1234.5 and 1234.50, whose point divides rupees from paise.
func pointed(core string) bool {
	whole, frac, ok := strings.Cut(core, ".")
	return ok && whole != "" && len(frac) >= 1 && len(frac) <= 2 && !strings.ContainsAny(frac, ".,")
}

// decimalComma reports 10,5 and 10,50 and 1.234,50.
func decimalComma(core string) bool {
	whole, frac, ok := strings.Cut(core, ",")
	return ok && whole != "" && len(frac) >= 1 && len(frac) <= 2 && isDigits(frac) &&
		(isDigits(whole) || groupedBy(whole, "."))
}

// grouped reports a number whose commas are where Indian or Western ones stand: three digits after the last, two or
// three between.
func grouped(core string) bool {
	whole, frac, _ := strings.Cut(core, ".")
	return groupedBy(whole, ",") && !strings.ContainsAny(frac, ",.")
}

func groupedBy(whole, separator string) bool {
	parts := strings.Split(whole, separator)
	for i, p := range parts {
		n := len(p)
		if !isDigits(p) || i == 0 && (n < 1 || n > 3) && len(parts) > 1 ||
			i > 0 && i < len(parts)-1 && n != 2 && n != 3 || i > 0 && i == len(parts)-1 && n != 3 {
			return false
		}
	}
	return true
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// coreOf takes a cell apart: what stands before its number, the number without spaces, and what stands behind it.
func coreOf(s string) (core, before, behind string) {
	first := strings.IndexAny(s, "0123456789")
	if first < 0 {
		return "", s, ""
	}
	last := strings.LastIndexAny(s, "0123456789")
	if first > 0 && s[first-1] == '.' && (first == 1 || s[first-2] == ' ' || s[first-2] == '-') {
		first-- // .5
	}
	core = s[first : last+1]
	if strings.ContainsAny(core, " '’\u00a0\u202f\u2009") {
		core = strings.Map(func(r rune) rune {
			if strings.ContainsRune(" '’\u00a0\u202f\u2009", r) {
				return -1
			}
			return r
		}, core)
	}
	return core, s[:first], s[last+1:]
}

// currencies are what stands beside an amount and says nothing of its side.
var currencies = []string{
	"/-", "/=", "₹", "rupees", "rupee", "inr", "रुपये", "रुपए", "रु.", "रू.", "रु", "रू", "rs.",
	"rs", "usd", "eur", "$", "€", "£", "only", "रुपया",
}

// readFigure reads an amount as people, banks and other programs write it: ₹1,200.00 Dr, Rs.500/-, (500), 1,200.00-,
// 500 जमा. number is set for what a spreadsheet holds as a number, which may have been computed.
func readFigure(text, currency string, c comma, number bool) (f figure, err error) {
	text = strings.ToLower(digits(strings.TrimSpace(text)))
	core, before, behind := coreOf(text)
	if core == "" {
		if noFigure(text) {
			return f, nil
		}
		return f, errNoAmount
	}
	if strings.ContainsAny(core, "+-−–") { // 250+90
		f.minor, err = ledger.ReadAmount(text, currency)
		return f, err
	}
	if before != "" || behind != "" {
		if !f.around(before, behind) {
			return f, errNoAmount
		}
	}
	switch {
	case !strings.ContainsAny(core, ",.") && len(core) < 15:
	case c == decimal && (decimalComma(core) || groupedBy(core, ".") && strings.Contains(core, ".")):
		core = strings.ReplaceAll(strings.ReplaceAll(core, ".", ""), ",", ".")
	case c == decimal && strings.Contains(core, ","), strings.Contains(core, ",") && !grouped(core):
		return f, errComma
	default:
		core = strings.ReplaceAll(core, ",", "")
	}
	if strings.Trim(core, "0.") == "" {
		return figure{}, nil
	}
	if number {
		core, f.rounded = toCoin(core, currency)
		if strings.Trim(core, "0.") == "" {
			return figure{rounded: true}, nil
		}
	}
	f.minor, err = ledger.ReadAmount(core, currency)
	return f, err
}

// around reads what stands before and behind a number; it reports whether all of it was understood.
func (f *figure) around(before, behind string) bool {
	if strings.Contains(before, "(") && !strings.Contains(before, ")") && strings.Contains(behind, ")") &&
		!strings.Contains(behind, "(") {
		f.minus = true
		before, behind = strings.Replace(before, "(", " ", 1), strings.Replace(behind, ")", " ", 1)
	}
	rest := strings.TrimSpace(before + " " + behind)
	for _, c := range currencies {
		rest = strings.ReplaceAll(rest, c, " ")
	}
	signs := 0
	rest = strings.Map(func(r rune) rune {
		switch r {
		case '-', '−', '–', '—':
			signs++
			return ' '
		case '+', '\u00a0':
			return ' '
		}
		return r
	}, rest)
	if signs > 1 {
		return false
	}
	f.minus = f.minus != (signs == 1)
	rest = strings.TrimSpace(rest)
	word := headKey(rest)
	if word == "" {
		return strings.Trim(rest, " .,()*") == ""
	}
	side, ok := sideOf(word)
	f.side = side
	return ok
}

// noFigure reports what is written where there is no amount.
func noFigure(text string) bool {
	switch strings.Trim(text, " .()*₹") {
	case "", "-", "--", "---", "–", "—", "−", "nil", "n/a", "na", "none", "null", "dr", "cr", "rs", "nan", "शून्य":
		return true
	}
	return false
}

// toCoin rounds a computed number to the smallest coin.
func toCoin(core, currency string) (string, bool) {
	places := money.Digits(currency)
	_, frac, _ := strings.Cut(core, ".")
	if len(frac) <= places {
		return core, false
	}
	n, ok := new(big.Rat).SetString(core)
	if !ok {
		return core, false
	}
	return n.FloatString(places), len(strings.TrimRight(frac, "0")) > places
}
