package intake

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/money"
)

var (
	errNoName  = fault.New(fault.Invalid, "There is no name in this line.")
	errNoDate  = fault.New(fault.Invalid, "There is an amount, but no date.")
	errFormula = fault.New(fault.Invalid, "This cell holds a formula. Put its value there.")
	errSeveral = fault.New(fault.Invalid,
		"Several parties have this name. Write the phone beside it, or give them different names.")
	errOpening   = fault.New(fault.Invalid, "This party has an opening balance already.")
	errBothSides = fault.New(fault.Invalid, "Gave or got: fill in one of the two.")
	errMinus     = fault.New(fault.Invalid,
		"A minus in this column can be read in two ways. Put the amount into the other column.")
	errSpilled = fault.New(fault.Invalid,
		"This line has more cells than the header row. An amount with commas needs quotation marks around it.")
	errKind    = fault.New(fault.Invalid, "Write customer or supplier.")
	errSide    = fault.New(fault.Invalid, "Write Dr or Cr, gave or got.")
	errLocked  = fault.New(fault.Invalid, "This day is locked.")
	errFar     = fault.New(fault.Invalid, "This date is more than a year ahead.").Coded("date_far_ahead")
	errNoNames = fault.New(fault.Invalid, "Say which column holds the names.")
)

// reader turns the lines of a table into a plan.
type reader struct {
	*Plan
	t       *Table
	o       Options
	there   existing
	head    Row
	columns map[Field][]int

	entries  bool // the table has entries, not only parties
	single   *Party
	both     bool // a line may have two amounts, as a bill and what was paid of it
	comma    comma
	calendar calendar
	negative map[Field]bool         // columns whose amounts all have a minus, which then says nothing
	sides    map[string]ledger.Side // values of the column of sides
	last     int                    // the last line that has a date
	named    int                    // the last line that has a name
	swap     bool                   // Excel has exchanged the day and the month of what it has read as dates
	flip     bool                   // a plus is what was got
	bank     bool                   // it is the statement of a bank
	sign     int64                  // of the balances in the file
	order    int                    // 1 when the balances say that the newest entry stands first, -1 for the oldest

	parties  map[string]*Party // by name key, or by id for the known
	keys     map[string]string // of names
	phones   map[string]string // by name key, the one phone that the file has with it; several is "?"
	words    map[string]rowWord
	sections []section // accounts of several parties, one under the other
	above    string    // the name in the line above

	drafts   []draft
	openings []draft
	balances []stated
}

// A draft is an entry before its place in the day is known.
type draft struct {
	party *Party
	row   Row
	what  string
	f     ledger.EntryFields
	at    int
}

// body are the rows without the head.
func body(t *Table, m Mapping) []Row {
	if (m.Head || t.Kind == "vcard") && len(t.Rows) > 0 {
		return t.Rows[1:]
	}
	return t.Rows
}

func newReader(t *Table, o Options, there existing) *reader {
	r := &reader{
		Plan: &Plan{today: o.Desk.Today}, t: t, o: o, there: there, parties: map[string]*Party{},
		keys:   map[string]string{},
		phones: map[string]string{}, words: map[string]rowWord{},
		columns: map[Field][]int{}, negative: map[Field]bool{}, sides: map[string]ledger.Side{},
	}
	for i, f := range o.Mapping.Columns {
		r.columns[f] = append(r.columns[f], i)
	}
	if o.Mapping.Head || t.Kind == "vcard" {
		r.head = t.Rows[0]
	}
	r.entries = r.has(Date) && (r.has(Given) || r.has(Received) || r.has(Amount))
	r.findSections()
	r.bank = t.Kind != "vcard" && t.fromBank(t.senses())
	return r
}

