package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/billing"
)

type reconcileCmd struct {
	operateFlags `embed:""`

	Provider string    `placeholder:"NAME" help:"Only stripe or razorpay."`
	Account  uuid.UUID `placeholder:"ACCOUNT" help:"Only this account."`
	DryRun   bool      `help:"Look and tell; change nothing. Exit 3 when anything differs."`
	Rate     int       `default:"10" help:"Calls to a provider a second, at most (default: ${default})."`
}

// Run compares us with the providers. A run that is not complete fails,
// whatever it has repaired; one that leaves something to a person ends with 3.
func (c *reconcileCmd) Run(e *env) error {
	p, err := provider(c.Provider)
	if err != nil {
		return err
	}
	if c.Rate < 1 || c.Rate > 100 {
		return usagef("--rate %d is not between 1 and 100", c.Rate)
	}
	return c.with(e, func(d *desk) error {
		o := billing.Reconciliation{Provider: p, Account: c.Account, DryRun: c.DryRun, Who: d.who, Rate: c.Rate}
		if terminal(e) {
			o.Progress = func(r billing.Run) {
				fmt.Fprintf(e.stderr, "\r%s %s: %d compared, %d differ\033[K", r.Provider, r.Phase, r.Looked, r.Differ)
			}
		}
		runs, failed := d.Reconcile(e, o)
		if o.Progress != nil {
			fmt.Fprint(e.stderr, "\r\033[K")
		}
		if err := c.print(e, d, runs); err != nil {
			return errors.Join(failed, err)
		}
		if failed != nil {
			if errors.Is(failed, billing.ErrPartial) {
				return fmt.Errorf("%s\nrun it again: it goes on where it stopped", brief(failed))
			}
			return failed
		}
		left := 0
		for _, r := range runs {
			left += r.Differ - r.Repaired
		}
		switch {
		case left == 0:
			return nil
		case c.DryRun:
			return findings{fmt.Sprintf("%d differ\nwithout --dry-run what is safe is repaired", left)}
		}
		return findings{fmt.Sprintf("%d are left to a person\nsee tijori review list", left)}
	})
}

func brief(err error) string {
	text := []rune(err.Error())
	for i, r := range text {
		if r == '\n' {
			text[i] = ';'
		}
	}
	return string(text)
}

func (c *reconcileCmd) print(e *env, d *desk, runs []billing.Run) error {
	type result struct {
		billing.Run
		Findings []billing.Finding
	}
	var results []result
	for _, r := range runs {
		found, err := d.ListFindings(e, r.ID)
		if err != nil {
			return err
		}
		results = append(results, result{r, found})
	}
	if c.JSON {
		return c.printJSON(e.stdout, results)
	}
	for _, r := range results {
		fmt.Fprintf(e.stdout, "%s: %s; %d compared in %d calls, %d differ, %d repaired, %d for a person, %d failed\n",
			r.Provider.Name(), r.State, r.Looked, r.Calls, r.Differ, r.Repaired, r.Queued, r.Failed)
		if len(r.Findings) == 0 {
			continue
		}
		err := table(e.stdout, "OUTCOME\tCLASS\tSUBSCRIPTION\tACCOUNT\tDETAIL", func(row func(...any)) {
			for _, f := range r.Findings {
				row(f.Outcome, f.Class, f.Subscription, known(f.AccountID), f.Detail)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// terminal reports whether progress has somebody to read it.
func terminal(e *env) bool { return isTerminal(e.stderr) }

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
