package web

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/platform"
	"github.com/tijorihq/tijori/internal/web/frame"
)

// scopeOf is what a route of an app asks of a key: written by hand from docs/platform.md, not read from the code.
func scopeOf(pattern string) string {
	_, path, _ := strings.Cut(pattern, "/api/v1")
	switch {
	case path == "/plans", path == "/jwks.json":
		return "plans"
	case path == "/events":
		return "customers:read"
	case strings.HasPrefix(path, "/imports"):
		return "billing:write customers:write"
	case path == "/shadow":
		return "customers:write"
	case strings.HasPrefix(path, "/webhooks"):
		return "webhooks:write"
	case strings.HasPrefix(pattern, "PUT ") && path == "/customers/{customer}", strings.HasSuffix(path, "/tokens"):
		return "customers:write"
	}
	switch rest := strings.TrimPrefix(path, "/customers/{customer}"); {
	case slices.Contains([]string{"", "/check", "/entries", "/invoices", "/refresh"}, rest):
		return "customers:read"
	case rest == "/consume", strings.HasPrefix(rest, "/holds"):
		return "credits:spend"
	case slices.Contains([]string{
		"/checkout", "/change/preview", "/change", "/seats/preview", "/seats",
		"/cancel", "/resume", "/top-ups", "/portal",
	}, rest):
		return "billing:write"
	}
	return ""
}

// A proof is a key or token, and what it may by the table in docs/platform.md.
type proof struct {
	name     string
	secret   string
	origin   string
	scopes   []string
	customer string // of a token: the only one whom it knows
	dead     bool
}

// may says with which status a proof is turned away, 0 when it is not.
func (p *proof) may(pattern, customer string, known bool) int {
	need := scopeOf(pattern)
	switch {
	case p.dead:
		return http.StatusUnauthorized
	case need == "plans":
		return 0
	case slices.ContainsFunc(strings.Fields(need), func(s string) bool { return !slices.Contains(p.scopes, s) }),
		p.customer != "" && !strings.Contains(pattern, "{customer}"):
		return http.StatusForbidden
	case !strings.Contains(pattern, "{customer}"):
		return 0
	case p.customer != "" && customer != p.customer, !known && !strings.HasPrefix(pattern, "PUT "):
		return http.StatusNotFound
	}
	return 0
}

// matrix asks every route of apps with every kind of proof of A's app for four customers: two of the app, one of the
// other app, one of nobody. It returns what is not as the table says.
func (w *world) matrix() (wrong []string) {
	w.Helper()
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	own, shared, foreign := w.a.ids["customer"], w.a.ids["own customer"], w.b.ids["customer"]
	proofs := w.proofs(own, foreign)
	w.writeCounts()
	before, ours := w.appRows(w.b.app.ID), w.appRows(w.a.app.ID)
	allowed := 0
	for _, meant := range []bool{false, true} { // all that is to be refused first: then nothing may have changed
		for i := range routes {
			rt := &routes[i]
			if !rt.Access.OfApp() {
				continue
			}
			for _, p := range proofs {
				var of [2]string // what is said of a foreign and of an absent customer
				for _, customer := range []string{own, shared, foreign, "org_nobody"} {
					want := p.may(rt.Pattern, customer, customer == own || customer == shared)
					if p.origin != "" && rt.Access == frame.Server && !strings.HasPrefix(rt.Pattern, "GET ") {
						want = http.StatusForbidden // pages have nothing to do there, whatever they hold
					}
					if meant != (want == 0) {
						continue
					}
					if strings.HasPrefix(rt.Pattern, "DELETE ") && meant {
						continue // it would end what the others ask with
					}
					got := w.tryProof(rt, p, customer)
					switch {
					case want != 0 && got.status != want:
						say("%s with %s for %s: %d, want %d: %.120s", rt.Pattern, p.name, customer, got.status, want,
							got.body)
					case want == 0 && slices.Contains([]int{401, 403, 404}, got.status) &&
						!strings.Contains(rt.Pattern, "/holds/{id}"): // a hold is of one customer
						say("%s with %s for %s: %d: %.120s", rt.Pattern, p.name, customer, got.status, got.body)
					case want == 0:
						allowed++
					}
					got.body = strings.ReplaceAll(got.body, customer, "?")
					if word := got.leaks(slices.Concat(secretsOf(wordOfB), namesOf(wordOfB))...); word != "" {
						say("%s with %s for %s: the answer holds %q", rt.Pattern, p.name, customer, word)
					}
					if p.customer != "" && customer != p.customer && got.status < 400 && rt.Access != frame.Sold {
						say("%s with %s for %s: %d", rt.Pattern, p.name, customer, got.status)
					}
					text := requestField.ReplaceAllString(got.body, "")
					switch customer {
					case foreign:
						of[0] = text
					case "org_nobody":
						of[1] = text
					}
				}
				if !meant && of[0] != of[1] {
					say("%s with %s: %q of a foreign customer, %q of none", rt.Pattern, p.name, of[0], of[1])
				}
			}
		}
		if !meant {
			for what, sum := range w.appRows(w.a.app.ID) {
				if ours[what] != sum {
					say("%s has changed by what was refused", what)
				}
			}
		}
	}
	for what, sum := range w.appRows(w.b.app.ID) {
		if before[what] != sum {
			say("%s of the other app has changed", what)
		}
	}
	if allowed < 50 {
		say("only %d requests were allowed", allowed)
	}
	return wrong
}

