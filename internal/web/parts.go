package web

import (
	"strings"

	"github.com/tijorihq/tijori/internal/freeze"
	"github.com/tijorihq/tijori/internal/web/frame"
)

// frozenWith says to which parts of the product the addresses belong that begin so; the first line that fits counts.
// While one of its parts is frozen, a route answers 503. Sign-in, what protects a user, webhooks, health and operators
// are never frozen. testdata/parts.txt shows what comes of it for each route.
var frozenWith = []struct {
	beginning string
	part      freeze.Part
}{
	// The door.
	{"GET /{$}", freeze.Never},
	{"GET /signup", freeze.SignUp},
	{"POST /signup", freeze.SignUp},
	{"GET /confirm/", freeze.SignUp},
	{"POST /confirm/", freeze.SignUp},
	{"POST /api/passkeys/sign-up/", freeze.SignUp},
	{"GET /invite/", freeze.SignUp},
	{"POST /invite/", freeze.SignUp},
	{"GET /login", freeze.Never},
	{"POST /login", freeze.Never},
	{"POST /logout", freeze.Never},
	{"GET /recover", freeze.Never},
	{"POST /recover", freeze.Never},
	{"GET /email/", freeze.Never},
	{"POST /email/", freeze.Never},
	{"POST /language", freeze.Never},
	{"GET /offline", freeze.Never},
	{"GET /status", freeze.Never},
	{"GET /waiting", freeze.Never},
	{"POST /api/passkeys/", freeze.Never},

	// A user's own settings and proofs; teams and accounts.
	{"POST /settings/teams/", freeze.Team},
	{"POST /settings/delete", freeze.Team},
	{"GET /settings", freeze.Never},
	{"POST /settings", freeze.Never},
	{"GET /stepup", freeze.Never},
	{"POST /stepup", freeze.Never},
	{"POST /account/keep", freeze.Never},
	{"GET /account/new", freeze.Team},
	{"POST /account/new", freeze.Team | freeze.SignUp},
	{"POST /account", freeze.Never},
	{"GET /mydata/download", freeze.Exports | freeze.Ledger},
	{"GET /mydata", freeze.Team},
	{"POST /mydata/delete", freeze.Team},
	{"GET /security", freeze.Team},
	{"GET /api/security", freeze.Team},
	{"GET /team", freeze.Team},
	{"POST /team/", freeze.Team},
	{"GET /businesses/", freeze.Team},
	{"POST /businesses/", freeze.Team},

	// The khata, and the files that leave it.
	{"GET /b/{business}/upgrade", freeze.Billing},
	{"GET /b/{business}/settings", freeze.Team | freeze.Ledger},
	{"POST /b/{business}/settings", freeze.Team | freeze.Ledger},
	{"GET /b/{business}/reports.", freeze.Exports | freeze.Ledger},
	{"GET /b/{business}/export.", freeze.Exports | freeze.Ledger},
	{"GET /b/{business}/p/{party}/export.", freeze.Exports | freeze.Ledger},
	{"GET /api/businesses/{business}/export.", freeze.Exports | freeze.Ledger},
	{"GET /b/{business}", freeze.Ledger},
	{"POST /b/{business}", freeze.Ledger},
	{"GET /api/businesses/{business}/offline", freeze.Exports | freeze.Ledger},
	{"GET /api/offline", freeze.Never},
	{"GET /api/businesses/", freeze.Ledger},
	{"POST /api/businesses/", freeze.Ledger},
	{"PUT /api/businesses/", freeze.Ledger},
	{"GET /s/{token}/report", freeze.Never},
	{"POST /s/{token}/report", freeze.Never},
	{"GET /s/", freeze.Ledger},

	// Plans and payments. Prices are public.
	{"GET /pricing", freeze.Never},
	{"POST /api/stripe/webhook", freeze.Never},
	{"POST /api/razorpay/webhook", freeze.Never},
	{"GET /billing/invoices/", freeze.Billing | freeze.Exports},
	{"GET /billing/usage.csv", freeze.Billing | freeze.Exports},
	{"GET /portal", freeze.Billing},
	{"POST /portal", freeze.Billing},
	{"GET /pay/", freeze.Billing},
	{"POST /pay/", freeze.Never}, // back from having paid
	{"GET /billing", freeze.Billing},
	{"POST /billing", freeze.Billing},
	{"GET /api/billing/", freeze.Billing},
	{"POST /api/billing/", freeze.Billing},

	// What people report must reach us whatever is frozen.
	{"GET /report", freeze.Never},
	{"POST /report", freeze.Never},

	// Programs, operators, machines, development.
	{"GET /developer", freeze.Credits},
	{"GET /api/credits", freeze.Credits},
	{"POST /api/credits/", freeze.Credits},
	{"GET /api/openapi.json", freeze.Never},

	// Programs of apps. What a customer has is read whatever is frozen: an app must not lock people out who have paid.
	{"POST /api/hooks/", freeze.Never},
	{"POST /api/v1/customers/{customer}/check", freeze.Never},
	{"POST /api/v1/customers/{customer}/consume", freeze.Credits},
	{"POST /api/v1/customers/{customer}/holds", freeze.Credits},
	{"GET /api/v1/customers/{customer}/entries", freeze.Credits},
	{"POST /api/v1/customers/{customer}/tokens", freeze.Never},
	{"POST /api/v1/imports", freeze.Billing},
	{"DELETE /api/v1/imports", freeze.Never},
	{"DELETE /api/v1/customers/{customer}/tokens", freeze.Never},
	{"GET /api/v1/customers/{customer}/invoices", freeze.Billing},
	{"POST /api/v1/customers/{customer}/", freeze.Billing},
	{"GET /api/v1/", freeze.Never},
	{"PUT /api/v1/customers/{customer}/seats", freeze.Billing},
	{"PUT /api/v1/customers/{customer}", freeze.SignUp},
	{"POST /api/v1/webhooks", freeze.Never},
	{"DELETE /api/v1/webhooks/", freeze.Never},
	{"GET /admin", freeze.Never},
	{"POST /admin", freeze.Never},
	{"GET /healthz", freeze.Never},
	{"GET /readyz", freeze.Never},
	{"POST /dev/demo", freeze.SignUp},
	{"POST /api/dev/demo", freeze.SignUp},
	{"GET /dev/outbox", freeze.Never},
}

// withParts says of each route to which part it belongs. One that no line names is frozen with every part.
func withParts(routes []frame.Route) []frame.Route {
	for i := range routes {
		routes[i].Part = partOf(routes[i].Pattern)
	}
	return routes
}

func partOf(pattern string) freeze.Part {
	for _, f := range frozenWith {
		if strings.HasPrefix(pattern, f.beginning) {
			return f.part
		}
	}
	return freeze.All
}
