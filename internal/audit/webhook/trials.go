package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/target"
)

// A forgery is a delivery that must change nothing.
type forgery struct {
	rule, how string
	events    func(provider, *purchase) []event
	headers   func(provider, event) http.Header
	change    func(*purchase)
	body      func([]byte) []byte // after signing
}

func (e *engine) forgeries() []forgery {
	signed := func(p provider, v event) http.Header { return p.sign(e.secret, v, time.Now()) }
	with := func(secret string, at time.Duration) func(provider, event) http.Header {
		return func(p provider, v event) http.Header { return p.sign(secret, v, time.Now().Add(at)) }
	}
	out := []forgery{
		{rule: "webhook-unsigned", how: "without a signature", headers: func(p provider, v event) http.Header {
			h := signed(p, v)
			h.Del("Stripe-Signature")
			h.Del("X-Razorpay-Signature")
			return h
		}},
		{
			rule: "webhook-wrong-signature", how: "signed with a secret that is not yours",
			headers: with(target.Fresh("whsec_"), 0),
		},
		{rule: "webhook-wrong-signature", how: "signed with an empty secret", headers: with("", 0)},
		{rule: "webhook-altered", how: "signed, and then written down anew", headers: signed, body: reencode},
		{
			rule: "webhook-unpaid", how: "signed, about a subscription whose payment has not happened", headers: signed,
			events: provider.unpaid,
		},
		{
			rule: "webhook-foreign", how: "signed, about a product of the same provider's account that is not this one",
			headers: signed,
			change:  func(p *purchase) { p.product = strings.SplitN(p.product, "_", 2)[0] + "_SomethingElse01" },
		},
	}
	if e.w.Ended != "" {
		ended, err := target.Text(e.w.Ended)
		if err == nil {
			out = append(out, forgery{
				rule: "webhook-wrong-signature", how: "signed with the secret that has ended",
				headers: with(ended, 0),
			})
		} else {
			e.notTested("an ended secret", "%v", err)
		}
	} else {
		e.note("no ended_secret is given, so a secret that was rotated away was not tried")
	}
	if e.by.dated() {
		out = append(out,
			forgery{rule: "webhook-stale", how: "signed an hour ago", headers: with(e.secret, -time.Hour)},
			forgery{rule: "webhook-stale", how: "signed an hour from now", headers: with(e.secret, time.Hour)},
			forgery{
				rule: "webhook-other-mode", how: "signed, of the other mode (livemode)", headers: signed,
				change: func(p *purchase) { p.otherMode = true },
			})
	}
	return append(out, forgery{
		rule: "webhook-foreign", how: "signed, of another account of the provider", headers: signed,
		change: func(p *purchase) { p.account = "acc_SomebodyElse01" },
	})
}

// reencode writes JSON down anew, as a parser and a printer in front of the check do.
func reencode(b []byte) []byte {
	var out bytes.Buffer
	if json.Indent(&out, b, "", "  ") != nil {
		return append(b, ' ')
	}
	return out.Bytes()
}

// forge delivers a forgery and looks whether it has paid.
func (e *engine) forge(f forgery) error {
	e.trials++
	p := e.purchase()
	if f.change != nil {
		f.change(p)
	}
	events := provider.paid
	if f.events != nil {
		events = f.events
	}
	var steps []string
	taken := false
	for range 2 { // what was refused because of its order is sent once more
		for _, v := range events(e.by, p) {
			h := f.headers(e.by, v)
			if f.body != nil {
				v.body = f.body(v.body)
			}
			status, err := e.send(v, h)
			if err != nil {
				return err
			}
			taken = taken || status/100 == 2
			if len(steps) < 4 {
				steps = append(steps, fmt.Sprintf("POST %s  %s, %s: answered %d", e.w.Path, v.kind, f.how, status))
			}
		}
	}
	paid, err := e.isPaid()
	if err == nil && !paid && taken {
		paid, err = e.until(true)
	}
	if err != nil {
		return err
	}
	if paid {
		actor := "anyone on the internet"
		switch f.rule {
		case "webhook-unpaid", "webhook-other-mode", "webhook-foreign":
			actor = "a customer who has not paid for it"
		case "webhook-stale":
			actor = "whoever has recorded an event"
		}
		e.add(f.rule, f.how, actor, steps, fmt.Sprintf("%s reads %q", e.w.State.Path, e.w.Paid))
	}
	e.last = p
	p.otherMode = false
	if e.w.Provider == "stripe" {
		p.account = ""
	} else {
		p.account = e.id("account", "")
	}
	return e.reset()
}

