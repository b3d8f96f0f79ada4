// Package logs reads the request logs of a running product and looks for what
// should not have happened: answers without a session, other people's ids, ids
// walked one by one, and unusual numbers of exports. It reads as a stream, in
// memory that does not grow with the log.
package logs

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
)

// Options say what to read.
type Options struct {
	Files    []string // "-" is Stdin; gzip is recognised
	Stdin    io.Reader
	Guarded  []string  // routes that need a session: a path, or its beginning and a *
	Public   []string  // routes that need none
	Since    time.Time // the beginning of the hour of the time line; zero is the first thing found
	Progress func(n int, what string)

	keys int // instead of maxKeys, in tests
}

// The bounds. What does not fit is not tested, and said.
const (
	maxLine    = 1 << 20
	maxRead    = 64 << 30 // of one file, unpacked
	maxKeys    = 100_000  // of each table
	maxMoments = 300
	window     = 10 * time.Minute // in which ids are walked
	walkIDs    = 20               // different ids in it
	manyIDs    = 50               // more than a page loads of somebody's own
	publicFrom = 5                // addresses that a route answers without a session make it a public one
)

// Audit reads the logs. An error means that none of them could be read.
func Audit(ctx context.Context, o Options) (*finding.Report, error) {
	if o.Progress == nil {
		o.Progress = func(int, string) {}
	}
	if len(o.Files) == 0 {
		return nil, errors.New("name at least one log file")
	}
	a := &auditor{
		o: o, routes: map[routeKey]*routeStats{}, named: map[namedKey]*sighting{}, callers: map[string]string{},
		objects: map[objectKey]*object{},
		walks:   map[walkKey]*walk{}, best: map[walkKey]*walk{}, reads: map[readKey]*sighting{},
		returned: map[namedKey]*sighting{}, full: map[string]bool{}, kinds: map[string]pathKind{},
	}
	a.report = &finding.Report{
		Command: "audit logs", Target: strings.Join(o.Files, " "), Findings: []finding.Finding{},
		NotTested: []finding.NotTested{}, Root: ".",
	}
	for i, name := range o.Files {
		if err := a.file(ctx, i, name, a.see); err != nil {
			return nil, err
		}
	}
	if a.requests == 0 {
		return nil, fmt.Errorf("no line of %s is a request in a known format\nknown are JSON lines, the common and combined formats, and the logs of nginx, Vercel, Cloudflare and Supabase", a.report.Target)
	}
	a.finish()
	if err := a.timeline(ctx); err != nil {
		return nil, err
	}
	return a.report, nil
}

type (
	routeKey struct {
		file   int
		method string
		route  string
	}
	routeStats struct {
		withUser, without int
		unauthorized      int       // 401 to somebody without a session
		forbidden         int       // 403, which firewalls answer as well
		strangers         []string  // some of the addresses that were answered without a session
		first             *sighting // of an answer without a session
	}
	namedKey struct{ caller, id, route string }
	// A sighting is a request that is shown, and how many there were like it.
	sighting struct {
		event event
		file  int
		line  int
		n     int
		last  time.Time
		noun  string
	}
	objectKey struct{ route, id string }
	object    struct {
		tenant string
		other  string
		first  *sighting // by the other
	}
	walkKey struct{ caller, route string }
	walk    struct {
		begin, last    time.Time
		ids            []string // different ones
		n, ok, refused int
		steps          int
		lastID         int64
		numeric        bool
		first          sighting
		examples       []*event
	}
	readKey struct {
		caller string
		kind   string
		hour   int64
	}
)

