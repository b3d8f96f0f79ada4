// Package simulator is Stripe and Razorpay as far as Tijori calls them: their
// API, their payment pages and their signed webhooks, with a control page on
// which a person plays the customer, the bank and the calendar. It is for
// development and tests, and refuses to run where money is real.
package simulator

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// The keys that the simulator answers to. They open nothing else.
const (
	StripeKey         = "sk_test_simulated"
	StripeSecret      = "whsec_simulated_stripe"
	RazorpayKeyID     = "rzp_test_simulated"
	RazorpayKeySecret = "simulated-razorpay-key"
	RazorpaySecret    = "simulated-razorpay-webhook"
	RazorpayAccount   = "acc_Simulated000001"
)

// A Price is what the simulated providers know as a Stripe price or a Razorpay
// plan.
type Price struct {
	Provider facts.Provider
	ID       string
	Name     string // of the plan
	Interval string // month or year
	Currency string
	Amount   int64 // minor units
	Created  int64 // unix seconds
	Archived bool  // Stripe: sold no more

	quantity int64 // seats that the amount is for
}

// Config is what a simulator runs with.
type Config struct {
	URL             string // where it is reached, for instance http://127.0.0.1:8081
	AppURL          string // Tijori's own address: the way back, and where webhooks go
	StripeWebhook   string // empty means AppURL/api/stripe/webhook
	RazorpayWebhook string // empty means AppURL/api/razorpay/webhook
	State           string // the JSON file that survives a restart; empty keeps nothing
	Prices          []Price
	Now             func() time.Time                                 // the service clock
	Advance         func(ctx context.Context, d time.Duration) error // moves the service clock; nil when nobody may
	Log             *slog.Logger
}

// A Simulator is both providers at once.
type Simulator struct {
	c      Config
	prices map[string]Price
	client *http.Client
	kick   chan struct{}

	mu sync.Mutex
	s  state
}

// Permit returns an error in one sentence unless payments may be simulated: the
// listener and the public address are this machine's own, and no key of a real
// provider is configured.
func Permit(listen, publicURL string, keys ...string) error {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Errorf("the simulator's address %q is not host:port", listen)
	}
	if !loopback(host) {
		return fmt.Errorf("payments cannot be simulated on %s: anybody who reaches it could pay with nothing; "+
			"listen on 127.0.0.1 or set real provider keys", listen)
	}
	if publicURL != "" {
		u, err := url.Parse(publicURL)
		if err != nil || !loopback(u.Hostname()) {
			return fmt.Errorf("payments cannot be simulated behind the public address %s; set the keys of Razorpay or Stripe",
				publicURL)
		}
	}
	for _, k := range keys {
		switch k {
		case "", StripeKey, StripeSecret, RazorpayKeyID, RazorpayKeySecret, RazorpaySecret:
		default:
			return errors.New("payments cannot be simulated while a real provider's key is configured; " +
				"remove the key or the simulator")
		}
	}
	return nil
}

func loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// New returns a simulator with the state of its file. It refuses what Permit
// refuses.
func New(c Config) (*Simulator, error) {
	for _, raw := range []string{c.URL, c.AppURL} {
		u, err := url.Parse(raw)
		if err != nil || u.Host == "" {
			return nil, fmt.Errorf("simulator: %q is no address", raw)
		}
		if !loopback(u.Hostname()) {
			return nil, fmt.Errorf("payments cannot be simulated at %s: only this machine's own addresses will do", raw)
		}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	c.URL, c.AppURL = strings.TrimSuffix(c.URL, "/"), strings.TrimSuffix(c.AppURL, "/")
	if c.StripeWebhook == "" {
		c.StripeWebhook = c.AppURL + "/api/stripe/webhook"
	}
	if c.RazorpayWebhook == "" {
		c.RazorpayWebhook = c.AppURL + "/api/razorpay/webhook"
	}
	s := &Simulator{
		c: c, prices: map[string]Price{}, client: &http.Client{Timeout: 5 * time.Second},
		kick: make(chan struct{}, 1),
	}
	for _, p := range c.Prices {
		s.prices[p.ID] = p
	}
	s.s.init()
	if c.State == "" {
		return s, nil
	}
	b, err := os.ReadFile(c.State)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return s, nil
	case err != nil:
		return nil, fmt.Errorf("simulator: read its state: %w", err)
	}
	if err := json.Unmarshal(b, &s.s); err != nil {
		return nil, fmt.Errorf("simulator: the state in %s is damaged; remove it to start again: %w", c.State, err)
	}
	s.s.init()
	return s, nil
}

// StripeURL is where Stripe's API is simulated: at the root, because
// stripe-go accepts no path before /v1.
func (s *Simulator) StripeURL() string { return s.c.URL }

// RazorpayURL is where Razorpay's API is simulated.
func (s *Simulator) RazorpayURL() string { return s.c.URL + "/razorpay" }

// Run sends webhooks and lets time pass until ctx ends.
func (s *Simulator) Run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		s.change(func() { s.pass() })
		s.send(ctx)
		select {
		case <-ctx.Done():
			return
		case <-s.kick:
		case <-tick.C:
		}
	}
}

// change runs fn under the lock, keeps what it changed, and lets the sender look.
func (s *Simulator) change(fn func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.s.changed = false
	fn()
	if !s.s.changed {
		return
	}
	if err := s.keep(); err != nil {
		s.c.Log.Error("simulator: keep state", "error", err)
	}
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// keep writes the state beside its file and renames it into place.
func (s *Simulator) keep() error {
	if s.c.State == "" {
		return nil
	}
	b, err := json.Marshal(&s.s)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(s.c.State), ".simulator-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err := f.Write(b); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), s.c.State)
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

func newID(prefix string) string {
	b := make([]byte, 16)
	if _, err := rand.Read(b); err != nil {
		panic(err) // crypto/rand does not fail
	}
	for i := range b {
		b[i] = letters[int(b[i])%len(letters)]
	}
	return prefix + string(b)
}
