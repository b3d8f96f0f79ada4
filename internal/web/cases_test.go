package web

import (
	"maps"
	"net/url"
	"slices"

	"github.com/tijorihq/tijori/internal/ledger"
)

// An ask is one request but for its method and cookie.
type ask struct {
	path  string
	query url.Values
	form  url.Values
	json  map[string]any
}

// ids hands out the ids that a request is made from, and remembers which.
type ids struct {
	values map[string]string
	seen   map[string]bool
}

func newIDs(values map[string]string) ids { return ids{values: values, seen: map[string]bool{}} }

func (i ids) get(name string) string {
	i.seen[name] = true
	v, ok := i.values[name]
	if !ok {
		panic("no id " + name)
	}
	return v
}

func (i ids) names() []string { return slices.Sorted(maps.Keys(i.seen)) }

func (i ids) shop() string  { return "/b/" + i.get("business") }
func (i ids) party() string { return i.shop() + "/p/" + i.get("party") }
func (i ids) entry() string { return i.party() + "/entries/" + i.get("entry") }

// A trial is how a route is used as it is meant, with real ids, and what that looks like.
type trial struct {
	ask     func(ids) ask
	status  int
	shows   string // in the body or the address that the answer leads to
	visitor bool   // the owner is not signed in when this is used
	free    bool   // the owner's account has bought nothing
	before  func(*world)
	own     bool // of entries, a counter sees his own
	private bool // nobody but who made it sees it
	noBody  bool // what the body says is not read

	anyPlace bool // a member of a single business is answered as well
}

func at(path string) func(ids) ask { return func(ids) ask { return ask{path: path} } }

func form(path string, pairs ...string) ask { return ask{path: path, form: values(pairs...)} }

