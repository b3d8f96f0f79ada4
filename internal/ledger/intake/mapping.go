package intake

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/ledger"
)

// A Field is what a column of a file is taken for.
type Field string

// The fields. Ignore is a column that is not taken.
const (
	Ignore      Field = ""
	Name        Field = "name"    // of the party; several columns are one name
	Company     Field = "company" // the name where there is no other
	Phone       Field = "phone"   // the first that is one, of several columns
	Kind        Field = "kind"    // customer or supplier
	Note        Field = "note"    // of the party
	Opening     Field = "opening" // balance: positive is what the party owes
	Owes        Field = "owes"    // balance that the party owes
	Owed        Field = "owed"    // balance that is owed to the party
	Date        Field = "date"    // of an entry
	Given       Field = "given"   // amount
	Received    Field = "received"
	Amount      Field = "amount"      // of an entry, whose side Side says, or its sign: positive is given
	Side        Field = "side"        // Dr or Cr, gave or got; of Amount or of Opening
	Details     Field = "details"     // note of an entry
	Paid        Field = "paid"        // how an entry was paid; words that say none of it are kept in the note
	Running     Field = "running"     // balance after an entry, as the file has it; it is compared and not taken
	RunningSide Field = "runningside" // Dr or Cr of Running
)

// Fields are the fields that a column may be, in the order in which they are offered.
var Fields = []Field{
	Ignore, Name, Company, Phone, Kind, Note, Opening, Owes, Owed, Date, Given, Received, Amount, Side,
	Details, Paid, Running, RunningSide,
}

// manifold are the fields that several columns may be.
var manifold = []Field{Ignore, Name, Phone, Note, Details}

// The orders of day and month in a column of dates, as somebody has said.
const (
	DayFirst   = "day"
	MonthFirst = "month"
)

// The answers to whether a column is what was got or what was given.
const (
	SidesGot  = "got"
	SidesGave = "gave"
)

// A Mapping says how a table is read.
type Mapping struct {
	Columns []Field
	Head    bool        // the first row holds heads, no figures
	Kind    ledger.Kind // of new parties, where no column says it

	// Answers to what a file alone does not say; see Problem.Ask. The zero value is that nothing was said.
	Days    string    // DayFirst or MonthFirst
	Sides   string    // SidesGot or SidesGave: what the column is that the question names
	Party   string    // whose account all of this is, by name
	PartyID uuid.UUID // the same, of a party that is in the khata
	Figures bool      // columns of figures that are no field may be left out
	Below   bool      // a line without a name is about the party above it
	Take    []int     // lines to take that look like totals
	Pick    []int     // lines to take of all; nil for every one
}

// ReadMapping reads a mapping from a form: head, kind, c0, c1, … for the columns, and the answers days, sides, party,
// party_id, figures=leave, below=yes, take and pick. Without c0 the columns are guessed.
func ReadMapping(form url.Values, t *Table) Mapping {
	if line, err := strconv.Atoi(form.Get("headline")); err == nil {
		t.HeadAt(line)
	}
	var m Mapping
	if form.Has("c0") {
		m.Kind = ledger.Kind(form.Get("kind"))
		for i := range t.Width() {
			m.Columns = append(m.Columns, Field(form.Get("c"+strconv.Itoa(i))))
		}
		for _, v := range form["head"] {
			m.Head = v == "yes"
		}
	} else {
		m = Guess(t)
		if k := ledger.Kind(form.Get("kind")); k == ledger.Supplier {
			m.Kind = k
		}
	}
	m.Days, m.Sides, m.Party = form.Get("days"), form.Get("sides"), form.Get("party")
	if id, err := uuid.Parse(form.Get("party_id")); err == nil {
		m.PartyID = id
	}
	m.Figures, m.Below = form.Get("figures") == "leave", form.Get("below") == "yes"
	m.Take, m.Pick = lines(form["take"]), lines(form["pick"])
	return m.Clean(t)
}

func lines(values []string) (out []int) {
	for _, v := range values {
		for part := range strings.SplitSeq(v, ",") {
			if n, err := strconv.Atoi(strings.TrimSpace(part)); err == nil && n > 0 && len(out) < MaxRows {
				out = append(out, n)
			}
		}
	}
	return out
}

