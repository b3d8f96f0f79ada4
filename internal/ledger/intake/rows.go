package intake

import (
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/fault"
)

// Why a line is not taken.
var (
	outTitle   = fault.New(fault.Invalid, "This is above the header row.")
	outHeads   = fault.New(fault.Invalid, "The header row, repeated.")
	outTotal   = fault.New(fault.Invalid, "This is a total, not an entry.")
	outOpening = fault.New(fault.Invalid, "This is a balance brought forward, not an entry.")
	outBegun   = fault.New(fault.Invalid,
		"The khata has a balance of this party already, so this old balance is skipped.")
	outClosing = fault.New(fault.Invalid, "This is a closing balance, not an entry.")
	outSection = fault.New(fault.Invalid, "This names the party of the lines below.")
	outNote    = fault.New(fault.Invalid, "This is a note, not an entry.")
)

// A rowWord is what a word makes of the line in which it stands.
type rowWord int

const (
	ordinary rowWord = iota
	totalWord
	openingWord
	closingWord
)

var rowWords = func() map[string]rowWord {
	out := map[string]rowWord{}
	for kind, words := range map[rowWord][]string{
		totalWord: {
			"total", "totals", "grand total", "sub total", "subtotal", "net total", "sum", "page total",
			"overall total", "total amount", "total debit", "total credit", "total balance", "total due", "total dues",
			"total outstanding", "total given", "total received", "total gave", "total got", "total receivable",
			"total payable", "gross total", "final total",
			"net receivable", "net payable", "net amount", "total you'll get", "total you'll give",
			"total transactions", "totals balances", "total / balance",
			"कुल", "कुल योग", "योग", "कुल जोड़", "जोड़", "महायोग", "कुल राशि", "कुल रकम", "कुल बाकी", "कुल बकाया",
			"टोटल", "एकूण", "કુલ", "મુલ", "মোট", "সর্বমোট", "மொத்தம்", "మొత్తం", "ಒಟ್ಟು", "ആകെ", "ਕੁੱਲ", "ਜੋੜ", "ମୋଟ",
			"کل", "میزان",
		},
		openingWord: {
			"opening balance", "opening bal", "op balance", "op bal", "opening", "to opening balance",
			"by opening balance", "balance b/f", "bal b/f", "b/f", "b/d", "balance b/d", "to balance b/d",
			"by balance b/d", "to balance b/f", "brought forward", "balance brought forward", "previous balance",
			"previous due", "old balance", "last balance", "old due", "past balance", "starting balance",
			"beginning balance",
			"शुरुआती बाकी", "पुराना बाकी", "पिछला बाकी", "आरंभिक शेष", "प्रारंभिक शेष", "पुराना बकाया", "पिछला बकाया",
			"पिछला शेष", "ओपनिंग बैलेंस", "मागील बाकी", "જૂની બાકી",
		},
		closingWord: {
			"closing balance", "closing bal", "cl balance", "cl bal", "to closing balance", "by closing balance",
			"closing", "balance c/f", "bal c/f", "balance c/d", "to balance c/d", "by balance c/d", "c/f", "c/d",
			"carried forward", "balance carried forward", "net balance", "final balance", "ending balance",
			"current balance",
			"अंतिम बाकी", "अंतिम शेष", "शेष बाकी", "क्लोजिंग बैलेंस",
		},
	} {
		for _, w := range words {
			out[headKey(w)] = kind
		}
	}
	return out
}()

// word is what a cell makes of its line. Cells repeat, so it is kept.
func (r *reader) word(cell string) rowWord {
	if len(cell) > 160 || cell == "" {
		return ordinary
	}
	if w, ok := r.words[cell]; ok {
		return w
	}
	w := wordOf(cell)
	r.words[cell] = w
	return w
}

func wordOf(cell string) rowWord {
	if isFigure(cell) {
		return ordinary
	}
	key := headKey(cell)
	if w, ok := rowWords[key]; ok {
		return w
	}
	// Total: 800, Old balance: as agreed
	if before, rest, ok := strings.Cut(cell, ":"); ok && strings.TrimSpace(rest) != "" {
		if w := rowWords[headKey(before)]; w != ordinary {
			return w
		}
	}
	words := strings.Fields(digits(key))
	if len(words) < 2 || len(words) > 6 {
		return ordinary
	}
	begins := rowWords[words[0]]
	if rowWords[words[0]+" "+words[1]] != ordinary {
		begins, words = rowWords[words[0]+" "+words[1]], words[1:]
	}
	for _, w := range words[1:] { // Total (25 customers), Opening balance as on 1 4 2026
		if !isDigits(w) && !slices.Contains([]string{
			"customer", "customers", "party", "parties", "entries", "of",
			"for", "as", "on", "balance", "amount", "debit", "credit", "dr", "cr", "ग्राहक",
			"rows", "transactions", "page", "report", "all",
		}, w) && months[w] == 0 {
			return ordinary
		}
	}
	return begins
}

