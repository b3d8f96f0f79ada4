package admin

import "github.com/tijorihq/tijori/internal/web/ui"

// A Begin is the page that asks what an operator is here for.
type Begin struct {
	ui.Shell
	ui.Form
	Reason string // as typed
	Next   string // where to go from here
	Now    string // the reason of the work that goes on, "" without
}

// An Overview is the first page of the room.
type Overview struct {
	ui.Shell
	Needs  []Need
	Tiles  []Tile
	Charts []ui.Chart
	Months []Month
	Plans  []PlanLine
	Pace   []string // how fast pages are
	Notes  []string // how the figures are counted
}

// A Need is something that waits for somebody.
type Need struct {
	Bad  bool // something is broken, rather than to be decided
	Text string
	Fine string // since when, and the like
	Path string // "" where the command says it all
	Do   string // word of the link
}

// A Tile is one figure, with the accounts behind it.
type Tile struct {
	Name   string
	Values []string // one for each currency
	Note   string
	Path   string // "" where there is nothing to list
	Alarm  bool
}

// A Month is a line of the table of months.
type Month struct {
	Name       string
	Cells      []Cell
	Money      []string // at its end, one for each currency
	Active     string
	Conversion string
}

// A Cell is a figure of a month and the accounts behind it.
type Cell struct{ Word, Path string }

// A PlanLine is what one plan brings.
type PlanLine struct{ Name, Period, Active, Trials, Failing, Ending, Money string }

// Accounts is a list of accounts: those behind a figure, or those that a search found.
type Accounts struct {
	ui.Shell
	ui.Form
	Title  string
	Sub    string
	Search bool   // the page of the search, with its form
	Asked  bool   // something was searched for
	Query  string // as typed
	Lines  []AccountLine
	Next   string // address of the next page of a list; of a search, the id to go on from
	Empty  string
}

// An AccountLine is one of them.
type AccountLine struct{ ID, Name, At, Plan, Money, Matched string }

// Path is the address of an account's page.
func (a AccountLine) Path() string { return AccountPath(a.ID) }

// AccountPath is the address of an account's page.
func AccountPath(id string) string { return "/admin/accounts/" + id }

// An AccountPage is one account, or the question why it is to be opened.
type AccountPage struct {
	ui.Shell
	ui.Form
	ID     string
	Opened bool   // what follows may be shown
	Typed  string // the reason, as typed
	Reason string // for which it was opened
	Until  string // how long it stays open

	Name, Plan, Why string
	Facts           []Fact
	People          []Person
	Subscriptions   []string
	Items           []Item // that wait for somebody
	Credits         []Fact
	Life            []Line
	Older           string
}

// A Fact is a word and what it is.
type Fact struct{ Name, Says string }

// A Person is somebody of an account.
type Person struct{ Name, Role, Email, Since string }

// A Line is one of an account's life.
type Line struct {
	Day     string // "" as on the line before
	Time    string
	Sort    string // class of the mark
	Word    string // the kind, in words
	Text    string
	Fine    string
	Amount  string
	Path    string
	Trouble bool
}

// A Health is how everything is, one line each.
type Health struct {
	ui.Shell
	Checks []Check
	Counts []Count
	Runs   []Run
}

// A Check is one line of it.
type Check struct {
	Name  string
	State string // "ok", "watch" or "bad"
	Word  string // the state in words
	Says  string
	Do    string // what to do, "" when nothing is
	Path  string
}

// A Log is who looked at what, and who did what.
type Log struct {
	ui.Shell
	Uses []Use
	Acts []Act
	Next string
}
