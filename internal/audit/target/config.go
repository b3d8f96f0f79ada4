// Package target is what the dynamic engines aim at: the configuration of an
// audit, the people who sign in, what they plant, and a client that reaches
// the named host and nothing else, within bounds.
package target

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// A Config is an audit.toml. Its [[allow]] entries are for package accept.
type Config struct {
	Target    Bounds             `toml:"target"`
	People    map[string]*Person `toml:"person"`
	Seeds     []Seed             `toml:"seed"`
	Routes    []Route            `toml:"route"`
	Redirects []Redirect         `toml:"redirect"`
	Races     []Race             `toml:"race"`
	Webhooks  []Webhook          `toml:"webhook"`
	Browsers  []Browser          `toml:"browser"`
	Gate      Gate               `toml:"gate"`
	All       All                `toml:"all"`

	Allow []map[string]any `toml:"allow"`
}

// Bounds name the target and how much of it may be asked.
type Bounds struct {
	URL         string  `toml:"url"`
	Own         bool    `toml:"i_own_this"`   // needed for everything but this machine
	Also        string  `toml:"provider_url"` // the simulated provider of a development set-up, on this machine
	MaxRequests int     `toml:"max_requests"`
	Rate        float64 `toml:"rate"`        // requests a second
	MaxMinutes  float64 `toml:"max_minutes"` // for one engine
	Seconds     float64 `toml:"timeout"`     // for one request
}

// A Request is a request as it is written in the configuration. Names in
// braces stand for what a person's seeds have saved.
type Request struct {
	Method  string            `toml:"method"`
	Path    string            `toml:"path"` // with its query
	Form    map[string]string `toml:"form"`
	JSON    string            `toml:"json"`
	Headers map[string]string `toml:"headers"`
	Page    string            `toml:"page"` // whose form is sent: its hidden fields are filled in
}

// A Person is somebody who signs in.
type Person struct {
	Name    string            `toml:"-"`
	Account string            `toml:"account"` // the customer that they belong to
	Role    string            `toml:"role"`    // in words, for the report
	Paid    bool              `toml:"paid"`    // their account has the paid plan
	SignIn  SignIn            `toml:"sign_in"`
	Check   Check             `toml:"check"` // what shows that the session is alive
	SignOut *Request          `toml:"sign_out"`
	IDs     map[string]string `toml:"ids"` // such as account_id, where it is known beforehand
}

// SignIn is how a person gets a session.
type SignIn struct {
	Request
	By     string   `toml:"by"`         // form, json, cookie, bearer, supabase or script
	Token  string   `toml:"token"`      // bearer: the token
	From   string   `toml:"token_from"` // json: where the answer holds it, as access_token
	Cookie string   `toml:"cookie"`     // cookie: as a browser sends it
	Key    string   `toml:"api_key"`    // supabase: the publishable key
	URL    string   `toml:"url"`        // supabase: the address of the project
	Script []string `toml:"script"`     // prints JSON with cookie, token or headers
}

// A Check is a page that only a live session shows.
type Check struct {
	Path     string            `toml:"path"`
	Contains string            `toml:"contains"`
	Save     map[string]string `toml:"save"`
}

// A Seed is what people make before the attack.
type Seed struct {
	Request
	Name string            `toml:"name"`
	As   []string          `toml:"as"`
	Save map[string]string `toml:"save"` // name = "json:id", "regex:…", "location:…" or "header:Name"
}

// A Route is what is replayed.
type Route struct {
	Request
	May     []string `toml:"may"`    // who may; the first owns the ids
	Public  bool     `toml:"public"` // anybody may; only what surrounds it is judged
	Paid    bool     `toml:"paid"`   // only people whose account pays may
	Writes  *bool    `toml:"writes"` // default: by method
	State   string   `toml:"state"`  // of a route that writes: what the owner reads to see that nothing changed
	Allow   bool     `toml:"allow"`  // of a route that deletes or pays: it may be tried
	Secrets []string `toml:"hidden"` // fields that its answer must not hold
	Shared  bool     `toml:"shared"` // answers are the same for everybody, so caches may keep them
}

// A Redirect is an address that leads to another; {redirect} stands for where.
type Redirect struct {
	Request
	As string `toml:"as"`
}

