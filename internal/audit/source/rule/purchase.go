package rule

import (
	"strings"

	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/flow"
)

var payHost = lazyregexp.New(`(?i)(api\.stripe\.com|api\.razorpay\.com|api\.paystack\.co|api\.flutterwave\.com|api\.mollie\.com|api\.lemonsqueezy\.com|api(-m)?\.(sandbox\.)?paypal\.com|api\.paddle\.com|api\.cashfree\.com|sandbox\.cashfree\.com|api\.mercadopago\.com|api\.xendit\.co|app(\.sandbox)?\.midtrans\.com|api\.polar\.sh|api\.dodopayments\.com)`)

// SentToProvider is the body of a request to a payment provider's own address,
// or nil.
func SentToProvider(op *flow.Op) *flow.Val {
	if op.Kind != flow.OpFetch || len(op.Args) < 2 || op.Args[1] == nil ||
		!payHost.MatchString(written(op.Args[0], 0)) {
		return nil
	}
	body := op.Args[1].Fields["body"]
	if body != nil && body.Nested != nil {
		body = body.Nested
	}
	return body
}

// written is the text of a value as far as it is known.
func written(v *flow.Val, depth int) string {
	if v == nil || depth > 4 {
		return ""
	}
	s := v.Str + strings.Join(v.Strs, "")
	for _, x := range v.Tmpl {
		s += written(x, depth+1)
	}
	for _, x := range v.Alts {
		if x != v {
			s += written(x, depth+1)
		}
	}
	return s
}
