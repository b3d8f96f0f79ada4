package provider

import (
	"fmt"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/flow"
	"github.com/tijorihq/tijori/internal/audit/source/rule"
)

var (
	buyCall = lazyregexp.New(`(?i)^(initiali[sz]e_?(transaction|payment|checkout)|create_?(order|payment|payment_?link|checkout|(checkout_?)?session|subscription|charge|transaction|invoice|preference)s?|charge(_?card)?|generate_?payment_?link|pay)$`)
	payLib  = lazyregexp.New(`(?i)(paystack|flutterwave|mollie|lemon|paddle|paypal|cashfree|phonepe|instamojo|payu|mercado|xendit|midtrans|razorpay|stripe|braintree|square|polar|dodo)`)
)

// sale is a call that makes a purchase at a provider: of its library, of a
// client of it whose code is not at hand, or by HTTP; with what it sends.
func sale(op *flow.Op) (name string, args []*flow.Val) {
	switch op.Kind {
	case flow.OpProvider:
		if sells.MatchString(op.Name) {
			return op.Name, op.Args
		}
	case flow.OpCall:
		if !buyCall.MatchString(op.Name) {
			return "", nil
		}
		lib := op.Header
		if op.Recv != nil {
			lib += " " + op.Recv.Lib + " " + op.Recv.Name
		}
		if payLib.MatchString(lib) {
			return op.Name, op.Args
		}
	case flow.OpFetch:
		if body := rule.SentToProvider(op); body != nil {
			return "the provider's API", []*flow.Val{body}
		}
	}
	return "", nil
}

// addName is a function of the database that adds to a balance.
var addName = lazyregexp.New(`(?i)(add|increment|increase|top_?up|award|refill|deposit|give)_?\w*(credit|balance|token|coin|point|wallet)|(credit|balance|token|coin|point|wallet)s?_?(add|increment|topup|deposit)`)

// howMuch is the argument of such a function that says how much.
var howMuch = lazyregexp.New(`(?i)(credits?|amount|tokens|coins|points|quantity|delta|increment|add)`)

// creditsByName finds functions of the database that add what the client says.
func creditsByName(p *rule.Pass, e *flow.Entry, op *flow.Op) {
	if !addName.MatchString(op.Table) {
		return
	}
	for _, w := range op.Writes {
		if !howMuch.MatchString(w.Col) || w.Val == nil || w.Val.Enum {
			continue
		}
		list := rule.Clients(w.Val)
		if len(list) == 0 || allowed(e, op, w.Val) {
			continue
		}
		o := list[0]
		p.Report(rule.Hit{
			At: rule.Site(op), Entry: e, Severity: finding.High, Key: op.Table + "." + w.Col,
			Title: fmt.Sprintf("%s adds what the %s says (%s)", op.Table, o.Kind, o.Path),
			Way:   rule.Way(o, rule.Site(op), "added by "+op.Table),
		})
		return
	}
}

// paymentID is the name of what a payment is called by at its provider.
var paymentID = lazyregexp.New(`(?i)^(razorpay_?(payment|order|subscription)_?id|payment_?(id|ref|reference|intent|intent_?id)|stripe_?(session|payment)\w*|checkout_?session_?id|transaction_?(id|ref)|txn_?id|order_?id|session_?id|paypal_?\w*id|receipt|purchase_?token|reference|trxref|paymentid|orderid)$`)

// unproven is a grant for which the request names a payment, and neither a
// signature nor the provider nor a row of ours was asked about it.
func unproven(e *flow.Entry, op *flow.Op) *rule.Hit {
	var named *flow.Origin
	for _, x := range e.Ops {
		if x.Seq > op.Seq {
			break
		}
		switch x.Kind {
		case flow.OpProvider, flow.OpMacCmp, flow.OpFetch, flow.OpHMAC:
			return nil
		case flow.OpVerify:
			if !strings.Contains(x.Name, "jwt") && !strings.Contains(x.Name, "jose") {
				return nil
			}
		case flow.OpCall:
			if asksProvider(x) {
				return nil
			}
		case flow.OpDB:
			for _, f := range x.Filters {
				if f.Val != nil && x != op && payment(f.Val) != nil {
					return nil // a row of ours knows the payment
				}
			}
			for _, w := range x.Writes {
				if o := payment(w.Val); o != nil && named == nil {
					named = o
				}
			}
		}
	}
	if named == nil {
		return nil
	}
	return &rule.Hit{
		At:    rule.Site(op),
		Title: fmt.Sprintf("Granted because the %s names a payment (%s); nobody asks whether it was made", named.Kind, named.Path),
		Way:   append(rule.Way(named, named.Pos, "the only proof"), rule.Place(rule.Site(op), "granted")),
	}
}

// payment is the name of a payment that the client sent.
func payment(v *flow.Val) *flow.Origin {
	for _, o := range rule.Clients(v) {
		if paymentID.MatchString(o.Last()) {
			return o
		}
	}
	return nil
}

// asksProvider tells whether code that is not at hand is given the payment.
func asksProvider(op *flow.Op) bool {
	for _, a := range op.Args {
		if a.Has(flow.Body, flow.Query, flow.Request, flow.RawBody) {
			return true
		}
	}
	return payName.MatchString(op.Header)
}

// gift tells whether a balance of the caller grows by a fixed number for the
// asking: nothing but the session was looked at, and nothing was taken before.
func gift(e *flow.Entry, op *flow.Op, w *flow.Write) bool {
	if !granted.MatchString(w.Col) || w.Minus || w.Val == nil || strings.Contains(w.Val.Name, "arith-") ||
		!w.Relative && !strings.HasPrefix(w.Val.Name, "arith") || len(rule.Clients(w.Val)) > 0 {
		return false
	}
	for _, o := range w.Val.Origins() {
		if o.Kind != flow.DB && o.Kind != flow.Session || o.Kind == flow.DB && o.Op != nil && o.Op.Table != op.Table {
			return false
		}
	}
	for _, g := range op.Guards {
		for _, o := range g.Val.Implied() {
			if o.Kind != flow.Session && o.Kind != flow.CtxUser && o.Kind != flow.Header && o.Kind != flow.Cookie &&
				!strings.HasSuffix(o.Path, "#err") && !(o.Kind == flow.DB && o.Path == "") {
				return false
			}
		}
	}
	for _, x := range e.Ops {
		if x == op || x.Kind != flow.OpDB {
			continue
		}
		if x.Table != op.Table && (x.Verb == "insert" || x.Verb == "upsert" || x.Verb == "delete") && x.Seq < op.Seq {
			return false // a note that may be made only once
		}
		for _, y := range x.Writes {
			if y.Minus || y.Val != nil && strings.Contains(y.Val.Name, "arith-") {
				return false // given back
			}
		}
	}
	return true
}
