package webhook

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/flow"
	"github.com/tijorihq/tijori/internal/audit/source/ir"
	"github.com/tijorihq/tijori/internal/audit/source/rule"
)

var (
	yearly      = lazyregexp.New(`(?i)\b(year|yearly|annual|annually|p1y|per_year|12_months?)\b|(?-i:_(YEAR|YEARLY|ANNUAL|ANNUALLY|Y)\b)|(?i)(_year|_annual|_yearly)['"]|\bYearly\b|\bAnnual\b`)
	providerCol = lazyregexp.New(`(?i)((stripe|razorpay|paddle|provider|polar|lemon|external|billing|payment)\w*(customer|subscription|sub|cust)|subscription_id|provider_subscription|stripe_customer|customer_id$|^stripe_customer|^provider_customer)`)
)

// charged tells whether an effect follows a charge: a paid invoice, or a row
// that is found by the provider's customer or subscription.
func charged(e *flow.Entry, op *flow.Op) bool {
	if ok, _ := invoicePaid(e, op); ok {
		return true
	}
	for _, n := range rule.EventNames(op) {
		switch {
		case strings.HasPrefix(n, "subscription.charged"), strings.HasPrefix(n, "payment."),
			strings.HasPrefix(n, "order.paid"), strings.HasPrefix(n, "transaction.completed"),
			strings.HasPrefix(n, "subscription.renewed"), strings.HasPrefix(n, "charge.succeeded"),
			strings.HasPrefix(n, "subscription_payment"):
			return true
		}
	}
	if e.Kind != "function" {
		return false
	}
	for _, f := range op.Filters {
		if providerCol.MatchString(f.Col) && f.Val != nil && f.Val.Has(flow.Param, flow.Event) {
			return true
		}
	}
	return false
}

func annualGap(p *rule.Pass) {
	for _, e := range p.Entries {
		if !server(e) {
			continue
		}
		for _, op := range e.Ops {
			w := refills(op)
			if w == nil || !charged(e, op) || rule.UsesSession(e) && !rule.Webhook(e) {
				continue
			}
			if topUp(op) {
				continue
			}
			line, file := evidence(p, op)
			if file == nil || onTheCalendar(p, op, w.Col) {
				continue
			}
			at := rule.Site(op)
			way := []finding.Place{
				rule.Place(line, "a yearly plan"),
				rule.Place(w.Pos, "granted only when it is charged"),
			}
			if file == at.File {
				at = line
			}
			p.Report(rule.Hit{
				At: at, Entry: e, Key: op.Table + "." + w.Col, Way: way,
				Title: fmt.Sprintf("%s.%s is refilled only by a charge, and yearly plans are charged once a year",
					op.Table,
					w.Col),
			})
			break
		}
	}
}

// topUp tells whether packs are sold: no period belongs to them.
func topUp(op *flow.Op) bool {
	for _, n := range rule.EventNames(op) {
		if strings.HasPrefix(n, "checkout.session") {
			return true
		}
	}
	return false
}

// evidence is a line that tells of a yearly plan, in the file of an effect or
// in what it imports.
func evidence(p *rule.Pass, op *flow.Op) (flow.Pos, *ir.File) {
	files := []*ir.File{op.Pos.File}
	add := func(f *ir.File) {
		if f != nil && !slices.Contains(files, f) {
			files = append(files, f)
		}
	}
	for _, s := range op.Sites {
		add(s.File)
	}
	dir := path.Dir(op.Pos.File.Path)
	for _, f := range p.Files {
		if f.Lang == "go" && path.Dir(f.Path) == dir || path.Dir(f.Path) == dir && catalogueFile.MatchString(f.Path) {
			add(f)
		}
	}
	for _, f := range slices.Clone(files) {
		for _, d := range p.ImportsOf(f) {
			add(d)
		}
	}
	for _, f := range files {
		off := 0
		for _, line := range strings.SplitAfter(f.Src, "\n") {
			text := strings.TrimSpace(line)
			comment := strings.HasPrefix(text, "//") || strings.HasPrefix(text, "*") || strings.HasPrefix(text, "/*") ||
				strings.HasPrefix(text, "import")
			if !comment && len(line) < 400 && yearly.MatchString(line) && !strings.Contains(line, "getFullYear") &&
				!strings.Contains(line, "'YYYY") && planLine.MatchString(line) {
				pos := int32(off + len(line) - len(strings.TrimLeft(line, " \t")))
				return flow.Pos{File: f, At: pos, End: int32(off + len(line))}, f
			}
			off += len(line)
		}
	}
	return flow.Pos{}, nil
}

var (
	catalogueFile = lazyregexp.New(`(?i)(plan|price|pricing|catalog|product|tier|billing|config|constants)`)
	planLine      = lazyregexp.New(`(?i)(price|plan|interval|period|tier|:|=|const)`)
)

// onTheCalendar tells whether anything else refills: a job, a clock, a query
// with the time in it.
func onTheCalendar(p *rule.Pass, effect *flow.Op, col string) bool {
	for _, e := range p.Entries {
		hook := rule.Webhook(e)
		for _, op := range e.Ops {
			if op.Kind == flow.OpDB && op != effect && !hook {
				for _, w := range op.Writes {
					if w.Col == col && op.Table == effect.Table &&
						(rule.JobPath(e.Label()) || timedQuery(op) || clocked(e)) {
						return true
					}
				}
				if (op.Verb == "rpc" || op.Verb == "call") && refillName.MatchString(op.Table) &&
					(rule.JobPath(e.Label()) || rule.SecretChecked(e, op) || e.Kind == "function") {
					return true
				}
			}
			if op.Kind == flow.OpCall && !hook && refillName.MatchString(op.Name) && rule.JobPath(e.Label()) {
				return true
			}
		}
	}
	for name := range p.SQL {
		text := strings.ToLower(p.Text[name])
		if strings.Contains(text, "cron.schedule") && strings.Contains(text, col) {
			return true
		}
	}
	return false
}

var refillName = lazyregexp.New(`(?i)(refill|renew|grant|reset|monthly|due|replenish|allot)`)

func timedQuery(op *flow.Op) bool {
	for _, f := range op.Filters {
		if f.Val != nil && (f.Val.Has(flow.Clock) || strings.Contains(f.Val.Name, "now (") ||
			strings.Contains(f.Val.Name, "current_date")) {
			return true
		}
		if dueCol.MatchString(f.Col) && (strings.HasPrefix(f.Op, "<") || strings.HasPrefix(f.Op, "lt")) {
			return true
		}
	}
	return false
}

var dueCol = lazyregexp.New(`(?i)(refill|renew|due|next_|reset_at|period)`)

func clocked(e *flow.Entry) bool {
	for _, op := range e.Ops {
		for _, g := range op.Guards {
			for _, o := range g.Val.Implied() {
				if o.Kind == flow.Clock {
					return true
				}
			}
		}
	}
	return false
}
