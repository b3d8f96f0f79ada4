package web

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/role"
	"github.com/tijorihq/tijori/internal/web/frame"
)

// TestEveryRoute is the exercise that no route escapes: it is used as meant by
// who may use it, and before that by everybody who may not, with the owner's real ids.
// Then every row of the owner's account is what it was.
func TestEveryRoute(t *testing.T) {
	t.Parallel()
	table := &accessTable{seen: map[string]map[string]bool{}}
	t.Run("routes", func(t *testing.T) { // ends when all of them have
		for _, rt := range routes {
			t.Run(strings.NewReplacer(" /", "_", "/", "_").Replace(rt.Pattern), func(t *testing.T) {
				t.Parallel()
				tryRoute(t, &rt, table)
			})
		}
	})
	table.check(t)
	for pattern := range trials {
		if !slices.ContainsFunc(routes, func(rt frame.Route) bool { return rt.Pattern == pattern }) {
			t.Errorf("the exercise %q is of no route", pattern)
		}
	}
}

func tryRoute(t *testing.T, rt *frame.Route, table *accessTable) {
	x, ok := trials[rt.Pattern]
	if !ok {
		t.Fatalf("the route %q is in no exercise: add it to trials", rt.Pattern)
	}
	w := newWorld(t).populate()
	w.a.ids["mail address"], w.b.ids["mail address"] = w.a.Email, w.b.Email
	w.a.ids["letter"], w.b.ids["letter"] = fresh().String(), fresh().String()
	method, _, _ := strings.Cut(rt.Pattern, " ")
	e := &exercise{world: w, table: table, rt: rt, trial: x, method: method}
	e.dead = map[string]string{
		"no session": "", "an unknown session": randomToken(), "the hash of a session": hexHash(w.a.Token),
		"a revoked session":  w.session(w.a.UserID, w.a.AccountID, "30 days", true).token,
		"an expired session": w.session(w.a.UserID, w.a.AccountID, "-1 second", false).token,
	}
	if rt.Access == frame.Program {
		e.dead = w.deadKeys()
	}
	log := keepLog(w)
	if rt.Access.OfApp() {
		e.dead = w.deadAppKeys()
	}
	before := w.rowsOf(w.a)
	e.began = one[time.Time](w, `select clock_timestamp()`)
	called := w.till.calls.Load()
	e.signedOut()
	e.stranger()
	e.wrongRoles()
	e.outsiders()
	e.owners()
	for what, sum := range w.rowsOf(w.a) {
		if strings.HasPrefix(what, "security_log.") && e.exported() {
			continue // by those who were asked among others, and may
		}
		if before[what] != sum {
			t.Errorf("%s of the owner's account have changed by attempts that were to be denied", what)
		}
	}
	e.rightRoles()
	e.asMeant()
	if w.till.calls.Load() > called && rt.Limit != frame.CallsProvider && rt.Access != frame.Operator {
		t.Error("the route calls a provider, and its limit is not frame.CallsProvider")
	}
	if strings.Contains(w.log.String(), w.a.Token) || strings.Contains(w.log.String(), w.a.ids["invite"]) ||
		strings.Contains(w.log.String(), w.a.ids["recovery"]) {
		t.Error("a token stands in the log")
	}
	log.named(rt)
}

type exercise struct {
	*world
	table  *accessTable
	rt     *frame.Route
	trial  trial
	method string
	dead   map[string]string // sessions that are none
	began  time.Time
}

// exported reports whether all that the log of A's account has of this route are downloads by those who may.
func (e *exercise) exported() bool {
	may := []uuid.UUID{e.a.UserID}
	for _, name := range roleNames {
		if role.Of(name).SeesTotals {
			may = append(may, e.people[name+" of account"].UserID, e.people[name+" of business"].UserID)
		}
	}
	return e.method == "GET" && one[bool](e.world, `select coalesce(bool_and(kind = 'data_exported' and user_id = any ($2)), false)
		from security_log where account_id = $1 and at >= $3`, e.a.AccountID, may, e.began)
}

func (e *exercise) api() bool { return strings.Contains(e.rt.Pattern, " /api/") }

// open reports a route that works without any session.
func (e *exercise) open() bool { return e.rt.Access == frame.Anyone }

