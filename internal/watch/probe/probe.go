// Package probe looks at Tijori, or at any other site, from outside: whether addresses answer as they should, and
// whether an account of our own, a canary, ever sees the data of another. What it finds becomes the history of the
// status page and alerts.
package probe

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// A Kind is what was looked at.
type Kind string

const (
	Address Kind = "address"
	Account Kind = "canary"
)

// A Result is one look.
type Result struct {
	Name           string
	Kind           Kind
	Title, TitleHi string
	Hidden         bool
	Place          int // its line on the status page
	At             time.Time
	Took           time.Duration
	OK             bool
	Detail         string   // why not, in a few words; "" when it is well
	Seen           []string // what a canary saw of others; never empty words, and never the data itself
}

// A Change is news that a history makes of results.
type Change struct {
	Result

	Down  bool      // it fails now; at the first failure and at each one after it
	Up    bool      // it works again
	Since time.Time // of a failure, when it began
}

// A Store keeps the history. There are two: the database, and a file for a prober that runs apart.
type Store interface {
	// Record adds results of a prober, the oldest first, and returns what is news.
	Record(ctx context.Context, location string, results []Result) ([]Change, error)
	// History returns what the status page shows at now.
	History(ctx context.Context, now time.Time) (*History, error)
}

// A Prober looks again and again.
type Prober struct {
	config   *Config
	store    Store
	alarm    func(context.Context, []Change) error
	log      *slog.Logger
	again    time.Duration // after a failure, before it is believed
	client   *http.Client
	canaries []*canary

	unkept       []Result // what the store did not take
	untold       []Change
	addressesDue time.Time
	canariesDue  time.Time
}

const (
	secondLook = 5 * time.Second
	atOnce     = 8      // addresses
	maxUnkept  = 10_000 // results; the oldest are dropped
)

// New returns a prober for a checked configuration. Alarm hears of what fails, works again or was seen; what it
// returns an error for, it hears of again after the next look.
func New(c *Config, s Store, alarm func(context.Context, []Change) error, log *slog.Logger) *Prober {
	p := &Prober{
		config: c, store: s, alarm: alarm, log: log, again: secondLook, client: newClient(c.Timeout, nil),
	}
	for i := range c.Canaries {
		p.canaries = append(p.canaries, newCanary(&c.Canaries[i], c.Timeout))
	}
	return p
}

// Do looks at what is due, and keeps what it found. It is a loop's body: it returns at once when nothing is due.
func (p *Prober) Do(ctx context.Context) (int, error) {
	now := time.Now()
	var results []Result
	if !now.Before(p.addressesDue) {
		p.addressesDue = now.Add(p.config.Every)
		results = append(results, p.addresses(ctx)...)
	}
	if len(p.canaries) > 0 && !now.Before(p.canariesDue) {
		p.canariesDue = now.Add(p.config.CanaryEvery)
		results = append(results, p.lookAsCanaries(ctx)...)
	}
	if ctx.Err() != nil {
		return 0, ctx.Err() // what was interrupted says nothing about what was looked at
	}
	return 0, p.keep(ctx, results)
}

// Once looks at everything, and keeps it.
func (p *Prober) Once(ctx context.Context) ([]Result, error) {
	results := append(p.addresses(ctx), p.lookAsCanaries(ctx)...)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return results, p.keep(ctx, results)
}

// Close signs the canaries out.
func (p *Prober) Close(ctx context.Context) {
	for _, k := range p.canaries {
		k.signOut(ctx)
	}
}

// keep hands results to the store and news to the alarm. What either does not take waits for the next time; while the
// store takes nothing, the alarm hears the failures themselves.
func (p *Prober) keep(ctx context.Context, results []Result) error {
	for _, r := range results {
		if !r.OK || len(r.Seen) > 0 {
			p.log.Warn("probe", "name", r.Name, "detail", r.Detail, "seen", r.Seen)
		}
	}
	p.unkept = append(p.unkept, results...)
	if over := len(p.unkept) - maxUnkept; over > 0 {
		p.unkept = p.unkept[over:]
	}
	if len(p.unkept) == 0 && len(p.untold) == 0 {
		return nil
	}
	changes, err := p.store.Record(ctx, p.config.Location, p.unkept)
	if err == nil {
		p.unkept = nil
		p.untold = append(p.untold, changes...)
	} else {
		err = fmt.Errorf("keep what was probed: %w", err)
		for _, r := range results {
			if !r.OK || len(r.Seen) > 0 {
				p.untold = append(p.untold, Change{Result: r, Down: !r.OK, Since: r.At})
			}
		}
	}
	if len(p.untold) > 0 {
		if wrong := p.alarm(ctx, p.untold); wrong != nil {
			p.untold = p.untold[max(0, len(p.untold)-maxUnkept):]
			return fmt.Errorf("tell what was probed: %w", wrong)
		}
		p.untold = nil
	}
	return err
}

// addresses looks at all targets, several at once.
func (p *Prober) addresses(ctx context.Context) []Result {
	out := make([]Result, len(p.config.Targets))
	seats := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for i := range p.config.Targets {
		all.Go(func() {
			seats <- struct{}{}
			defer func() { <-seats }()
			t := &p.config.Targets[i]
			out[i] = Result{
				Name: t.Name, Kind: Address, Title: t.Title, TitleHi: t.TitleHi, Hidden: t.Hidden, Place: i,
			}
			p.twice(ctx, &out[i], func() error { return p.look(ctx, t) })
		})
	}
	all.Wait()
	return out
}

// twice fills a result in by looking, and looks once more before it believes a failure: a lost packet is no outage.
func (p *Prober) twice(ctx context.Context, r *Result, look func() error) {
	var err error
	for try := range 2 {
		if try > 0 {
			select {
			case <-time.After(p.again):
			case <-ctx.Done():
				return
			}
		}
		r.At = time.Now()
		if err = look(); err == nil {
			break
		}
	}
	r.Took, r.OK, r.Detail = time.Since(r.At), err == nil, ""
	if err != nil {
		r.Detail = err.Error()
	}
}

// look asks for an address once.
func (p *Prober) look(ctx context.Context, t *Target) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, t.URL, nil)
	if err != nil {
		return explain(err)
	}
	client := p.client
	if !t.followsRedirects {
		still := *client
		still.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		client = &still
	}
	a, err := do(client, r)
	if err != nil {
		return err
	}
	if a.status != t.Status {
		return fmt.Errorf("it answers %d, not %d", a.status, t.Status)
	}
	if t.Contains != "" && !bytes.Contains(a.body, []byte(t.Contains)) {
		if a.cut {
			return fmt.Errorf("the first %d MiB of its answer lack the text that they should have", maxBody>>20)
		}
		return fmt.Errorf("its answer lacks the text that it should have")
	}
	return nil
}