// Clean makes a mapping that came from outside fit a table: unknown fields ignored, and every other at most once but
// those that several columns may be.
func (m Mapping) Clean(t *Table) Mapping {
	columns := m.Columns
	m.Columns = make([]Field, t.Width())
	if m.Kind != ledger.Supplier {
		m.Kind = ledger.Customer
	}
	for i := range min(len(m.Columns), len(columns)) {
		if f := columns[i]; slices.Contains(Fields, f) &&
			(slices.Contains(manifold, f) || !slices.Contains(m.Columns, f)) {
			m.Columns[i] = f
		}
	}
	if m.Days != DayFirst && m.Days != MonthFirst {
		m.Days = ""
	}
	if m.Sides != SidesGot && m.Sides != SidesGave {
		m.Sides = ""
	}
	m.Party = strings.TrimSpace(legible(strings.ToValidUTF8(m.Party, "")))
	if m.Sides != "" {
		m.answer(t)
	}
	return m
}

// column is the first column of a field, -1 when there is none.
func (m Mapping) column(f Field) int { return slices.Index(m.Columns, f) }

func (m Mapping) has(f Field) bool { return m.column(f) >= 0 }

// set makes a column a field, unless another is it.
func (m Mapping) set(column int, f Field) {
	if column >= 0 && !m.has(f) {
		m.Columns[column] = f
	}
}

// Guess reads the heads of a table, and its values where the heads leave a doubt. What can be read both ways is left
// out, and asked.
func Guess(t *Table) Mapping {
	m := Mapping{Columns: make([]Field, t.Width()), Kind: ledger.Customer}
	if len(t.Rows) == 0 {
		return m
	}
	senses := t.senses()
	m.Head = slices.ContainsFunc(senses, func(s sense) bool { return s != "" })
	m.guessWords(t, senses)
	m.guessDate(t, senses)
	m.guessMoney(t, senses)
	m.guessByValues(t, senses)
	m.guessName(t, senses)
	if name := m.column(Name); name >= 0 && name < len(t.Rows[0].Cells) &&
		slices.Contains(supplierHeads, headKey(t.Rows[0].Cells[name])) {
		m.Kind = ledger.Supplier
	}
	m.Head = m.Head || !hasFigures(t.Rows[0].Cells)
	return m
}

var supplierHeads = []string{
	"supplier", "supplier name", "vendor", "vendor name", headKey("सप्लायर"),
	headKey("सप्लायर का नाम"),
}

// senses are what the heads say, column by column.
func (t *Table) senses() []sense {
	out := make([]sense, t.Width())
	if len(t.Rows) == 0 {
		return out
	}
	for i, c := range t.Rows[0].Cells {
		if !isFigure(strings.TrimSpace(c)) {
			out[i] = readHead(c)
		}
	}
	return out
}

// guessWords maps the columns that hold words, dates and phones.
func (m Mapping) guessWords(t *Table, senses []sense) {
	keys := map[string]bool{}
	for i, s := range senses {
		if s == "" {
			continue
		}
		key := headKey(t.Rows[0].Cells[i])
		repeated := keys[key]
		keys[key] = true
		switch f := Field(s); {
		case f == Side:
			if !m.has(Side) {
				m.Columns[i] = Side
			} else if i > 0 && senses[i-1] == balance {
				m.set(i, RunningSide)
			}
		case s == firstName, s == middleName, s == lastName:
			if !slices.Contains(senses, sense(Name)) && !repeated {
				m.Columns[i] = Name
			}
		case f == Name, f == Company, f == Kind, f == Date, f == Details, f == Paid:
			m.set(i, f)
		case f == Phone, f == Note:
			if !repeated {
				m.Columns[i] = f
			}
		}
	}
	if !m.has(Date) {
		m.set(slices.Index(senses, otherDate), Date)
	}
}

// guessMoney maps the columns that hold amounts, by all of their heads together.
func (m Mapping) guessMoney(t *Table, senses []sense) {
	column := func(s sense) int { return slices.Index(senses, s) }
	together := map[sense]bool{}
	for _, s := range senses {
		together[s] = true
	}
	sides := judge(together, t.fromBank(senses))
	entry := func(f Field, side ledger.Side) {
		for _, s := range []sense{sense(Given), sense(Received), debit, credit, sale, receipt, purchase, payment} {
			if sides[s] == side {
				m.set(column(s), f)
			}
		}
	}
	entry(Given, ledger.Given)
	entry(Received, ledger.Received)
	owes := column(sense(Owes)) >= 0 || column(sense(Owed)) >= 0
	total := column(sense(Amount))
	// A bill with what was paid of it has two amounts of its own. Beside gave and got, the total repeats them.
	if total >= 0 && !m.has(Given) && m.has(Received) && !together[credit] {
		m.set(total, Given)
	}
	if !m.has(Given) && !m.has(Received) && !owes && column(balance) < 0 ||
		m.has(Date) && !m.has(Given) && !m.has(Received) && len(t.doubts(m, senses)) == 0 {
		m.set(total, Amount)
	}
	if m.has(Date) && (m.has(Given) || m.has(Received) || m.has(Amount) || len(t.doubts(m, senses)) > 0) {
		if i := m.column(Side); i > 0 && senses[i-1] == balance && !m.has(Amount) {
			m.Columns[i] = RunningSide
		}
		m.set(t.latest(senses, balance), Running) // a balance after each entry is made from the entries
		return
	}
	m.guessBalances(t, senses)
}

