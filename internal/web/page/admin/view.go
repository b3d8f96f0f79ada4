// Package admin is the operators' room: the inbox, the review queue, the
// comparisons with the providers, figures, accounts, health and the log. What the parts of the product say of an event
// or an item stays English, as in the commands.
package admin

import (
	"net/url"
	"time"

	"github.com/tijorihq/tijori/internal/web/ui"
)

// A Count is one provider's line.
type Count struct {
	Provider                                     string // as a person reads it
	ID                                           string // as a query names it
	Waiting, Failing, Parked, Dead, Ignored, Day int
	Last                                         string
}

// An Alert is one group of trouble.
type Alert struct {
	Provider, Kind string // as its path names them
	Name           string // of the provider
	Text           string
	Raised         bool
	Since          string
	Quiet          string // until when nothing is told of it, "" when it is told

	// Of what was found in the access log.
	Title    string   // instead of Kind
	About    string   // a user, key, account, address or mark of a name
	Account  string   // of whoever caused it
	Requests []string // ids of some of the requests
	TakenBy  string   // the operator who looks after it
}

// Heading names an alert.
func (a Alert) Heading() string { return a.Name + ": " + ui.Or(a.Title, a.Kind) }

// choices are for how long an alert can be kept quiet.
func (a Alert) choices() []ui.Option {
	if a.Title == "" {
		return dismissal
	}
	return append([]ui.Option{{Value: "take", Label: "until there is news (I look after it)"}}, dismissal...)
}

// Path is the address of an alert's page.
func (a Alert) Path() string {
	return "/admin/alerts/" + url.PathEscape(a.Provider) + "/" + url.PathEscape(a.Kind)
}

// An AlertPage is one alert, with the form that keeps it quiet.
type AlertPage struct {
	ui.Shell
	ui.Form
	Alert
	Told       string
	Acts       []Act
	Typed, For string // as chosen
}

// Spans are for how long an alert or an item can be snoozed.
var Spans = []ui.Option{
	{Value: "1h", Label: "an hour"},
	{Value: "24h", Label: "a day"},
	{Value: "72h", Label: "three days"},
	{Value: "168h", Label: "a week"},
	{Value: "720h", Label: "thirty days"},
}

// dismissal is the choice beside the spans of an alert.
var dismissal = append([]ui.Option{{Value: "news", Label: "until there is news (dismiss)"}}, Spans...)

// Where leads from an alert to what it is about.
func (a Alert) Where() (path, word string) {
	switch a.Kind {
	case "dead", "parked":
		return "/admin/inbox?" + url.Values{"provider": {a.Provider}, "state": {a.Kind}}.Encode(), "Show the events"
	case "foreign":
		return "/admin/inbox?" + url.Values{"provider": {a.Provider}, "state": {"ignored"}}.Encode(), "Show the events"
	case "failing":
		return "/admin/inbox?" + url.Values{"provider": {a.Provider}, "state": {"received"}}.Encode(), "Show the events"
	case "review", "dispute":
		return "/admin/review", "Show the items"
	case "partial", "untold":
		return "/admin/reconcile", "Show the comparisons"
	}
	return "", ""
}

// An Act is what an operator did.
type Act struct{ At, Who, What, Subject, Reason string }

// An Inbox is a page of events.
type Inbox struct {
	ui.Shell
	Provider, State string // the filter
	States          []string
	Events          []Event
	Next            string // address of the next page, "" on the last
}

// An Event is a line of the inbox.
type Event struct {
	Provider, ID, Type, Subject, State, Reason, Received string
	Tries                                                int
}

// Path is the address of an event's page.
func (e Event) Path() string {
	return "/admin/inbox/" + url.PathEscape(e.Provider) + "/" + url.PathEscape(e.ID)
}

// An EventPage is one event as it was received.
type EventPage struct {
	ui.Shell
	ui.Form
	Event
	Account, Secret, Delivered, Next, Applied string
	Deliveries                                int
	Headers                                   []Header
	Body                                      string
	Explained                                 []string
	Acts                                      []Act
	Reason                                    string // as typed
}

// A Header is one that came with the event.
type Header struct{ Name, Value string }

// A Queue is the review queue.
type Queue struct {
	ui.Shell
	Resolved bool
	Items    []Item
}

// An Item is one line of it.
type Item struct {
	Handle, Provider, Reason, Detail, Account, Opened string
	Snoozed                                           string // until when, "" when it is not
	Times                                             int
}

// An ItemPage is one item.
type ItemPage struct {
	ui.Shell
	ui.Form
	Item
	Means, Subscription, Event, EventPath, Seen string
	Open, Assignable                            bool
	Resolution                                  string // who, when and why, once resolved
	Acts                                        []Act
	Typed, Assign                               string // as typed
	Choices                                     []ui.Option
	Do                                          string // as chosen
	Cannot                                      string // why nothing can be done from here
	Snoozing                                    bool   // the second form was sent
	For                                         string
}

// Credits is the page that grants and takes credits.
type Credits struct {
	ui.Shell
	ui.Form
	Key                                       string // made for this form: sent twice, it applies once
	Account, Way, Amount, Meter, Days, Reason string // as typed
	Meters                                    []ui.Option
	Acts                                      []Act
}

var ways = []ui.Option{{Value: "grant", Label: "Grant"}, {Value: "take", Label: "Take"}}

// Runs is the page of the comparisons.
type Runs struct {
	ui.Shell
	ui.Form
	Runs     []Run
	Findings []Finding // of the newest, or of the one that was asked for
	About    string
	Account  string // to compare, as typed or named
}

// A Run is one comparison.
type Run struct {
	ID, Provider, State, Word, Note, Started, By, Sum string // Word is the state in words
	Dry                                               bool
}

// A Finding is one difference.
type Finding struct{ Outcome, Class, Subscription, Account, Detail string }

// A Use is one look-up as it was written down.
type Use struct{ At, Who, Question, Subject, Detail string }

// When writes a moment as operators compare it with logs and dashboards.
func When(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format("2 Jan 2006, 15:04:05 UTC")
}

// translated is a list of choices in the reader's language.
func translated(s ui.Shell, list []ui.Option) []ui.Option {
	out := make([]ui.Option, len(list))
	for i, o := range list {
		out[i] = o
		out[i].Label = s.T(o.Label)
	}
	return out
}

// tone colours a state; the word stands beside it.
func tone(state string) string {
	switch state {
	case "applied", "complete", "repaired":
		return "status-active"
	case "dead", "partial", "failed", "raised":
		return "status-past_due"
	}
	return ""
}

// Incidents is what is looked into, what people report, and what was kept of it.
type Incidents struct {
	ui.Shell
	List    []Incident
	Counts  []ReleaseCount
	Reports []Report
	Bundles []Bundle
	Broken  string // what is wrong with the chain of bundles, "" where nothing is
}

// An Incident is one that is open or closed.
type Incident struct {
	Title, Opened, Closed string
	Open                  bool
}

// A ReleaseCount is how often something was reported while a release ran.
type ReleaseCount struct{ Release, Since, Reports string }

// A Report is somebody's "This is not mine".
type Report struct{ At, Release, Page, Request, Words, Account string }

// A Bundle is one of evidence.
type Bundle struct{ Number, At, By, File string }
