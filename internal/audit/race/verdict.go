package race

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/target"
)

// holds reports whether a round left what has to be true. A request whose
// connection broke may have counted or not, so both are allowed.
func holds(race *target.Race, r round) bool {
	if race.Count != nil {
		return r.after <= max(race.Limit, r.before)
	}
	spent := r.before - r.after
	most, least := int64(r.accepted+r.failed), int64(r.accepted)
	if race.Once {
		most, least = min(most, 1), min(least, 1)
	}
	lower, upper := least*race.Cost, most*race.Cost
	if race.Cost < 0 { // it grants
		lower, upper = upper, lower
	}
	return spent >= lower && spent <= upper && (r.after >= 0 || race.Cost < 0)
}

// round prepares, reads, fires and reads again.
func (e *engine) round(race *target.Race, who *target.Someone, parallel int) (round, string, error) {
	out := round{asked: parallel}
	if err := e.ready(race, who); err != nil {
		return out, "", err
	}
	of := race.Balance
	if of == nil {
		of = race.Count
	}
	var err error
	if out.before, err = e.read(of, who); err != nil {
		return out, "", err
	}
	shots := make([]*target.Shot, parallel)
	once := ""
	for i := range shots {
		extra := map[string]string{}
		if race.Once {
			if once == "" {
				once, _ = e.r.Value(who, "uuid")
			}
			extra["uuid"], extra["fresh"] = once, once
		}
		if shots[i], err = e.r.Shot(who, &race.Request, extra); err != nil {
			return out, "", err
		}
	}
	if err := e.r.Spend(parallel, fmt.Sprintf("%s: %d × %s at one moment", race.As, parallel,
		race.String())); err != nil {
		return out, "", err
	}
	statuses, how, err := salvo(e.r, who, shots, race.HTTP2)
	if err != nil {
		return out, how, err
	}
	for _, s := range statuses {
		switch {
		case s == 0:
			out.failed++
		case s >= 200 && s < 300, s == 303, s == 302:
			out.accepted++
		default:
			out.refused = s
		}
	}
	if out.failed == parallel {
		return out, how, errors.New("no request of the salvo was answered")
	}
	out.after, err = e.read(of, who)
	return out, how, err
}

// ready has the session alive and the setup done.
func (e *engine) ready(race *target.Race, who *target.Someone) error {
	if e.r.Alive(who) != nil {
		if err := e.r.SignIn(who); err != nil {
			return err
		}
	}
	if race.Setup == nil {
		return nil
	}
	shot, err := e.r.Shot(who, race.Setup, nil)
	if err != nil {
		return err
	}
	a, err := e.r.Send(who, shot)
	if err != nil {
		return err
	}
	if a.Status >= 400 {
		return fmt.Errorf("the setup was answered with %d", a.Status)
	}
	return nil
}

func (e *engine) read(of *target.Reading, who *target.Someone) (int64, error) {
	text, err := e.r.Read(of, who, e.reader)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a whole number", text)
	}
	return n, nil
}

func (e *engine) add(race *target.Race, who *target.Someone, broken []round, rounds, parallel int, way string) {
	id, worst := "race-balance", broken[0]
	if race.Count != nil {
		id = "race-quota"
	} else if race.Once {
		id = "race-repeated"
	}
	for _, r := range broken {
		if r.accepted > worst.accepted {
			worst = r
		}
	}
	of := ruleByID(id)
	f := finding.Finding{
		Rule: id, Severity: of.Severity, Title: of.Title, Object: race.String(), Key: race.Name, Why: of.Why,
		Fix:  of.Fix,
		ASVS: of.ASVS, CWE: of.CWE, Actors: []string{"a customer with a short program"}, Verbs: []string{race.Verb()},
	}
	what := fmt.Sprintf("%d of %d were accepted; it was %d before and %d after", worst.accepted, worst.asked,
		worst.before,
		worst.after)
	if race.Count != nil {
		what += fmt.Sprintf(", and the limit is %d", race.Limit)
	} else {
		what += fmt.Sprintf(", where %d × %d should have left %d", worst.accepted, race.Cost,
			worst.before-int64(worst.accepted)*race.Cost)
	}
	f.Proof = &finding.Proof{
		Who:   who.Person.Name,
		Steps: []string{fmt.Sprintf("send %d × %s at one moment (%s)", parallel, race.String(), way)},
		Saw:   fmt.Sprintf("%s. It happened in %d of %d rounds.", what, len(broken), rounds),
	}
	e.report.Findings = append(e.report.Findings, f)
}
