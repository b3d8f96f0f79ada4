// Package cache finds personal answers that are kept for others.
package cache

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/flow"
	"github.com/tijorihq/tijori/internal/audit/source/rule"
)

func r(id, title, why, fix string, check func(*rule.Pass)) *rule.Rule {
	return &rule.Rule{Rule: finding.Rule{
		ID: id, Engine: "source", Title: title, Why: why, Fix: fix,
		Severity: finding.High, ASVS: []string{"14.3.2"}, CWE: []string{"CWE-524"},
	}, Check: check}
}

// Rules of this package.
var Rules = []*rule.Rule{
	r("personal-data-cached", "One customer's data is cached under a key that does not name him",
		"Whoever comes second gets the data of the first.",
		"Pass the user's id as an argument of the cached function, or put it into the key. Plain strings and numbers only: a Request, FormData or URLSearchParams is {} in the key.",
		dataCached),
	r("personal-page-shared-cache", "A personal answer may be kept by shared caches",
		"A CDN keeps one customer's page and hands it to whoever asks next.",
		"Cache-Control: private, no-store on everything that a session decides.",
		sharedCache),
	r("personal-page-static", "A page with one tenant's data is built once and sent to everybody",
		"There is no request when the page is built, so nobody's session is asked; what a wall in the browser hides is in the payload.",
		"Ask for the session on the server, which makes the page dynamic: no revalidate, no force-static, getServerSideProps instead of getStaticProps.",
		static),
}

var unkeyedType = lazyregexp.New(`^(Request|NextRequest|FormData|URLSearchParams|ReadonlyURLSearchParams|Headers|Map|Set|WeakMap|ReadonlyMap|ReadonlySet)$`)

func dataCached(p *rule.Pass) {
	for _, e := range p.Entries {
		if e.Client {
			continue
		}
		for _, op := range e.Ops {
			switch op.Kind {
			case flow.OpCache:
				if op.Name == "middleware" {
					if rule.UsesSession(e) && !keyed(op.Args) {
						p.Report(rule.Hit{
							At: e.Pos, Entry: e, Key: "middleware",
							Title: "A cache stands before a route that answers by session",
						})
					}
					continue
				}
				cached(p, e, op)
			case flow.OpMemory:
				memo(p, e, op)
			}
		}
	}
}

func keyed(args []*flow.Val) bool {
	for _, a := range args {
		if a.Has(flow.Session, flow.Cookie) {
			return true
		}
	}
	return false
}

func cached(p *rule.Pass, e *flow.Entry, op *flow.Op) {
	if len(op.Args) > 1 && keyed(op.Args[1:2]) {
		return
	}
	fn := op.Args[0].Fn
	if fn != nil {
		for _, q := range fn.Fn.Params {
			if q.Type == nil {
				continue
			}
			if unkeyedType.MatchString(q.Type.Name) {
				p.Report(rule.Hit{
					At: op.Pos, Entry: e, Key: "argument@" + rule.Fn(op),
					Title: fmt.Sprintf("A %s is an argument of a cached function; in the key it is {} for everybody",
						q.Type.Name),
				})
				return
			}
		}
	}
	for _, x := range e.Ops[min(op.From, len(e.Ops)):min(op.To, len(e.Ops))] {
		var o *flow.Origin
		var list []*flow.Val
		for _, f := range x.Filters {
			list = append(list, f.Val)
		}
		list = append(list, x.Args...)
		for _, v := range list {
			if v == nil {
				continue
			}
			if y := v.First(flow.Session, flow.Cookie); y != nil {
				o = y
			}
		}
		if x.Kind == flow.OpDB && x.Credential() {
			o = &flow.Origin{Kind: flow.Session, Pos: x.Pos}
		}
		if o != nil {
			p.Report(rule.Hit{
				At: op.Pos, Entry: e, Key: "closure@" + rule.Fn(op),
				Title: "The cached function uses the caller's session, and the key is the same for everybody",
				Way:   rule.Way(o, x.Pos, "decides what is cached"),
			})
			return
		}
	}
}

