package live

import (
	"context"
	"fmt"
	"time"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/target"
)

// smokeTime is how long Smoke takes at most.
const smokeTime = 10 * time.Second

// Smoke looks whether a deployed app stands: everybody can sign in, every page
// of theirs that needs no seed opens for them, and for nobody else. It changes
// nothing.
func Smoke(ctx context.Context, o Options) (*finding.Report, error) {
	c := *o.Config
	c.Target.Seconds = min(c.Target.Seconds, 5)
	ctx, cancel := context.WithTimeout(ctx, smokeTime)
	defer cancel()
	r, done, err := target.Open(ctx, &c)
	if err != nil {
		return nil, err
	}
	defer done()
	e := &engine{
		r: r, report: &finding.Report{Command: "audit smoke", Target: r.URL().String()}, found: map[string]int{},
		looked: map[string]int{},
	}
	if err := e.reach(); err != nil {
		return nil, err
	}
	for _, p := range e.people() {
		if err := r.SignIn(p); err != nil {
			e.down("sign in as "+p.Person.Name, err.Error())
			continue
		}
		e.looked["sign-ins"]++
	}
	for i := range c.Routes {
		if route := &c.Routes[i]; !route.IsWrite() && len(target.Names(&route.Request)) == 0 {
			e.stands(route)
		}
	}
	if e.spent != nil {
		e.notTested("the rest", "%v", e.spent)
	}
	return e.finish(), nil
}

func (e *engine) down(object, saw string) {
	e.add("smoke-down", object, func(f *finding.Finding) {
		f.Affects = once(f.Affects, saw)
	})
}

// stands opens one page as who may, and as nobody.
func (e *engine) stands(route *target.Route) {
	who := e.owner(route)
	if who.Why != "" || e.spent != nil {
		return
	}
	e.looked["pages"]++
	shot, err := e.r.Shot(who, &route.Request, nil)
	if err != nil {
		return
	}
	a, err := e.r.Follow(who, shot)
	switch {
	case e.ended(err):
		return
	case err != nil:
		e.down(route.String(), err.Error())
		return
	case a.Status >= 500 || !route.Public && !a.OK():
		e.down(route.String(), fmt.Sprintf("%s is answered with %d", who.Person.Name, a.Status))
		return
	}
	if route.Public {
		return
	}
	mine := who.Person.Check.Contains
	if !a.Has(mine) {
		return
	}
	b, err := e.r.Follow(e.nobody(), shot)
	if e.ended(err) || err != nil {
		return
	}
	if b.Has(mine) {
		e.leak("read", route.String(), who, e.nobody(), try{"without a session", shot, ""}, saw(b, mine))
	}
}
