// Command bench counts what the auditor finds in pairs of leaky and repaired
// schemas: recall and precision by kind, and every miss and false alarm by name.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/audit/bench/pairs"
	"github.com/tijorihq/tijori/internal/audit/db"
	"github.com/tijorihq/tijori/internal/audit/db/scratch"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

func main() {
	cases := flag.String("cases", "", "folder of pairs")
	verbose := flag.Bool("v", false, "print every finding")
	quick := flag.Bool("static", false, "leave the attack out")
	code := flag.Bool("source", false, "count the pairs of source code instead of schemas")
	flag.Parse()
	if *code {
		dir := *cases
		if dir == "" {
			dir = pairs.SourceCases(".")
		}
		if _, err := pairs.Source(context.Background(), dir, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "audit-bench:", err)
			os.Exit(1)
		}
		return
	}
	if err := run(*cases, flag.Args(), *verbose, !*quick); err != nil {
		fmt.Fprintln(os.Stderr, "audit-bench:", err)
		os.Exit(1)
	}
}

// A tally counts one way of looking.
type tally struct {
	name           string
	found          map[string]int // flaws by kind
	exact, proven  int
	total          map[string]int
	good, bad      int // findings of medium or more that are right, and that are not
	noise          int
	highFixed      int
	mediumFixed    int
	misses, alarms []string
	unproven       []string
}

func newTally(name string) *tally {
	return &tally{name: name, found: map[string]int{}, total: map[string]int{}}
}

func run(dir string, only []string, verbose, attack bool) error {
	all, err := readCases(dir, only)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return fmt.Errorf("no cases in %s", dir)
	}
	ctx := context.Background()
	server, err := scratch.Start(ctx)
	if err != nil {
		return err
	}
	defer server.Stop()
	tallies := []*tally{newTally("static")}
	if attack {
		tallies = append(tallies, newTally("attack"))
	}
	for _, c := range all {
		for _, t := range tallies {
			for _, twin := range []string{"leaky", "fixed"} {
				start := time.Now()
				r, err := db.Audit(ctx, db.Options{
					Migrations: filepath.Join(c.Dir, twin+".sql"), Scratch: server.DSN(), Attack: t.name == "attack",
					ConnectsAs: c.connects(), ExposedSchemas: c.Exposed, Platform: c.Platform,
				})
				if err != nil {
					return fmt.Errorf("%s %s: %w", c.Name, twin, err)
				}
				if verbose {
					fmt.Printf("--- %s %s %s %s\n", c.Name, twin, t.name, time.Since(start).Round(time.Millisecond))
					show(r)
				}
				t.count(c, twin, r)
			}
		}
	}
	for _, t := range tallies {
		t.print()
	}
	figures(tallies)
	return nil
}

func show(r *finding.Report) {
	for _, f := range r.Findings {
		proof := ""
		if f.Proof != nil {
			proof = "PROOF " + f.Proof.Who + ": " + f.Proof.Steps[len(f.Proof.Steps)-1] + " -> " + f.Proof.Saw
		}
		fmt.Printf(
			"  %-8s %-30s %s %v %v key=%q at %s\n           %s\n           %s\n",
			f.Severity,
			f.Rule,
			f.Object,
			f.Verbs,
			f.Affects,
			f.Key,
			f.Place,
			f.Title,
			proof,
		)
	}
	for _, n := range r.NotTested {
		fmt.Printf("  not tested: %s: %s\n", n.What, n.Reason)
	}
	for _, w := range r.Withdrawn {
		fmt.Printf("  withdrawn: %s %s: %s\n", w.Finding.Rule, w.Finding.Object, w.Reason)
	}
}