// memo finds values of a session that are kept in the memory of the process
// under a key that does not name the user.
func memo(p *rule.Pass, e *flow.Entry, op *flow.Op) {
	if op.Verb != "set" && op.Verb != "assign" || len(op.Args) < 2 || e.Kind == "module" || op.Mod != nil &&
		op.Mod.Client {
		return
	}
	key, v := op.Args[0], op.Args[len(op.Args)-1]
	if v == nil || op.Verb == "set" && (len(key.Origins()) > 0 || keyed([]*flow.Val{key})) {
		if !personalByPath(key, v) {
			return
		}
	}
	if !personal(v) {
		return
	}
	// it must be read again: a get or the variable itself
	if op.Verb == "set" {
		read := false
		for _, x := range e.Ops {
			if x.Kind == flow.OpMemory && (x.Verb == "get" || x.Verb == "has") {
				read = true
			}
		}
		if !read {
			return
		}
	}
	p.Report(rule.Hit{
		At: op.Pos, Entry: e, Key: "memo@" + rule.Fn(op),
		Title: "What belongs to one session is kept in the process for everybody: the key does not name the user",
	})
}

func personalByPath(key, v *flow.Val) bool {
	if v == nil || key.Has(flow.Session, flow.Cookie, flow.DB, flow.Param, flow.Opaque) {
		return false
	}
	return key.Has(flow.Query, flow.Path, flow.Body)
}

func personal(v *flow.Val) bool {
	for _, o := range v.Origins() {
		if o.Kind == flow.Session {
			return true
		}
		if (o.Kind == flow.DB || o.Kind == flow.Opaque) && o.Op != nil && rule.Scoped(o.Op) {
			return true
		}
	}
	return false
}

var cacheHeader = lazyregexp.New(`^(cache-control|cdn-cache-control|surrogate-control|vercel-cdn-cache-control|cloudflare-cdn-cache-control|netlify-cdn-cache-control)$`)

// shared tells whether a value of Cache-Control lets shared caches keep the
// answer.
func shared(header, v string) bool {
	v = strings.ToLower(v)
	if strings.Contains(v, "no-store") || strings.Contains(v, "private") || strings.Contains(v, "s-maxage=0") {
		return false
	}
	if strings.Contains(v, "max-age=0") && !strings.Contains(v, "s-maxage") && !strings.Contains(v, "stale-") {
		return false
	}
	if header != "cache-control" {
		return strings.Contains(v, "max-age") || strings.Contains(v, "public")
	}
	return strings.Contains(v, "public") || strings.Contains(v, "s-maxage") ||
		strings.Contains(v, "stale-while-revalidate")
}

func sharedCache(p *rule.Pass) {
	done := map[string]bool{}
	for _, e := range p.Entries {
		if e.Client {
			continue
		}
		for _, op := range e.Ops {
			if op.Kind != flow.OpHeader || !cacheHeader.MatchString(op.Header) || op.Val == nil {
				continue
			}
			text := op.Val.Str + strings.Join(op.Val.Strs, "")
			for _, a := range op.Val.Alts {
				if shared(op.Header, a.Str) {
					text = a.Str
				}
			}
			if !shared(op.Header, text) {
				continue
			}
			if e.Kind == "config" {
				if personalPath(p, op.Name) {
					p.Report(rule.Hit{
						At: op.Pos, Entry: e, Key: op.Name, Object: op.Name,
						Title: fmt.Sprintf("A header rule makes everything below %s storable at the CDN", op.Name),
					})
				}
				continue
			}
			if !bySession(p, e, op) || onlySignedOut(op) {
				continue
			}
			at := op.Pos
			if e.Fn != nil && e.Pos.File != nil && op.Pos.File != nil && op.Pos.File.Lang == "go" && op.Fn == e.Fn &&
				e.Fn.Name == "" && e.Pos.At != e.Fn.Pos {
				at = e.Pos // a wrapper around the handler
			}
			id := fmt.Sprintf("%p", e)
			if done[id] {
				continue
			}
			done[id] = true
			p.Report(rule.Hit{
				At: at, Entry: e, Key: op.Header,
				Way: []finding.Place{
					rule.Place(op.Pos, "storable by shared caches"),
					rule.Place(sessionAt(e), "answered by session"),
				},
			})
		}
	}
}

// onlySignedOut tells whether the header is set for visitors alone.
func onlySignedOut(op *flow.Op) bool {
	for _, g := range op.Guards {
		if g.Exit {
			continue
		}
		for _, c := range g.Val.AllCmps() {
			if (c.Op == "falsy") != g.Neg && c.L.Has(flow.Session, flow.Cookie) {
				return true
			}
		}
	}
	return false
}

