package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
	"github.com/tijorihq/tijori/internal/billing/simulator"
	"github.com/tijorihq/tijori/internal/billing/stripe"
	"github.com/tijorihq/tijori/internal/platform"
)

type importCmd struct {
	Plan          importPlanCmd          `cmd:"" help:"Draft a plan file from what an app sells at its providers already. It only reads."`
	Subscriptions importSubscriptionsCmd `cmd:"" help:"Bring customers in who pay already: look first, then --apply (docs/platform.md)."`
	Shadow        importShadowCmd        `cmd:"" help:"Show how often the app's own checks agreed with ours."`
	End           importEndCmd           `cmd:"" help:"End moving in: events of customers whom nobody knows raise alarms again."`
}

type importPlanCmd struct {
	App               string `required:"" placeholder:"APP" help:"The app's id."`
	StripeKey         string `env:"TIJORI_IMPORT_STRIPE_KEY" placeholder:"KEY" help:"A restricted key that reads prices, products and subscriptions."`
	RazorpayKeyID     string `name:"razorpay-key-id" env:"TIJORI_IMPORT_RAZORPAY_KEY_ID" placeholder:"ID" help:"Razorpay's key id."`
	RazorpayKeySecret string `env:"TIJORI_IMPORT_RAZORPAY_KEY_SECRET" placeholder:"SECRET" help:"Razorpay's key secret."`
	Simulated         string `placeholder:"URL" help:"Read the simulated providers of a development set-up instead."`
}

// Run prints the plan file.
func (c *importPlanCmd) Run(e *env) error {
	s, r, err := c.clients()
	if err != nil {
		return err
	}
	text, err := billing.DraftPlans(e, c.App, s, r)
	if err != nil {
		return err
	}
	if _, err := billing.ParsePlans([]byte(text), nil); err != nil {
		return fmt.Errorf("the draft would not be read: %w", err)
	}
	_, err = io.WriteString(e.stdout, text)
	return err
}

func (c *importPlanCmd) clients() (s *stripe.Client, r *razorpay.Client, err error) {
	keys := c.StripeKey != "" || c.RazorpayKeyID != "" || c.RazorpayKeySecret != ""
	if keys == (c.Simulated != "") {
		return nil, nil, usagef("no key of a provider is set\nset TIJORI_IMPORT_STRIPE_KEY, or TIJORI_IMPORT_RAZORPAY_KEY_ID and …_KEY_SECRET")
	}
	at := stripe.Config{Key: c.StripeKey, OnlyReads: true}
	rz := razorpay.Config{KeyID: c.RazorpayKeyID, KeySecret: c.RazorpayKeySecret, OnlyReads: true}
	if c.Simulated != "" {
		base := strings.TrimSuffix(c.Simulated, "/")
		at.Key, at.URL = simulator.StripeKey, base
		rz.KeyID, rz.KeySecret, rz.URL = simulator.RazorpayKeyID, simulator.RazorpayKeySecret, base+"/razorpay"
	}
	if at.Key != "" {
		if s, err = stripe.New(at); err != nil {
			return nil, nil, usagef("%v", err)
		}
	}
	if rz.KeyID != "" || rz.KeySecret != "" {
		if r, err = razorpay.New(rz); err != nil {
			return nil, nil, usagef("%v", err)
		}
	}
	return s, r, nil
}

type importSubscriptionsCmd struct {
	appFlags `embed:""`

	File   string `arg:"" help:"CSV: external_id,provider,id and a column for each meter whose credits come along. - reads standard input."`
	App    string `required:"" placeholder:"APP" help:"The app's id."`
	DryRun bool   `help:"Look and tell; change nothing. This is what it does without --apply."`
	Apply  bool   `help:"Bring them in."`
	JSON   bool   `name:"json" help:"Print JSON."`
}

// Run hands the file to the running server, which has the keys of the providers, and waits for it. It ends with 3 when
// a line was refused.
func (c *importSubscriptionsCmd) Run(e *env) error {
	if c.DryRun && c.Apply {
		return usagef("--dry-run and --apply exclude each other")
	}
	file, err := c.read(e)
	if err != nil {
		return err
	}
	return c.with(e, func(d *database) error {
		if _, err := d.find(e, c.App); err != nil {
			return err
		}
		id, err := platform.BeginImportHere(e, d.DB, c.App, file, !c.Apply)
		if err != nil {
			return err
		}
		in, err := c.wait(e, func() (*platform.Import, error) { return platform.ImportHere(e, d.DB, c.App, id) })
		if err != nil {
			return err
		}
		return c.print(e, in)
	})
}

func (c *importSubscriptionsCmd) read(e *env) ([]byte, error) {
	from := io.Reader(os.Stdin)
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		from = f
	}
	return io.ReadAll(io.LimitReader(from, platform.MaxImport+1))
}

// importStalls is how long an import may stand still before the command says that nothing works on it.
const importStalls = 90 * time.Second