// writeCounts waits for the counts of checks, which are written a little later, or when they are asked for.
func (w *world) writeCounts() {
	w.Helper()
	for _, s := range []*side{w.a, w.b} {
		if got := w.send("GET", ask{path: "/api/v1/shadow"}, s.appKey); got.status != http.StatusOK {
			w.Fatalf("the counts of %s: %d %s", s.app.ID, got.status, got.body)
		}
	}
}

func (w *world) tryProof(rt *frame.Route, p *proof, customer string) answer {
	w.Helper()
	method, _, _ := strings.Cut(rt.Pattern, " ")
	k := trials[rt.Pattern].ask(newIDs(w.a.ids))
	for _, name := range []string{"customer", "own customer"} {
		k.path = strings.Replace(k.path, "/customers/"+w.a.ids[name], "/customers/"+customer, 1)
	}
	r, err := k.request(method, w.url)
	w.ok(err)
	if p.origin != "" {
		r.Header.Set("Origin", p.origin)
	}
	return w.do(r, p.secret)
}

// proofs are keys and tokens of A's app of every kind, living and dead, and what B's app has of the same.
func (w *world) proofs(own, foreign string) (list []*proof) {
	w.Helper()
	origin, theirs := "https://"+wordOfA+".example", "https://"+wordOfB+".example"
	key := func(name, kind string, scopes ...string) *proof {
		secret, _ := w.appKeyOf(w.a, kind, scopes...)
		if kind == platform.ServerKey && len(scopes) == 0 {
			scopes = platform.Scopes()
		}
		p := &proof{name: name, secret: secret, scopes: scopes}
		w.use(p, own)
		list = append(list, p)
		return p
	}
	token := func(name, secret, may, origin, customer string) *proof {
		p := &proof{name: name, secret: secret, origin: origin, customer: customer, scopes: []string{"customers:read"}}
		if may == platform.MayPay {
			p.scopes = append(p.scopes, "billing:write")
		}
		list = append(list, p)
		return p
	}
	key("a server key", platform.ServerKey)
	for _, scope := range platform.Scopes() {
		key("a key for "+scope, platform.ServerKey, scope)
	}
	key("a publishable key", platform.PublishableKey)
	list = append(list, &proof{name: "half a key", secret: w.a.appKey[:20], dead: true})
	revoked, id := w.appKeyOf(w.a, platform.ServerKey)
	w.use(&proof{secret: revoked, scopes: platform.Scopes()}, own)
	w.ok(platform.RevokeKey(w.Context(), w.db.DB, w.a.app.ID, id))
	list = append(list, &proof{name: "a revoked key", secret: revoked, dead: true})

	for _, may := range []string{platform.MayRead, platform.MayPay} {
		token("a token that may "+may, w.tokenFor(w.a, own, may, origin), may, origin, own)
		p := token("the same token in pages of another site", list[len(list)-1].secret, may, theirs, own)
		p.dead = true
		p = token("the same token in no page", p.secret, may, "", own)
		p.dead = true
	}
	old := token("a token of an earlier generation", w.tokenFor(w.a, own, platform.MayPay, origin), platform.MayPay,
		origin, own)
	old.dead = true
	w.exec(`update customer_tokens set generation = generation - 1 where hash = $1`, hashOf(old.secret))
	older := token("a token of an earlier generation of the app", w.tokenFor(w.a, own, platform.MayPay, origin),
		platform.MayPay, origin, own)
	older.dead = true
	w.exec(`update customer_tokens set app_generation = app_generation - 1 where hash = $1`, hashOf(older.secret))
	// A token of the other app's customer, in pages of ours.
	stray := token("a token of the other app", w.tokenFor(w.b, foreign, platform.MayPay, theirs), platform.MayPay,
		origin, foreign)
	stray.dead = true
	// The last: whoever makes a token clears away those that have ended.
	ended := token("a token that has ended", w.tokenFor(w.a, own, platform.MayPay, origin), platform.MayPay, origin,
		own)
	ended.dead = true
	w.exec(`update customer_tokens set expires_at = now() - interval '1 second', created_at = now() - interval '1 minute'
		where hash = $1`, hashOf(ended.secret))
	return list
}

