package live

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/html"

	"github.com/tijorihq/tijori/internal/audit/bundle"
	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/target"
)

// caches looks for personal answers that somebody else gets, or would get,
// from a cache: through the target's own, and by what a shared cache may keep
// after RFC 9111.
func (e *engine) caches() {
	e.reading(func(route *target.Route, owner *target.Someone, shot *target.Shot) {
		a := e.get(owner, "cache of "+route.String(), shot)
		if a == nil || !a.OK() {
			return
		}
		if !route.Shared {
			e.storable(route, owner, shot, a)
			e.primed(route, owner, shot)
		}
		if c := setCookie(a); c != "" && mayStore(a, true) {
			e.add("http-cache-cookie", route.String(), func(f *finding.Finding) {
				f.Actors, f.Verbs = []string{"whoever the cache answers"}, []string{shot.Method}
				f.Proof = &finding.Proof{
					Who: owner.Person.Name, Steps: []string{shot.String()},
					Saw: "Cache-Control: " + a.Header.Get("Cache-Control") + ", together with Set-Cookie: " + c + "=…",
				}
			})
		}
	})
}

func setCookie(a *target.Answer) string {
	v := a.Header.Get("Set-Cookie")
	name, _, _ := strings.Cut(v, "=")
	return name
}

// mayStore reports whether a shared cache may answer somebody else with it.
// cookie is whether the request carried one: caches do not mind cookies, but
// keep back what came for an Authorization header.
func mayStore(a *target.Answer, cookie bool) bool {
	control := map[string]string{}
	for part := range strings.SplitSeq(strings.ToLower(strings.Join(a.Header.Values("Cache-Control"), ",")), ",") {
		name, v, _ := strings.Cut(strings.TrimSpace(part), "=")
		control[name] = strings.Trim(v, `"`)
	}
	has := func(name string) bool { _, ok := control[name]; return ok }
	if has("private") || has("no-store") || has("no-cache") {
		return false
	}
	for _, v := range a.Header.Values("Vary") {
		for name := range strings.SplitSeq(strings.ToLower(v), ",") {
			if name = strings.TrimSpace(name); name == "*" || name == "cookie" || name == "authorization" {
				return false
			}
		}
	}
	age := control["s-maxage"]
	if !has("s-maxage") {
		age = control["max-age"]
	}
	n, err := strconv.Atoi(age)
	fresh := err == nil && n > 0
	if !has("s-maxage") && !has("max-age") {
		at, err := time.Parse(time.RFC1123, a.Header.Get("Expires"))
		fresh = has("public") || err == nil && at.After(time.Now())
	}
	if !cookie {
		return fresh && (has("public") || has("s-maxage"))
	}
	return fresh
}

func (e *engine) storable(route *target.Route, owner *target.Someone, shot *target.Shot, a *target.Answer) {
	e.looked["answers that a cache might keep"]++
	seen := shown(a, owner.Canary)
	silent := a.Header.Get("Cache-Control") == "" && len(a.Header.Values("Vary")) == 0
	if len(seen) == 0 || !silent && !mayStore(a, owner.ByCookie()) {
		return
	}
	e.add("http-cache-storable", route.String(), func(f *finding.Finding) {
		f.Actors, f.Verbs = []string{"whoever a shared cache answers"}, []string{shot.Method}
		if silent {
			f.Severity = finding.Medium // a cache has to be switched on by mistake
		}
		f.Proof = &finding.Proof{
			Who: owner.Person.Name, Steps: []string{shot.String()},
			Saw: fmt.Sprintf("Cache-Control: %q, Vary: %q, and %s", a.Header.Get("Cache-Control"), a.Header.Get("Vary"),
				saw(a, seen[0])),
		}
	})
}

