package intake

import (
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/ledger"
)

// A Field is what a column of a file is taken for.
type Field string

// The fields. Ignore is a column that is not taken.
const (
	Ignore   Field = ""
	Name     Field = "name" // of the party
	Phone    Field = "phone"
	Kind     Field = "kind"     // customer or supplier
	Note     Field = "note"     // of the party
	Opening  Field = "opening"  // balance: positive is what the party owes
	Date     Field = "date"     // of an entry
	Given    Field = "given"    // amount
	Received Field = "received" // amount
	Amount   Field = "amount"   // of an entry, whose side Side says, or its sign: positive is given
	Side     Field = "side"     // Dr or Cr, gave or got; of Amount or of Opening
	Details  Field = "details"  // note of an entry
)

// Fields are the fields that a column may be, in the order in which they are offered.
var Fields = []Field{Ignore, Name, Phone, Kind, Note, Opening, Date, Given, Received, Amount, Side, Details}

// A Mapping says how a table is read.
type Mapping struct {
	Columns []Field
	Head    bool        // the first row holds heads, no figures
	Kind    ledger.Kind // of new parties, where no column says it
}

// heads are the words at the top of columns, as khata apps, Tally and people write them.
var heads = map[Field][]string{
	Name:     {"name", "party", "party name", "customer", "customer name", "supplier", "supplier name", "ledger", "ledger name", "account", "account name", "full name", "नाम", "पार्टी", "पार्टी का नाम", "ग्राहक", "ग्राहक का नाम", "सप्लायर", "खाता"},
	Phone:    {"phone", "phone number", "phone no", "mobile", "mobile number", "mobile no", "contact", "contact number", "contact no", "whatsapp", "tel", "फ़ोन", "फोन", "मोबाइल", "मोबाइल नंबर", "फ़ोन नंबर"},
	Kind:     {"kind", "party type", "customer type", "category", "किस्म"},
	Note:     {"address", "party note", "city", "पता"},
	Opening:  {"balance", "opening", "opening balance", "closing balance", "current balance", "outstanding", "due", "amount due", "balance due", "dues", "pending", "बाकी", "बकाया", "शुरुआती बाकी", "उधार बाकी"},
	Date:     {"date", "entry date", "transaction date", "txn date", "voucher date", "bill date", "तारीख", "तारीख़", "दिनांक"},
	Given:    {"gave", "given", "you gave", "debit", "dr", "debit amount", "credit given", "दिए", "दिया", "उधार", "नाम लिखा"},
	Received: {"got", "received", "you got", "credit", "cr", "credit amount", "payment", "paid", "payment received", "मिले", "मिला", "जमा"},
	Amount:   {"amount", "value", "total", "रकम", "राशि"},
	Side:     {"type", "dr/cr", "dr cr", "side", "entry type", "transaction type", "दिए या मिले", "प्रकार"},
	Details:  {"details", "note", "notes", "remark", "remarks", "description", "narration", "particulars", "विवरण", "नोट", "टिप्पणी"},
}

// headKey is how heads are compared: small letters without marks around them.
func headKey(s string) string {
	s = strings.Map(func(r rune) rune {
		switch r {
		case '_', '.', ':', '*', '\u00a0', '(', ')', '₹':
			return ' '
		}
		return r
	}, ledger.NameKey(s))
	return strings.Join(strings.Fields(s), " ")
}

var fieldOf = func() map[string]Field {
	out := map[string]Field{}
	for _, f := range Fields {
		for _, word := range heads[f] {
			out[headKey(word)] = f
		}
	}
	return out
}()

