package intake

import (
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
)

// A Plan is what an import would do. Making it writes nothing.
type Plan struct {
	Parties  []*Party // that the file names, in its order
	Entries  []ledger.BatchEntry
	Lines    []int // of the entries, for messages
	Problems []Problem
	Given    int64
	Received int64
	New      int          // parties to be added
	Twins    map[int]Twin // by the index of the entry; filled by FindTwins
}

// A Twin says where the like of an entry is.
type Twin int

// The places of twins.
const (
	InKhata Twin = iota + 1
	InFile       // further up
)

// A Party is a party that the file names, with its balance before and after.
type Party struct {
	ledger.BatchParty
	New           bool
	Entries       int
	Before, After int64
	opening       bool // it has an opening balance, there or in the file
}

// A Problem is what keeps a line out of the khata.
type Problem struct {
	Line   int
	Column string // the head of the column, or its number; "" for the line as a whole
	Reason *fault.Fault
}

// Options are what a plan depends on beside the file.
type Options struct {
	Upload      uuid.UUID
	Mapping     Mapping
	Desk        ledger.Desk
	OpeningDate time.Time // of opening balances
	OpeningNote string
}

// known is a party of the khata as far as a plan has to know it.
type known struct {
	id      uuid.UUID
	fields  ledger.PartyFields
	balance int64
	opening bool
}

// A book of what is there, by name and by phone.
type existing struct {
	byName, byPhone map[string][]known
	lockedUntil     time.Time // zero when every day is open
}

var (
	errNoName    = fault.New(fault.Invalid, "There is no name in this line.")
	errNoDate    = fault.New(fault.Invalid, "There is an amount, but no date.")
	errFormula   = fault.New(fault.Invalid, "This cell holds a formula. Put its value there.")
	errSeveral   = fault.New(fault.Invalid, "Several parties have this name. Write the phone beside it, or give them different names.")
	errOpening   = fault.New(fault.Invalid, "This party has an opening balance already.")
	errBothSides = fault.New(fault.Invalid, "Gave or got: fill in one of the two.")
	errKind      = fault.New(fault.Invalid, "Write customer or supplier.")
	errSide      = fault.New(fault.Invalid, "Write Dr or Cr, gave or got.")
	errLocked    = fault.New(fault.Invalid, "This day is locked.")
	errFar       = fault.New(fault.Invalid, "This date is more than a year ahead.").Coded("date_far_ahead")
	errNoNames   = fault.New(fault.Invalid, "Say which column holds the names.")
)

// reader turns the lines of a table into a plan.
type reader struct {
	*Plan
	t       *Table
	o       Options
	there   existing
	parties map[string]*Party // by name key, or by id for the known
	head    Row
}

// body are the rows without the head.
func body(t *Table, m Mapping) []Row {
	if m.Head || t.Kind == "vcard" {
		return t.Rows[1:]
	}
	return t.Rows
}

func build(t *Table, o Options, there existing) *Plan {
	r := &reader{Plan: &Plan{}, t: t, o: o, there: there, parties: map[string]*Party{}}
	if o.Mapping.Head || t.Kind == "vcard" {
		r.head = t.Rows[0]
	}
	if !has(o.Mapping, Name) {
		r.Problems = append(r.Problems, Problem{Reason: errNoNames})
		return r.Plan
	}
	for _, row := range body(t, o.Mapping) {
		r.row(row)
	}
	return r.Plan
}

func has(m Mapping, f Field) bool {
	for _, c := range m.Columns {
		if c == f {
			return true
		}
	}
	return false
}

// cell is a cell of a row by its field, without spaces around it.
func (r *reader) cell(row Row, f Field) string {
	for i, c := range r.o.Mapping.Columns {
		if c == f && i < len(row.Cells) {
			return strings.TrimSpace(row.Cells[i])
		}
	}
	return ""
}

func (r *reader) problem(row Row, f Field, reason error) {
	p := Problem{Line: row.Line, Reason: fault.Of(reason)}
	for i, c := range r.o.Mapping.Columns {
		if c == f && f != Ignore {
			p.Column = strconv.Itoa(i + 1)
			if i < len(r.head.Cells) && strings.TrimSpace(r.head.Cells[i]) != "" {
				p.Column = strings.TrimSpace(r.head.Cells[i])
			}
		}
	}
	r.Problems = append(r.Problems, p)
}

// row reads one line. With any problem nothing of it is taken.
func (r *reader) row(row Row) {
	before := len(r.Problems)
	for i, f := range r.o.Mapping.Columns {
		if f != Ignore && contains(row.Formulas, i) {
			r.problem(row, f, errFormula)
		}
	}
	if len(r.Problems) > before {
		return
	}
	fields := r.partyFields(row)
	opening := r.opening(row)
	entry, hasEntry := r.entry(row)
	if len(r.Problems) > before {
		return
	}
	p, isNew := r.find(row, fields)
	if p == nil {
		return
	}
	if opening.AmountMinor > 0 && p.opening {
		r.problem(row, Opening, errOpening)
		return
	}
	if isNew {
		r.keep(p)
	}
	if opening.AmountMinor > 0 {
		p.opening = true
		r.take(p, row, "opening", opening)
	}
	if hasEntry {
		r.take(p, row, "line", entry)
	}
}