type auditor struct {
	o         Options
	report    *finding.Report
	requests  int
	swept     int // the number of requests when walks were swept last
	lines     int
	says      map[int]bool // files whose lines tell who was signed in
	tenants   bool
	owners    int // ids of owners in answers, and how many were the caller's own
	ownOwners int
	routes    map[routeKey]*routeStats
	named     map[namedKey]*sighting // ids in requests that may be another's
	returned  map[namedKey]*sighting // ids in answers that are another's
	callers   map[string]string      // users, and their accounts
	objects   map[objectKey]*object
	walks     map[walkKey]*walk
	best      map[walkKey]*walk
	reads     map[readKey]*sighting
	full      map[string]bool
	kinds     map[string]pathKind
	suspects  map[string]bool
	earliest  time.Time
}

func (a *auditor) notTested(what, format string, args ...any) {
	a.report.NotTested = append(a.report.NotTested, finding.NotTested{What: what, Reason: fmt.Sprintf(format, args...)})
}

// fits reports whether a table may grow, and says once that it may not.
func (a *auditor) fits(table string, n int) bool {
	most := cmp.Or(a.o.keys, maxKeys)
	if n < most {
		return true
	}
	if !a.full[table] {
		a.full[table] = true
		a.notTested(table, "the log has more than %d of them; the rest was not compared", most)
	}
	return false
}

// file streams the requests of one log.
func (a *auditor) file(ctx context.Context, index int, name string, see func(file, line int, e event)) error {
	r, done, err := a.open(name)
	if err != nil {
		return err
	}
	defer done()
	limited := &io.LimitedReader{R: r, N: maxRead}
	b := bufio.NewReaderSize(limited, 256<<10)
	line, understood, missed, long, firstMissed := 0, 0, 0, 0, 0
	for {
		text, whole, err := readLine(b)
		if len(text) > 0 || !whole {
			line++
			if e, ok := parseLine(text); ok && whole {
				understood++
				see(index, line, e)
			} else if !whole {
				long++
			} else if len(bytes.TrimSpace(text)) > 0 {
				if missed++; missed == 1 {
					firstMissed = line
				}
			}
			if line%20_000 == 0 {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				a.o.Progress(line, name)
			}
		} else if err == nil {
			line++
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				a.notTested(name, "it breaks off after line %d: %v", line, err)
			}
			break
		}
	}
	if a.suspects != nil { // the second reading, for the time line
		return nil
	}
	a.lines += line
	if limited.N <= 0 {
		a.notTested(name, "only its first %d GB were read", maxRead>>30)
	}
	if long > 0 {
		a.notTested(name, "%d lines are longer than 1 MB", long)
	}
	if missed > 0 {
		a.notTested(name, "%d of %d lines are no requests in a known format (the first is line %d)",
			missed, missed+understood, firstMissed)
	}
	return nil
}

// readLine returns a line of at most maxLine; the rest of a longer one is skipped.
func readLine(b *bufio.Reader) (line []byte, whole bool, err error) {
	whole = true
	for {
		part, err := b.ReadSlice('\n')
		if whole && len(line)+len(part) <= maxLine {
			line = append(line, part...)
		} else {
			whole = false
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, whole, err
		}
	}
}