// use asks once what a key may, so that the server knows it: what is refused then, the database has refused.
func (w *world) use(p *proof, customer string) {
	w.Helper()
	for i := range routes {
		rt := &routes[i]
		if rt.Access.OfApp() && rt.Access != frame.Sold && !strings.HasPrefix(rt.Pattern, "DELETE ") &&
			p.may(rt.Pattern, customer, true) == 0 {
			w.tryProof(rt, p, customer)
			return
		}
	}
}

func (w *world) tokenFor(s *side, customer, may, origin string) string {
	w.Helper()
	got := w.send("POST", ask{path: "/api/v1/customers/" + customer + "/tokens", json: map[string]any{
		"may": may, "origin": origin,
	}}, s.appKey)
	if got.status != http.StatusCreated {
		w.Fatalf("make a token: %d %s", got.status, got.body)
	}
	_, rest, _ := strings.Cut(got.body, `"token":"`)
	secret, _, _ := strings.Cut(rest, `"`)
	return secret
}

func hashOf(secret string) []byte {
	h := platform.Hash(secret)
	return h[:]
}

// appRows are checksums over all that belongs to an app and to each of its customers. When a key was used last, and the
// number of refusals, are no state of theirs.
func (w *world) appRows(app string) map[string]string {
	w.Helper()
	sums := map[string]string{}
	for _, by := range []string{"account_id", "app_id"} {
		rows, err := w.db.Super.Query(w.Context(), `
			select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = $1
			   and not a.attisdropped
			 where c.relnamespace = 'tijori'::regnamespace and c.relkind in ('r', 'p')
			   and c.relname !~ '^(access_log|watch_)' and not (c.relname = 'app_keys')
			 order by 1`, by)
		w.ok(err)
		var tables []string
		for rows.Next() {
			var table string
			w.ok(rows.Scan(&table))
			tables = append(tables, table)
		}
		w.ok(rows.Err())
		for _, table := range tables { // names come from the catalogue
			where := `t.app_id = $1`
			if by == "account_id" {
				where = `t.account_id in (select account_id from accounts where app_id = $1)`
			}
			sums[table+" by "+by] = one[string](w, `select count(*) || ' ' ||
				coalesce(md5(string_agg(t::text, chr(10) order by t::text)), '') from `+table+` t where `+where, app)
		}
	}
	return sums
}

// Two apps, two customers of each, every key and token: what each may is what docs/platform.md says, and whatever is
// asked, nothing of the other app is shown or changed.
func TestMatrixOfApps(t *testing.T) {
	t.Parallel()
	for i := range routes {
		if routes[i].Access.OfApp() && scopeOf(routes[i].Pattern) == "" {
			t.Errorf("%s is not in the table of docs/platform.md", routes[i].Pattern)
		}
	}
	w := newWorld(t).populate()
	for _, wrong := range w.matrix() {
		t.Error(wrong)
	}
}

// Each mutant drops one condition of the function that decides who asks. The matrix must notice.
func TestMatrixNoticesMutants(t *testing.T) {
	t.Parallel()
	const check = "tijori_plans.check_customers(bytea[], text[], text[], text[], bigint[])"
	const holder = "tijori_access.holder(bytea, text, text, text)"
	for _, m := range []struct{ name, from, to, of string }{
		{"a token reads the app's log", "s.account_id is not null", "false", "tijori_access.app_alone(text)"},
		{"a check of any app's customer", "a.app_id = app and ", "", check},
		{"a check with any scope", "not key_reads", "false", check},
		{"a check with a revoked key", " and v.revoked_at is null", "", check},
		{"any app's customer", "a.app_id = k.app_id and ", "", holder},
		{"any scope", "not needed = any (k.scopes)", "false", holder},
		{"a revoked key", " and v.revoked_at is null", "", holder},
		{"a token for ever", "t.expires_at > now() and ", "", holder},
		{"a token of an ended generation", "t.generation = a.token_generation", "true", holder},
		{"a token of an app's ended generation", "and t.app_generation = p.token_generation", "", holder},
		{"a token in any page", "and t.origin = holder.origin", "", holder},
		{"a token for any customer", "customer in ('', k.external_id)", "true", holder},
		{"a token that reads pays", "and k.may = 'pay'", "", holder},
		{
			"a token may all", "not (needed in ('plans:read', 'customers:read') or ", "needed = '' and not (true or ",
			holder,
		},
	} {
		t.Run(strings.ReplaceAll(m.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t).populate()
			source := one[string](w, `select pg_get_functiondef($1::text::regprocedure)`, m.of)
			if strings.Count(source, m.from) != 1 {
				t.Fatalf("%q stands %d times in the function", m.from, strings.Count(source, m.from))
			}
			_, err := w.db.Super.Exec(t.Context(), strings.Replace(source, m.from, m.to, 1))
			w.ok(err)
			if len(w.matrix()) == 0 {
				t.Error("the matrix did not notice")
			}
		})
	}
}

var requestField = regexp.MustCompile(`"request_id":"[^"]*"`)
