package web

import (
	"strings"

	"github.com/tijorihq/tijori/internal/watch/detect"
	"github.com/tijorihq/tijori/internal/web/frame"
)

// Watched says what each route is for, as far as the rules of the detector ask.
func Watched() map[string]detect.Route {
	out := map[string]detect.Route{}
	for _, rt := range (&parts{Frame: &frame.Frame{}}).routes() {
		one := detect.Route{Guarded: rt.Access != frame.Anyone}
		switch {
		case rt.Limit == frame.MakesFile, rt.Pattern == "GET /mydata/download":
			one.Kind = detect.Export
		case rt.Pattern == "GET /b/{business}":
			one.Kind = detect.Dashboard
		case rt.Pattern == "POST /login":
			one.Kind = detect.SignIn
		case strings.HasPrefix(rt.Pattern, "GET /billing/invoices/{provider}"):
			one.Kind = detect.Invoice
		case rt.Pattern == "POST /api/credits/consume", rt.Pattern == "POST /api/credits/holds":
			one.Kind = detect.Spend
		}
		out[rt.Pattern] = one
	}
	return out
}
