package live

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/target"
)

// route attacks one route by everybody who may not use it.
func (e *engine) route(route *target.Route) {
	if route.Public {
		return
	}
	owner := e.owner(route)
	if owner.Why != "" {
		e.notTested(route.String(), "its owner %s is not signed in", owner.Person.Name)
		return
	}
	for _, name := range target.Names(&route.Request) {
		if _, ok := e.r.Value(owner, name); !ok && name != "mark" {
			e.notTested(route.String(), "%v", &target.MissingError{Name: name})
			return
		}
	}
	switch {
	case route.Paid:
		e.paid(route)
	case !route.IsWrite():
		e.reads(route, owner)
	case route.IsDangerous() && !route.Allow:
		e.notTested(route.String(), "it may delete or pay, and nothing says allow = true")
	default:
		e.writes(route, owner)
	}
}

// reads tries a route that shows something.
func (e *engine) reads(route *target.Route, owner *target.Someone) {
	for i, attacker := range e.attackers(route) {
		// An attack may have changed what the owner sees, and nothing would leak from then on.
		status, err := e.control(route, owner)
		if err == nil && status != 0 && i > 0 {
			e.replant()
			status, err = e.control(route, owner)
		}
		switch {
		case err != nil:
			e.fail(route.String(), err)
			return
		case status != 0:
			e.notTested(route.String(), "%s was answered with %d and none of what they planted", owner.Person.Name,
				status)
			return
		}
		e.as(route, attacker, func() bool { return e.read(route, owner, attacker) })
	}
}

// control opens a route as its owner. It returns 0 where they see what they have planted, and the status otherwise.
func (e *engine) control(route *target.Route, owner *target.Someone) (int, error) {
	if e.spent != nil {
		return 0, e.spent
	}
	shot, err := e.r.Shot(owner, &route.Request, nil)
	if err != nil {
		return 0, err
	}
	a, err := e.r.Follow(owner, shot)
	if err != nil {
		return 0, err
	}
	if a.OK() && len(shown(a, owner.Canary)) > 0 {
		return 0, nil
	}
	return a.Status, nil
}

// as lets somebody attack between two looks at their session: what a dead
// session was refused proves nothing.
func (e *engine) as(route *target.Route, attacker *target.Someone, attack func() bool) {
	what := route.String() + " as " + attacker.Person.Name
	if attacker.Why != "" || e.spent != nil {
		why := attacker.Why
		if why == "" {
			why = e.spent.Error()
		}
		e.notTested(what, "%s", why)
		return
	}
	for range 2 {
		if attack() {
			return
		}
		if e.spent != nil {
			e.notTested(what, "%v", e.spent)
			return
		}
		if e.r.Alive(attacker) == nil {
			return
		}
		if err := e.r.SignIn(attacker); err != nil {
			e.ended(err)
			e.notTested(what, "%v", err)
			return
		}
	}
	e.notTested(what, "the session ends while the route is tried")
}

// read reports whether the attacker saw what they must not see.
func (e *engine) read(route *target.Route, owner, attacker *target.Someone) bool {
	tries, err := e.tries(route, owner, attacker)
	if err != nil {
		e.fail(route.String()+" as "+attacker.Person.Name, err)
		return false
	}
	leaked := false
	for _, t := range tries {
		e.looked["attacks"]++
		a, err := e.r.Follow(attacker, t.shot)
		if err != nil {
			if e.ended(err) {
				return leaked
			}
			e.notTested(route.String()+" "+t.how+" as "+attacker.Person.Name, "%v", err)
			continue
		}
		for _, canary := range e.foreign(owner, attacker) {
			if !a.Has(canary) {
				continue
			}
			leaked = true
			if e.onlyKept(attacker, t.shot, canary) {
				e.kept(route, owner, attacker, t.shot, a, canary)
				break
			}
			e.leak("read", route.String(), owner, attacker, t, saw(a, canary))
			break
		}
	}
	return leaked
}

// foreign are the canaries that the attacker must not see.
func (e *engine) foreign(owner, attacker *target.Someone) (out []string) {
	for _, p := range e.people() {
		if p == attacker || p.Person.Account == attacker.Person.Account && p != owner {
			continue
		}
		for _, c := range p.Canary {
			if !e.legit[attacker.Person.Name][c] {
				out = append(out, c)
			}
		}
	}
	return out
}

func shown(a *target.Answer, canaries []string) (out []string) {
	for _, c := range canaries {
		if a.Has(c) {
			out = append(out, c)
		}
	}
	return out
}

