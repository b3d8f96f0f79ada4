package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"time"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/demo"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/embedded"
)

type demoCmd struct {
	serveFlags `embed:""`
}

// Run fills the demonstration account: in the server that is running on this
// state directory, or by itself when none is.
func (c *demoCmd) Run(e *env) error {
	if !c.simulated() {
		return usagef("the demonstration account is for development: payment keys are set\nunset them, or use another state directory and database")
	}
	log := newLog(e, c.Verbose)
	addr, simulatorAddr := c.listenAddr(), c.SimulatorAddr
	c.tlsFlags = tlsFlags{}
	c.Addr, c.SimulatorAddr, c.MetricsAddr, c.PublicURL = "127.0.0.1:0", "127.0.0.1:0", "", ""
	listener, err := listen(c.Addr, "TIJORI_ADDR")
	if err != nil {
		return err
	}
	a, err := c.start(e, log, listener)
	if errors.Is(err, embedded.ErrInUse) {
		c.Addr, c.SimulatorAddr = addr, simulatorAddr
		return errors.Join(c.askServer(e), listener.Close())
	}
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	filled, err := a.fillDemo(e)
	if err := errors.Join(err, a.stop()); err != nil {
		return err
	}
	return tellDemo(e, filled)
}

// askServer lets the server that owns the state directory fill the account.
func (c *demoCmd) askServer(e *env) error {
	ctx, cancel := context.WithTimeout(e, 2*time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+c.Addr+"/api/dev/demo", bytes.NewReader(nil))
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return &postgres.SetupError{
			Problem: "another Tijori owns the state directory, and none answers on " + c.Addr,
			Hint:    "set TIJORI_ADDR to where it listens, or stop it first",
		}
	}
	defer res.Body.Close()
	var filled demo.Filled
	if res.StatusCode != http.StatusOK {
		var problem struct {
			Detail string `json:"detail"`
		}
		// what is no problem of ours has its status
		_ = json.NewDecoder(http.MaxBytesReader(nil, res.Body, 1<<16)).Decode(&problem)
		if problem.Detail == "" {
			problem.Detail = "the server on " + c.Addr + " answered " + res.Status
		}
		return &postgres.SetupError{
			Problem: problem.Detail,
			Hint:    "its own messages say more; run tijori demo again when it is mended: it goes on where it stopped",
		}
	}
	if err := json.NewDecoder(res.Body).Decode(&filled); err != nil {
		return fmt.Errorf("read the answer of the server on %s: %w", c.Addr, err)
	}
	return tellDemo(e, filled)
}

func tellDemo(e *env, f demo.Filled) error {
	what := "is there"
	if f.New {
		what = fmt.Sprintf("is filled: %d parties, %d entries", f.Parties, f.Entries)
	}
	_, err := fmt.Fprintf(e.stdout, `The demonstration account %s.
  owner       %s   password  %s
  counter staff %s   password  %s
`, what, demo.OwnerEmail, demo.Password, demo.CounterEmail, demo.Password)
	return err
}

// fillDemo fills the account through this program's own services, buying a plan
// from the simulated provider.
func (a *app) fillDemo(ctx context.Context) (demo.Filled, error) {
	shop := demo.Shop{DB: a.database.DB, Accounts: a.accounts, Buy: a.buyDemo, Now: a.clock.Now}
	return shop.Fill(ctx)
}

// errDemoUnpaid tells of a payment whose webhook is held back, most likely on the control page.
var errDemoUnpaid = fault.New(fault.Unavailable,
	"The payment's webhook did not arrive within 20 seconds. Are events held back on the control page of the simulated payments? Send them, and try again.")

// demoPrice is what the demonstration buys: the lowest plan that it fits into, else the one with the most room, by the
// year and in rupees where that is sold. It reports false when nothing is sold.
func demoPrice(plans *billing.Plans) (best billing.Price, ok bool) {
	room := func(n, wanted int) int {
		if n == 0 || n > wanted {
			return wanted
		}
		return n
	}
	most := -1
	for _, p := range plans.Sold() {
		fits := room(p.PartiesMax, demo.WantsParties)*10 + room(p.MembersMax, demo.WantsPeople)
		if fits <= most {
			continue
		}
		var found *billing.Price
		for i, price := range p.Prices {
			if !price.Past && (found == nil || price.Provider == facts.Razorpay &&
				(found.Provider != facts.Razorpay || price.Interval == billing.Year)) {
				found = &p.Prices[i]
			}
		}
		if found != nil {
			best, ok, most = *found, true, fits
		}
	}
	return best, ok
}

// buyDemo buys a plan for a caller's account at a simulated provider, and waits until the webhook has made it true. It
// returns what the plan in force then holds. An account that has a subscription is left alone.
func (a *app) buyDemo(ctx context.Context, owner postgres.Caller) (demo.Room, error) {
	plans := a.billing.Plans()
	price, sold := demoPrice(plans)
	if !sold {
		return roomOf(plans.Default()), nil
	}
	checkout, err := a.billing.StartCheckout(ctx, owner, price.Plan, price.Interval, price.Provider)
	switch {
	case fault.Is(err, fault.Conflict):
		me, err := a.billing.Me(ctx, owner)
		if err != nil {
			return demo.Room{}, err
		}
		plan, _ := plans.ByID(me.Entitlements.Plan)
		return roomOf(plan), nil
	case err != nil:
		return demo.Room{}, err
	}
	if price.Provider == facts.Stripe {
		_, err = a.sim.PaySession(path.Base(checkout.URL))
	} else {
		_, err = a.sim.PaySubscription(path.Base(checkout.URL))
	}
	if err != nil {
		return demo.Room{}, err
	}
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		me, err := a.billing.Me(ctx, owner)
		if err != nil {
			return demo.Room{}, err
		}
		if me.Entitlements.Plan == price.Plan {
			plan, _ := plans.ByID(price.Plan)
			return roomOf(plan), nil
		}
	}
	return demo.Room{}, errDemoUnpaid
}

func roomOf(p billing.Plan) demo.Room { return demo.Room{Parties: p.PartiesMax, People: p.MembersMax} }
