package admin

import (
	"net/url"

	"github.com/tijorihq/tijori/internal/web/ui"
)

// Apps is the founders' apps.
type Apps struct {
	ui.Shell
	Lines []AppLine
}

// An AppLine is one app in a few figures.
type AppLine struct {
	ID, Name  string
	Live      bool
	Customers string
	Recurring string   // by the month, in each currency
	Trouble   []string // payments that fail, endpoints that do
}

// Path is the address of an app's page.
func (l AppLine) Path() string { return AppPath(l.ID) }

// AppPath is the address of an app's page.
func AppPath(id string) string { return "/admin/apps/" + url.PathEscape(id) }

// An App is one app: what it sells to whom, and what opens it.
type App struct {
	ui.Shell
	ui.Form
	AppLine
	Facts     []Fact
	Plans     []Fact
	Query     string
	Failing   bool // only those whose payments fail are listed
	Customers []AppCustomer
	Empty     string
	Endpoints []Endpoint
	Keys      []AppKey
	Secret    string // of a key that was just made: shown this once
	Typed     string // the name of a key, as typed
	Kind      string
}

// An AppCustomer is a customer of an app.
type AppCustomer struct {
	ID, Name, Plan, Note string
	Trouble              bool
}

// An Endpoint is where an app hears of its events.
type Endpoint struct {
	Path, URL, Note string
	Trouble         bool
}

// An AppKey is a key of an app; never the key itself.
type AppKey struct {
	ID, Hint, Name, Note string
	Ended                bool
}

// Kinds are what a key can be.
func (v App) kinds() []ui.Option {
	return []ui.Option{
		{Value: "server", Label: v.T("Server: everything that the app may")},
		{Value: "publishable", Label: v.T("Publishable: reads what is sold, and is no secret")},
	}
}

// Deliveries is what was sent to one endpoint.
type Deliveries struct {
	ui.Shell
	ui.Form
	App   AppLine
	Path  string
	URL   string
	List  []Delivery
	Older string
	First string // as typed
	Last  string
}

// A Delivery is an event on its way to an endpoint, with its tries.
type Delivery struct {
	Number, Type, Word, Note string
	Tone                     string // of the badge
	Tries                    []Fact
}