// primed lets the owner ask first, and others for the same address behind them.
func (e *engine) primed(route *target.Route, owner *target.Someone, shot *target.Shot) {
	for _, ending := range []string{"", "/x.css", ";x.css", "%2fx.css", "?x.css"} {
		s := shot.Clone()
		path, query, has := strings.Cut(s.Path, "?")
		if ending != "" && (has || path == "/") {
			continue
		}
		s.Path = path + ending
		if has {
			s.Path += "?" + query
		}
		a := e.get(owner, "cache of "+route.String(), s)
		if a == nil {
			return
		}
		seen := shown(a, owner.Canary)
		if len(seen) == 0 {
			continue
		}
		for _, other := range append(e.people(), e.nobody()) {
			if other.Person.Account == owner.Person.Account || other.Why != "" || e.spent != nil {
				continue
			}
			e.looked["requests behind a cache"]++
			b := e.get(other, "cache of "+route.String(), s)
			if b == nil || len(shown(b, seen)) == 0 || e.legit[other.Person.Name][seen[0]] || e.direct(route) {
				continue
			}
			e.kept(route, owner, other, s, b, shown(b, seen)[0])
		}
	}
}

// kept reports an answer that was the owner's and came to somebody else out of a cache.
func (e *engine) kept(route *target.Route, owner, other *target.Someone, s *target.Shot, a *target.Answer,
	canary string,
) {
	e.add("http-cache-shared", route.String(), func(f *finding.Finding) {
		f.Verbs = []string{s.Method}
		f.Actors = once(f.Actors, "another customer, or anyone, who asks after "+owner.Person.Name)
		f.Affects = once(f.Affects, s.Path)
		f.Proof = &finding.Proof{
			Who:   other.Person.Name,
			Steps: []string{owner.Person.Name + ": " + s.String(), other.Person.Name + ": " + s.String()},
			Saw:   saw(a, canary),
		}
	})
}

// onlyKept reports whether a leak ends when the address is one that no cache has seen yet.
func (e *engine) onlyKept(attacker *target.Someone, s *target.Shot, canary string) bool {
	if s.Method != "GET" {
		return false
	}
	unseen := s.Clone()
	mark := "?"
	if strings.Contains(s.Path, "?") {
		mark = "&"
	}
	unseen.Path += mark + "tijori=" + target.Fresh("")
	a, err := e.r.Follow(attacker, unseen)
	return err == nil && !a.Has(canary)
}

// direct reports whether the route leaks without a cache.
func (e *engine) direct(route *target.Route) bool {
	for _, who := range []string{"nobody", "stranger"} {
		if _, ok := e.found["http-read-"+who+"\x00"+route.String()]; ok {
			return true
		}
	}
	return false
}

var secretField = regexp.MustCompile(`(?i)^(password|passwd|pwd)_?(hash|digest|salt)?$|^(encrypted_password|otp_secret|totp_secret|` +
	`mfa_secret|two_factor_secret|reset_token|recovery_token|confirmation_token|password_reset_token|secret_key|private_key|` +
	`service_role_key|webhook_secret|api_secret|client_secret|refresh_token_hash|session_token)$`)

// pages looks at what answers hold besides what they show.
func (e *engine) pages() {
	dir, err := os.MkdirTemp("", "tijori-audit-")
	if err != nil {
		e.notTested("the source of pages", "%v", err)
		return
	}
	defer os.RemoveAll(dir)
	named := map[string]string{}
	e.reading(func(route *target.Route, owner *target.Someone, shot *target.Shot) {
		e.page(route, owner, shot, dir, named)
	})
	for i := range e.r.Config.Routes {
		if route := &e.r.Config.Routes[i]; route.Public && !route.IsWrite() && e.spent == nil {
			who := e.nobody()
			if all := e.people(); len(all) > 0 && all[0].Why == "" {
				who = all[0]
			}
			if shot, err := e.r.Shot(who, &route.Request, nil); err == nil {
				e.page(route, who, shot, dir, named)
			}
		}
	}
	if len(named) > 0 {
		e.inBundle(dir, named)
	}
}