// signedOut asks without a session, with one that nobody has, one revoked and one expired.
func (e *exercise) signedOut() {
	if e.open() {
		return
	}
	for who, token := range e.dead {
		got := e.ask(asStranger, e.a.ids, token)
		if e.api() {
			if got.status != 401 || !strings.HasPrefix(got.header.Get("Content-Type"), "application/problem+json") ||
				!strings.Contains(got.body, `"unauthorized"`) {
				e.Errorf("with %s: %d %s, want 401 problem+json", who, got.status, got.body)
			}
		} else if got.status != 303 || !strings.HasPrefix(got.location(), "/login") {
			e.Errorf("with %s: %d to %q, want 303 to /login", who, got.status, got.location())
		}
		if word := got.leaks(slices.Concat(secretsOf(wordOfA), namesOf(wordOfA))...); word != "" {
			e.Errorf("with %s: the answer holds %q", who, word)
		}
	}
}

// proof is what a side asks with: a session, or an API key where the route wants one.
func (e *exercise) proof(s *side) string {
	if e.rt.Access == frame.Program {
		return s.key
	}
	if e.rt.Access.OfApp() {
		return s.appKey
	}
	return s.Token
}

// notReferences are names of ids that do not point at a row: B may use what it likes.
var notReferences = map[string]bool{"mail address": true, "letter": true, "own customer": true}

// stranger asks as B with A's real ids: each one alone among B's own, and all at once. The
// answer must be that of ids which nobody has.
func (e *exercise) stranger() {
	probe := newIDs(e.a.ids)
	e.trial.ask(probe)
	names := slices.DeleteFunc(probe.names(), func(n string) bool { return notReferences[n] })
	var mixes [][]string
	for _, name := range names {
		mixes = append(mixes, []string{name})
	}
	if len(names) > 1 {
		mixes = append(mixes, names)
	}
	for _, mix := range mixes {
		e.mixed(mix)
	}
	e.planted()
}

// mixed uses A's ids under the names in mix, and B's own under all others.
func (e *exercise) mixed(mix []string) {
	theirs, nobodys := maps.Clone(e.b.ids), maps.Clone(e.b.ids)
	askedTheirs, askedNobodys := map[string]string{}, map[string]string{}
	for _, name := range mix {
		theirs[name], nobodys[name] = e.a.ids[name], unknownLike(name, e.a.ids[name])
		if tokens[name] { // B does not have the token; B may have seen the row's hash or another token of A
			theirs[name] = hexHash(e.a.ids[name])
		}
		askedTheirs[name], askedNobodys[name] = theirs[name], nobodys[name]
	}
	got, none := e.send(e.method, e.trial.ask(newIDs(theirs)), e.proof(e.b)), e.send(e.method,
		e.trial.ask(newIDs(nobodys)), e.proof(e.b))
	if forgedPayment(mix) {
		if got.status < 400 && e.api() {
			e.Errorf("stranger with A's %v: %d %.200s", mix, got.status, got.body)
		}
	} else if got.status != 404 {
		e.Errorf("stranger with A's %v: %d %s %.200s, want 404", mix, got.status, got.location(), got.body)
	}
	if got.status != none.status || got.same(askedTheirs) != none.same(askedNobodys) {
		e.Errorf("stranger with A's %v:\n%d %s\nbut with ids that nobody has:\n%d %s", mix, got.status,
			got.same(askedTheirs), none.status, none.same(askedNobodys))
	}
	if word := got.leaks(slices.Concat(secretsOf(wordOfA), namesOf(wordOfA))...); word != "" {
		e.Errorf("stranger with A's %v: the answer holds %q", mix, word)
	}
}

var tokens = map[string]bool{
	"invite": true, "sign-up": true, "recovery": true, "link": true, "portal link": true, "pay link": true,
	"email": true, "email back": true,
}

// forgedPayment reports mixes in which the subscription is B's own and only what proves its payment is
// A's: that is a forgery, not a row of somebody else.
func forgedPayment(mix []string) bool {
	return len(mix) == 1 && (mix[0] == "payment" || mix[0] == "signature")
}

func unknownLike(name, value string) string {
	if _, err := uuid.Parse(value); err == nil {
		return fresh().String()
	}
	switch name {
	case "subscription":
		return "sub_" + randomToken()[:len(value)-4]
	case "payment":
		return "pay_" + randomToken()[:len(value)-4]
	}
	return randomToken()
}