// leak adds the finding that belongs to an attacker.
func (e *engine) leak(verb, object string, owner, attacker *target.Someone, t try, saw string) {
	rule, actor := "http-"+verb+"-stranger", "another customer"
	switch {
	case attacker.Person.Name == target.Nobody:
		rule, actor = "http-"+verb+"-nobody", "anyone without signing in"
	case attacker.Person.Account == owner.Person.Account:
		rule, actor = "http-"+verb+"-role", "a member with a lower role"
		if attacker.Person.Role != "" {
			actor += " (" + attacker.Person.Role + ")"
		}
	}
	e.add(rule, object, func(f *finding.Finding) {
		f.Actors = once(f.Actors, actor)
		f.Verbs = once(f.Verbs, t.shot.Method)
		f.Affects = once(f.Affects, t.how)
		if f.Proof == nil {
			f.Proof = &finding.Proof{
				Who: fmt.Sprintf("%s: %s", attacker.Person.Name, actor),
				Steps: []string{
					fmt.Sprintf("sign in as %s", attacker.Person.Name), t.shot.String() + "  (" + t.how + ")",
				},
				Saw: saw,
			}
		}
	})
}

func (e *engine) fail(what string, err error) {
	if !e.ended(err) {
		e.notTested(what, "%v", err)
	}
}

// writes tries a route that changes something, and looks at the owner's state.
func (e *engine) writes(route *target.Route, owner *target.Someone) {
	if route.State == "" {
		e.notTested(route.String(), "it changes something, and no state says where to see that")
		return
	}
	for _, attacker := range e.attackers(route) {
		e.as(route, attacker, func() bool { return e.write(route, owner, attacker) })
	}
	if e.spent == nil {
		e.proveWrite(route, owner)
	}
}

// proveWrite lets the owner do it: a state that shows nothing then would have shown nothing of an attack.
func (e *engine) proveWrite(route *target.Route, owner *target.Someone) {
	before, err := e.state(route, owner)
	if err != nil {
		e.fail(route.String(), err)
		return
	}
	mark := target.Fresh("mark")
	shot, err := e.r.Shot(owner, &route.Request, map[string]string{"mark": mark})
	if err == nil {
		_, err = e.r.Send(owner, shot)
	}
	if err != nil {
		e.fail(route.String(), err)
		return
	}
	after, err := e.look(route, owner)
	if err != nil {
		e.fail(route.String(), err)
		return
	}
	if before.change(after, mark) == "" {
		e.notTested(route.String(), "even %s, who may, changes nothing that %s shows", owner.Person.Name, route.State)
	}
	e.restore(before, after, owner)
}

// restore plants again what an attack or a proof has taken away.
func (e *engine) restore(before *state, after *target.Answer, owner *target.Someone) {
	if !before.lost(after, owner.Canary) {
		return
	}
	for i := range e.r.Config.Seeds {
		seed := &e.r.Config.Seeds[i]
		for _, name := range seed.As {
			if name == owner.Person.Name {
				e.sow(seed, owner)
			}
		}
	}
}

func (e *engine) write(route *target.Route, owner, attacker *target.Someone) bool {
	before, err := e.state(route, owner)
	if err != nil {
		e.fail(route.String(), err)
		return false
	}
	tries, err := e.tries(route, owner, attacker)
	if err != nil {
		e.fail(route.String()+" as "+attacker.Person.Name, err)
		return false
	}
	done := false
	for i := range tries {
		t := tries[i]
		e.looked["attacks"]++
		if _, err := e.r.Send(attacker, t.shot); err != nil {
			if e.ended(err) {
				return done
			}
			e.notTested(route.String()+" "+t.how+" as "+attacker.Person.Name, "%v", err)
			continue
		}
		after, err := e.look(route, owner)
		if err != nil {
			e.fail(route.String(), err)
			return done
		}
		change := before.change(after, t.mark)
		if change == "" {
			continue
		}
		done = true
		e.leak("write", route.String(), owner, attacker, t,
			owner.Person.Name+" reads "+route.State+" afterwards: "+change)
		e.restore(before, after, owner)
		return done // further ways would write over what is proven
	}
	return done
}

// A state is what an owner reads of their own things: the words that two looks share.
type state struct {
	words  map[string]int
	answer *target.Answer
}

// look reads the state, signing in anew where the owner's session has died.
func (e *engine) look(route *target.Route, owner *target.Someone) (*target.Answer, error) {
	a, err := e.r.Get(owner, route.State)
	if err != nil || a.OK() {
		return a, err
	}
	if e.r.Alive(owner) == nil {
		return a, nil
	}
	if err := e.r.SignIn(owner); err != nil {
		return nil, err
	}
	return e.r.Get(owner, route.State)
}

