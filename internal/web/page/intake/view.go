// Package intake brings a file of another program into the khata: the form that takes
// it, and the dry run that shows what would happen.
package intake

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/page/grid"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// A View is the page of /b/{business}/import. Its form posts file or text.
type View struct {
	ui.Shell
	ui.Form
	Text    string // what was pasted
	MaxMB   int
	MaxRows int
	Batches []Batch
	Undone  *grid.Undone
}

// A Batch is an import of the last thirty days.
type Batch struct {
	ID, Name, By     string
	At               time.Time
	Entries, Parties int
	Undone           bool
}

// A Dry is the page of /b/{business}/import/{upload}. Its form gets the same page with other columns: c0 to
// cN, head, kind, day; the second form posts these and skip.
type Dry struct {
	ui.Shell
	ui.Form
	Upload, File, Encoding string
	Columns                []Column
	Fields                 []ui.Option
	Head                   bool
	Contacts               bool // a list of contacts: its columns are what they are
	HasOpening             bool // opening balances are in it, so their day matters
	Kind, Day              string
	Lines                  int // that were read
	Parties                []Party
	All                    int // parties in the file
	New, Entries           int
	Twins                  int // entries whose like is in the khata
	Repeats                int // entries whose like stands further up in the file
	TwinRows               []Twin
	Left                   int // entries that were left out, because they are there already
	Former                 *Former
	Sheet                  string // that was read, of several
	Cut                    bool   // what stands to the right of MaxColumns was not read
	MaxColumns             int
	Given, Received        money.Amount
	Problems               []Problem
	Wrong                  int    // lines with a problem
	Room                   int    // parties that the plan still holds when the file brings more, else -1
	Picks                  []Pick // new parties to choose from; none where all of the file belongs together
	Picked                 bool   // only those that were chosen are in the figures
	Roomier                string // the plan that holds more, "" when none does
	Skip                   bool
	Asks                   []Ask     // what the file leaves open: until it is answered nothing is brought in
	Answers                []Answer  // what was answered, for both forms
	Out                    []Problem // lines that are not taken, because they are no entries
	OutAll                 int
	Notes                  []Problem // what was read otherwise than it stands there
	Nothing                bool      // it would change nothing
}

// An Ask is a question about the file.
type Ask struct {
	Name, Reason, Value string
	Options             []ui.Option // none for a text
}

// An Answer is a field that both forms carry.
type Answer struct{ Name, Value string }

// carried are the answers that no question of the page asks again.
func (v Dry) carried() (out []Answer) {
	for _, a := range v.Answers {
		if !slices.ContainsFunc(v.Asks, func(q Ask) bool { return q.Name == a.Name }) {
			out = append(out, a)
		}
	}
	return out
}

// A Column is one of the file, with what stands in it.
type Column struct {
	Head    string
	Samples []string
	Field   string
}

// A Party is one that the file names.
type Party struct {
	Name, Phone   string
	New           bool
	Entries       int
	Before, After money.Amount
}

// A Pick is a new party to tick.
type Pick struct {
	Line        int // its form posts pick
	Name, Phone string
}

// unpicked is this page with all parties of the file to choose from again.
func (v Dry) unpicked() string {
	all := v
	all.Answers = slices.DeleteFunc(slices.Clone(v.Answers), func(a Answer) bool { return a.Name == "pick" })
	return all.other(v.Left > 0)
}

// A Twin is an entry whose like is in the khata, or further up in the file.
type Twin struct {
	Line        int
	Party, Side string
	Date        time.Time
	Amount      money.Amount
	InFile      bool
}

// A Former is an earlier import of the same file.
type Former struct {
	Name   string
	At     time.Time
	Undone bool
}

// A Problem is what keeps a line out.
type Problem struct {
	Line           int // 0 for the file as a whole
	Column, Reason string
}

func column(n int) string { return "c" + strconv.Itoa(n) }

func (v Dry) path() string { return ui.BusinessPath(v.Business.ID) + "/import/" + v.Upload }

// other is the path of the same page with the entries that are there already left out, or back in.
func (v Dry) other(leave bool) string {
	q := url.Values{"head": {yes(v.Head)}, "kind": {v.Kind}, "day": {v.Day}}
	for i, c := range v.Columns {
		q.Set(column(i), c.Field)
	}
	for _, a := range v.Answers {
		q.Add(a.Name, a.Value)
	}
	if leave {
		q.Set("twins", "leave")
	}
	return v.path() + "?" + q.Encode()
}

func (v Dry) ready() bool { return v.All > 0 && v.Room < 0 && len(v.Asks) == 0 && !v.Nothing }