// planted asks for B's own things, with A's ids in every other place where one could be believed: query,
// form, JSON and the cookie of the language. What A has must not appear.
func (e *exercise) planted() {
	k := e.trial.ask(newIDs(e.b.ids))
	if k.query = maps.Clone(k.query); k.query == nil {
		k.query = url.Values{}
	}
	foreign := map[string]string{
		"account_id": e.a.ids["account"], "account": e.a.ids["account"], "user_id": e.a.ids["user"],
		"business_id": e.a.ids["business"], "business": e.a.ids["business"],
		"party_id": e.a.ids["party"], "party": e.a.ids["party"], "entry_id": e.a.ids["entry"], "role": "owner",
		"tier": "team", "plan_id": "team", "credential": hexHash(e.a.Token), "session": e.a.ids["session"],
	}
	for name, id := range foreign {
		if !k.query.Has(name) {
			k.query.Set(name, id)
		}
		if k.form != nil && !k.form.Has(name) {
			k.form.Set(name, id)
		}
		if k.json != nil && k.json[name] == nil {
			k.json[name] = id
		}
	}
	token := e.proof(e.b)
	if e.open() && e.method == "POST" {
		token = e.session(e.b.UserID, e.b.AccountID, "30 days", false).token // some of these end the session
	}
	got := e.send(e.method, k, token)
	if word := got.leaks(slices.Concat(secretsOf(wordOfA), namesOf(wordOfA))...); word != "" {
		e.Errorf("stranger with A's ids planted beside B's own: the answer holds %q", word)
	}
	if k.json != nil && !e.trial.noBody && got.status < 400 {
		e.Errorf("unknown JSON fields were accepted with %d: %s", got.status, got.body)
	}
}

// wrongRoles asks as members of A whose role does not reach.
func (e *exercise) wrongRoles() {
	if !slices.Contains([]frame.Access{
		frame.Member, frame.SeesTotals, frame.AddsEntries, frame.RunsKhata, frame.Owns,
		frame.Operator,
	}, e.rt.Access) {
		return
	}
	inBusiness := strings.Contains(e.rt.Pattern, "{business}")
	for _, name := range roleNames {
		for _, place := range rolePlaces {
			may := e.rt.Access.Admits(role.Of(name)) && (inBusiness || place == "account" || e.trial.anyPlace)
			if may && !e.read(name) {
				continue // it would change rows, or is about things of their own: see rightRoles
			}
			got := e.send(e.method, e.trial.ask(newIDs(e.a.ids)), e.people[name+" of "+place].Token)
			if inBusiness || place == "account" {
				e.table.note(e.rt.Pattern, name, !got.turnedAway(true))
			}
			if may {
				if got.status != 200 {
					e.Errorf("as %s of the %s: %d, want 200: %.200s", name, place, got.status, got.body)
				}
				continue
			}
			if got.status != 403 && got.status != 404 {
				e.Errorf("as %s of the %s: %d %s, want 403 or 404", name, place, got.status, got.location())
			}
			if word := got.leaks(secretsOf(wordOfA)...); word != "" {
				e.Errorf("as %s of the %s: the denial holds %q", name, place, word)
			}
		}
	}
}

// asMeant is the proof that what was denied before would have worked.
func (e *exercise) asMeant() {
	if e.trial.free {
		e.free(e.a)
	}
	if e.trial.before != nil {
		e.trial.before(e.world)
	}
	token, column := "", asStranger
	if !e.trial.visitor {
		column = role.Owner
		token = e.session(e.a.UserID, e.a.AccountID, "30 days", false).token
	}
	switch e.rt.Access {
	case frame.Program:
		token, column = e.a.key, asProgram
	case frame.Server, frame.Customer, frame.Sold:
		token, column = e.a.appKey, asApp
	case frame.Operator:
		column = asOperator
	}
	if e.open() && column != asStranger {
		e.ask(asStranger, e.a.ids, "")
	}
	got := e.ask(column, e.a.ids, token)
	if got.status != e.trial.status || !strings.Contains(got.body+got.location(), e.trial.shows) {
		e.Errorf("as meant: %d to %q, want %d with %q in it; body %.600s", got.status, got.location(), e.trial.status,
			e.trial.shows, got.body)
	}
	if e.rt.Secret && (got.header.Get("Referrer-Policy") != "no-referrer" ||
		got.header.Get("X-Robots-Tag") != "noindex") {
		e.Errorf("a route with a token in its path: Referrer-Policy %q, X-Robots-Tag %q",
			got.header.Get("Referrer-Policy"), got.header.Get("X-Robots-Tag"))
	}
	if token != "" && e.method == "GET" && strings.Contains(strings.ToLower(got.body), hexHash(token)) {
		e.Error("the page holds the hash of its session")
	}
}