func (r *reader) partyFields(row Row) ledger.PartyFields {
	f := ledger.PartyFields{Kind: r.o.Mapping.Kind, Name: r.cell(row, Name), Phone: r.cell(row, Phone), Note: r.cell(row, Note)}
	if f.Name == "" {
		r.problem(row, Name, errNoName)
		return f
	}
	if k := r.cell(row, Kind); k != "" {
		kind, ok := kindOf(k)
		if !ok {
			r.problem(row, Kind, errKind)
		}
		f.Kind = kind
		if !ok {
			return f
		}
	}
	clean, err := f.Clean()
	if err != nil {
		r.problem(row, Field(fault.Of(err).Field), err)
	}
	return clean
}

// signed reads an amount that may be negative: -500, (500), 500 Cr, with or without a side of its own.
func (r *reader) signed(row Row, f Field) (side ledger.Side, minor int64) {
	text := r.cell(row, f)
	if empty(text) {
		return "", 0
	}
	side = ledger.Given
	lower := strings.ToLower(text)
	for suffix, s := range map[string]ledger.Side{"dr": ledger.Given, "dr.": ledger.Given, "cr": ledger.Received, "cr.": ledger.Received} {
		if rest, ok := strings.CutSuffix(lower, suffix); ok {
			side, lower = s, strings.TrimSpace(rest)
		}
	}
	if strings.HasPrefix(lower, "(") && strings.HasSuffix(lower, ")") {
		side, lower = other(side), lower[1:len(lower)-1]
	}
	for _, minus := range []string{"-", "−", "–"} {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(lower), "₹")), minus); ok {
			side, lower = other(side), rest
			break
		}
	}
	if s := r.cell(row, Side); s != "" {
		said, ok := sideOf(s)
		if !ok {
			r.problem(row, Side, errSide)
			return "", 0
		}
		side = said
	}
	minor, err := ledger.ReadAmount(strings.ToUpper(lower), r.o.Desk.Currency)
	if err != nil {
		r.problem(row, f, err)
		return "", 0
	}
	return side, minor
}

func other(s ledger.Side) ledger.Side {
	if s == ledger.Given {
		return ledger.Received
	}
	return ledger.Given
}

// empty reports what spreadsheets show for nothing: "", -, 0, 0.00.
func empty(text string) bool {
	return strings.Trim(text, "-–₹ 0.०") == ""
}

func (r *reader) opening(row Row) ledger.EntryFields {
	side, minor := r.signed(row, Opening)
	f := ledger.EntryFields{Side: side, AmountMinor: minor, Date: r.o.OpeningDate, Note: r.o.OpeningNote, Opening: true}
	if minor > 0 {
		r.day(row, Opening, f.Date)
	}
	return f
}

func (r *reader) entry(row Row) (ledger.EntryFields, bool) {
	f := ledger.EntryFields{}
	given, received := r.cell(row, Given), r.cell(row, Received)
	switch {
	case !empty(given) && !empty(received):
		r.problem(row, Received, errBothSides)
		return f, false
	case !empty(given):
		f.Side, f.AmountMinor = ledger.Given, r.amount(row, Given)
	case !empty(received):
		f.Side, f.AmountMinor = ledger.Received, r.amount(row, Received)
	default:
		f.Side, f.AmountMinor = r.signed(row, Amount)
	}
	if f.AmountMinor == 0 {
		return f, false
	}
	text := r.cell(row, Date)
	if text == "" {
		r.problem(row, Date, errNoDate)
		return f, false
	}
	var err error
	if f.Date, err = r.date(text); err != nil {
		r.problem(row, Date, err)
		return f, false
	}
	if !r.day(row, Date, f.Date) {
		return f, false
	}
	f.Note = r.cell(row, Details)
	clean, err := f.Clean()
	if err != nil {
		r.problem(row, Details, err)
	}
	return clean, err == nil
}