// open opens a file, unpacked where it is packed.
func (a *auditor) open(name string) (io.Reader, func(), error) {
	var in io.Reader = a.o.Stdin
	done := func() {}
	if name != "-" {
		info, err := os.Stat(name)
		if err != nil {
			return nil, nil, err
		}
		if info.IsDir() {
			return nil, nil, fmt.Errorf("%s is a folder\nname the log files in it", name)
		}
		f, err := os.Open(name)
		if err != nil {
			return nil, nil, err
		}
		in, done = f, func() { _ = f.Close() } // it was only read
	}
	b := bufio.NewReaderSize(in, 64<<10)
	if head, err := b.Peek(2); err == nil && head[0] == 0x1f && head[1] == 0x8b {
		z, err := gzip.NewReader(b)
		if err != nil {
			done()
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
		return z, done, nil
	}
	return b, done, nil
}

// caller is the user or, where nobody was signed in, the address.
func (e *event) caller() string {
	if e.user != "" {
		return "user " + cut(e.user, 80)
	}
	return "address " + cmp.Or(e.ip, "unknown")
}

func (e *event) good() bool    { return e.status >= 200 && e.status < 300 }
func (e *event) refused() bool { return e.status == 401 || e.status == 403 || e.status == 404 }

var (
	static = lazyregexp.New(`(?i)\.(?:js|mjs|css|map|png|jpe?g|gif|svg|webp|avif|ico|woff2?|ttf|txt|webmanifest)$|^/(?:_next/|assets/|static/|favicon|robots\.txt|\.well-known/)`)
	door   = lazyregexp.New(`(?i)log-?in|sign-?in|sign-?up|log-?out|sign-?out|password|webhook|csrf|` +
		`(?:^|[/_.-])(?:register|registration|o?auth2?|tokens?|sessions?|otp|verif\w*|confirm\w*|callback|health\w*|ready\w*|livez|metrics|invit\w*|recover\w*)(?:[/_.-]|$)`)
)

// see takes one request into every table.
func (a *auditor) see(file, line int, e event) {
	a.requests++
	if a.says == nil {
		a.says = map[int]bool{}
	}
	if e.user != "" || e.says {
		a.says[file] = true
	}
	route, ids := e.route()
	if e.server || a.kind(route).static {
		return
	}
	a.tenants = a.tenants || e.tenant != ""
	s := sighting{event: e, file: file, line: line, n: 1, last: e.at}
	if e.user != "" && a.fits("users", len(a.callers)) {
		a.callers[e.user] = cmp.Or(e.tenant, a.callers[e.user])
	}
	a.seeRoute(file, route, &e, s)
	if e.good() && e.user != "" {
		a.seeIDs(route, ids, &e, s)
	}
	if len(ids) > 0 {
		a.seeWalk(route, ids[len(ids)-1], &e, s)
	}
	a.seeRead(route, &e, s)
}

func (a *auditor) seeRoute(file int, route string, e *event, s sighting) {
	k := routeKey{file, e.method, route}
	r := a.routes[k]
	if r == nil {
		if !a.fits("routes", len(a.routes)) {
			return
		}
		r = &routeStats{}
		a.routes[k] = r
	}
	switch {
	case e.good() && e.user != "":
		r.withUser++
	case e.good():
		if len(r.strangers) < publicFrom && !slices.Contains(r.strangers, e.ip) {
			r.strangers = append(r.strangers, e.ip)
		}
		if r.without++; r.without == 1 {
			r.first = &s
		}
	case e.status == 401 && e.user == "":
		r.unauthorized++
	case e.status == 403 && e.user == "":
		r.forbidden++
	}
}

// holder are the nouns of whoever has data of their own.
var holder = lazyregexp.New(`(?i)^(user|account|customer|client|profile|member|tenant|org|organi[sz]ation|business|businesses|compan(y|ies)|shop|store|workspace|team|owner|people|person)s?$`)

func (a *auditor) seeIDs(route string, ids []id, e *event, s sighting) {
	note := func(m map[namedKey]*sighting, table, value, noun string) {
		k := namedKey{e.caller(), value, e.method + " " + route}
		if old := m[k]; old != nil {
			old.n++
			old.last = e.at
		} else if a.fits(table, len(m)) {
			s := s
			s.noun = noun
			m[k] = &s
		}
	}
	for _, x := range ids {
		if holder.MatchString(x.noun) && x.value != e.user && x.value != e.tenant {
			note(a.named, "ids in requests", x.value, x.noun)
		}
	}
	for _, owner := range e.owner {
		if a.owners++; owner == e.user || owner == e.tenant {
			a.ownOwners++
		}
		if owner != e.user && owner != e.tenant {
			note(a.returned, "ids in answers", owner, "owner")
		}
	}
	if e.tenant == "" || len(ids) == 0 {
		return
	}
	k := objectKey{e.method + " " + route, ids[len(ids)-1].value}
	o := a.objects[k]
	switch {
	case o == nil:
		if a.fits("objects", len(a.objects)) {
			a.objects[k] = &object{tenant: e.tenant}
		}
	case o.tenant != e.tenant && o.other == "":
		o.other, o.first = e.tenant, &s
	}
}

func (a *auditor) seeWalk(route string, x id, e *event, s sighting) {
	k := walkKey{e.caller(), e.method + " " + route}
	w := a.walks[k]
	if w != nil && e.at.Sub(w.begin) > window {
		a.endWalk(k, w)
		w = nil
	}
	if w == nil {
		// so that sweeping costs each request the same
		if most := cmp.Or(a.o.keys, maxKeys); len(a.walks) >= most && a.requests-a.swept >= most {
			a.swept = a.requests
			a.sweep(e.at)
		}
		if !a.fits("callers and routes", len(a.walks)) {
			return
		}
		w = &walk{begin: e.at, first: s}
		a.walks[k] = w
	}
	w.n++
	w.last = e.at
	switch {
	case e.good():
		w.ok++
	case e.refused():
		w.refused++
	}
	if len(w.ids) < 500 && !slices.Contains(w.ids, x.value) {
		w.ids = append(w.ids, x.value)
		if len(w.examples) < 3 {
			w.examples = append(w.examples, e)
		}
		if n, err := strconv.ParseInt(x.value, 10, 64); err == nil {
			if step := n - w.lastID; w.numeric && step != 0 && step >= -3 && step <= 3 {
				w.steps++
			}
			w.lastID, w.numeric = n, true
		}
	}
}

// sweep ends the walks that nobody continues.
func (a *auditor) sweep(now time.Time) {
	for k, w := range a.walks {
		if now.Sub(w.last) > window {
			a.endWalk(k, w)
		}
	}
}

// endWalk keeps a walk that was one, joined with what the caller walked before.
func (a *auditor) endWalk(k walkKey, w *walk) {
	delete(a.walks, k)
	n := len(w.ids)
	if n < walkIDs || w.steps*10 < (n-1)*6 && w.refused*2 < w.n {
		return
	}
	old := a.best[k]
	if old == nil {
		if a.fits("walks", len(a.best)) {
			a.best[k] = w
		}
		return
	}
	old.n, old.ok, old.refused, old.last = old.n+w.n, old.ok+w.ok, old.refused+w.refused, w.last
	for _, x := range w.ids {
		if len(old.ids) < 500 && !slices.Contains(old.ids, x) {
			old.ids = append(old.ids, x)
		}
	}
}

var (
	exports  = lazyregexp.New(`(?i)export|download|\.(?:csv|xlsx|zip|pdf)$|backup|dump`)
	invoices = lazyregexp.New(`(?i)invoice|receipt|statement|billing/history`)
)

// A pathKind is what the words of a path say, kept because paths repeat.
type pathKind struct {
	static bool
	reads  string // exports, invoices
}

func (a *auditor) kind(path string) pathKind {
	if k, ok := a.kinds[path]; ok {
		return k
	}
	k := pathKind{static: static.MatchString(path)}
	switch {
	case exports.MatchString(path):
		k.reads = "exports"
	case invoices.MatchString(path):
		k.reads = "invoices"
	}
	if len(a.kinds) >= 20_000 {
		clear(a.kinds)
	}
	a.kinds[path] = k
	return k
}

func (a *auditor) seeRead(route string, e *event, s sighting) {
	if !e.good() {
		return
	}
	kind := a.kind(route).reads
	if kind == "" || kind == "invoices" && e.method != "GET" {
		return
	}
	k := readKey{e.caller(), kind, e.at.Unix() / 3600}
	if old := a.reads[k]; old != nil {
		old.n++
		old.last = e.at
	} else if a.fits("readers and hours", len(a.reads)) {
		a.reads[k] = &s
	}
}

// finish judges the tables.
func (a *auditor) finish() {
	for k, w := range a.walks {
		a.endWalk(k, w)
	}
	a.suspects = map[string]bool{}
	a.judgeRoutes()
	a.judgeIDs()
	a.judgeWalks()
	a.judgeReads()
	files := 0
	for i, name := range a.o.Files {
		if !a.says[i] {
			files++
			a.notTested(name,
				"its lines do not say who was signed in, so answers without a session and other people's ids cannot be told; log a user id")
		}
	}
	if !a.tenants && files < len(a.o.Files) {
		a.notTested("objects shared between accounts",
			"the log has no account of the user (a field such as account_id), so a colleague's object cannot be told from a stranger's")
	}
	a.report.Looked = []finding.Count{
		{What: "lines", N: a.lines},
		{What: "requests", N: a.requests},
		{What: "routes", N: len(a.routes)},
		{What: "users", N: len(a.callers)},
	}
	a.report.Sort()
}

// add completes a finding with the request that shows it.
func (a *auditor) add(f finding.Finding, s sighting, steps ...string) {
	e := s.event
	f.Place = finding.Place{File: filepath.ToSlash(a.o.Files[s.file]), Line: s.line}
	who := e.caller()
	if e.user != "" && e.ip != "" {
		who += " from " + e.ip
	}
	if f.Proof.Who == "" {
		f.Proof.Who = who
	}
	if len(steps) == 0 {
		steps = []string{fmt.Sprintf("%s %s → %d at %s", e.method, e.path, e.status,
			e.at.Format("2006-01-02 15:04:05Z"))}
	}
	f.Proof.Steps = steps
	f.Verbs = []string{e.method}
	a.suspects[e.caller()] = true
	if a.earliest.IsZero() || e.at.Before(a.earliest) {
		a.earliest = e.at
	}
	a.report.Findings = append(a.report.Findings, f)
}

func (a *auditor) judgeRoutes() {
	for k, r := range a.routes {
		if r.without == 0 || !a.says[k.file] || covers(a.o.Public, k.route) {
			continue
		}
		f := newFinding(ruleGuarded)
		why := ""
		switch total := r.withUser + r.without; {
		case covers(a.o.Guarded, k.route):
			why = "it is on the list of guarded routes"
		case door.MatchString(k.route):
			continue
		case r.unauthorized >= 3 && r.without <= 5*r.unauthorized,
			r.forbidden >= 3 && r.without <= r.forbidden && r.withUser > 0:
			why = fmt.Sprintf("it refused %d other requests without a session", r.unauthorized+r.forbidden)
		case r.withUser >= 50 && r.without*50 <= total:
			why = fmt.Sprintf("%d of %d answers went to people who were signed in", r.withUser, total)
			f.Severity = finding.Medium
		default:
			continue
		}
		f.Object = k.method + " " + k.route
		f.Title = fmt.Sprintf("%s answered without a session, though %s.", f.Object, why)
		f.Actors = []string{"anonymous"}
		f.Proof = &finding.Proof{Saw: plural(r.without, "answer") + " with status 2xx and without a session"}
		a.add(f, *r.first)
	}
}

// covers matches a path with patterns that may end in a *.
func covers(patterns []string, route string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		stem, open := strings.CutSuffix(p, "*")
		return route == p || open && strings.HasPrefix(route, stem)
	})
}