// A Browser is what somebody does in a real browser: a page with a form, and
// where they go afterwards. Without a path it is how the person signs in.
type Browser struct {
	Name  string            `toml:"name"`
	As    string            `toml:"as"`
	Path  string            `toml:"path"`
	Form  map[string]string `toml:"form"`  // by the names of the fields
	Visit []string          `toml:"visit"` // pages
}

// A Reading is a number or a word of the target's state: of an answer, or by SQL.
type Reading struct {
	As   string `toml:"as"`
	Path string `toml:"path"`
	From string `toml:"from"` // json:…, count:… or regex:…
	SQL  string `toml:"sql"`
	DSN  string `toml:"dsn"`
}

// A Race is a request that is sent many times at one moment.
type Race struct {
	Request
	Name     string   `toml:"name"`
	As       string   `toml:"as"`
	Parallel int      `toml:"parallel"`
	Rounds   int      `toml:"rounds"`
	Setup    *Request `toml:"setup"` // before each round
	Cost     int64    `toml:"cost"`  // of one accepted request, in the units of balance
	Balance  *Reading `toml:"balance"`
	Limit    int64    `toml:"limit"` // count never exceeds it
	Count    *Reading `toml:"count"`
	Once     bool     `toml:"once"`  // the request repeats one idempotency key: it counts once
	HTTP2    bool     `toml:"http2"` // over plain HTTP: the server speaks HTTP/2 without TLS
}

// A Webhook is an address that a payment provider calls.
type Webhook struct {
	Provider string            `toml:"provider"` // stripe or razorpay
	Path     string            `toml:"path"`
	Secret   string            `toml:"secret"`
	Ended    string            `toml:"ended_secret"` // one that no longer counts
	As       string            `toml:"as"`           // the customer that events are about
	Live     bool              `toml:"livemode"`     // the mode that the target runs in
	IDs      map[string]string `toml:"ids"`          // customer, subscription, price, reference: of this customer
	State    *Reading          `toml:"state"`        // the plan
	Paid     string            `toml:"paid"`         // what state reads once a payment counts
	Credits  *Reading          `toml:"credits"`      // a number that each payment raises
	Settle   float64           `toml:"settle"`       // seconds until an acknowledged event has to show
	Asks     bool              `toml:"asks_provider"`
	Begin    []Step            `toml:"begin"` // starts a checkout that is not paid; forged events are about it
	Pay      []Step            `toml:"pay"`   // makes the provider say paid; without it a signed event does
	End      []Step            `toml:"end"`   // and ended
}

// A Step is a request at the simulated provider, or at the app as the webhook's customer.
type Step struct {
	Request
	App  bool              `toml:"app"`
	Save map[string]string `toml:"save"`
}

// A Gate is what has to hold before a release.
type Gate struct {
	Root     string         `toml:"root"` // of the code (default: the folder of the configuration)
	Reports  []string       `toml:"reports"`
	Coverage []string       `toml:"coverage"`
	Packages []string       `toml:"packages"`
	Least    float64        `toml:"least"` // percent, 95 by default
	Reviews  string         `toml:"reviews"`
	Billing  []BillingRoute `toml:"billing"`
	Tijori   bool           `toml:"tijori"`    // ask the Tijori of DATABASE_URL or TIJORI_DATA for open ones
	Incident string         `toml:"incidents"` // a folder of incidents; those without a closed date are open
}

// A BillingRoute is a route that a person has to have reviewed.
type BillingRoute struct {
	Route   string `toml:"route"`
	Handler string `toml:"handler"` // file.go#Name, or a file
}

// All names what `audit all` runs besides the engines of this file.
type All struct {
	Migrations string   `toml:"migrations"`
	Attack     bool     `toml:"attack"`
	Source     string   `toml:"source"`
	Bundle     string   `toml:"bundle"`
	Logs       []string `toml:"logs"`
}

// Load reads a configuration and refuses what it does not know.
func Load(name string) (*Config, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	c, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}