func values(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

func newIDText() string { return fresh().String() }

// trials has one for every route; TestEveryRoute fails for a route without.
var trials = map[string]trial{
	"GET /{$}":         {ask: at("/"), status: 200, shows: wordOfA + "shop two"},
	"GET /signup":      {ask: at("/signup"), status: 200, shows: `name="business"`, visitor: true},
	"GET /signup/sent": {ask: at("/signup/sent"), status: 200, visitor: true},
	"POST /signup": {status: 303, shows: "/signup/sent", visitor: true, ask: func(ids) ask {
		return form("/signup", "name", "Asha", "email", "asha-new@example.com", "business",
			"Asha Kirana", "locale", "hi", "currency", "INR")
	}},
	"POST /signup/again": {status: 303, shows: "/signup/sent", visitor: true, ask: func(i ids) ask {
		return form("/signup/again", "email", i.get("mail address"))
	}},
	"POST /settings/teams/{id}/leave": {ask: func(i ids) ask {
		return form("/settings/teams/" +
			i.get("own second membership") + "/leave")
	}, status: 303, shows: "/settings"},
	// the last owner of an account
	"POST /settings/delete": {status: 409, before: (*world).password, ask: func(i ids) ask {
		return form("/settings/delete", "leaving", ownersPassword)
	}},
	"GET /account/new": {ask: at("/account/new"), status: 303, shows: "/"}, // who owns one is led to it
	"POST /account/new": {
		ask:    func(ids) ask { return form("/account/new", "name", "Own", "currency", "INR") },
		status: 303, shows: "/",
	},
	"POST /account/keep": {
		ask:    func(i ids) ask { return form("/account/keep", "account", i.get("account")) },
		status: 303, shows: "/mydata",
	},
	"POST /mydata/delete": {status: 303, shows: "/mydata", free: true, before: (*world).password, ask: func(i ids) ask {
		return form("/mydata/delete", "account", i.get("account"), "password", ownersPassword)
	}},
	"GET /confirm/{token}": {
		ask: func(i ids) ask { return ask{path: "/confirm/" + i.get("sign-up")} }, status: 200,
		visitor: true,
	},
	"POST /confirm/{token}": {ask: func(i ids) ask {
		return form("/confirm/"+i.get("sign-up"), "password",
			signUpPassword)
	}, status: 303, shows: "/", visitor: true},
	"GET /login": {ask: at("/login"), status: 200, shows: `name="password"`, visitor: true},
	"POST /login": {status: 303, shows: "/billing", visitor: true, before: (*world).password, ask: func(i ids) ask {
		return form("/login", "email", i.get("mail address"), "password", ownersPassword, "next", "/billing")
	}},
	"POST /logout":            {ask: func(ids) ask { return form("/logout") }, status: 303, shows: "/"},
	"POST /logout/everywhere": {ask: func(ids) ask { return form("/logout/everywhere") }, status: 303, shows: "/login"},
	"GET /recover":            {ask: at("/recover"), status: 200, shows: `name="email"`, visitor: true},
	"POST /recover": {
		ask:    func(i ids) ask { return form("/recover", "email", i.get("mail address")) },
		status: 303, shows: "/recover/sent", visitor: true,
	},
	"GET /recover/sent": {ask: at("/recover/sent"), status: 200, visitor: true},
	"GET /recover/{token}": {
		ask: func(i ids) ask { return ask{path: "/recover/" + i.get("recovery")} }, status: 200,
		shows: `name="password"`, visitor: true,
	},
	"POST /recover/{token}": {ask: func(i ids) ask {
		return form("/recover/"+i.get("recovery"), "password",
			ownersPassword)
	}, status: 303, shows: "/", visitor: true},
	"GET /email/{token}": {
		ask: func(i ids) ask { return ask{path: "/email/" + i.get("email")} }, status: 200,
		shows: wordOfA + "mail-next", visitor: true,
	},
	"POST /email/{token}": {
		ask: func(i ids) ask { return form("/email/" + i.get("email")) }, status: 200, visitor: true,
	},
	"GET /email/back/{token}": {
		ask: func(i ids) ask { return ask{path: "/email/back/" + i.get("email back")} }, status: 200,
		shows: wordOfA + "mail-former", visitor: true,
	},
	"POST /email/back/{token}": {
		ask:    func(i ids) ask { return form("/email/back/"+i.get("email back"), "end_keys", "yes") },
		status: 303, shows: "/recover/sent", visitor: true,
	},
	"GET /invite/{token}": {
		ask: func(i ids) ask { return ask{path: "/invite/" + i.get("invite")} }, status: 200,
		shows: wordOfA + "mail-invited", visitor: true,
	},
	"POST /invite/{token}": {ask: func(i ids) ask {
		return form("/invite/"+i.get("invite"), "name", "Ravi", "password",
			ownersPassword)
	}, status: 303, shows: "/", visitor: true},
	"POST /language": {
		ask:    func(ids) ask { return form("/language", "locale", "hi", "next", "/settings") },
		status: 303, shows: "/settings",
	},

	"GET /offline": {
		ask: func(ids) ask { return ask{path: "/offline", query: values("lang", "hi")} }, status: 200,
		shows: "data-new", visitor: true,
	},
	"GET /status": {ask: at("/status"), status: 200, visitor: true},

	"GET /waiting": {ask: at("/waiting"), status: 200, shows: "data-outbox"},
	"GET /settings/offline": {
		ask: at("/settings/offline"), status: 200, shows: wordOfA + "shop two",
	},
	"GET /api/offline": {ask: at("/api/offline"), status: 200, shows: `"businesses":["`},
	"GET /api/businesses/{business}/offline": {ask: func(i ids) ask {
		return ask{path: "/api/businesses/" + i.get("business") + "/offline"}
	}, status: 200, shows: wordOfA + "party living"},

	"GET /settings": {ask: at("/settings"), status: 200, shows: wordOfA + "mail-"},
	"POST /settings": {
		ask: func(ids) ask { return form("/settings", "name", "New Name", "locale", "hi") }, status: 303,
		shows: "/settings",
	},
	"POST /settings/password": {status: 303, shows: "/settings", before: (*world).password, ask: func(ids) ask {
		return form("/settings/password", "current", ownersPassword, "password", "another lamp in the window")
	}},
	"POST /settings/email": {status: 303, shows: "/settings", before: (*world).password, ask: func(ids) ask {
		return form("/settings/email", "new_email", "asha.new@example.com", "proof", ownersPassword)
	}},
	"POST /settings/email/cancel": {
		ask: func(ids) ask { return form("/settings/email/cancel") }, status: 303, shows: "/settings",
	},
	"GET /security":     {ask: at("/security"), status: 200, shows: wordOfA + "key"},
	"GET /api/security": {ask: at("/api/security"), status: 200, shows: wordOfA + "key"},
	"POST /settings/sessions/{id}/end": {ask: func(i ids) ask {
		return form("/settings/sessions/" + i.get("session") +
			"/end")
	}, status: 303, shows: "/settings"},
	"POST /account": {
		ask:    func(i ids) ask { return form("/account", "account", i.get("account"), "next", "/team") },
		status: 303, shows: "/team",
	},
	"GET /team": {ask: at("/team"), status: 200, shows: wordOfA + "person victim"},
	"POST /team/invite": {status: 303, shows: "/team", ask: func(i ids) ask {
		return form("/team/invite", "id", newIDText(), "email", "helper@example.com", "role", "counter", "business",
			i.get("business2"))
	}},
	"POST /team/invitations/{id}/resend": {ask: func(i ids) ask {
		return form("/team/invitations/" +
			i.get("invitation") + "/resend")
	}, status: 303, shows: "/team"},
	"POST /team/invitations/{id}/revoke": {ask: func(i ids) ask {
		return form("/team/invitations/" +
			i.get("invitation") + "/revoke")
	}, status: 303, shows: "/team"},
	"POST /team/members/{id}/role": {ask: func(i ids) ask {
		return form("/team/members/"+i.get("member")+"/role",
			"role", "manager")
	}, status: 303, shows: "/team"},
	"POST /team/members/{id}/remove": {ask: func(i ids) ask {
		return form("/team/members/" + i.get("member") +
			"/remove")
	}, status: 303, shows: "/team"},
	"GET /businesses/new": {ask: at("/businesses/new"), status: 200, shows: `name="currency"`},
	"POST /businesses/new": {status: 303, shows: "/b/", ask: func(ids) ask {
		return form("/businesses/new", "id", newIDText(), "name", "Third shop", "currency", "INR", "zone", "Asia/Dubai")
	}},

	"GET /b/{business}": {
		ask: func(i ids) ask { return ask{path: i.shop()} }, status: 200,
		shows: wordOfA + "party living",
	},
	"GET /b/{business}/parties/new": {
		ask: func(i ids) ask { return ask{path: i.shop() + "/parties/new"} }, status: 200,
		shows: `name="phone"`,
	},
	"POST /b/{business}/parties/new": {status: 303, shows: "/p/", ask: func(i ids) ask {
		return form(i.shop()+"/parties/new", "id", newIDText(), "kind", "customer", "name", "Ramesh", "phone",
			"9876543210", "note", "tea")
	}},
	"GET /b/{business}/bin": {
		ask: func(i ids) ask { return ask{path: i.shop() + "/bin"} }, status: 200,
		shows: wordOfA + "party deleted",
	},
	"GET /b/{business}/upgrade": {
		ask: func(i ids) ask { return ask{path: i.shop() + "/upgrade"} }, status: 200,
		free: true, shows: "/billing/checkout?plan=pro",
	},
	"GET /b/{business}/settings": {
		ask: func(i ids) ask { return ask{path: i.shop() + "/settings"} }, status: 200,
		shows: wordOfA + "shop one",
	},
	"POST /b/{business}/settings": {ask: func(i ids) ask {
		return form(i.shop()+"/settings", "name", "Renamed",
			"zone", "Asia/Dubai")
	}, status: 303, shows: "/settings"},
	"GET /b/{business}/export.csv": {
		ask: func(i ids) ask { return ask{path: i.shop() + "/export.csv"} }, status: 200,
		shows: "1234567.89",
	},
	"GET /b/{business}/export.xlsx": {
		ask: func(i ids) ask { return ask{path: i.shop() + "/export.xlsx"} }, status: 200,
		shows: "xl/worksheets/sheet1.xml",
	},
	"GET /b/{business}/export.pdf": {
		ask: func(i ids) ask { return ask{path: i.shop() + "/export.pdf"} }, status: 200,
		shows: "%PDF-",
	},
	"GET /b/{business}/p/{party}": {
		ask: func(i ids) ask { return ask{path: i.party()} }, status: 200,
		shows: "12,34,567",
	},
	"GET /b/{business}/p/{party}/edit": {
		ask: func(i ids) ask { return ask{path: i.party() + "/edit"} }, status: 200, shows: wordOfA + "note changed",
	},
	"POST /b/{business}/p/{party}/edit": {status: 303, shows: "/p/", ask: func(i ids) ask {
		return form(i.party()+"/edit", "version", "2", "kind", "customer", "name", "Suresh", "phone", "", "note", "")
	}},
	"POST /b/{business}/p/{party}/delete": {
		ask:    func(i ids) ask { return form(i.party()+"/delete", "version", "2") },
		status: 303, shows: "/b/",
	},
	"POST /b/{business}/p/{party}/restore": {status: 303, shows: "/p/", ask: func(i ids) ask {
		return form(i.shop() + "/p/" + i.get("gone party") + "/restore")
	}},
	"GET /b/{business}/p/{party}/history": {
		ask:    func(i ids) ask { return ask{path: i.party() + "/history"} },
		status: 200, shows: wordOfA + "note changed",
	},
	"GET /b/{business}/p/{party}/export.csv": {
		ask:    func(i ids) ask { return ask{path: i.party() + "/export.csv"} },
		status: 200, shows: "1234567.89",
	},
	"GET /b/{business}/p/{party}/export.xlsx": {
		ask:    func(i ids) ask { return ask{path: i.party() + "/export.xlsx"} },
		status: 200, shows: "xl/worksheets/sheet1.xml",
	},
	"GET /b/{business}/p/{party}/export.pdf": {
		ask:    func(i ids) ask { return ask{path: i.party() + "/export.pdf"} },
		status: 200, shows: "%PDF-",
	},
	"GET /b/{business}/p/{party}/statement": {ask: func(i ids) ask {
		return ask{path: i.party() + "/statement", query: values("from", "2026-03-01", "to", "2026-03-31")}
	}, status: 200, free: true, shows: "12,34,567.89"},
	"GET /b/{business}/p/{party}/entries/new": {ask: func(i ids) ask {
		return ask{
			path:  i.party() + "/entries/new",
			query: values("side", "received"),
		}
	}, status: 200, shows: wordOfA + "party living"},
	"POST /b/{business}/p/{party}/entries/new": {status: 303, shows: "/p/", ask: func(i ids) ask {
		return form(i.party()+"/entries/new", "id", newIDText(), "side", "given", "amount", "250+90", "date",
			"2026-03-31", "note", "rice")
	}},
	"GET /b/{business}/p/{party}/entries/{entry}/edit": {
		own: true,
		ask: func(i ids) ask { return ask{path: i.entry() + "/edit"} }, status: 200, shows: "1234567.89",
	},
	"POST /b/{business}/p/{party}/entries/{entry}/edit": {status: 303, shows: "/p/", ask: func(i ids) ask {
		return form(i.entry()+"/edit", "version", "1", "side", "received", "amount", "10", "date", "2026-03-30", "note",
			"")
	}},
	"POST /b/{business}/p/{party}/entries/{entry}/delete": {
		ask:    func(i ids) ask { return form(i.entry() + "/delete") },
		status: 303, shows: "/p/",
	},
	"POST /b/{business}/p/{party}/entries/{entry}/restore": {status: 303, shows: "/p/", ask: func(i ids) ask {
		return form(i.party() + "/entries/" + i.get("gone entry") + "/restore")
	}},

	"GET /b/{business}/lock": {
		ask: func(i ids) ask { return ask{path: i.shop() + "/lock"} }, status: 200,
		shows: wordOfA + "note lock",
	},
	"POST /b/{business}/lock": {status: 303, shows: "/lock", ask: func(i ids) ask {
		return form(i.shop()+"/lock", "id", newIDText(), "from", "2001-01-31", "until", "2026-02-28", "reason", "")
	}},
	"GET /b/{business}/upi": {
		ask: func(i ids) ask { return ask{path: i.shop() + "/upi"} }, status: 200,
		shows: wordOfA + "mail@upi",
	},
	"POST /b/{business}/upi": {status: 303, shows: "/upi", ask: func(i ids) ask {
		return form(i.shop()+"/upi", "id", newIDText(), "upi", "New.Shop@okaxis", "payee", "New Shop")
	}},
	"GET /b/{business}/p/{party}/opening": {
		ask:    func(i ids) ask { return ask{path: i.party() + "/opening"} },
		status: 200, shows: wordOfA + "party living",
	},
	"POST /b/{business}/p/{party}/opening": {status: 303, shows: "/p/", ask: func(i ids) ask {
		return form(i.party()+"/opening", "id", newIDText(), "side", "received", "amount", "500", "date", "2026-01-01",
			"note", "")
	}},
	"GET /b/{business}/p/{party}/remind": {
		ask:    func(i ids) ask { return ask{path: i.party() + "/remind"} },
		status: 200, shows: "12,34,568.89 is due",
	},
	"POST /b/{business}/p/{party}/remind": {
		status: 303, shows: "https://wa.me/91" + phoneA + "?text=",
		ask: func(i ids) ask {
			return form(i.party()+"/remind", "id", newIDText(), "channel", "whatsapp", "lang", "hi")
		},
	},
	"GET /b/{business}/p/{party}/upi": {
		ask: func(i ids) ask { return ask{path: i.party() + "/upi"} }, status: 200,
		shows: "₹12,34,568.89",
	},
	"GET /b/{business}/p/{party}/share": {
		ask: func(i ids) ask { return ask{path: i.party() + "/share"} }, status: 200,
		shows: "/share/",
	},
	"POST /b/{business}/p/{party}/share": {status: 303, shows: "/share", ask: func(i ids) ask {
		return form(i.party()+"/share", "id", newIDText(), "token", ledger.NewShareToken(), "from", "", "to",
			"2026-04-30", "days", "30")
	}},
	"POST /b/{business}/p/{party}/share/{share}/revoke": {ask: func(i ids) ask {
		return form(i.party() + "/share/" +
			i.get("share") + "/revoke")
	}, status: 303, shows: "/share"},
	"GET /s/{token}": {
		ask: func(i ids) ask { return ask{path: "/s/" + i.get("link")} }, status: 200,
		shows: "12,34,567.89", visitor: true,
	},
	"GET /s/{token}/report": {
		ask: func(i ids) ask { return ask{path: "/s/" + i.get("link") + "/report"} }, status: 200,
		shows: "What did you see?", visitor: true,
	},
	"POST /s/{token}/report": {ask: func(i ids) ask {
		return ask{
			path: "/s/" + i.get("link") + "/report", form: values("id", fresh().String(), "words", "another's khata"),
		}
	}, status: 303, shows: "report?sent", visitor: true},
	"GET /report": {ask: at("/report"), status: 200, shows: "What did you see?"},
	"POST /report": {ask: func(i ids) ask {
		return form("/report", "id", fresh().String(), "from", "/billing", "words", "another's khata")
	}, status: 303, shows: "/report?sent"},
	"GET /s/{token}/card.png": {
		ask: func(i ids) ask { return ask{path: "/s/" + i.get("link") + "/card.png"} }, status: 200, shows: "PNG",
		visitor: true,
	},
	"GET /b/{business}/collect": {
		ask:    func(i ids) ask { return ask{path: i.shop() + "/collect", query: values("days", "0")} },
		status: 200, shows: wordOfA + "party living",
	},
	"POST /b/{business}/p/{party}/send": {status: 303, shows: "https://wa.me/91" + phoneA, ask: func(i ids) ask {
		return form(i.party()+"/send", "id", newIDText(), "token", ledger.NewShareToken(), "entry", i.get("entry"))
	}},

	"GET /pricing": {ask: at("/pricing"), status: 200, free: true, shows: "/billing/checkout?plan=pro"},
	"GET /billing": {ask: at("/billing"), status: 200, shows: wordOfA + "invoice-1"},
	"GET /billing/checkout": {ask: func(ids) ask {
		return ask{path: "/billing/checkout", query: values("plan", "pro", "interval", "month", "provider", "razorpay")}
	}, status: 200, shows: wordOfA + "mail-"},
	"POST /billing/checkout": {ask: func(ids) ask {
		return form("/billing/checkout", "plan", "pro", "interval", "month", "provider", "razorpay")
	}, status: 200, free: true, before: func(w *world) { w.neverPaid(w.a) }, shows: "/v1/checkout/embedded"},
	"GET /billing/return": {ask: func(i ids) ask {
		return ask{path: "/billing/return", query: values("provider",
			"razorpay")}
	}, status: 200, shows: wordOfA + "account"},
	"POST /billing/return": {status: 303, shows: "/billing/return", free: true, ask: func(i ids) ask {
		return form("/billing/return", "reference", "provider=razorpay&payment_id="+i.get("payment")+
			"&subscription_id="+i.get("subscription")+"&signature="+i.get("signature"))
	}},
	"POST /billing/return/razorpay": {status: 303, shows: "/billing/return?", visitor: true, ask: func(i ids) ask {
		return form("/billing/return/razorpay", "razorpay_payment_id", "pay_1", "razorpay_subscription_id", "sub_1",
			"razorpay_signature", "ab")
	}},
	"POST /billing/discard": {
		ask: func(ids) ask { return form("/billing/discard") }, status: 303, shows: "/billing",
		free: true,
	},
	"POST /billing/cancel": {ask: func(ids) ask { return form("/billing/cancel") }, status: 303, shows: "/billing"},
	"POST /billing/portal": {
		ask: func(ids) ask { return form("/billing/portal") }, status: 303,
		shows: "https://billing.stripe.com/p/session/",
	},

	"GET /api/billing/me": {ask: at("/api/billing/me"), status: 200, shows: `"tier":"pro"`, anyPlace: true},
	"POST /api/billing/checkout": {
		status: 200, free: true, before: func(w *world) { w.neverPaid(w.a) },
		shows: `"amount":29900`, ask: func(ids) ask {
			return ask{path: "/api/billing/checkout", json: map[string]any{
				"plan": "pro", "interval": "month",
				"provider": "razorpay",
			}}
		},
	},
	"POST /api/billing/verify": {status: 200, free: true, shows: `"tier":"pro"`, ask: func(i ids) ask {
		return ask{path: "/api/billing/verify", json: map[string]any{
			"provider":   "razorpay",
			"payment_id": i.get("payment"), "subscription_id": i.get("subscription"), "signature": i.get("signature"),
		}}
	}},
	"POST /api/billing/portal": {
		noBody: true,
		ask:    func(ids) ask { return ask{path: "/api/billing/portal", json: map[string]any{}} }, status: 200,
		shows: "https://billing.stripe.com/p/session/",
	},
	"GET /api/billing/invoices": {
		ask: at("/api/billing/invoices"), status: 200,
		shows: wordOfA + "invoice-1",
	},
	"GET /api/businesses/{business}/parties": {ask: func(i ids) ask {
		return ask{path: "/api/businesses/" +
			i.get("business") + "/parties"}
	}, status: 200, shows: wordOfA + "party living"},
	"GET /api/businesses/{business}/parties/{party}": {ask: func(i ids) ask {
		return ask{path: "/api/businesses/" + i.get("business") + "/parties/" + i.get("party")}
	}, status: 200, shows: "123456789"},
	"GET /api/businesses/{business}/export.csv": {ask: func(i ids) ask {
		return ask{path: "/api/businesses/" +
			i.get("business") + "/export.csv"}
	}, status: 200, shows: "1234567.89"},
	"GET /api/businesses/{business}/export.xlsx": {ask: func(i ids) ask {
		return ask{path: "/api/businesses/" +
			i.get("business") + "/export.xlsx"}
	}, status: 200, shows: "xl/worksheets/sheet1.xml"},
	"GET /api/businesses/{business}/export.pdf": {ask: func(i ids) ask {
		return ask{path: "/api/businesses/" +
			i.get("business") + "/export.pdf"}
	}, status: 200, shows: "%PDF-"},
	"PUT /api/businesses/{business}/parties/{party}": {status: 200, shows: "Suresh", ask: func(i ids) ask {
		return ask{path: "/api/businesses/" + i.get("business") + "/parties/" + i.get("party"), json: map[string]any{
			"version": 2, "kind": "customer", "name": "Suresh", "phone": "", "note": "",
		}}
	}},
	"PUT /api/businesses/{business}/entries/{entry}": {
		status: 200, shows: `"amount":1000`, ask: func(i ids) ask {
			return ask{
				path: "/api/businesses/" + i.get("business") + "/entries/" + i.get("entry"),
				json: map[string]any{
					"version": 1, "side": "received", "amount": 1000, "date": "2026-03-30", "note": "", "mode": "",
					"cheque_date": "",
				},
			}
		},
	},
	"POST /api/businesses/{business}/parties": {status: 201, shows: "Mohan", ask: func(i ids) ask {
		return ask{path: "/api/businesses/" + i.get("business") + "/parties", json: map[string]any{
			"id":   newIDText(),
			"kind": "supplier", "name": "Mohan", "phone": "", "note": "",
		}}
	}},
	"POST /api/businesses/{business}/entries": {status: 201, shows: `"amount":2500`, ask: func(i ids) ask {
		return ask{path: "/api/businesses/" + i.get("business") + "/entries", json: map[string]any{
			"id": newIDText(), "party_id": i.get("party"), "side": "given", "amount": 2500, "date": "2026-04-01",
			"note": "",
		}}
	}},

	"POST /api/stripe/webhook": {ask: func(ids) ask {
		return ask{
			path: "/api/stripe/webhook",
			json: map[string]any{},
		}
	}, status: 400, visitor: true},
	"POST /api/razorpay/webhook": {ask: func(ids) ask {
		return ask{
			path: "/api/razorpay/webhook",
			json: map[string]any{},
		}
	}, status: 400, visitor: true},

	"GET /healthz": {ask: at("/healthz"), status: 200, shows: "ok", visitor: true},
	"GET /readyz":  {ask: at("/readyz"), status: 200, shows: "ready", visitor: true},
	"GET /dev/outbox": {
		ask: at("/dev/outbox"), status: 200, shows: wordOfA + "mail-",
		before: func(w *world) { w.letter() },
	},
	"GET /dev/outbox/{mail}": {
		ask: func(i ids) ask { return ask{path: "/dev/outbox/" + i.get("letter")} }, status: 200,
		shows: "a letter", before: func(w *world) { w.a.ids["letter"] = w.letter() },
	},
	"POST /dev/demo": {ask: func(ids) ask { return form("/dev/demo") }, status: 303, shows: "/", visitor: true},
	"POST /api/dev/demo": {
		ask:    func(ids) ask { return ask{path: "/api/dev/demo", json: map[string]any{}} },
		status: 200, shows: `"Parties"`, visitor: true, noBody: true,
	},
}