// judgeIDs finds requests for another user's or account's objects.
func (a *auditor) judgeIDs() {
	accounts := map[string]bool{}
	for _, tenant := range a.callers {
		if tenant != "" {
			accounts[tenant] = true
		}
	}
	type group struct {
		first sighting
		ids   []string
		n     int
		sure  bool
		how   string // a format with a place for the number of ids
	}
	groups := map[walkKey]*group{}
	collect := func(k namedKey, s *sighting, sure bool, how string) {
		at := walkKey{k.caller, k.route}
		g := groups[at]
		if g == nil {
			g = &group{first: *s, how: how}
			groups[at] = g
		}
		if earlier(s, &g.first) {
			g.first = *s
		}
		g.sure = g.sure || sure
		g.n += s.n
		g.ids = append(g.ids, k.id)
	}
	for k, s := range a.named {
		tenant, isUser := a.callers[k.id]
		mine := s.event.tenant
		switch {
		case isUser && mine != "" && tenant == mine: // a colleague
		case isUser && mine != "" && tenant != "", accounts[k.id] && mine != "":
			collect(k, s, true, "the request names %s of somebody else")
		case isUser || accounts[k.id]:
			collect(k, s, false, "the request names %s of somebody else")
		}
	}
	for k, s := range a.returned {
		tenant, isUser := a.callers[k.id]
		known := isUser || accounts[k.id]
		switch {
		case isUser && s.event.tenant != "" && tenant == s.event.tenant: // a colleague's
			continue
		case !known && a.ownOwners*5 < a.owners*4: // ids of another kind than those of users and accounts
			continue
		}
		collect(k, s, known, "the answer holds %s of somebody else")
	}
	perRoute, crossed := map[string]int{}, map[string]int{}
	for k, o := range a.objects {
		perRoute[k.route]++
		if o.other != "" {
			crossed[k.route]++
		}
	}
	for k, o := range a.objects {
		// what many accounts read is a catalogue
		if o.other == "" || perRoute[k.route] < 5 || crossed[k.route]*10 > perRoute[k.route]*3 {
			continue
		}
		collect(namedKey{o.first.event.caller(), k.id, k.route}, o.first, true,
			"%s that another account had used before")
	}
	for k, g := range groups {
		f := newFinding(ruleForeign)
		if !g.sure {
			f.Severity = finding.Medium
		}
		slices.Sort(g.ids)
		g.ids = slices.Compact(g.ids)
		f.Object, f.Key, f.Actors = k.route, k.caller, []string{"another tenant"}
		f.Title = fmt.Sprintf("%s was answered for an object of somebody else (%s).", k.route, k.caller)
		f.Proof = &finding.Proof{Saw: fmt.Sprintf("%s with status 2xx; "+g.how+": %s", plural(g.n, "answer"),
			plural(len(g.ids), "id"), some(g.ids))}
		a.add(f, g.first)
	}
}