func (e *engine) add(rule, how, actor string, steps []string, saw string) {
	for i := range e.report.Findings {
		if f := &e.report.Findings[i]; f.Rule == rule && f.Object == "POST "+e.w.Path {
			f.Affects = append(f.Affects, how)
			return
		}
	}
	of := ruleByID(rule)
	e.report.Findings = append(e.report.Findings, finding.Finding{
		Rule: rule, Severity: of.Severity, Title: of.Title, Object: "POST " + e.w.Path, Why: of.Why, Fix: of.Fix,
		ASVS: of.ASVS, CWE: of.CWE, Actors: []string{actor}, Verbs: []string{"POST"}, Affects: []string{how},
		Proof: &finding.Proof{Who: actor, Steps: steps, Saw: saw},
	})
}

// onError sends a signed event that nobody can apply: acknowledged, it would be lost.
// An app that asks its provider loses nothing by an event that says nothing.
func (e *engine) onError() error {
	if e.w.Asks {
		e.note("the app asks its provider, so an event that says nothing is no payment lost")
		return nil
	}
	e.trials++
	v := e.by.broken(e.purchase())
	status, err := e.send(v, e.by.sign(e.secret, v, time.Now()))
	if err != nil {
		return err
	}
	cut := event{v.id, v.kind, v.body[:len(v.body)-1]}
	second, err := e.send(cut, e.by.sign(e.secret, cut, time.Now()))
	if err != nil {
		return err
	}
	if status/100 == 2 || second/100 == 2 {
		e.add("webhook-ok-on-error", "an event that cannot be applied is acknowledged",
			"nobody: it happens by itself", []string{
				fmt.Sprintf("POST %s  a signed %s without its object: answered %d", e.w.Path, v.kind, status),
				fmt.Sprintf("POST %s  signed, and cut off in the middle: answered %d", e.w.Path, second),
			}, "an answer of success, after which the provider never sends the event again")
	}
	return nil
}

// late sends an old payment event behind a newer end.
func (e *engine) late() error {
	e.trials++
	p, err := e.pay()
	if err != nil {
		return err
	}
	if ok, err := e.until(true); err != nil || !ok {
		return errors.Join(err, errors.New("a correct payment no longer counts"))
	}
	old := *p
	old.step -= 20
	events := e.by.paid(&old)
	p.step += 10
	if err := e.reset(); err != nil {
		return err
	}
	var steps []string
	for _, v := range events {
		status, err := e.send(v, e.by.sign(e.secret, v, time.Now()))
		if err != nil {
			return err
		}
		steps = append(steps, fmt.Sprintf("POST %s  %s, signed, older than the end that was applied: answered %d",
			e.w.Path, v.kind,
			status))
	}
	paid, err := e.until(true)
	if err != nil {
		return err
	}
	if paid {
		e.add("webhook-late", "an old event behind a newer one", "nobody: providers promise no order", steps,
			fmt.Sprintf("%s reads %q again after the end", e.w.State.Path, e.w.Paid))
	}
	p.step += 100
	return e.reset()
}