// guessBalances maps the amounts of a list of parties.
func (m Mapping) guessBalances(t *Table, senses []sense) {
	column := func(s sense) int { return slices.Index(senses, s) }
	drop := func(f Field) int {
		i := m.column(f)
		if i >= 0 {
			m.Columns[i] = Ignore
		}
		return i
	}
	given, received, amount := drop(Given), drop(Received), drop(Amount)
	switch {
	case column(sense(Owes)) >= 0 || column(sense(Owed)) >= 0:
		m.set(t.latest(senses, sense(Owes)), Owes)
		m.set(t.latest(senses, sense(Owed)), Owed)
	case column(balance) >= 0:
		// bills that are open, several of a party
		if m.set(t.latest(senses, balance), Opening); m.has(Date) && t.repeats(m) {
			m.Columns[m.column(Opening)] = Amount
			return
		}
	case given >= 0 || received >= 0:
		m.set(given, Owes)
		m.set(received, Owed)
	default:
		m.set(amount, Opening)
	}
	if m.has(Details) && !m.has(Note) {
		m.Columns[m.column(Details)] = Note
	}
	if m.has(Side) && !m.has(Opening) && !m.has(Kind) || m.has(Side) && t.saysKinds(m.column(Side)) {
		m.Columns[m.column(Side)] = Ignore
		if !m.has(Kind) && t.saysKinds(column(sense(Side))) {
			m.Columns[column(sense(Side))] = Kind
		}
	}
}

// latest is the column of a sense; of an opening and a closing balance, the closing one.
func (t *Table) latest(senses []sense, s sense) int {
	first := slices.Index(senses, s)
	for i := range senses {
		if key := ""; senses[i] == s {
			key = headKey(t.Rows[0].Cells[i])
			for _, w := range []string{"closing", "current", "outstanding", "net", "अंतिम", "cl"} {
				if slices.Contains(strings.Fields(key), w) {
					return i
				}
			}
		}
	}
	return first
}

// repeats reports names that stand in more than one line.
func (t *Table) repeats(m Mapping) bool {
	names := map[string]bool{}
	name := m.column(Name)
	for _, r := range body(t, m) {
		if name < 0 || name >= len(r.Cells) || strings.TrimSpace(r.Cells[name]) == "" {
			continue
		}
		key := ledger.NameKey(r.Cells[name])
		if names[key] {
			return true
		}
		names[key] = true
	}
	return false
}

// doubts are the columns of amounts whose side cannot be known: a deposit at the bank may be what a customer paid, or
// what the bank keeps. The first is the one that is asked about; the others are its opposite.
func (t *Table) doubts(m Mapping, senses []sense) (out []int) {
	if m.has(Given) || m.has(Received) || m.has(Amount) {
		return nil
	}
	for _, s := range []sense{deposit, credit, payment, withdrawal, debit} {
		i := slices.Index(senses, s)
		if i < 0 || m.Columns[i] != Ignore {
			continue
		}
		switch {
		case len(out) == 0:
		case s == withdrawal || s == debit:
			if len(out) > 1 {
				continue
			}
		default:
			continue
		}
		out = append(out, i)
	}
	return out
}

// answer maps the columns in doubt as somebody has said.
func (m Mapping) answer(t *Table) {
	doubts := t.doubts(m, t.senses())
	if len(doubts) == 0 {
		return
	}
	first, second := Received, Given
	if m.Sides == SidesGave {
		first, second = Given, Received
	}
	m.Columns[doubts[0]] = first
	if len(doubts) > 1 {
		m.Columns[doubts[1]] = second
	}
}

// fromBank reports the statement of a bank: its debit is what left the account.
func (t *Table) fromBank(senses []sense) bool {
	if slices.Contains(senses, withdrawal) || slices.Contains(senses, deposit) {
		return true
	}
	if slices.Contains(senses, sense(Name)) || len(t.Rows) == 0 {
		return false
	}
	marks := 0
	for _, c := range t.Rows[0].Cells {
		key := " " + headKey(c) + " "
		for _, w := range []string{" value dat", " value dt ", " chq", " cheque ", " sol ", " utr"} {
			if strings.Contains(key, w) {
				marks += 2
				break
			}
		}
		for _, w := range []string{" ref no ", " instrument", " tran date ", " txn date ", " branch"} {
			if strings.Contains(key, w) {
				marks++
				break
			}
		}
	}
	for _, r := range t.Above {
		for _, c := range r.Cells {
			key := " " + headKey(c) + " "
			for _, w := range []string{
				" ifsc", " account no", " account number", " a c no", " bank ", " micr", " cif",
				" customer id", " branch ", " statement of account no",
			} {
				if strings.Contains(key, w) {
					marks += 2
				}
			}
		}
	}
	return marks >= 2
}

