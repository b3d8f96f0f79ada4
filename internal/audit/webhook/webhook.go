// Package webhook plays a payment provider to a running app: signed and
// unsigned, old, repeated, shuffled and cut off. What the app answers is noted;
// what it has come to afterwards decides.
package webhook

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/target"
)

// Options say what to call.
type Options struct {
	Config   *target.Config
	Reader   target.SQLReader
	Progress func(n int, what string)
}

// An engine is the audit of one address.
type engine struct {
	r      *target.Range
	w      *target.Webhook
	who    *target.Someone
	by     provider
	secret string
	sql    target.SQLReader
	report *finding.Report
	last   *purchase // the newest, which an end is about
	step   int64
	trials int
}

const defaultSettle = 3.0

// Audit plays the providers of the configuration.
func Audit(ctx context.Context, o Options) (*finding.Report, error) {
	if len(o.Config.Webhooks) == 0 {
		return nil, fmt.Errorf("%w: it names no [[webhook]]\nsay its provider, path, signing secret, and where the plan is read",
			target.ErrUsage)
	}
	r, done, err := target.Open(ctx, o.Config)
	if err != nil {
		return nil, err
	}
	defer done()
	report := &finding.Report{Command: "audit webhook", Target: r.URL().String()}
	if _, err := r.Send(r.People[target.Nobody], &target.Shot{Method: "GET", Path: "/"}); err != nil {
		return nil, fmt.Errorf("%s does not answer: %w", r.URL(), err)
	}
	trials := 0
	for i := range o.Config.Webhooks {
		w := &o.Config.Webhooks[i]
		e := &engine{r: r, w: w, who: r.People[w.As], sql: o.Reader, report: report}
		if o.Progress != nil {
			o.Progress(r.Sent(), w.Provider+" "+w.Path)
		}
		if err := e.run(); err != nil {
			e.notTested("the rest", "%v", err)
		}
		trials += e.trials
	}
	report.Looked = []finding.Count{
		{What: "webhooks", N: len(o.Config.Webhooks)}, {What: "trials", N: trials}, {What: "requests", N: r.Sent()},
	}
	report.Did = r.Did()
	report.Sort()
	return report, nil
}

func (e *engine) notTested(what, reason string, args ...any) {
	e.report.NotTested = append(e.report.NotTested, finding.NotTested{
		What: fmt.Sprintf("webhook %s %s: %s", e.w.Provider, e.w.Path, what), Reason: fmt.Sprintf(reason, args...),
	})
}

func (e *engine) note(format string, args ...any) {
	e.report.Notes = append(e.report.Notes, "webhook "+e.w.Path+": "+fmt.Sprintf(format, args...))
}

// prepare signs the customer in and makes the provider.
func (e *engine) prepare() (err error) {
	if err := e.r.SignIn(e.who); err != nil {
		return err
	}
	for i := range e.r.Config.Seeds {
		seed := &e.r.Config.Seeds[i]
		for _, name := range seed.As {
			if name != e.w.As {
				continue
			}
			if err := e.r.Plant(e.who, seed); err != nil {
				return fmt.Errorf("seed %s: %w", seed.Name, err)
			}
		}
	}
	if e.secret, err = target.Text(e.w.Secret); err != nil {
		return err
	}
	if e.secret == "" {
		return errors.New("give the signing secret (secret = \"env:NAME\"): without it no event can be told " +
			"from a forged one")
	}
	key, start := e.id("reference_key", "account"), time.Now()
	if e.w.Provider == "stripe" {
		e.by = &stripe{live: e.w.Live, key: key, start: start}
	} else {
		e.by = &razorpay{key: key, start: start}
	}
	return nil
}

// id is a configured id, whose text may name what a seed has saved.
func (e *engine) id(name, instead string) string {
	v, ok := e.w.IDs[name]
	if !ok {
		return instead
	}
	if len(v) > 2 && v[0] == '{' {
		if saved, ok := e.r.Value(e.who, v[1:len(v)-1]); ok {
			return saved
		}
	}
	return v
}

// purchase is a new subscription of the customer, or the one that is configured.
func (e *engine) purchase() *purchase {
	e.step += 100
	p := &purchase{
		customer: e.id("customer", "cus_"+target.Fresh("T")), subscription: e.id("subscription",
			"sub_"+target.Fresh("T")),
		reference: e.id("reference", ""), product: e.id("price", ""), step: e.step,
	}
	if e.w.Provider == "razorpay" {
		p.account = e.id("account", "")
	}
	e.last = p
	return p
}

