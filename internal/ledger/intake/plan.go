package intake

import (
	"strconv"
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

	Left    []Problem // lines that are no entries and are not taken: titles, totals, opening and closing lines, notes
	Notes   []Problem // what was read otherwise than it stands there: a phone left out, an amount rounded
	Figures []string  // heads of columns with figures that are not taken
	Suggest string    // whose account it may be, from the titles, when that is asked
	Check   *Check    // against the balances that stand in the file; nil when it has none

	today time.Time // in the business
}

// counted is what an entry adds to today's balance: nothing while it lies ahead.
func (p *Plan) counted(f ledger.EntryFields) int64 {
	if f.Date.After(p.today) {
		return 0
	}
	return f.Signed()
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
	Fills         bool // its phone, which the khata does not have, comes from the file
	Line          int  // the first line about it
	Entries       int
	Before, After int64 // today's
	opening       bool  // it has an opening balance, there or in the file
	begun         bool  // the khata has entries of it
	kept          bool  // it is in the plan
}

// A Problem is what keeps a line out of the khata, or, with Ask, a question that the file leaves open.
type Problem struct {
	Line   int
	Column string // the head of the column, or its number; "" for the line as a whole
	Reason *fault.Fault

	// Ask is what is to be answered, by the field of the form of ReadMapping: "party", "days", "sides" or "figures",
	// before which nothing can be brought in, or "below". It is "" for what is only to be mended in the file.
	Ask     string
	Options []string // the answers that there are; none for a text
	Columns []string // the heads that the question is about
	Name    string   // of the party or contact that the line is about, when it is known
}

// Asks are the questions that have to be answered before anything can be brought in.
func (p *Plan) Asks() (open []Problem) {
	for _, problem := range p.Problems {
		if problem.Ask != "" && problem.Line == 0 {
			open = append(open, problem)
		}
	}
	return open
}

// Nothing reports a plan that would change nothing.
func (p *Plan) Nothing() bool {
	if p.New > 0 || len(p.Entries) > 0 {
		return false
	}
	ids, _ := p.fills()
	return len(ids) == 0
}

// Options are what a plan depends on beside the file.
type Options struct {
	Upload      uuid.UUID
	Mapping     Mapping
	Desk        ledger.Desk
	OpeningDate time.Time // of opening balances
	OpeningNote string
	// of the business, for files with moments instead of days; nil for that of India where money is in rupees
	Zone *time.Location
}

// known is a party of the khata as far as a plan has to know it.
type known struct {
	id      uuid.UUID
	fields  ledger.PartyFields
	balance int64
	opening bool
	begun   bool
}

// A book of what is there, by name and by phone.
type existing struct {
	byName, byPhone map[string][]known
	byID            map[uuid.UUID]known
	lockedUntil     time.Time // zero when every day is open
}

// entryID makes the id of a line's entry, always the same one. Entries of a day stand in the order of their
// ids: those of a file in the order of their place in it, openings before them all.
func entryID(upload uuid.UUID, what string, place int) uuid.UUID {
	id := uuid.NewSHA1(upload, []byte(what+" "+strconv.Itoa(place)))
	copy(id[:6], upload[:6])
	if what == "opening" {
		clear(id[:6])
	}
	id[6], id[7] = 0x70|byte(place>>20)&0x0f, byte(place>>12)
	id[8], id[9] = 0x80|byte(place>>6)&0x3f, byte(place<<2)
	if what == "second" {
		id[9] |= 1
	}
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

// LeaveOut takes the entries that are in the khata already out of the plan, as somebody has asked, and returns how many
// they were. Those that only repeat one further up in the file stay.
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
		party.After -= p.counted(e.EntryFields)
		if e.Side == ledger.Given {
			p.Given -= e.AmountMinor
		} else {
			p.Received -= e.AmountMinor
		}
	}
	return n
}