// outside says why a line is no line of the khata, nil when it is one; opens reports one that says the balance from
// before.
func (r *reader) outside(row Row) (out *fault.Fault, opens bool) {
	if r.t.Kind == "vcard" || slices.Contains(r.o.Mapping.Take, row.Line) {
		return nil, false
	}
	date, name := r.cell(row, Date), r.name(row)
	money := r.hasMoney(row)
	said := r.said(row)
	named := r.single == nil && len(r.sections) == 0 && name != "" && r.word(name) == ordinary
	switch {
	case r.isSection(row):
		return outSection, false
	case r.repeatsHeads(row):
		return outHeads, false
	case said == openingWord && r.entries && (named || r.single != nil || len(r.sections) > 0) && r.figuresOnly(row):
		return nil, true
	case said == openingWord:
		return outOpening, false
	case named && r.entries && date == "" &&
		(strings.HasSuffix(r.key(name), " total") || strings.HasSuffix(r.key(name), " योग")):
		return outTotal, false
	case said == totalWord && !(named && (date != "" || !r.entries)):
		return outTotal, false
	case said == closingWord && !(named && !r.entries):
		return outClosing, false
	case decoration(row.Cells):
		return outNote, false
	}
	if !r.entries {
		if name == "" && money && r.cell(row, Phone) == "" && row.Line >= r.lastNamed() {
			return outTotal, false
		}
		if filled(row.Cells) == 1 && len(r.head.Cells) > 1 &&
			(footnote(row.Cells) || name == "" && r.cell(row, Phone) == "") {
			return outNote, false
		}
		return nil, false
	}
	_, dated := parseDay(date)
	switch {
	case !dated && !money && (!named || filled(row.Cells) == 1 && len(r.head.Cells) > 1 || footnote(row.Cells)):
		return outNote, false
	case !dated && !named && money && row.Line > r.last && (date == "" || r.isAmount(date) || !r.figuresOnly(row)):
		return outTotal, false
	}
	return nil, false
}

// figuresOnly reports a line that has nothing but figures where amounts stand.
func (r *reader) figuresOnly(row Row) bool {
	for _, f := range []Field{Given, Received, Amount, Running} {
		if c := r.cell(row, f); c != "" && !r.isAmount(c) {
			return false
		}
	}
	return true
}

func (r *reader) isAmount(c string) bool {
	_, err := readFigure(c, r.o.Desk.Currency, r.comma, true)
	return err == nil
}

// lastNamed is the last line that has a name.
func (r *reader) lastNamed() int {
	if r.named == 0 {
		r.named = -1
		rows := body(r.t, r.o.Mapping)
		for i := len(rows) - 1; i >= 0; i-- {
			if n := r.name(rows[i]); n != "" && r.word(n) == ordinary {
				r.named = rows[i].Line
				break
			}
		}
	}
	return r.named
}

// said is what the words of a line make of it. Amounts and phones have none.
func (r *reader) said(row Row) rowWord {
	for i, c := range row.Cells {
		if i >= len(r.o.Mapping.Columns) {
			break
		}
		switch r.o.Mapping.Columns[i] {
		case Name, Details, Date, Note, Ignore, Company, Phone, Side, Kind, Paid:
			if w := r.word(strings.TrimSpace(c)); w != ordinary {
				return w
			}
		}
	}
	return ordinary
}

func (r *reader) hasMoney(row Row) bool {
	for _, f := range []Field{Given, Received, Amount, Opening, Owes, Owed} {
		if len(r.columns[f]) > 0 && !empty(r.cell(row, f)) {
			return true
		}
	}
	for _, i := range row.Formulas {
		if i < len(r.o.Mapping.Columns) {
			switch r.o.Mapping.Columns[i] {
			case Given, Received, Amount, Opening, Owes, Owed:
				return true
			}
		}
	}
	return false
}

// repeatsHeads reports a line with two heads where they stand, as after the end of a printed page.
func (r *reader) repeatsHeads(row Row) bool {
	same := 0
	for i, c := range row.Cells {
		if i < len(r.head.Cells) && c != "" && c == r.head.Cells[i] {
			same++
		}
	}
	return same > 1 || same == 1 && filled(row.Cells) == 1
}

// decoration reports a line of nothing but strokes and stars.
func decoration(cells []string) bool {
	marks := 0
	for _, c := range cells {
		if strings.Trim(c, "*-=_~#. ") != "" {
			return false
		}
		marks += len(strings.TrimSpace(c))
	}
	return marks > 3
}

// footnote reports the words that programs print under a table.
func footnote(cells []string) bool {
	for _, c := range cells {
		key := " " + headKey(c) + " "
		for _, w := range []string{
			" generated ", " computer generated", " powered by", " www ", " http", " page ",
			" end of ", " statement ", " disclaimer", " legends", " note ",
			" printed ", " downloaded ", " does not require", " thank you", " report ", " as on ", " e o e ",
		} {
			if strings.Contains(key, w) {
				return true
			}
		}
		if strings.HasPrefix(strings.TrimSpace(c), "*") {
			return true
		}
	}
	return false
}

// leave notes a line that is not taken, with what stands in it.
func (r *reader) leave(row Row, why *fault.Fault) {
	var text []string
	for _, c := range row.Cells {
		if c = strings.TrimSpace(c); c != "" && len(text) < 4 {
			text = append(text, short(c))
		}
	}
	r.Left = append(r.Left, Problem{Line: row.Line, Reason: why, Name: strings.Join(text, " · ")})
}