func (e *engine) run() error {
	if err := e.prepare(); err != nil {
		return err
	}
	paid, err := e.isPaid()
	if err != nil {
		return err
	}
	if paid {
		return fmt.Errorf("%s already has what is paid for: give a customer who does not", e.w.As)
	}
	if err := e.control(); err != nil {
		return err
	}
	if err := e.steps(e.w.Begin); err != nil {
		return err
	}
	for _, t := range e.forgeries() {
		if err := e.forge(t); err != nil {
			return err
		}
	}
	for _, step := range []func() error{e.onError, e.late, e.repeated, e.lost, e.oversized} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// isPaid reads the state.
func (e *engine) isPaid() (bool, error) {
	text, err := e.r.Read(e.w.State, e.who, e.sql)
	return text == e.w.Paid, err
}

// until waits until the state is as wanted, for as long as an acknowledged event may take.
func (e *engine) until(paid bool) (bool, error) {
	settle := e.w.Settle
	if settle <= 0 {
		settle = defaultSettle
	}
	end := time.Now().Add(time.Duration(settle * float64(time.Second)))
	for {
		is, err := e.isPaid()
		if err != nil || is == paid {
			return err == nil, err
		}
		if time.Now().After(end) {
			return false, nil
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-e.r.Context().Done():
			return false, target.ErrSpent
		}
	}
}

// control makes sure that a real payment counts and a real end too; else no refusal would mean anything.
func (e *engine) control() error {
	e.trials++
	if _, err := e.pay(); err != nil {
		return err
	}
	if ok, err := e.until(true); err != nil || !ok {
		return errors.Join(err, fmt.Errorf("a correct, signed payment does not make %s read %q", e.w.State.Path,
			e.w.Paid))
	}
	return e.reset()
}

// pay is a payment as it should be.
func (e *engine) pay() (*purchase, error) {
	if len(e.w.Pay) > 0 {
		err := errors.Join(e.steps(e.w.Begin), e.steps(e.w.Pay))
		return e.purchase(), err
	}
	p := e.purchase()
	_, err := e.deliver(e.by.paid(p))
	return p, err
}

// steps carries out requests at the provider or the app, and remembers what they say.
func (e *engine) steps(steps []target.Step) error {
	for i := range steps {
		s := &steps[i]
		var a *target.Answer
		var err error
		if s.App {
			var shot *target.Shot
			if shot, err = e.r.Shot(e.who, &s.Request, nil); err == nil {
				a, err = e.r.Send(e.who, shot)
			}
		} else {
			a, err = e.r.AtProvider(&s.Request, func(name string) (string, bool) { return e.r.Value(e.who, name) })
		}
		if err != nil {
			return fmt.Errorf("%s: %w", s.String(), err)
		}
		if a.Status >= 400 {
			return fmt.Errorf("%s is answered with %d", s.String(), a.Status)
		}
		for name, rule := range s.Save {
			if e.who.Vars[name], err = target.Extract(a, rule); err != nil {
				return fmt.Errorf("%s: %w", s.String(), err)
			}
		}
	}
	return nil
}

// reset ends what was bought, so that the next trial begins unpaid.
func (e *engine) reset() error {
	paid, err := e.isPaid()
	if err != nil || !paid {
		return err
	}
	if len(e.w.End) > 0 {
		err = e.steps(e.w.End)
	} else {
		e.last.step += 50
		_, err = e.deliver(e.by.ended(e.last))
	}
	if err != nil {
		return err
	}
	if ok, err := e.until(false); err != nil || !ok {
		return errors.Join(err, fmt.Errorf("a correct, signed end leaves %q, so nothing further can be told apart",
			e.w.Paid))
	}
	return nil
}

// send delivers one event with the given headers and returns the status.
func (e *engine) send(v event, h map[string][]string) (int, error) {
	a, err := e.r.Send(e.r.People[target.Nobody], &target.Shot{Method: "POST", Path: e.w.Path, Header: h, Body: v.body})
	if err != nil {
		return 0, err
	}
	return a.Status, nil
}

// deliver sends events as the provider does: correctly signed, in order, again
// until they are acknowledged.
func (e *engine) deliver(events []event) (acknowledged bool, err error) {
	left := events
	for range 5 {
		var again []event
		for _, v := range left {
			status, err := e.send(v, e.by.sign(e.secret, v, time.Now()))
			if err != nil {
				return false, err
			}
			if status < 200 || status > 299 {
				again = append(again, v)
			}
		}
		if left = again; len(left) == 0 {
			return true, nil
		}
	}
	return false, nil
}