func (r *reader) amount(row Row, f Field) int64 {
	minor, err := ledger.ReadAmount(r.cell(row, f), r.o.Desk.Currency)
	if err != nil {
		r.problem(row, f, err)
	}
	return minor
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

// date reads a day as text, or as the number that spreadsheets store.
func (r *reader) date(text string) (time.Time, error) {
	if r.t.Kind == "xlsx" {
		whole, _, _ := strings.Cut(text, ".")
		n, err := strconv.Atoi(whole)
		if r.t.late {
			n += 1462
		}
		if err == nil && n >= 36_526 && n < 73_051 { // 2000 to 2099
			return time.Date(1899, 12, 30+n, 0, 0, 0, 0, time.UTC), nil
		}
	}
	day, _, timed := strings.Cut(text, " ")
	d, err := ledger.ReadDate(text)
	if err != nil && timed && strings.Contains(text, ":") { // 31/03/2026 10:15
		if d, err := ledger.ReadDate(day); err == nil {
			return d, nil
		}
	}
	if iso, _, ok := strings.Cut(text, "T"); err != nil && ok {
		if d, err := ledger.ReadDate(iso); err == nil {
			return d, nil
		}
	}
	return d, err
}

// find returns the party that a line is about: one of the khata by its name, by its phone where several have the
// name, one of an earlier line, or a new one.
func (r *reader) find(row Row, f ledger.PartyFields) (p *Party, isNew bool) {
	key := ledger.NameKey(f.Name)
	named := r.there.byName[key]
	if len(named) > 1 && f.Phone != "" {
		var same []known
		for _, k := range named {
			if k.fields.Phone == f.Phone {
				same = append(same, k)
			}
		}
		named = same
	}
	if len(named) == 0 && r.t.Kind == "vcard" && f.Phone != "" { // a contact is the same under another name
		named = r.there.byPhone[f.Phone]
	}
	switch {
	case len(named) > 1:
		r.problem(row, Name, errSeveral)
		return nil, false
	case len(named) == 1:
		k := named[0]
		id := k.id.String()
		if r.parties[id] == nil {
			r.parties[id] = &Party{BatchParty: ledger.BatchParty{ID: k.id, PartyFields: k.fields}, Before: k.balance, After: k.balance, opening: k.opening}
			r.Parties = append(r.Parties, r.parties[id])
		}
		return r.parties[id], false
	}
	// Two people of one name and different phones are two parties.
	if p := r.parties["new "+key+" "+f.Phone]; p != nil {
		return p, false
	}
	if f.Phone == "" {
		if p := r.parties["new "+key]; p != nil {
			return p, false
		}
	}
	return &Party{BatchParty: ledger.BatchParty{ID: uuid.NewSHA1(r.o.Upload, []byte("party "+key+" "+f.Phone)), PartyFields: f}, New: true}, true
}

// keep takes a new party into the plan.
func (r *reader) keep(p *Party) {
	key := "new " + ledger.NameKey(p.Name)
	if r.parties[key] == nil {
		r.parties[key] = p
	}
	r.parties[key+" "+p.Phone] = p
	r.Parties = append(r.Parties, p)
	r.New++
}

// entryID makes the id of a line's entry, always the same one. Entries of a day stand in the order of their
// ids: those of a file in the order of its lines, openings before them all.
func entryID(upload uuid.UUID, what string, line int) uuid.UUID {
	id := uuid.NewSHA1(upload, []byte(what+" "+strconv.Itoa(line)))
	copy(id[:6], upload[:6])
	if what == "opening" {
		clear(id[:6])
	}
	id[6], id[7] = 0x70|byte(line>>20)&0x0f, byte(line>>12)
	id[8], id[9] = 0x80|byte(line>>6)&0x3f, byte(line<<2)
	return id
}

// A mark is what two like entries have in common.
type mark struct {
	party uuid.UUID
	day   string
	side  ledger.Side
	minor int64
}

func markOf(e ledger.BatchEntry) mark {
	return mark{e.PartyID, e.Date.Format(time.DateOnly), e.Side, e.AmountMinor}
}

// twins marks the entries that are there, as often as they are, and those that repeat one further up.
func (p *Plan) twins(there map[mark]int) {
	p.Twins = map[int]Twin{}
	seen := map[mark]int{}
	for i, e := range p.Entries {
		m := markOf(e)
		switch {
		case seen[m] < there[m]:
			p.Twins[i] = InKhata
		case seen[m] > 0:
			p.Twins[i] = InFile
		}
		seen[m]++
	}
}

// LeaveOut takes the entries that are in the khata already out of the plan, as somebody has asked, and returns how many they were. Those
// that only repeat one further up in the file stay.
func (p *Plan) LeaveOut() (n int) {
	parties := map[uuid.UUID]*Party{}
	for _, party := range p.Parties {
		parties[party.ID] = party
	}
	entries, lines, twins := p.Entries, p.Lines, p.Twins
	p.Entries, p.Lines, p.Twins = nil, nil, map[int]Twin{}
	for i, e := range entries {
		if twins[i] != InKhata {
			if twins[i] != 0 {
				p.Twins[len(p.Entries)] = twins[i]
			}
			p.Entries, p.Lines = append(p.Entries, e), append(p.Lines, lines[i])
			continue
		}
		n++
		party := parties[e.PartyID]
		party.Entries--
		party.After -= e.Signed()
		if e.Side == ledger.Given {
			p.Given -= e.AmountMinor
		} else {
			p.Received -= e.AmountMinor
		}
	}
	return n
}

func (r *reader) take(p *Party, row Row, what string, f ledger.EntryFields) {
	id := entryID(r.o.Upload, what, row.Line)
	r.Entries = append(r.Entries, ledger.BatchEntry{ID: id, PartyID: p.ID, EntryFields: f})
	r.Lines = append(r.Lines, row.Line)
	p.Entries++
	p.After += f.Signed()
	if f.Side == ledger.Given {
		r.Given += f.AmountMinor
	} else {
		r.Received += f.AmountMinor
	}
}