// earlier orders what was seen, so that two runs over one log say the same.
func earlier(s, t *sighting) bool {
	return cmp.Or(s.event.at.Compare(t.event.at), s.file-t.file, s.line-t.line) < 0
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func some(list []string) string {
	if len(list) > 5 {
		return strings.Join(list[:5], ", ") + " …"
	}
	return strings.Join(list, ", ")
}

func (a *auditor) judgeWalks() {
	public := map[string]bool{}
	for k, r := range a.routes {
		// Where the log does not say who was signed in, a route that never refuses anybody is public.
		open := len(r.strangers) >= publicFrom && (a.says[k.file] || r.unauthorized+r.forbidden == 0)
		if open || covers(a.o.Public, k.route) {
			public[k.method+" "+k.route] = true
		}
	}
	for k, w := range a.best {
		f := newFinding(ruleWalking)
		stranger := strings.HasPrefix(k.caller, "address")
		switch {
		case w.ok == 0: // tried, and refused every time
			f.Severity = finding.Low
		case stranger && public[k.route] && w.refused*2 < w.n: // a search engine reads a catalogue
			continue
		case stranger && !a.says[w.first.file], w.ok*5 < w.n, len(w.ids) < manyIDs && w.refused == 0:
			f.Severity = finding.Medium
		}
		f.Object, f.Key, f.Actors = k.route, k.caller, []string{"signed in"}
		if stranger {
			f.Actors = []string{"anonymous"}
		}
		f.Title = fmt.Sprintf("%s was asked for %d different ids in %s (%s).",
			k.route, len(w.ids), span(w.last.Sub(w.begin)), k.caller)
		f.Proof = &finding.Proof{Saw: fmt.Sprintf("%s between %s and %s: %d answered, %d refused or not found",
			plural(w.n, "request"), w.begin.Format("15:04:05"), w.last.Format("15:04:05Z"), w.ok, w.refused)}
		var steps []string
		for _, e := range w.examples {
			steps = append(steps, fmt.Sprintf("%s %s → %d", e.method, e.path, e.status))
		}
		a.add(f, w.first, append(steps, "and so on")...)
	}
}

func span(d time.Duration) string {
	if d < 2*time.Minute {
		return fmt.Sprintf("%d seconds", int(d.Seconds())+1)
	}
	return fmt.Sprintf("%d minutes", int(d.Minutes()+0.5))
}

// judgeReads compares each hour of each reader with what is usual.
func (a *auditor) judgeReads() {
	usual := map[string][]int{}
	for k, s := range a.reads {
		usual[k.kind] = append(usual[k.kind], s.n)
	}
	for _, list := range usual {
		slices.Sort(list)
	}
	worst := map[walkKey]*sighting{}
	for k, s := range a.reads {
		median := usual[k.kind][len(usual[k.kind])/2]
		least, times := 30, 10
		if k.kind == "exports" {
			least, times = 10, 5
		}
		if len(usual[k.kind]) < 2 { // nothing to compare with
			median = 1
		}
		at := walkKey{k.caller, k.kind}
		if s.n >= max(least, times*median) &&
			(worst[at] == nil || s.n > worst[at].n || s.n == worst[at].n && earlier(s, worst[at])) {
			worst[at] = s
		}
	}
	for k, s := range worst {
		median := usual[k.route][len(usual[k.route])/2]
		f := newFinding(ruleSpike)
		f.Object, f.Key = k.route, k.caller
		f.Title = fmt.Sprintf("The %s read %d %s within an hour; %d is usual.", k.caller, s.n, k.route, median)
		f.Proof = &finding.Proof{Saw: fmt.Sprintf("%s with status 2xx between %s and %s",
			plural(s.n, "answer"), s.event.at.Format("15:04:05"), s.last.Format("15:04:05Z"))}
		a.add(f, *s)
	}
}

// timeline reads the logs once more and tells the first hour of what was found:
// what the suspects did, minute by minute.
func (a *auditor) timeline(ctx context.Context) error {
	if len(a.suspects) == 0 {
		return nil
	}
	from := a.o.Since
	if from.IsZero() {
		from = a.earliest.Truncate(time.Minute)
	}
	until := from.Add(time.Hour)
	type key struct {
		minute int64
		who    string
		what   string
	}
	moments := map[key]*finding.Moment{}
	dropped := 0
	for i, name := range a.o.Files {
		if name == "-" {
			a.report.Notes = append(a.report.Notes, "the time line needs a file: standard input cannot be read twice")
			continue
		}
		err := a.file(ctx, i, name, func(_, _ int, e event) {
			if e.at.Before(from) || !e.at.Before(until) || !a.suspects[e.caller()] || static.MatchString(e.path) {
				return
			}
			route, _ := e.route()
			k := key{e.at.Unix() / 60, e.caller(), fmt.Sprintf("%s %s → %d", e.method, route, e.status)}
			if m := moments[k]; m != nil {
				m.N++
			} else if len(moments) < maxMoments {
				moments[k] = &finding.Moment{At: e.at.Truncate(time.Minute), Who: e.caller(), What: k.what, N: 1}
			} else {
				dropped++
			}
		})
		if err != nil {
			return err
		}
	}
	for _, m := range moments {
		a.report.Timeline = append(a.report.Timeline, *m)
	}
	slices.SortFunc(a.report.Timeline, func(x, y finding.Moment) int {
		return cmp.Or(x.At.Compare(y.At), strings.Compare(x.Who, y.Who), strings.Compare(x.What, y.What))
	})
	if dropped > 0 {
		a.report.Notes = append(a.report.Notes,
			fmt.Sprintf("the time line holds %d lines; %d requests of that hour are not in it", maxMoments, dropped))
	}
	return nil
}
