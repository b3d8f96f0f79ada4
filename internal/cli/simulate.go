package cli

import (
	"context"
	"net"
	"path/filepath"
	"time"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
	"github.com/tijorihq/tijori/internal/billing/simulator"
	"github.com/tijorihq/tijori/internal/billing/stripe"
)

// simulated is the payment providers of a development set-up.
type simulated struct {
	*simulator.Simulator
	url string
}

// simulate starts both providers on their own listener and returns clients that
// speak with them as they would with the real ones.
func (a *app) simulate(
	ctx context.Context, l net.Listener, plans *billing.Plans,
) (*stripe.Client, *razorpay.Client, error) {
	a.sim = &simulated{url: "http://" + l.Addr().String()}
	if err := simulator.Permit(l.Addr().String(), a.public.String(), a.flags.StripeKey, a.flags.RazorpayKeyID,
		a.flags.RazorpayKeySecret); err != nil {
		return nil, nil, usagef("%v", err)
	}
	dir, err := a.flags.dataDir()
	if err != nil {
		return nil, nil, err
	}
	a.sim.Simulator, err = simulator.New(simulator.Config{
		URL: a.sim.url, AppURL: a.public.String(), State: filepath.Join(dir, "simulator.json"), Prices: prices(plans),
		Log:     a.log,
		Now:     a.clock.Now,
		Advance: func(ctx context.Context, d time.Duration) error { return a.database.AdvanceClock(ctx, a.clock, d) },
	})
	if err != nil {
		return nil, nil, err
	}
	a.runSimulator(ctx, a.sim.Simulator)
	a.serveOn(l, a.sim.Handler())
	return simulatedClients(a.sim.StripeURL(), a.sim.RazorpayURL())
}

// runSimulator lets simulated providers live until stop.
func (a *app) runSimulator(ctx context.Context, sim *simulator.Simulator) {
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		sim.Run(running)
	}()
	a.closers = append(a.closers, func() error {
		cancel()
		<-done
		return nil
	})
}

// simulatedClients speak with simulated providers as they would with the real ones.
func simulatedClients(stripeURL, razorpayURL string) (*stripe.Client, *razorpay.Client, error) {
	s, err := stripe.New(stripe.Config{
		Key: simulator.StripeKey, URL: stripeURL,
		Secrets: []facts.Secret{{Label: "simulator", Key: simulator.StripeSecret}},
	})
	if err != nil {
		return nil, nil, err
	}
	r, err := razorpay.New(razorpay.Config{
		KeyID: simulator.RazorpayKeyID, KeySecret: simulator.RazorpayKeySecret, URL: razorpayURL,
		AccountID: simulator.RazorpayAccount,
		Secrets:   []facts.Secret{{Label: "simulator", Key: simulator.RazorpaySecret}},
	})
	return s, r, err
}

// prices is what the simulated providers know: every price of the plan file.
func prices(plans *billing.Plans) (out []simulator.Price) {
	for _, p := range plans.List {
		for _, price := range p.Prices {
			out = append(out, simulator.Price{
				Provider: price.Provider, ID: price.ProviderPrice, Name: p.Name, Interval: price.Interval,
				Currency: price.Amount.Currency, Amount: price.Amount.Minor,
			})
		}
	}
	for _, t := range plans.TopUps {
		for _, price := range t.Prices {
			if price.ProviderPrice != "" {
				out = append(out, simulator.Price{
					Provider: price.Provider, ID: price.ProviderPrice, Name: t.Name,
					Currency: price.Amount.Currency, Amount: price.Amount.Minor,
				})
			}
		}
	}
	return out
}