// Guess reads the heads of a table.
func Guess(t *Table) Mapping {
	m := Mapping{Columns: make([]Field, t.Width()), Kind: ledger.Customer}
	if len(t.Rows) == 0 {
		return m
	}
	for i, cell := range t.Rows[0].Cells {
		f := fieldOf[headKey(cell)]
		if f == Ignore {
			f = fieldOf[headKey(strings.TrimSuffix(strings.ToLower(cell), "(inr)"))]
		}
		if f != Ignore && !slices.Contains(m.Columns, f) {
			m.Columns[i], m.Head = f, true
		}
	}
	has := func(f Field) bool { return slices.Contains(m.Columns, f) }
	drop := func(f Field) {
		for i := range m.Columns {
			if m.Columns[i] == f {
				m.Columns[i] = Ignore
			}
		}
	}
	entries := has(Date) && (has(Given) || has(Received) || has(Amount))
	if entries {
		drop(Opening) // a running balance is made from the entries
	} else {
		if has(Amount) && !has(Opening) { // who owes how much
			m.Columns[slices.Index(m.Columns, Amount)] = Opening
		}
		if has(Details) && !has(Note) {
			m.Columns[slices.Index(m.Columns, Details)] = Note
		}
	}
	if has(Side) && !has(Kind) && saysKinds(t, slices.Index(m.Columns, Side)) {
		m.Columns[slices.Index(m.Columns, Side)] = Kind
	}
	if !has(Name) { // a table without heads that we know: the first column with words is the name
		m.Head = m.Head || !hasFigures(t.Rows[0].Cells)
		if i := firstWords(t, m.Columns, m.Head); i >= 0 {
			m.Columns[i] = Name
		}
	}
	return m
}

// saysKinds reports a column whose values are kinds of party.
func saysKinds(t *Table, column int) bool {
	for _, r := range t.Rows[1:] {
		if column < len(r.Cells) && r.Cells[column] != "" {
			_, ok := kindOf(r.Cells[column])
			return ok
		}
	}
	return false
}

func hasFigures(cells []string) bool {
	return slices.ContainsFunc(cells, func(c string) bool { return strings.ContainsAny(c, "0123456789०१२३४५६७८९") })
}

func firstWords(t *Table, columns []Field, head bool) int {
	row := t.Rows[0]
	if head && len(t.Rows) > 1 {
		row = t.Rows[1]
	}
	return slices.IndexFunc(row.Cells, func(c string) bool {
		i := slices.Index(row.Cells, c)
		return strings.TrimSpace(c) != "" && !hasFigures([]string{c}) && columns[i] == Ignore
	})
}

// Clean makes a mapping that came from outside fit a table: every field at most once, unknown ones ignored.
func (m Mapping) Clean(t *Table) Mapping {
	out := Mapping{Columns: make([]Field, t.Width()), Head: m.Head, Kind: m.Kind}
	if out.Kind != ledger.Supplier {
		out.Kind = ledger.Customer
	}
	for i := range min(len(out.Columns), len(m.Columns)) {
		if f := m.Columns[i]; slices.Contains(Fields, f) && (f == Ignore || !slices.Contains(out.Columns, f)) {
			out.Columns[i] = f
		}
	}
	return out
}

// kindOf reads a kind of party as people write it.
func kindOf(s string) (ledger.Kind, bool) {
	switch headKey(s) {
	case "customer", "customers", "debtor", "sundry debtors", "buyer", headKey("ग्राहक"):
		return ledger.Customer, true
	case "supplier", "suppliers", "vendor", "creditor", "sundry creditors", "seller", headKey("सप्लायर"), headKey("विक्रेता"):
		return ledger.Supplier, true
	}
	return "", false
}

// sideOf reads a side as people write it.
func sideOf(s string) (ledger.Side, bool) {
	switch headKey(s) {
	case "dr", "debit", "gave", "given", "you gave", "sale", "udhaar", "udhar", "you will get", "you'll get", headKey("दिए"), headKey("दिया"), headKey("उधार"), headKey("आपको मिलेंगे"):
		return ledger.Given, true
	case "cr", "credit", "got", "received", "you got", "payment", "jama", "you will give", "you'll give", "advance", headKey("मिले"), headKey("मिला"), headKey("जमा"), headKey("आपको देने हैं"):
		return ledger.Received, true
	}
	return "", false
}
