package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
	"github.com/tijorihq/tijori/internal/billing/stripe"
)

// providerFlags are the keys of the payment providers. Without any, payments are simulated.
type providerFlags struct {
	StripeKey              string   `env:"STRIPE_SECRET_KEY" placeholder:"KEY" help:"Stripe's secret key."`
	StripeWebhookSecrets   []string `env:"STRIPE_WEBHOOK_SECRETS" placeholder:"SECRET,…" help:"Stripe's webhook signing secrets; SECRET@2026-12-31T00:00:00Z ends one."`
	RazorpayKeyID          string   `name:"razorpay-key-id" env:"RAZORPAY_KEY_ID" placeholder:"ID" help:"Razorpay's key id."`
	RazorpayKeySecret      string   `env:"RAZORPAY_KEY_SECRET" placeholder:"SECRET" help:"Razorpay's key secret."`
	RazorpayWebhookSecrets []string `env:"RAZORPAY_WEBHOOK_SECRETS" placeholder:"SECRET,…" help:"Razorpay's webhook secrets, in the same form."`
	RazorpayAccountID      string   `name:"razorpay-account-id" env:"RAZORPAY_ACCOUNT_ID" placeholder:"ACC" help:"Razorpay's account; events of another one are ignored."`
	SimulatorAddr          string   `env:"TIJORI_SIMULATOR_ADDR" default:"127.0.0.1:8081" placeholder:"HOST:PORT" help:"Where the simulated providers listen (default: ${default})."`
}

// simulated reports whether no provider is set up: then both are simulated.
func (f *providerFlags) simulated() bool {
	return f.StripeKey == "" && f.RazorpayKeyID == "" && f.RazorpayKeySecret == "" && len(f.StripeWebhookSecrets) == 0 && len(f.RazorpayWebhookSecrets) == 0
}

// clients returns the clients of the real providers that are set up.
func (f *providerFlags) clients() (s *stripe.Client, r *razorpay.Client, err error) {
	if f.StripeKey != "" || len(f.StripeWebhookSecrets) > 0 {
		secrets, err := parseSecrets("STRIPE_WEBHOOK_SECRETS", f.StripeWebhookSecrets)
		if err != nil {
			return nil, nil, err
		}
		if s, err = stripe.New(stripe.Config{Key: f.StripeKey, Secrets: secrets}); err != nil {
			return nil, nil, usagef("%v", err)
		}
	}
	if f.RazorpayKeyID != "" || f.RazorpayKeySecret != "" || len(f.RazorpayWebhookSecrets) > 0 {
		secrets, err := parseSecrets("RAZORPAY_WEBHOOK_SECRETS", f.RazorpayWebhookSecrets)
		if err != nil {
			return nil, nil, err
		}
		r, err = razorpay.New(razorpay.Config{KeyID: f.RazorpayKeyID, KeySecret: f.RazorpayKeySecret, Secrets: secrets, AccountID: f.RazorpayAccountID})
		if err != nil {
			return nil, nil, usagef("%v", err)
		}
	}
	return s, r, nil
}

// parseSecrets reads SECRET or SECRET@TIME, the second of which ends at that time.
func parseSecrets(setting string, texts []string) ([]facts.Secret, error) {
	var out []facts.Secret
	for i, text := range texts {
		key, until, dated := strings.Cut(text, "@")
		secret := facts.Secret{Label: fmt.Sprintf("secret-%d", i+1), Key: key}
		if dated {
			t, err := time.Parse(time.RFC3339, until)
			if err != nil {
				return nil, usagef("the time after @ in %s is not like 2026-12-31T00:00:00Z", setting)
			}
			secret.Until = t
		}
		out = append(out, secret)
	}
	return out, nil
}

// mailFlags say how mail leaves.
type mailFlags struct {
	SMTPURL  string `name:"smtp-url" env:"TIJORI_SMTP_URL" placeholder:"URL" help:"Mail server: smtp://user:password@host:587 (STARTTLS), smtps://… (TLS). Without it a development set-up keeps mail in its outbox."`
	MailFrom string `env:"TIJORI_MAIL_FROM" placeholder:"ADDRESS" help:"Sender of mail (default: tijori@ the host of the public URL)."`
}