// bySession tells whether an entry, or one in the same file for the same path,
// answers by session.
func bySession(p *rule.Pass, e *flow.Entry, op *flow.Op) bool {
	if rule.UsesSession(e) {
		return true
	}
	if e.Kind == "headers" {
		for _, x := range p.Entries {
			if x.Module == e.Module && x != e && x.Kind == "route" && rule.UsesSession(x) {
				return true
			}
		}
	}
	return false
}

func sessionAt(e *flow.Entry) flow.Pos {
	for _, op := range e.Ops {
		if op.Val == nil {
			continue
		}
		if o := op.Val.First(flow.Session); o != nil && o.Pos.File != nil {
			return o.Pos
		}
		for _, f := range op.Filters {
			if o := f.Val.First(flow.Session); o != nil {
				return o.Pos
			}
		}
	}
	return e.Pos
}

var personalSegment = lazyregexp.New(`(?i)(^|/)(me|my|account|accounts|profile|user|users|dashboard|settings|billing|invoices|orders|inbox|private|portal|session|wallet|subscription|subscriptions|notifications|messages)(/|$|:)`)

func personalPath(p *rule.Pass, source string) bool {
	if personalSegment.MatchString(source) {
		return true
	}
	prefix := source
	if i := strings.IndexAny(prefix, ":(*"); i >= 0 {
		prefix = prefix[:i]
	}
	if strings.Contains(source, ".") || prefix == "" {
		return false
	}
	for _, e := range p.Entries {
		if (e.Kind == "route" || e.Kind == "load") && strings.HasPrefix(e.Path, strings.TrimSuffix(prefix, "/")) &&
			e.Path != "" && prefix != "/" && rule.UsesSession(e) {
			return true
		}
	}
	return false
}

var (
	personalCol = lazyregexp.New(`(?i)(email|phone|mobile|address|balance|due|owed|salary|iban|card|token|invoice|amount|total|party|body|message|customer|buyer)`)
	content     = lazyregexp.New(`(?i)^(posts?|articles?|pages?|products?|categories|tags?|docs?|plans?|faqs?|events?|courses?|lessons?|recipes?|books?|authors?|news)$`)
)

func static(p *rule.Pass) {
	for _, e := range p.Entries {
		at, ok := kept(e)
		if !ok || e.Dynamic || rule.UsesSession(e) {
			continue
		}
		for _, op := range e.Ops {
			if op.Kind != flow.OpDB || op.Verb != "select" || rule.Published(op) || content.MatchString(op.Table) {
				continue
			}
			one := false
			for _, f := range op.Filters {
				if f.Val != nil && f.Val.Has(flow.Path, flow.Query) {
					one = true
				}
			}
			if !one {
				continue
			}
			owned, _ := p.Owned(op.Table)
			if !owned && !slices.ContainsFunc(op.Select, personalCol.MatchString) {
				continue
			}
			p.Report(rule.Hit{
				At: at, Entry: e, Key: op.Table,
				Title: fmt.Sprintf("Rows of %s are rendered without asking for a session, kept, and sent to everybody",
					op.Table),
				Way: []finding.Place{
					rule.Place(at, "kept"),
					rule.Place(rule.Site(op), "read by what stands in the address"),
				},
			})
			break
		}
	}
}

// kept is the place that makes a page static or revalidated.
func kept(e *flow.Entry) (flow.Pos, bool) {
	switch e.Kind {
	case "static":
		return e.Pos, true
	case "page":
		for _, name := range []string{"dynamic", "revalidate"} {
			v := e.Module.Exports[name]
			if v == nil {
				continue
			}
			if name == "dynamic" && v.Str != "force-static" && v.Str != "error" || name == "revalidate" &&
				(v.Num == "0" || v.Num == "") {
				if name == "dynamic" && v.Str == "force-dynamic" {
					return flow.Pos{}, false
				}
				continue
			}
			for _, x := range e.Module.Files[0].Exports {
				if x.Name == name {
					return flow.Pos{File: e.Module.Files[0], At: x.Pos, End: x.Pos}, true
				}
			}
		}
		if e.Module.Exports["generateStaticParams"] != nil {
			return e.Pos, true
		}
	}
	return flow.Pos{}, false
}
