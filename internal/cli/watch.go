package cli

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/tijorihq/tijori/internal/watch/simulate"
)

type watchCmd struct {
	Probe    watchProbeCmd    `cmd:"" help:"Look at addresses from outside, also as canary accounts; history for the status page."`
	Simulate watchSimulateCmd `cmd:"" help:"Play weeks of made-up traffic with attacks, and say what the detector finds."`
}

type watchSimulateCmd struct {
	Accounts int    `default:"10000" placeholder:"N" help:"How many accounts (default: ${default})."`
	Weeks    int    `default:"4" placeholder:"N" help:"How many weeks are judged (default: ${default})."`
	Warm     int    `default:"3" placeholder:"N" help:"Weeks before them, of which the detector learns (default: ${default})."`
	Attacks  int    `default:"4" placeholder:"N" help:"Attacks of each kind in a week (default: ${default})."`
	Seed     uint64 `default:"1" placeholder:"N" help:"Another number plays other weeks (default: ${default})."`
}

// What the detector promises.
const (
	detectionPromised = 95.0
	falsePromised     = 1.0 // a week and 10,000 accounts
)

// Run plays and judges; a promise that is not kept is a finding.
func (c *watchSimulateCmd) Run(e *env) error {
	if c.Accounts < 100 || c.Weeks < 1 || c.Warm < 2 || c.Attacks < 1 {
		return usagef("at least 100 accounts, one week, two weeks before it and one attack\n" +
			"the detector compares accounts with their own past")
	}
	began := time.Now()
	r := simulate.Run(simulate.Config{
		Accounts: c.Accounts, Weeks: c.Weeks, Warm: c.Warm, Attacks: c.Attacks, Seed: c.Seed,
		Progress: func(day, days int) {
			if day%7 == 0 {
				fmt.Fprintf(e.stderr, "week %d of %d\n", day/7, days/7)
			}
		},
	})
	fmt.Fprintf(e.stdout, "%d accounts, %d weeks after %d of learning, %d records, seed %d, %s\n\n", c.Accounts, c.Weeks,
		c.Warm, r.Records, c.Seed, time.Since(began).Round(time.Second))
	w := tabwriter.NewWriter(e.stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "attack\tplanted\tfound\talert after, in the middle")
	for _, k := range r.Kinds {
		fmt.Fprintf(w, "%s\t%d\t%d\t%s\n", k.Kind, k.Planted, k.Found, k.Middle.Round(time.Second))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "\nfalse alarms: %d\n", len(r.False))
	for i, a := range r.False {
		if i == 20 {
			fmt.Fprintf(e.stdout, "  and %d more\n", len(r.False)-i)
			break
		}
		fmt.Fprintf(e.stdout, "  %s %s: %s\n", a.At.Format("2006-01-02 15:04"), a.Rule, a.Text)
	}
	fmt.Fprintf(e.stdout, "\nfigure watch_detection %.1f percent\n", r.Detection())
	fmt.Fprintf(e.stdout, "figure watch_false_alarms %.2f a_week_and_10000_accounts\n", r.FalsePerWeek())
	var broken []string
	if r.Detection() < detectionPromised {
		broken = append(broken, fmt.Sprintf("fewer than %.0f of 100 attacks are found", detectionPromised))
	}
	if r.FalsePerWeek() > falsePromised {
		broken = append(broken, fmt.Sprintf("more than %.0f false alarm a week and 10,000 accounts", falsePromised))
	}
	if len(broken) > 0 {
		return findings{strings.Join(broken, "; ")}
	}
	return nil
}
