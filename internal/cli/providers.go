package cli

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
	"github.com/tijorihq/tijori/internal/billing/stripe"
	"github.com/tijorihq/tijori/internal/mail"
	"github.com/tijorihq/tijori/internal/strictjson"
)

// providerFlags are the keys of the payment providers. Without any, payments are simulated.
type providerFlags struct {
	StripeKey              string `env:"STRIPE_SECRET_KEY" placeholder:"KEY" help:"Stripe's secret key."`
	StripeWebhookSecrets   string `env:"STRIPE_WEBHOOK_SECRETS" placeholder:"SECRET" help:"Stripe's webhook signing secret as it is, or several as a JSON list (docs/providers.md)."`
	RazorpayKeyID          string `name:"razorpay-key-id" env:"RAZORPAY_KEY_ID" placeholder:"ID" help:"Razorpay's key id."`
	RazorpayKeySecret      string `env:"RAZORPAY_KEY_SECRET" placeholder:"SECRET" help:"Razorpay's key secret."`
	RazorpayWebhookSecrets string `env:"RAZORPAY_WEBHOOK_SECRETS" placeholder:"SECRET" help:"Razorpay's webhook secret, in the same form."`
	RazorpayAccountID      string `name:"razorpay-account-id" env:"RAZORPAY_ACCOUNT_ID" placeholder:"ACC" help:"Razorpay's account; events of another one are ignored."`
	SimulatorAddr          string `env:"TIJORI_SIMULATOR_ADDR" default:"127.0.0.1:8081" placeholder:"HOST:PORT" help:"Where the simulated providers listen (default: ${default})."`
}

// simulated reports whether no provider is set up: then both are simulated.
func (f *providerFlags) simulated() bool {
	return f.StripeKey == "" && f.RazorpayKeyID == "" && f.RazorpayKeySecret == "" && f.StripeWebhookSecrets == "" &&
		f.RazorpayWebhookSecrets == ""
}

// clients returns the clients of the real providers that are set up.
func (f *providerFlags) clients() (s *stripe.Client, r *razorpay.Client, err error) {
	if f.StripeKey != "" || f.StripeWebhookSecrets != "" {
		secrets, err := parseSecrets("STRIPE_WEBHOOK_SECRETS", f.StripeWebhookSecrets)
		if err != nil {
			return nil, nil, err
		}
		if s, err = stripe.New(stripe.Config{Key: f.StripeKey, Secrets: secrets}); err != nil {
			return nil, nil, usagef("%v", err)
		}
	}
	if f.RazorpayKeyID != "" || f.RazorpayKeySecret != "" || f.RazorpayWebhookSecrets != "" {
		secrets, err := parseSecrets("RAZORPAY_WEBHOOK_SECRETS", f.RazorpayWebhookSecrets)
		if err != nil {
			return nil, nil, err
		}
		r, err = razorpay.New(razorpay.Config{
			KeyID: f.RazorpayKeyID, KeySecret: f.RazorpayKeySecret, Secrets: secrets,
			AccountID: f.RazorpayAccountID,
		})
		if err != nil {
			return nil, nil, usagef("%v", err)
		}
	}
	return s, r, nil
}

// datedSecret is how one secret was written with its end before lists were JSON.
var datedSecret = regexp.MustCompile(`@\d{4}-\d{2}-\d{2}T[0-9:.]+(Z|[+-][0-9:]+)(,|$)`)

// parseSecrets reads one secret as it stands, with whatever characters it has, or a JSON list of several:
// [{"secret": "…"}, {"secret": "…", "until": "2026-12-31T00:00:00Z"}]. No character of a secret separates anything.
func parseSecrets(setting, text string) ([]facts.Secret, error) {
	const form = `[{"secret": "NEW"}, {"secret": "OLD", "until": "2026-12-31T00:00:00Z"}]`
	text = strings.TrimRight(text, "\r\n") // of a file's last line; no dashboard takes them into a secret
	var list []struct {
		Secret string    `json:"secret"`
		Until  time.Time `json:"until"`
	}
	if !strings.HasPrefix(strings.TrimSpace(text), "[{") {
		switch {
		case text == "":
			return nil, nil
		case datedSecret.MatchString(text), strings.Contains(text, ",whsec_"):
			return nil, usagef("%s has several secrets or an end, which a secret could contain itself\nwrite a JSON list: %s", setting, form)
		}
		return []facts.Secret{{Label: "secret-1", Key: text}}, nil
	}
	if err := strictjson.Decode([]byte(text), &list); err != nil {
		return nil, usagef("%s begins like a list and is none\nit looks like %s; a secret that begins so stands in a list of one", setting, form)
	}
	var out []facts.Secret
	for i, s := range list {
		if strings.TrimSpace(s.Secret) == "" {
			return nil, usagef("entry %d of %s has no secret\nremove the entry, or copy the secret from the dashboard",
				i+1, setting)
		}
		out = append(out, facts.Secret{Label: fmt.Sprintf("secret-%d", i+1), Key: s.Secret, Until: s.Until})
	}
	if len(facts.Living(out, time.Now())) == 0 {
		return nil, usagef("every webhook secret in %s has ended, so all events would be refused\nadd the one that the dashboard has now", setting)
	}
	return out, nil
}

// mailFlags say how mail leaves.
type mailFlags struct {
	SMTPURL  string `name:"smtp-url" env:"TIJORI_SMTP_URL" placeholder:"URL" help:"Mail server: smtp://user:password@host:587 (STARTTLS), smtps://… (TLS). Without it a development set-up keeps mail in its outbox."`
	MailFrom string `env:"TIJORI_MAIL_FROM" placeholder:"ADDRESS" help:"Sender of mail (default: tijori@ the host of the public URL)."`
}

// smtp is the mail server that is configured; mail comes from host where nothing else is said.
func (f *mailFlags) smtp(host string) (mail.Sender, error) {
	from := f.MailFrom
	if from == "" {
		from = "Tijori <tijori@" + host + ">"
	}
	config, err := mail.ParseSMTP(f.SMTPURL, from)
	if err != nil {
		return nil, usagef("TIJORI_SMTP_URL: %v", err)
	}
	sender, err := mail.NewSMTP(config)
	if err != nil {
		return nil, usagef("TIJORI_SMTP_URL: %v", err)
	}
	return sender, nil
}
