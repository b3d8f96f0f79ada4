// Package webhook finds handlers of providers' events that believe anybody,
// lose events, or apply them twice.
package webhook

import (
	"strings"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/flow"
	"github.com/tijorihq/tijori/internal/audit/source/rule"
)

func r(id, title, why, fix string, sev finding.Severity, asvs, cwe string, check func(*rule.Pass)) *rule.Rule {
	return &rule.Rule{Rule: finding.Rule{
		ID: id, Engine: "source", Title: title, Why: why, Fix: fix, Severity: sev,
		ASVS: []string{asvs}, CWE: []string{cwe},
	}, Check: check}
}

// Rules of this package.
var Rules = []*rule.Rule{
	r("webhook-no-signature", "A webhook believes what it is sent without checking who signed it",
		"Anybody who knows the address posts an event: he gives himself a plan, or ends those of others.",
		"Check the signature over the raw bytes before anything else (stripe.webhooks.constructEvent, an HMAC compared with timingSafeEqual), in every environment.",
		finding.High, "11.3.1", "CWE-345", noSignature),
	r("webhook-signature-parsed-body",
		"The signature is computed over re-encoded JSON, not over the bytes that were sent",
		"JSON.stringify of a parsed body differs from what was signed (numbers, escapes, order of keys): real deliveries are refused and paid orders stay unpaid; two bodies can share one signature.",
		"Keep the raw body for this route (express.raw, request.text(), rawBody), compute the HMAC over it, and parse afterwards.",
		finding.Medium, "11.3.1", "CWE-347", parsedBody),
	r("webhook-fallback-secret", "The webhook's secret has a default, may be empty, or is skipped when it is not set",
		"With the variable unset in one deployment, everybody knows the key, and everybody signs events.",
		"Refuse to start, or answer 503, when the secret is missing. No default, no || ''.",
		finding.High, "13.3.1", "CWE-1188", fallbackSecret),
	r("webhook-no-time-limit", "The signed time is not looked at",
		"A delivery that was recorded once can be sent again for ever.",
		"Refuse what was signed more than five minutes ago; leave the library's tolerance at its default.",
		finding.Medium, "11.3.1", "CWE-294", noTimeLimit),
	r("non-constant-time-compare", "A MAC is compared with === or !=",
		"The comparison ends at the first different character, and its time tells how far a forged signature was right.",
		"crypto.timingSafeEqual on buffers of equal length; hmac.Equal in Go.",
		finding.Low, "11.2.4", "CWE-208", plainCompare),
	r("webhook-200-on-error", "The provider hears 200 although nothing was stored",
		"The provider never repeats a delivery that was answered with 200: the payment is taken and no plan is given.",
		"Store first, then answer. Answer 500 when it failed, so that the provider sends it again; supabase-js returns errors instead of throwing them.",
		finding.High, "16.5.2", "CWE-755", okOnError),
	r("idempotency-in-memory", "Which events were seen is kept in the memory of one process",
		"After a restart, on a second instance, or after the set was cleared, a repeated delivery is applied again; an event marked as seen before it failed is never applied.",
		"Insert the event's id under a unique key, in the transaction of its effect.",
		finding.High, "15.4.1", "CWE-799", inMemory),
	r("idempotency-missing", "Each delivery of an event adds again",
		"Providers repeat deliveries as a matter of course: every repetition grants credits, seats or time once more.",
		"INSERT INTO inbox (event_id) … ON CONFLICT DO NOTHING first, in the same transaction, and stop when no row came back.",
		finding.High, "15.4.1", "CWE-799", noIdempotency),
	r("effect-before-inbox", "The effect comes first, the note that it was done later and not in the same transaction",
		"Two overlapping deliveries both find nothing noted; a crash in between repeats the effect with the next delivery.",
		"Insert the event's id first, in the transaction of the effect, and stop when it was there.",
		finding.High, "15.4.1", "CWE-362", effectFirst),
	r("email-match", "A webhook finds the account by an address or number that the payer typed",
		"The payer types the address in the checkout: with a victim's address his payment, and later his cancellation, changes the victim's account.",
		"Look up by the customer or order id that the server stored when it made the checkout.",
		finding.High, "8.2.2", "CWE-290", emailMatch),
	r("billing-reason-ignored", "Every paid invoice refills, whatever it was for",
		"Each change of plan makes a small invoice; paid, it refills all credits. Use up, switch up and down, and have thousands of credits for cents of proration.",
		"Refill only when billing_reason is subscription_create or subscription_cycle.",
		finding.High, "2.3.1", "CWE-840", billingReason),
	r("annual-gap", "Monthly credits are granted only when an invoice is paid, and there are yearly plans",
		"A yearly plan pays one invoice a year: its customers get one month's credits in twelve, and ask for their money back.",
		"Refill on the calendar: a job that grants what is due each month of a paid period, counted from its start.",
		finding.High, "2.3.1", "CWE-840", annualGap),
}

func server(e *flow.Entry) bool { return !e.Client && e.Kind != "module" && e.Kind != "middleware" }

// webhooks calls f for every entry that takes events.
func webhooks(p *rule.Pass, f func(e *flow.Entry)) {
	for _, e := range p.Entries {
		if server(e) && rule.Webhook(e) {
			f(e)
		}
	}
}

// fromEvent tells whether a value comes from what was delivered.
func fromEvent(v *flow.Val) bool {
	return v != nil && v.Has(flow.Event, flow.Body, flow.RawBody)
}

// effects are the events that apply something.
func effects(e *flow.Entry) (list []*flow.Op) {
	for _, op := range e.Ops {
		if effect(op) {
			list = append(list, op)
		}
	}
	return list
}

func effect(op *flow.Op) bool {
	switch op.Kind {
	case flow.OpDB:
		switch op.Verb {
		case "insert", "update", "upsert", "delete", "rpc", "call":
			return true
		}
	case flow.OpCall:
		if harmless.MatchString(op.Name) {
			return false
		}
		for _, a := range op.Args {
			if fromEvent(a) {
				return true
			}
		}
	}
	return false
}

var harmless = lazyregexp.New(`(?i)(log|track|capture|metric|send|mail|notify|verify|valid|parse|format|print|json|close|lock|debug|warn|error|string|hash|^get|^find|^is[A-Z]|^has[A-Z])`)

// verified is the check of a signature before an event, if there is one.
func verified(e *flow.Entry, op *flow.Op) *flow.Op {
	for _, x := range e.Ops {
		if x.Seq >= op.Seq {
			break
		}
		if x.Kind == flow.OpVerify && !strings.Contains(x.Name, "jwt") && !strings.Contains(x.Name, "jose") ||
			x.Kind == flow.OpMacCmp {
			return x
		}
	}
	return nil
}