// Read is Load of what is open.
func Read(r io.Reader) (*Config, error) {
	var c Config
	meta, err := toml.NewDecoder(io.LimitReader(r, 4<<20)).Decode(&c)
	if err != nil {
		return nil, err
	}
	for _, key := range meta.Undecoded() {
		return nil, fmt.Errorf("unknown setting %s", key)
	}
	return &c, c.check()
}

const (
	defaultRequests = 6000
	defaultRate     = 50
	defaultMinutes  = 15
	defaultSeconds  = 15
	mostRequests    = 100_000
)

func (c *Config) check() error {
	t := &c.Target
	t.MaxRequests = min(or(t.MaxRequests, defaultRequests), mostRequests)
	t.Rate, t.MaxMinutes, t.Seconds = or(t.Rate, defaultRate), or(t.MaxMinutes, defaultMinutes), or(t.Seconds,
		defaultSeconds)
	if t.MaxRequests < 0 || t.Rate < 0 || t.MaxMinutes < 0 || t.Seconds < 0 {
		return errors.New("[target] the bounds are positive numbers")
	}
	for name, p := range c.People {
		p.Name = name
		if name == Nobody {
			return fmt.Errorf("[person.%s] is always there: somebody without a session", name)
		}
		if err := p.check(); err != nil {
			return fmt.Errorf("[person.%s] %w", name, err)
		}
	}
	if err := c.unfilled(); err != nil {
		return err
	}
	for i, s := range c.Seeds {
		if err := errors.Join(c.known(s.As...), saves(s.Save)); err != nil {
			return fmt.Errorf("[[seed]] %d: %w", i+1, err)
		}
		if s.Path == "" || len(s.As) == 0 {
			return fmt.Errorf("[[seed]] %d: say its path, and as whom it is sent", i+1)
		}
	}
	for i, r := range c.Routes {
		if err := c.known(r.May...); err != nil {
			return fmt.Errorf("[[route]] %d: %w", i+1, err)
		}
		if !strings.HasPrefix(r.Path, "/") || len(r.May) == 0 && !r.Public {
			return fmt.Errorf("[[route]] %d: say its path, and who may use it (may = [\"a\"], or public = true)", i+1)
		}
	}
	for i := range c.Browsers {
		if err := c.browser(&c.Browsers[i]); err != nil {
			return fmt.Errorf("[[browser]] %d: %w", i+1, err)
		}
	}
	for i, r := range c.Races {
		if err := c.known(r.As); err != nil {
			return fmt.Errorf("[[race]] %d: %w", i+1, err)
		}
		if (r.Balance == nil) == (r.Count == nil) {
			return fmt.Errorf("[[race]] %d: give balance with cost, or count with limit", i+1)
		}
	}
	for i, w := range c.Webhooks {
		if err := c.known(w.As); err != nil {
			return fmt.Errorf("[[webhook]] %d: %w", i+1, err)
		}
		if w.Provider != "stripe" && w.Provider != "razorpay" || w.Path == "" || w.State == nil || w.Paid == "" {
			return fmt.Errorf("[[webhook]] %d: say provider (stripe or razorpay), path, state and paid", i+1)
		}
	}
	return nil
}

// Narrow keeps what has the given route, as "GET /invoices/{invoice}" or as a
// path alone.
func (c *Config) Narrow(route string) error {
	other := func(r *Request) bool { return r.String() != route && r.Path != route }
	n := len(c.Routes) + len(c.Races) + len(c.Webhooks)
	c.Routes = slices.DeleteFunc(c.Routes, func(r Route) bool { return other(&r.Request) })
	c.Races = slices.DeleteFunc(c.Races, func(r Race) bool { return other(&r.Request) && r.Name != route })
	c.Webhooks = slices.DeleteFunc(c.Webhooks, func(w Webhook) bool {
		return other(&Request{Method: "POST", Path: w.Path})
	})
	if n > 0 && len(c.Routes)+len(c.Races)+len(c.Webhooks) == 0 {
		return fmt.Errorf("%w: nothing in it has the route %q", ErrUsage, route)
	}
	return nil
}

