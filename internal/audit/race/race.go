// Package race sends one request many times at one moment and holds what came
// of it against what has to be true: a balance against what was accepted, a
// count against its limit. Statuses are counted and never decide alone.
package race

import (
	"context"
	"fmt"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/target"
)

// Options say what to race.
type Options struct {
	Config   *target.Config
	Reader   target.SQLReader // of readings by SQL; nil when there is none
	Progress func(n int, what string)
}

const (
	defaultParallel = 20
	defaultRounds   = 6
	mostParallel    = 100
	mostRounds      = 100
)

type engine struct {
	r      *target.Range
	report *finding.Report
	reader target.SQLReader
	show   func(int, string)
	rounds int
}

// Audit runs every race of the configuration.
func Audit(ctx context.Context, o Options) (*finding.Report, error) {
	if len(o.Config.Races) == 0 {
		return nil, fmt.Errorf("%w: it names no [[race]]\nsay what is sent, its cost and balance, or its limit and count", target.ErrUsage)
	}
	r, done, err := target.Open(ctx, o.Config)
	if err != nil {
		return nil, err
	}
	defer done()
	e := &engine{
		r: r, report: &finding.Report{
			Command: "audit race",
			Target:  r.URL().String(),
		}, reader: o.Reader, show: o.Progress,
	}
	if e.show == nil {
		e.show = func(int, string) {}
	}
	if _, err := r.Send(r.People[target.Nobody], &target.Shot{Method: "GET", Path: "/"}); err != nil {
		return nil, fmt.Errorf("%s does not answer: %w", r.URL(), err)
	}
	e.prepare()
	for i := range o.Config.Races {
		race := &o.Config.Races[i]
		e.show(r.Sent(), race.Name)
		if err := e.race(race); err != nil {
			e.notTested(race, "%v", err)
		}
	}
	e.report.Looked = []finding.Count{
		{What: "races", N: len(o.Config.Races)}, {What: "rounds", N: e.rounds}, {What: "requests", N: r.Sent()},
	}
	e.report.Did = r.Did()
	e.report.Sort()
	return e.report, nil
}

// prepare signs in who races, and plants what their requests name.
func (e *engine) prepare() {
	for _, race := range e.r.Config.Races {
		who := e.r.People[race.As]
		if e.r.Alive(who) == nil {
			continue
		}
		if e.r.SignIn(who) != nil {
			continue // race says so
		}
		for i := range e.r.Config.Seeds {
			seed := &e.r.Config.Seeds[i]
			for _, name := range seed.As {
				if name != race.As {
					continue
				}
				if err := e.r.Plant(who, seed); err != nil {
					e.report.NotTested = append(e.report.NotTested, finding.NotTested{
						What: "seed " + seed.Name + " of " + name, Reason: err.Error(),
					})
				}
			}
		}
	}
}

func (e *engine) notTested(race *target.Race, reason string, args ...any) {
	e.report.NotTested = append(e.report.NotTested, finding.NotTested{
		What: "race " + race.Name + " (" + race.String() + ")", Reason: fmt.Sprintf(reason, args...),
	})
}

// A round is what one salvo came to.
type round struct {
	before, after   int64
	accepted, asked int
	refused         int // the status of a refusal, 0 without one
	failed          int // connections that broke, whose request may or may not have counted
}

// race runs the rounds of one race.
func (e *engine) race(race *target.Race) error {
	who := e.r.People[race.As]
	if who.Why != "" {
		return fmt.Errorf("%s is not signed in: %s", race.As, who.Why)
	}
	parallel := min(positive(race.Parallel, defaultParallel), mostParallel)
	rounds := min(positive(race.Rounds, defaultRounds), mostRounds)
	var broken []round
	accepted, refused, way := 0, 0, ""
	for range rounds {
		got, how, err := e.round(race, who, parallel)
		if err != nil {
			return err
		}
		e.rounds++
		accepted += got.accepted
		refused, way = got.refused, how
		if !holds(race, got) {
			broken = append(broken, got)
		}
	}
	switch {
	case accepted == 0:
		return fmt.Errorf("none of %d requests was accepted, so nothing was raced; the last answer was %d", parallel*rounds,
			refused)
	case len(broken) > 0:
		e.add(race, who, broken, rounds, parallel, way)
	}
	return nil
}

func positive(n, instead int) int {
	if n <= 0 {
		return instead
	}
	return n
}