// repeated delivers a payment again and again, and looks at what it grants.
func (e *engine) repeated() error {
	if e.w.Credits == nil {
		e.note("no credits are named, so whether a repeated event grants twice was not tried")
		return nil
	}
	e.trials++
	p, err := e.pay()
	if err != nil {
		return err
	}
	p.step += 10
	events := e.by.paid(p)
	if _, err := e.deliver(events); err != nil {
		return err
	}
	if ok, err := e.until(true); err != nil || !ok {
		return errors.Join(err, errors.New("a correct payment no longer counts"))
	}
	before, err := e.credits()
	if err != nil {
		return err
	}
	for range 3 {
		if _, err := e.deliver(events); err != nil {
			return err
		}
	}
	after, err := e.credits()
	if err != nil {
		return err
	}
	if after > before {
		e.add("webhook-repeated", "the same event delivered four times", "nobody: providers deliver more than once",
			[]string{
				fmt.Sprintf("POST %s  the same signed events, three times more", e.w.Path),
			}, fmt.Sprintf("%s was %d after the first delivery and %d after the last", e.w.Credits.Path, before, after))
	}
	return e.reset()
}

func (e *engine) credits() (int64, error) {
	text, err := e.r.Read(e.w.Credits, e.who, e.sql)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a whole number", text)
	}
	return n, nil
}

// lost delivers a payment in the wrong order, and with connections that break
// once the app has everything; then as providers do, again until acknowledged.
func (e *engine) lost() error {
	if e.w.Asks {
		e.note("the app asks its provider, so the order of events decides nothing")
		return nil
	}
	e.trials += 2
	p := e.purchase()
	events := e.by.paid(p)
	shuffled := []event{}
	for i := len(events) - 1; i >= 0; i-- {
		shuffled = append(shuffled, events[i])
	}
	if err := e.mustCount(shuffled, "delivered in the wrong order, and again until acknowledged"); err != nil {
		return err
	}
	for range 3 {
		p = e.purchase()
		events = e.by.paid(p)
		for _, v := range events {
			if err := e.drop(v); err != nil {
				return err
			}
		}
		if err := e.mustCount(events, "cut off by the sender before the answer, and then delivered again"); err != nil {
			return err
		}
	}
	return nil
}

func (e *engine) mustCount(events []event, how string) error {
	all, err := e.deliver(events)
	if err != nil {
		return err
	}
	paid, err := e.until(true)
	if err != nil {
		return err
	}
	if !paid {
		state := "and every event was acknowledged, so none comes again"
		if !all {
			state = "and one of them was refused five times"
		}
		e.add("webhook-lost", how, "nobody: it happens by itself", []string{
			fmt.Sprintf("POST %s  the signed events of a payment, %s", e.w.Path, how),
		}, fmt.Sprintf("%s never reads %q, %s", e.w.State.Path, e.w.Paid, state))
	}
	return e.reset()
}

// drop sends an event and hangs up before the answer.
func (e *engine) drop(v event) error {
	if err := e.r.Spend(1, "provider: POST "+e.w.Path+", hanging up before the answer"); err != nil {
		return err
	}
	c, _, err := e.r.Dial(e.r.Context(), "http/1.1")
	if err != nil {
		return err
	}
	q, err := http.NewRequestWithContext(e.r.Context(), http.MethodPost, e.r.URL().String()+e.w.Path,
		bytes.NewReader(v.body))
	if err != nil {
		return errors.Join(err, c.Close())
	}
	q.Header = e.by.sign(e.secret, v, time.Now())
	return errors.Join(q.Write(c), c.Close())
}

// oversized sends an event that is far larger than any provider's.
func (e *engine) oversized() error {
	e.trials++
	p := e.purchase()
	v := e.by.paid(p)[0]
	const size = 12 << 20
	v.body = append(v.body[:len(v.body)-1], []byte(`,"padding":"`+strings.Repeat("x", size)+`"}`)...)
	status, err := e.send(v, e.by.sign(e.secret, v, time.Now()))
	if errors.Is(err, target.ErrSpent) {
		return err
	}
	if err != nil {
		return e.r.Alive(e.who) // it hung up, which is a refusal, and must still be there
	}
	if status/100 == 2 || status >= 500 && status != http.StatusServiceUnavailable {
		e.add("webhook-oversized", "an event of 12 MB", "anyone on the internet", []string{
			fmt.Sprintf("POST %s  12 MB", e.w.Path),
		}, fmt.Sprintf("it was read to its end and answered with %d", status))
	}
	return errors.Join(e.r.Alive(e.who), e.reset())
}