// browser fills in how the person signs in, where the flow names no page of its own.
func (c *Config) browser(b *Browser) error {
	if err := c.known(b.As); err != nil {
		return err
	}
	if in := c.People[b.As].SignIn; b.Path == "" {
		if in.By != "form" {
			return errors.New("say its path: the page where the person signs in")
		}
		b.Path = or(in.Page, in.Path)
		if b.Form == nil {
			b.Form = in.Form
		}
	}
	b.Name = or(b.Name, b.Path)
	for _, path := range append([]string{b.Path}, b.Visit...) {
		if !strings.HasPrefix(path, "/") {
			return fmt.Errorf("%q is no path of the target", path)
		}
	}
	return nil
}

// unfilled refuses what audit init has left to a person.
func (c *Config) unfilled() error {
	var texts []string
	for _, p := range c.People {
		texts = append(texts, p.Check.Contains)
	}
	for _, s := range c.Seeds {
		texts = append(texts, s.Path)
	}
	for _, r := range c.Routes {
		texts = append(texts, r.Path, r.State)
	}
	for _, t := range texts {
		if strings.Contains(t, "FILL IN") || strings.Contains(t, "FILL-IN") {
			return fmt.Errorf("%q has to be filled in", t)
		}
	}
	return nil
}

func (c *Config) known(names ...string) error {
	for _, n := range names {
		if c.People[n] == nil {
			return fmt.Errorf("there is no [person.%s]", n)
		}
	}
	return nil
}

var ways = []string{"form", "json", "cookie", "bearer", "supabase", "script"}

func (p *Person) check() error {
	s := p.SignIn
	switch {
	case p.Account == "":
		return errors.New("say which account they belong to")
	case !slices.Contains(ways, s.By):
		return fmt.Errorf("sign_in.by is one of %s", strings.Join(ways, ", "))
	case p.Check.Path == "" || p.Check.Contains == "":
		return errors.New("give check.path and check.contains: a page, and a text on it, that only their live session shows")
	case s.By == "bearer" && s.Token == "", s.By == "cookie" && s.Cookie == "", s.By == "script" && len(s.Script) == 0,
		s.By == "supabase" && (s.URL == "" || s.Key == ""), (s.By == "form" || s.By == "json") && s.Path == "":
		return fmt.Errorf("sign_in by %s lacks what it needs", s.By)
	}
	return saves(p.Check.Save)
}

func saves(from map[string]string) error {
	for name, rule := range from {
		kind, rest, _ := strings.Cut(rule, ":")
		if !slices.Contains([]string{"json", "regex", "location", "header", "count"}, kind) || rest == "" {
			return fmt.Errorf("save %s: %q is not json:…, count:…, regex:…, location:… or header:…", name, rule)
		}
		if kind == "regex" || kind == "location" {
			if _, err := regexp.Compile(rest); err != nil {
				return fmt.Errorf("save %s: %w", name, err)
			}
		}
	}
	return nil
}

// Text is a setting that may stand in the environment, as env:NAME.
func Text(s string) (string, error) {
	name, ok := strings.CutPrefix(s, "env:")
	if !ok {
		return s, nil
	}
	v := os.Getenv(name)
	if v == "" {
		return "", fmt.Errorf("the environment variable %s is not set", name)
	}
	return v, nil
}

// IsWrite reports whether the route changes something.
func (r *Route) IsWrite() bool {
	if r.Writes != nil {
		return *r.Writes
	}
	return !slices.Contains([]string{"", "GET", "HEAD", "OPTIONS"}, r.Method)
}

var dangerous = regexp.MustCompile(`(?i)delete|remove|destroy|cancel|refund|checkout|subscri|charge|payout|transfer`)

// IsDangerous reports whether the route may delete or pay, going by its method and name.
func (r *Route) IsDangerous() bool {
	return r.IsWrite() && (r.Method == "DELETE" || r.SoundsDangerous())
}

// SoundsDangerous goes by the name alone: a page that is called like that may delete when it is posted to.
func (r *Route) SoundsDangerous() bool {
	u, err := url.Parse(r.Path)
	return err != nil || dangerous.MatchString(u.Path)
}

// Verb is the route's method.
func (r *Request) Verb() string { return or(strings.ToUpper(r.Method), "GET") }

// String is the route as reports name it.
func (r *Request) String() string { return r.Verb() + " " + r.Path }

func or[T comparable](v, instead T) T {
	var zero T
	if v == zero {
		return instead
	}
	return v
}