func (e *engine) state(route *target.Route, owner *target.Someone) (*state, error) {
	first, err := e.look(route, owner)
	if err != nil {
		return nil, err
	}
	second, err := e.look(route, owner)
	if err != nil {
		return nil, err
	}
	if !first.OK() || !second.OK() {
		return nil, fmt.Errorf("the state %s is answered with %d", route.State, first.Status)
	}
	s := &state{words: words(first), answer: first}
	other := words(second)
	for w, n := range s.words {
		if s.words[w] = min(n, other[w]); s.words[w] == 0 {
			delete(s.words, w)
		}
	}
	return s, nil
}

var (
	passing = regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]?[\d:.]*Z?|\b\d{1,2}:\d\d(:\d\d)?\b`)
	word    = regexp.MustCompile(`[\p{L}\p{N}_.-]+`)
)

// words are the words of an answer with how often they stand there, without
// times of day, which pass by themselves.
func words(a *target.Answer) map[string]int {
	out := map[string]int{}
	for _, w := range word.FindAllString(passing.ReplaceAllString(string(a.Body), " "), -1) {
		out[w]++
	}
	return out
}

// change says what differs, or nothing.
func (s *state) change(after *target.Answer, mark string) string {
	if after.Has(mark) {
		return saw(after, mark)
	}
	if !after.OK() {
		return fmt.Sprintf("%d where it was %d", after.Status, s.answer.Status)
	}
	now := words(after)
	var gone []string
	for w, n := range s.words {
		if now[w] < n && len(gone) < 5 {
			gone = append(gone, w)
		}
	}
	if len(gone) == 0 {
		return ""
	}
	return "no longer there: " + strings.Join(gone, ", ")
}

// lost reports whether a canary has gone.
func (s *state) lost(after *target.Answer, canaries []string) bool {
	for _, c := range canaries {
		if s.answer.Has(c) && !after.Has(c) {
			return true
		}
	}
	return false
}

// paid tries a paid route as people whose account does not pay, on what is their own.
func (e *engine) paid(route *target.Route) {
	proven := false
	for _, p := range e.people() {
		if !p.Person.Paid || p.Why != "" || !slices.Contains(route.May, p.Person.Name) {
			continue
		}
		_, got, err := e.useOwn(route, p)
		if err != nil {
			e.fail(route.String()+" as "+p.Person.Name, err)
			continue
		}
		proven = proven || got != ""
	}
	if !proven {
		e.notTested(route.String(), "nobody whose account pays gets anything of their own from it")
		return
	}
	tried := false
	for _, p := range e.people() {
		if p.Person.Paid {
			continue
		}
		e.as(route, p, func() bool {
			shot, got, err := e.useOwn(route, p)
			if err != nil {
				e.fail(route.String()+" as "+p.Person.Name, err)
				return false
			}
			tried = true
			if got == "" {
				return false
			}
			e.add("http-paid-route", route.String(), func(f *finding.Finding) {
				f.Actors = once(f.Actors, "a customer who does not pay")
				f.Verbs = once(f.Verbs, shot.Method)
				if f.Proof == nil {
					f.Proof = &finding.Proof{
						Who:   p.Person.Name + ": a customer who does not pay",
						Steps: []string{"sign in as " + p.Person.Name, shot.String()}, Saw: got,
					}
				}
			})
			return true
		})
	}
	if !tried && e.spent == nil {
		e.notTested(route.String(), "nobody is signed in whose account does not pay")
	}
}

// useOwn lets somebody use a route on their own things, and returns what shows that it worked.
func (e *engine) useOwn(route *target.Route, p *target.Someone) (*target.Shot, string, error) {
	mark := target.Fresh("mark")
	shot, err := e.r.Shot(p, &route.Request, map[string]string{"mark": mark})
	if err != nil {
		return nil, "", err
	}
	e.looked["attacks"]++
	a, err := e.r.Send(p, shot)
	if err != nil {
		return shot, "", err
	}
	if route.IsWrite() && route.State != "" {
		after, err := e.r.Get(p, route.State)
		if err != nil {
			return shot, "", err
		}
		if after.Has(mark) {
			return shot, saw(after, mark), nil
		}
		return shot, "", nil
	}
	if c := shown(a, p.Canary); len(c) > 0 && a.OK() {
		return shot, saw(a, c[0]), nil
	}
	return shot, "", nil
}