// saysKinds reports a column whose values are kinds of party.
func (t *Table) saysKinds(column int) bool {
	for _, r := range t.Rows[1:] {
		if column >= 0 && column < len(r.Cells) && r.Cells[column] != "" {
			_, ok := kindOf(r.Cells[column])
			return ok
		}
	}
	return false
}

// guessDate finds a column whose values are days, under a head that says nothing.
func (m Mapping) guessDate(t *Table, senses []sense) {
	if m.has(Date) || m.Head && !slices.ContainsFunc(senses, sense.money) {
		return
	}
	for i := range m.Columns {
		if m.Columns[i] == Ignore && senses[i] == "" &&
			t.share(m, i, func(c string) bool {
				d, ok := parseDay(c)
				return ok && d.count == 0 && d.epoch == 0 &&
					!isDigits(c)
			}) {
			m.Columns[i] = Date
			return
		}
	}
}

// guessSide finds the column whose values say the sides of amounts, whatever its head is.
func (m Mapping) guessSide(t *Table) {
	if m.has(Side) || !m.has(Amount) && !m.has(Opening) {
		return
	}
	for i := range m.Columns {
		values := map[string]bool{}
		if m.Columns[i] == Ignore && t.share(m, i, func(c string) bool {
			values[c] = true
			return sideSense(c) != "" && len(values) < 10
		}) {
			m.Columns[i] = Side
			return
		}
	}
}

// share reports a column of whose values at least four in five are of a kind, among the first lines.
func (t *Table) share(m Mapping, column int, is func(string) bool) bool {
	rows := body(t, m)
	all, good := 0, 0
	for _, r := range rows[:min(len(rows), 200)] {
		if column < len(r.Cells) {
			if c := strings.TrimSpace(r.Cells[column]); c != "" {
				if all++; is(c) {
					good++
				}
			}
		}
	}
	return all > 0 && good*5 >= all*4
}

// guessByValues maps what no head says and the values do: phones, and sides of amounts.
func (m Mapping) guessByValues(t *Table, senses []sense) {
	for i := range m.Columns {
		if m.Columns[i] == Ignore && senses[i] == "" && !m.has(Phone) && t.share(m, i, isMobile) {
			m.Columns[i] = Phone
		}
	}
	m.guessSide(t)
}

// guessName finds the column of names: of vouchers in a day book it is that of particulars, and without heads the first
// with words.
func (m Mapping) guessName(t *Table, senses []sense) {
	if m.has(Name) {
		return
	}
	if m.has(Company) {
		return
	}
	particulars := m.column(Details)
	if particulars < 0 {
		particulars = slices.Index(senses, sense(Details))
	}
	dayBook := slices.ContainsFunc(t.Above, func(r Row) bool {
		return slices.ContainsFunc(r.Cells, func(c string) bool {
			k := headKey(c)
			return k == "day book" || k == "daybook" || strings.HasPrefix(k, "day book ") || k == "रोज़नामचा"
		})
	})
	if particulars >= 0 && particulars < len(t.Rows[0].Cells) &&
		strings.HasPrefix(headKey(t.Rows[0].Cells[particulars]), "particular") && (dayBook || !m.has(Date)) {
		m.Columns[particulars] = Name
		return
	}
	if m.has(Date) && (m.has(Given) || m.has(Received) || m.has(Amount) || len(t.doubts(m, senses)) > 0) {
		return // an account of one party, who is asked for
	}
	if i := t.firstWords(m); i >= 0 {
		m.Columns[i] = Name
	}
}

// firstWords is the first column with words that is nothing else.
func (t *Table) firstWords(m Mapping) int {
	row := t.Rows[0]
	if (m.Head || !hasFigures(row.Cells)) && len(t.Rows) > 1 {
		row = t.Rows[1]
	}
	return slices.IndexFunc(row.Cells, func(c string) bool {
		i := slices.Index(row.Cells, c)
		return strings.TrimSpace(c) != "" && !hasFigures([]string{c}) && m.Columns[i] == Ignore
	})
}

func hasFigures(cells []string) bool {
	return slices.ContainsFunc(cells, func(c string) bool { return strings.ContainsAny(digits(c), "0123456789") })
}