func build(t *Table, o Options, there existing) *Plan {
	r := newReader(t, o, there)
	for _, row := range t.Above {
		r.leave(row, outTitle)
	}
	r.prepare()
	if r.ask(); len(r.Problems) > 0 {
		return r.Plan
	}
	pick := map[int]bool{}
	for _, n := range o.Mapping.Pick {
		pick[n] = true
	}
	for _, row := range body(t, o.Mapping) {
		if len(pick) == 0 || pick[row.Line] {
			r.row(row)
		}
	}
	r.compare()
	r.settle()
	return r.Plan
}

func (r *reader) has(f Field) bool { return len(r.columns[f]) > 0 }

// cell is a cell of a row by its field, without spaces around it.
func (r *reader) cell(row Row, f Field) string {
	for _, i := range r.columns[f] {
		if i < len(row.Cells) {
			if c := strings.TrimSpace(row.Cells[i]); c != "" {
				return c
			}
		}
	}
	return ""
}

// joined are the cells of a field that several columns may be.
func (r *reader) joined(row Row, f Field, with string) string {
	if len(r.columns[f]) < 2 {
		return r.cell(row, f)
	}
	var out []string
	for _, i := range r.columns[f] {
		if i < len(row.Cells) {
			if c := strings.TrimSpace(row.Cells[i]); c != "" && !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
	return strings.Join(out, with)
}

// name is the name of the party of a line, in one column or in parts.
func (r *reader) name(row Row) string {
	if len(r.sections) > 0 {
		return r.sectionOf(row).name
	}
	n := strings.Join(strings.Fields(r.joined(row, Name, " ")), " ")
	if n == "" {
		n = strings.Join(strings.Fields(r.cell(row, Company)), " ")
	}
	return n
}

func (r *reader) key(name string) string {
	k, ok := r.keys[name]
	if !ok {
		k = ledger.NameKey(name)
		r.keys[name] = k
	}
	return k
}

// label is the head of a column, or its number.
func (r *reader) label(column int) string {
	if column < len(r.head.Cells) && strings.TrimSpace(r.head.Cells[column]) != "" {
		return strings.TrimSpace(r.head.Cells[column])
	}
	return strconv.Itoa(column + 1)
}

func (r *reader) about(row Row, f Field, reason error) Problem {
	p := Problem{Line: row.Line, Reason: fault.Of(reason), Name: r.name(row)}
	if c := r.columns[f]; f != Ignore && len(c) > 0 {
		p.Column = r.label(c[0])
	}
	return p
}

func (r *reader) problem(row Row, f Field, reason error) {
	r.Problems = append(r.Problems, r.about(row, f, reason))
}

func (r *reader) note(row Row, f Field, reason *fault.Fault) {
	r.Notes = append(r.Notes, r.about(row, f, reason))
}

// prepare reads columns as a whole: what commas, minuses, orders of dates and sides mean in them.
func (r *reader) prepare() {
	rows := body(r.t, r.o.Mapping)
	r.comma = commaOf(func(yield func(string) bool) {
		for _, f := range []Field{Given, Received, Amount, Opening, Owes, Owed} {
			for _, i := range r.columns[f] {
				for _, row := range rows {
					if i < len(row.Cells) && !yield(row.Cells[i]) {
						return
					}
				}
			}
		}
	})
	for _, f := range []Field{Given, Received, Owes, Owed} {
		for _, i := range r.columns[f] {
			r.negative[f] = allNegative(rows, i)
		}
	}
	for _, i := range r.columns[Given] {
		switch s := readHead(r.label(i)); s {
		case sale, payment, purchase, sense(Amount):
			r.both = true
		}
	}
	r.calendar = calendar{late: r.t.late, zone: r.zone()}
	for _, row := range rows {
		if r.cell(row, Date) != "" {
			if _, ok := parseDay(r.cell(row, Date)); ok {
				r.last = row.Line
			}
		}
		r.meet(row)
	}
}

func (r *reader) zone() *time.Location {
	if r.o.Zone != nil {
		return r.o.Zone
	}
	if r.o.Desk.Currency == "INR" {
		return time.FixedZone("IST", 5*3600+1800)
	}
	return time.UTC
}

// allNegative reports a column in which every amount has a minus.
func allNegative(rows []Row, column int) bool {
	any := false
	for _, row := range rows {
		if column >= len(row.Cells) {
			continue
		}
		c := strings.TrimSpace(row.Cells[column])
		if empty(c) || !strings.ContainsAny(digits(c), "123456789") {
			continue
		}
		if !strings.HasPrefix(c, "-") && !strings.HasPrefix(c, "−") {
			return false
		}
		any = true
	}
	return any
}

// row reads one line. With any problem nothing of it is taken.
func (r *reader) row(row Row) {
	before := len(r.Problems)
	out, opens := r.outside(row)
	if out != nil {
		r.leave(row, out)
		return
	}
	for _, i := range row.Formulas {
		if i < len(r.o.Mapping.Columns) {
			if f := r.o.Mapping.Columns[i]; f != Ignore && f != Running && f != RunningSide {
				p := r.about(row, f, errFormula)
				p.Column = r.label(i)
				r.Problems = append(r.Problems, p)
			}
		}
	}
	if r.spilled(row) {
		r.problem(row, Ignore, errSpilled)
	}
	if len(r.Problems) > before {
		return
	}
	if opens {
		r.opens(row)
		return
	}
	var fields ledger.PartyFields
	var phones []string
	if r.single == nil {
		fields, phones = r.partyFields(row)
	}
	opening := r.opening(row)
	entries, at := r.entry(row)
	if len(r.Problems) > before {
		return
	}
	p := r.find(row, fields, phones)
	if p == nil {
		return
	}
	if opening.AmountMinor > 0 && p.opening {
		r.problem(row, Opening, errOpening)
		return
	}
	r.keep(p, row)
	if opening.AmountMinor > 0 {
		p.opening = true
		r.drafts = append(r.drafts, draft{p, row, "opening", opening, -1})
	}
	for i, e := range entries {
		r.drafts = append(r.drafts, draft{p, row, []string{"line", "second"}[i], e, at})
	}
	r.state(p, row, entries)
}

func (r *reader) partyFields(row Row) (ledger.PartyFields, []string) {
	f := ledger.PartyFields{Kind: r.o.Mapping.Kind, Name: r.name(row), Note: r.joined(row, Note, ", ")}
	phones, told := r.rowPhones(row)
	if f.Name == "" && !r.entries && len(phones) > 0 { // as phones show a number that they know no name of
		f.Name = phones[0]
	}
	if f.Name == "" && r.o.Mapping.Below {
		f.Name = r.above
	}
	if f.Name == "" {
		p := r.about(row, Name, errNoName)
		if r.above != "" && r.entries {
			p.Ask, p.Options = "below", []string{"yes"}
		}
		r.Problems = append(r.Problems, p)
		return f, nil
	}
	r.above = f.Name
	if k := r.cell(row, Kind); k != "" {
		if kind, ok := kindOf(k); ok {
			f.Kind = kind
		} else if senseOf[headKey(r.label(r.columns[Kind][0]))] != sense(Kind) { // the column was chosen by hand
			r.problem(row, Kind, errKind)
			return f, nil
		}
	}
	if told != nil {
		r.note(row, Phone, told)
	}
	if len(phones) > 0 {
		f.Phone = phones[0]
	}
	clean, err := f.Clean()
	if err != nil {
		r.problem(row, Field(fault.Of(err).Field), err)
	}
	return clean, phones
}

// spilled reports a line that is longer than the heads by what looks like the end of an amount: 1,200 without quotation
// marks.
func (r *reader) spilled(row Row) bool {
	if r.t.Kind != "csv" || len(r.head.Cells) == 0 {
		return false
	}
	for _, c := range row.Cells[min(len(r.head.Cells), len(row.Cells)):] {
		if whole, _, _ := strings.Cut(strings.TrimSpace(digits(c)), "."); isDigits(whole) && len(whole) >= 2 &&
			len(whole) <= 3 {
			return true
		}
	}
	return false
}

// rowPhones are the numbers of a line, in as many columns as there are.
func (r *reader) rowPhones(row Row) (phones []string, told *fault.Fault) {
	for _, i := range r.columns[Phone] {
		if i >= len(row.Cells) {
			continue
		}
		found, said := readPhones(row.Cells[i])
		if told == nil {
			told = said
		}
		phones = append(phones, found...)
	}
	if len(phones) > 0 && len(r.columns[Phone]) > 1 {
		told = nil
	}
	if len(r.sections) > 0 {
		if p := r.sectionOf(row).phone; p != "" {
			phones = append(phones, p)
		}
	}
	for _, more := range row.phones {
		found, _ := readPhones(more)
		phones = append(phones, found...)
	}
	return phones, told
}

// figure reads the amount of a field; that it was rounded is noted.
func (r *reader) figure(row Row, f Field) (figure, bool) {
	text := r.cell(row, f)
	if empty(text) {
		return figure{}, true
	}
	number := false
	for _, i := range r.columns[f] {
		number = number || i < 64 && row.numbers>>i&1 == 1
	}
	out, err := readFigure(text, r.o.Desk.Currency, r.comma, number)
	if err != nil {
		r.problem(row, f, err)
		return figure{}, false
	}
	if out.rounded {
		r.note(row, f, fault.New(fault.Invalid, "%s is finer than the smallest coin, and is rounded to %s.",
			text, money.Amount{Minor: out.minor, Currency: r.o.Desk.Currency}.Format()))
	}
	return out, true
}

// signed reads an amount that may be negative: -500, (500), 500 Cr, with or without a side of its own.
func (r *reader) signed(row Row, f Field) (side ledger.Side, minor int64) {
	fig, ok := r.figure(row, f)
	if !ok || fig.minor == 0 {
		return "", 0
	}
	if side = ledger.Given; fig.side != "" {
		side = fig.side
	}
	if fig.minus != (r.flip && f == Amount && fig.side == "") {
		side = other(side)
	}
	if s := r.cell(row, Side); s != "" && r.word(s) != openingWord {
		said, ok := r.sides[s]
		if !ok {
			r.problem(row, Side, errSide)
			return "", 0
		}
		side = said
	}
	return side, fig.minor
}

func other(s ledger.Side) ledger.Side {
	if s == ledger.Given {
		return ledger.Received
	}
	return ledger.Given
}

// empty reports what spreadsheets show for nothing: "", -, 0, 0.00.
func empty(text string) bool {
	return text == "" || strings.Trim(text, "-–—₹ 0.,०") == ""
}

// opening is the balance with which a party begins: signed, or on two sides.
func (r *reader) opening(row Row) ledger.EntryFields {
	if r.entries {
		return ledger.EntryFields{}
	}
	side, minor := r.signed(row, Opening)
	for _, f := range []Field{Owes, Owed} {
		fig, ok := r.figure(row, f)
		if !ok || fig.minor == 0 {
			continue
		}
		s := ledger.Given
		if f == Owed {
			s = ledger.Received
		}
		if fig.side != "" {
			s = fig.side
		}
		if fig.minus && !r.negative[f] {
			s = other(s)
		}
		if minor > 0 && s != side {
			if minor -= fig.minor; minor < 0 {
				side, minor = s, -minor
			}
			continue
		}
		side, minor = s, minor+fig.minor
	}
	if minor > money.Max {
		r.problem(row, Owes, fault.InvalidField("amount", "This amount is too large.").Coded("amount_too_large"))
		minor = 0
	}
	f := ledger.EntryFields{Side: side, AmountMinor: minor, Date: r.o.OpeningDate, Note: r.o.OpeningNote, Opening: true}
	if minor > 0 {
		r.day(row, Opening, f.Date)
	}
	return f
}

// entry reads the entries of a line, of which a bill that was paid in part has two, and their time of day.
func (r *reader) entry(row Row) (entries []ledger.EntryFields, at int) {
	given, received := r.sided(row, Given), r.sided(row, Received)
	if r.both {
		given, received = byVoucher(r.cell(row, Side), given, received)
	}
	if given.AmountMinor > 0 {
		entries = append(entries, given)
	}
	if received.AmountMinor > 0 {
		if len(entries) > 0 && !r.both {
			r.problem(row, Received, errBothSides)
			return nil, -1
		}
		entries = append(entries, received)
	}
	if len(entries) == 0 {
		if side, minor := r.signed(row, Amount); minor > 0 {
			entries = append(entries, ledger.EntryFields{Side: side, AmountMinor: minor})
		}
	}
	if len(entries) == 0 {
		return nil, -1
	}
	date, at, ok := r.date(row)
	if !ok {
		return nil, -1
	}
	for i := range entries {
		e := &entries[i]
		e.Date, e.Note = date, r.joined(row, Details, ", ")
		said := strings.TrimSpace(r.cell(row, Paid))
		if e.Mode = ledger.ReadMode(said); e.Mode == "" && said != "" {
			e.Note = strings.TrimPrefix(e.Note+", "+said, ", ")
		}
		clean, err := e.Clean()
		if err != nil {
			r.problem(row, Details, err)
			return nil, -1
		}
		*e = clean
	}
	return entries, at
}

// byVoucher reads the total of a voucher and what was paid of it by the type of the voucher: the total of a payment is
// the payment itself.
func byVoucher(kind string, total, paid ledger.EntryFields) (given, received ledger.EntryFields) {
	once := func(side ledger.Side) ledger.EntryFields {
		return ledger.EntryFields{Side: side, AmountMinor: max(total.AmountMinor, paid.AmountMinor)}
	}
	switch sideSense(kind) {
	case purchase:
		total.Side, paid.Side = ledger.Received, ledger.Given
		return paid, total
	case sense(Received), receipt:
		return given, once(ledger.Received)
	case sense(Given):
		return once(ledger.Given), received
	}
	return total, paid
}

// sided reads an amount of a column that has one side.
func (r *reader) sided(row Row, f Field) (e ledger.EntryFields) {
	fig, ok := r.figure(row, f)
	if !ok {
		return e
	}
	side := ledger.Given
	if f == Received {
		side = ledger.Received
	}
	switch {
	case fig.minor == 0:
	case fig.minus && !r.negative[f]:
		r.problem(row, f, errMinus)
	case fig.side != "" && fig.side != side && !r.bank:
		r.problem(row, f, errSide)
	default:
		e.Side, e.AmountMinor = side, fig.minor
	}
	return e
}

func (r *reader) date(row Row) (date time.Time, at int, ok bool) {
	text := r.cell(row, Date)
	if text == "" {
		r.problem(row, Date, errNoDate)
		return date, -1, false
	}
	date, at, err := r.calendar.read(text)
	if err != nil {
		r.problem(row, Date, err)
		return date, -1, false
	}
	if i := r.columns[Date][0]; r.swap && i < 64 && row.days>>i&1 == 1 && date.Day() <= 12 {
		date = time.Date(date.Year(), time.Month(date.Day()), int(date.Month()), 0, 0, 0, 0, time.UTC)
	}
	return date, at, r.day(row, Date, date)
}

// day holds a date against what the database would refuse.
func (r *reader) day(row Row, f Field, d time.Time) bool {
	switch {
	case !r.there.lockedUntil.IsZero() && !d.After(r.there.lockedUntil):
		r.problem(row, f, errLocked)
	case d.After(r.o.Desk.Today.AddDate(0, 0, 365)):
		r.problem(row, f, errFar)
	default:
		return true
	}
	return false
}