func (c *importSubscriptionsCmd) wait(
	e *env, look func() (*platform.Import, error),
) (in *platform.Import, err error) {
	left, since := -1, time.Now()
	for {
		if in, err = look(); err != nil || !in.FinishedAt.IsZero() {
			break
		}
		if n := in.Count(platform.ImportWaiting); n != left {
			left, since = n, time.Now()
		}
		if terminal(e) {
			fmt.Fprintf(e.stderr, "\r%d of %d lines\033[K", len(in.Lines)-left, len(in.Lines))
		}
		if time.Since(since) > importStalls {
			err = fmt.Errorf("nothing works on the import\nis tijori serve running, and does TIJORI_APP_PLANS name the plan file of %s?",
				c.App)
			break
		}
		select {
		case <-e.Done():
			return nil, e.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
	if terminal(e) {
		fmt.Fprint(e.stderr, "\r\033[K")
	}
	return in, err
}

func (c *importSubscriptionsCmd) print(e *env, in *platform.Import) error {
	if c.JSON {
		if err := printJSON(e.stdout, in); err != nil {
			return err
		}
	} else if err := table(e.stdout, "LINE\tCUSTOMER\tOUTCOME\tPLAN\tUNTIL\tSUBSCRIPTION\tNOTE",
		func(row func(...any)) {
			for _, l := range in.Lines {
				for _, f := range l.Found {
					row(l.Line, l.Customer, l.Outcome, dash(f.Plan), stamp(f.Until), f.Subscription, dash(noteOf(l, f)))
				}
				if len(l.Found) == 0 {
					row(l.Line, l.Customer, l.Outcome, "-", "-", l.ID, dash(l.Detail))
				}
			}
		}); err != nil {
		return err
	}
	var counts []string
	for _, outcome := range []string{
		platform.ImportReady, platform.ImportDone, platform.ImportUnchanged, platform.ImportRefused,
		platform.ImportFailed,
	} {
		if n := in.Count(outcome); n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, outcome))
		}
	}
	fmt.Fprintf(e.stderr, "%d lines: %s\n", len(in.Lines), strings.Join(counts, ", "))
	if in.DryRun {
		fmt.Fprintln(e.stderr, "nothing was changed; --apply brings them in")
	}
	if n := in.Count(platform.ImportRefused) + in.Count(platform.ImportFailed); n > 0 {
		return findings{fmt.Sprintf("%d lines were not brought in", n)}
	}
	return nil
}

func noteOf(l platform.Imported, f billing.Found) string {
	var notes []string
	switch {
	case f.Known && f.Differs != "":
		notes = append(notes, "differed: "+f.Differs)
	case f.Plan == "":
		notes = append(notes, "gives nothing: "+string(f.Status))
	}
	if l.PaysTwice {
		notes = append(notes, "pays twice")
	}
	if l.Detail != "" {
		notes = append(notes, l.Detail)
	}
	return strings.Join(notes, "; ")
}

type importShadowCmd struct {
	appFlags `embed:""`

	App   string `required:"" placeholder:"APP" help:"The app's id."`
	Reset bool   `help:"Begin to count anew."`
	JSON  bool   `name:"json" help:"Print JSON."`
}

// Run lists the counts. It ends with 3 while the checks differ.
func (c *importShadowCmd) Run(e *env) error {
	return c.with(e, func(d *database) error {
		if _, err := d.find(e, c.App); err != nil {
			return err
		}
		if c.Reset {
			return platform.ForgetShadowsHere(e, d.DB, c.App)
		}
		list, err := platform.ShadowsHere(e, d.DB, c.App)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(e.stdout, append([]platform.Shadow{}, list...))
		}
		differ := false
		err = table(e.stdout, "FEATURE\tAGREED\tONLY HERE\tONLY THERE\tLAST\tCUSTOMERS THAT DIFFER", func(row func(...any)) {
			for _, s := range list {
				var names []string
				for _, one := range s.Customers[:min(len(s.Customers), 5)] {
					names = append(names, one.Customer)
				}
				if len(s.Customers) > 5 {
					names = append(names, "…")
				}
				row(s.Feature, s.Agreed, s.OnlyHere, s.OnlyThere, stamp(s.LastAt), dash(strings.Join(names, ", ")))
				differ = differ || s.OnlyHere+s.OnlyThere > 0
			}
		})
		switch {
		case err != nil:
			return err
		case len(list) == 0:
			return errors.New("nothing was counted yet\nsend shadow with your checks, as docs/platform.md says")
		case differ:
			return findings{"the checks differ\nafter mending it, --reset counts anew"}
		}
		return nil
	})
}

type importEndCmd struct {
	appFlags `embed:""`

	App string `required:"" placeholder:"APP" help:"The app's id."`
}

// Run ends it. Events that have waited are shown to a person when they are tried next.
func (c *importEndCmd) Run(e *env) error {
	return c.with(e, func(d *database) error {
		if _, err := d.find(e, c.App); err != nil {
			return err
		}
		if err := platform.EndImportHere(e, d.DB, c.App); err != nil {
			return err
		}
		_, err := fmt.Fprintf(e.stdout, "%s has moved in\n", c.App)
		return err
	})
}