func (t *tally) count(c Case, twin string, r *finding.Report) {
	if twin == "fixed" {
		for _, f := range r.Findings {
			if f.Severity >= finding.High {
				t.highFixed++
			} else if f.Severity == finding.Medium {
				t.mediumFixed++
			}
			if f.Severity >= finding.Medium {
				t.bad++
				t.alarms = append(
					t.alarms,
					fmt.Sprintf("%s fixed: %s %s %s %v", c.Name, f.Severity, f.Rule, f.Object, f.Verbs),
				)
			}
		}
		return
	}
	taken := map[string]bool{}
	for _, flaw := range c.Flaws {
		t.total[flaw.Kind]++
		i := slices.IndexFunc(
			r.Findings,
			func(f finding.Finding) bool { return f.Severity >= finding.Low && hits(f, flaw, true) },
		)
		if i >= 0 {
			t.exact++
		} else {
			i = slices.IndexFunc(r.Findings, func(f finding.Finding) bool {
				return f.Severity >= finding.Low &&
					hits(f, flaw, false)
			})
		}
		if i < 0 {
			t.misses = append(t.misses, fmt.Sprintf("%s %s %s %s", flaw.ID, flaw.Kind, flaw.Object, flaw.Verb))
			continue
		}
		t.found[flaw.Kind]++
		if slices.ContainsFunc(
			r.Findings,
			func(f finding.Finding) bool { return f.Proof != nil && hits(f, flaw, false) },
		) {
			t.proven++
		} else if t.name == "attack" {
			t.unproven = append(t.unproven, fmt.Sprintf("%s %s %s %s", flaw.ID, flaw.Kind, flaw.Object, flaw.Verb))
		}
		taken[r.Findings[i].Fingerprint()] = true
	}
	for _, f := range r.Findings {
		if f.Severity < finding.Medium {
			continue
		}
		right := slices.ContainsFunc(c.Flaws, func(x Flaw) bool { return hits(f, x, false) })
		switch {
		case taken[f.Fingerprint()]:
			t.good++
		case right:
			t.noise++
		default:
			t.bad++
			t.alarms = append(
				t.alarms,
				fmt.Sprintf("%s leaky: %s %s %s %v", c.Name, f.Severity, f.Rule, f.Object, f.Verbs),
			)
		}
	}
}

func sum(m map[string]int) int {
	n := 0
	for _, v := range m {
		n += v
	}
	return n
}

func (t *tally) recall() float64 { return 100 * float64(sum(t.found)) / float64(max(1, sum(t.total))) }

func (t *tally) precision() float64 {
	return 100 * float64(t.good) / float64(max(1, t.good+t.bad+t.noise))
}

func (t *tally) print() {
	fmt.Printf("\n%s\n", strings.ToUpper(t.name))
	var kinds []string
	for k := range t.total {
		kinds = append(kinds, k)
	}
	slices.Sort(kinds)
	for _, k := range kinds {
		fmt.Printf("  %-36s %3d of %3d\n", k, t.found[k], t.total[k])
	}
	fmt.Printf("  recall %.1f %% (%d of %d, the very kind %d), precision %.1f %% (%d right, %d false, %d repeated)\n",
		t.recall(), sum(t.found), sum(t.total), t.exact, t.precision(), t.good, t.bad, t.noise)
	if t.name == "attack" {
		fmt.Printf("  proven by an attack that was carried out: %d\n", t.proven)
	}
	fmt.Printf("  on repaired twins: %d high or critical, %d medium\n", t.highFixed, t.mediumFixed)
	for _, m := range t.misses {
		fmt.Println("  missed     ", m)
	}
	for _, m := range t.unproven {
		fmt.Println("  unproven   ", m)
	}
	for _, a := range t.alarms {
		fmt.Println("  false alarm", a)
	}
}

func figures(tallies []*tally) {
	good, bad, high := 0, 0, 0
	for _, t := range tallies {
		fmt.Printf("figure audit_db_recall_%s %.1f\n", t.name, t.recall())
		good, bad, high = good+t.good, bad+t.bad+t.noise, high+t.highFixed
	}
	fmt.Printf("figure audit_db_precision %.1f\n", 100*float64(good)/float64(max(1, good+bad)))
	fmt.Printf("figure audit_db_high_on_fixed %d\n", high)
}