func (e *engine) page(route *target.Route, owner *target.Someone, shot *target.Shot, dir string,
	named map[string]string,
) {
	a, err := e.r.Follow(owner, shot)
	if err != nil {
		e.fail("the source of "+route.String(), err)
		return
	}
	if !a.OK() {
		return
	}
	kind := a.Header.Get("Content-Type")
	switch {
	case strings.HasPrefix(kind, "text/html"):
		e.looked["pages whose source was read"]++
		name := fmt.Sprintf("page%d.html", len(named)+1)
		if err := os.WriteFile(filepath.Join(dir, name), a.Body, 0o600); err != nil {
			e.notTested("the source of "+route.String(), "%v", err)
			return
		}
		named["/"+strings.TrimSuffix(name, ".html")] = route.String()
		if !route.Public || strings.Contains(shot.Path, "recover") || strings.Contains(shot.Path, "reset") {
			e.scripts(route, shot, a)
		}
	case strings.Contains(kind, "json"):
		e.looked["JSON answers whose fields were read"]++
		e.fields(route, owner, shot, a)
	}
}

// fields are names in JSON that nobody's browser needs.
func (e *engine) fields(route *target.Route, owner *target.Someone, shot *target.Shot, a *target.Answer) {
	var v any
	if json.Unmarshal(a.Body, &v) != nil {
		return
	}
	var names []string
	walk(v, func(name string, v any) {
		text, isText := v.(string)
		if (secretField.MatchString(name) && isText && text != "" || slices.Contains(route.Secrets, name)) &&
			!slices.Contains(names, name) {
			names = append(names, name)
		}
	})
	if len(names) == 0 {
		return
	}
	e.add("http-secret-field", route.String(), func(f *finding.Finding) {
		f.Actors, f.Verbs, f.Affects = []string{"who may use the route"}, []string{shot.Method}, names
		f.Proof = &finding.Proof{
			Who: owner.Person.Name, Steps: []string{shot.String()}, Saw: "fields " + strings.Join(names, ", "),
		}
	})
}

func walk(v any, each func(string, any)) {
	switch v := v.(type) {
	case map[string]any:
		for name, in := range v {
			each(name, in)
			walk(in, each)
		}
	case []any:
		for _, in := range v {
			walk(in, each)
		}
	}
}

// scripts finds foreign scripts on pages of signed-in people.
func (e *engine) scripts(route *target.Route, shot *target.Shot, a *target.Answer) {
	z := html.NewTokenizer(bytes.NewReader(a.Body))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return
		}
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		t := z.Token()
		if t.Data != "script" {
			continue
		}
		var src, integrity string
		for _, attr := range t.Attr {
			switch attr.Key {
			case "src":
				src = attr.Val
			case "integrity":
				integrity = attr.Val
			}
		}
		u, err := e.r.Resolve(shot.Path, src)
		if src == "" || err != nil || u.Hostname() == e.r.URL().Hostname() || integrity != "" || pays(u) {
			continue
		}
		e.add("http-third-party-script", route.String(), func(f *finding.Finding) {
			f.Actors = once(f.Actors, "whoever runs, or breaks into, "+u.Hostname())
			f.Affects = once(f.Affects, u.String())
			f.Proof = &finding.Proof{
				Who: "anyone who controls " + u.Hostname(), Steps: []string{shot.String()},
				Saw: `<script src="` + u.String() + `"> without integrity`,
			}
		})
	}
}

// pays are the scripts of payment providers, which have to come from there.
func pays(u *url.URL) bool {
	return slices.Contains([]string{"js.stripe.com", "checkout.razorpay.com"}, u.Hostname())
}

// inBundle lets the rules for published files look at pages of signed-in people.
func (e *engine) inBundle(dir string, named map[string]string) {
	ctx, cancel := context.WithTimeout(e.r.Context(), time.Minute)
	defer cancel()
	r, err := bundle.Audit(ctx, bundle.Options{Target: dir})
	if err != nil {
		e.notTested("the source of pages", "%v", err)
		return
	}
	for _, f := range r.Findings {
		if route, ok := named[pageName(f.Object)]; ok {
			f.Object = route
		}
		e.report.Findings = append(e.report.Findings, f)
	}
	for _, n := range r.NotTested {
		what := n.What
		if route, ok := named[pageName(what)]; ok {
			what = route
		}
		e.notTested("the source of "+what, "%s", n.Reason)
	}
}

func pageName(object string) string {
	return "/" + strings.TrimSuffix(strings.TrimPrefix(object, "/"), ".html")
}
