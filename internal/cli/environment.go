package cli

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
	"github.com/tijorihq/tijori/internal/billing/stripe"
	"github.com/tijorihq/tijori/internal/postgres"
)

// permitFlags name the risks that an operator takes.
type permitFlags struct {
	Permit []string `env:"TIJORI_PERMIT" placeholder:"RISK,…" help:"Risks to take that are refused otherwise; the refusal names them (docs/providers.md)."`
}

// plainHTTP is the risk of a public address without TLS.
const plainHTTP = "plain-http"

// environment is what the keys say that a database has to belong to.
func (f *providerFlags) environment(
	permit []string, s *stripe.Client, r *razorpay.Client,
) (postgres.Environment, error) {
	for _, risk := range permit {
		if known := append(postgres.Risks(), plainHTTP); !slices.Contains(known, risk) {
			return postgres.Environment{},
				usagef("--permit knows no risk %q\nthere are %s", risk, strings.Join(known, ", "))
		}
	}
	e := postgres.Environment{Mode: postgres.Simulated, Accounts: map[string]string{}, Permit: permit}
	if f.simulated() {
		e.Accounts[string(facts.Stripe)], e.Accounts[string(facts.Razorpay)] = "", ""
		return e, nil
	}
	e.Mode = postgres.Test
	if s != nil {
		e.Accounts[string(facts.Stripe)] = ""
		if s.Live() {
			e.Mode = postgres.Live
		}
	}
	if r != nil {
		e.Accounts[string(facts.Razorpay)] = f.RazorpayAccountID
		if r.Live() {
			e.Mode = postgres.Live
		}
	}
	return e, nil
}

// How long a start waits for Stripe to say whose the key is, and how often it asks again after it has not.
const (
	accountPatience = 3 * time.Second
	accountAgain    = 5 * time.Minute
)

// setEnvironment records in the database what it belongs to, or refuses to start on one that belongs to something else,
// and sets the service clock. The account at Stripe is compared as soon as Stripe can be asked: the start
// does not depend on it, and a difference that is found later ends the program.
func (a *app) setEnvironment(ctx context.Context, e postgres.Environment, s *stripe.Client) error {
	a.mode = e.Mode
	if err := a.record(ctx, e); err != nil {
		return err
	}
	if e.Mode == postgres.Simulated || s == nil {
		return nil
	}
	known, err := a.compareAccount(ctx, e, s)
	if err != nil || known {
		return err
	}
	asking, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-asking.Done():
				return
			case <-time.After(accountAgain):
			}
			known, err := a.compareAccount(asking, e, s)
			if err != nil && asking.Err() == nil {
				a.failed <- err
			}
			if known || err != nil {
				return
			}
		}
	}()
	a.closers = append(a.closers, func() error {
		cancel()
		<-done
		return nil
	})
	return nil
}

// record records and compares, or without an administrator compares only.
func (a *app) record(ctx context.Context, e postgres.Environment) error {
	if !a.flags.NoMigrate {
		return postgres.SetEnvironment(ctx, a.database.config, e, a.clock)
	}
	if err := a.database.CheckEnvironment(ctx, billing.Khata, e); err != nil {
		return err
	}
	offset, err := a.database.ServiceClock(ctx)
	if err == nil {
		a.clock.SetOffset(offset)
	}
	return err
}

// compareAccount asks Stripe whose the key is. It returns false when Stripe does not say.
func (a *app) compareAccount(ctx context.Context, e postgres.Environment, s *stripe.Client) (known bool, err error) {
	soon, cancel := context.WithTimeout(ctx, accountPatience)
	defer cancel()
	id, err := s.AccountID(soon)
	if err != nil {
		var refusal *facts.APIError
		if errors.As(err, &refusal) && refusal.Status == 403 {
			a.log.WarnContext(ctx,
				"the restricted key may not read its account, so nothing tells keys of another one; permit it in Stripe's dashboard")
			return true, nil
		}
		a.log.WarnContext(ctx, "cannot ask Stripe whose account the key is of; asking again",
			"after", accountAgain, "error", err)
		return false, nil
	}
	e.Accounts[string(facts.Stripe)] = id
	return true, a.record(ctx, e)
}
