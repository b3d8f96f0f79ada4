package web

import "testing"

// mayUse says a second time, apart from the list of routes, who may use each. The exercise tries what the
// list says; that the list says it on purpose is held here, so that no door is opened by a slip in one line.
var mayUse = map[access][]string{
	anyone: { // has no tenant's data, or asks for a secret, or for a signature
		"GET /{$}",
		"GET /signup",
		"POST /signup",
		"POST /signup/again",
		"GET /signup/sent",
		"GET /confirm/{token}",
		"POST /confirm/{token}",
		"GET /login",
		"POST /login",
		"POST /logout",
		"GET /recover",
		"POST /recover",
		"GET /recover/sent",
		"GET /recover/{token}",
		"POST /recover/{token}",
		"GET /invite/{token}",
		"POST /invite/{token}",
		"POST /language",
		"GET /offline",
		"GET /s/{token}",
		"GET /pricing",
		"POST /billing/return/razorpay",
		"POST /api/stripe/webhook",
		"POST /api/razorpay/webhook",
		"GET /api/openapi.json",
		"GET /healthz",
		"GET /readyz",
		"POST /dev/demo",
		"POST /api/dev/demo",
		"GET /dev/outbox",
		"GET /dev/outbox/{id}",
	},
	program: { // spends an account's credits, by its key alone
		"GET /api/credits",
		"GET /api/credits/entries",
		"POST /api/credits/consume",
		"POST /api/credits/holds",
		"POST /api/credits/holds/{id}/capture",
		"POST /api/credits/holds/{id}/release",
	},
	signedIn: { // is about the user alone
		"POST /logout/everywhere",
		"GET /settings",
		"GET /waiting",
		"POST /settings",
		"POST /settings/password",
		"POST /settings/sessions/{id}/end",
		"POST /account",
		"POST /account/keep", // of an account that the user is a member of, as an owner
		"GET /account/new",
		"POST /account/new",
		"POST /settings/teams/{id}/leave",
		"POST /settings/delete",
	},
	anyRole: { // shows each role what it may see
		"GET /b/{business}",
		"GET /b/{business}/upgrade",
		"GET /b/{business}/p/{party}",
		"GET /api/billing/me",
		"GET /api/businesses/{business}/parties",
		"GET /api/businesses/{business}/parties/{party}",
	},
	reader: { // shows totals
		"GET /b/{business}/export.csv",
		"GET /b/{business}/export.xlsx",
		"GET /b/{business}/export.pdf",
		"GET /b/{business}/lock",
		"GET /b/{business}/p/{party}/upi",
		"GET /b/{business}/p/{party}/history",
		"GET /b/{business}/p/{party}/statement",
		"GET /b/{business}/p/{party}/export.csv",
		"GET /b/{business}/p/{party}/export.xlsx",
		"GET /b/{business}/p/{party}/export.pdf",
		"GET /api/businesses/{business}/export.csv",
		"GET /api/businesses/{business}/export.xlsx",
		"GET /api/businesses/{business}/export.pdf",
	},
	writer: { // adds entries
		"GET /b/{business}/p/{party}/entries/new",
		"POST /b/{business}/p/{party}/entries/new",
		"GET /b/{business}/p/{party}/entries/{entry}/edit",
		"POST /b/{business}/p/{party}/entries/{entry}/edit",
		"POST /b/{business}/p/{party}/entries/{entry}/delete",
		"POST /b/{business}/p/{party}/entries/{entry}/restore",
		"POST /api/businesses/{business}/entries",
	},
	editor: { // runs the khata
		"GET /b/{business}/parties/new",
		"POST /b/{business}/parties/new",
		"GET /b/{business}/bin",
		"GET /b/{business}/settings",
		"POST /b/{business}/settings",
		"GET /b/{business}/p/{party}/edit",
		"POST /b/{business}/p/{party}/edit",
		"POST /b/{business}/p/{party}/delete",
		"POST /b/{business}/p/{party}/restore",
		"GET /b/{business}/upi",
		"GET /b/{business}/p/{party}/opening",
		"POST /b/{business}/p/{party}/opening",
		"GET /b/{business}/p/{party}/remind",
		"POST /b/{business}/p/{party}/remind",
		"GET /b/{business}/p/{party}/share",
		"POST /b/{business}/p/{party}/share",
		"POST /b/{business}/p/{party}/share/{share}/revoke",
		"POST /api/businesses/{business}/parties",
	},
	owner: { // is about money, people or the account
		"GET /billing/usage",
		"GET /billing/usage.csv",
		"POST /billing/topup",
		"POST /billing/keys",
		"POST /billing/keys/{id}/revoke",
		"GET /api/billing/usage",
		"POST /b/{business}/lock",
		"POST /b/{business}/upi",
		"GET /team",
		"POST /team/invite",
		"POST /team/invitations/{id}/resend",
		"POST /team/invitations/{id}/revoke",
		"POST /team/members/{id}/role",
		"POST /team/members/{id}/remove",
		"POST /mydata/delete",
		"GET /businesses/new",
		"POST /businesses/new",
		"GET /billing",
		"GET /billing/checkout",
		"POST /billing/checkout",
		"GET /billing/return",
		"POST /billing/return",
		"POST /billing/cancel",
		"POST /billing/discard",
		"POST /billing/portal",
		"POST /api/billing/checkout",
		"POST /api/billing/verify",
		"POST /api/billing/portal",
		"GET /api/billing/invoices",
	},
}

func TestWhoMayUse(t *testing.T) {
	t.Parallel()
	want := map[string]access{}
	for who, patterns := range mayUse {
		for _, p := range patterns {
			if _, twice := want[p]; twice {
				t.Errorf("%s stands in two groups", p)
			}
			want[p] = who
		}
	}
	for _, rt := range routes {
		who, ok := want[rt.pattern]
		if !ok {
			t.Errorf("%s stands in no group: say in mayUse who may use it", rt.pattern)
		} else if who != rt.access {
			t.Errorf("%s is for access %d in the list of routes, and for %d in mayUse", rt.pattern, rt.access, who)
		}
		delete(want, rt.pattern)
	}
	for p := range want {
		t.Errorf("%s is no route", p)
	}
	roles := map[access]string{anyRole: "owner manager accountant counter", reader: "owner manager accountant", writer: "owner manager counter", editor: "owner manager", owner: "owner"}
	for who, want := range roles {
		got := ""
		for _, role := range rolesOf[who] {
			if got != "" {
				got += " "
			}
			got += role
		}
		if got != want {
			t.Errorf("access %d is of %q, want %q", who, got, want)
		}
	}
}
