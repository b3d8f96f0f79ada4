package live

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/target"
)

// elsewhere is a host that can belong to nobody (RFC 2606); nothing is ever sent there.
const elsewhere = "tijori-audit.invalid"

// surface judges what surrounds the routes: caches, pages, headers, cookies,
// other origins, redirects and the end of a session.
func (e *engine) surface() {
	for _, step := range []func(){
		e.caches, e.pages, e.origins, e.crossPosts, e.redirects, e.cookies, e.headers, e.signOuts, e.browsers,
	} {
		if e.spent == nil {
			step()
		}
	}
}

// reading are the routes that show somebody their own, with their owners.
func (e *engine) reading(each func(route *target.Route, owner *target.Someone, shot *target.Shot)) {
	for i := range e.r.Config.Routes {
		route := &e.r.Config.Routes[i]
		owner := e.owner(route)
		if route.IsWrite() || route.Public || owner.Why != "" || e.spent != nil {
			continue
		}
		if shot, err := e.r.Shot(owner, &route.Request, nil); err == nil { // what is missing has been said
			each(route, owner, shot)
		}
	}
}

// get sends a shot with more headers, and notes what fails.
func (e *engine) get(who *target.Someone, what string, shot *target.Shot, headers ...string) *target.Answer {
	c := shot.Clone()
	for i := 0; i+1 < len(headers); i += 2 {
		c.Header.Set(headers[i], headers[i+1])
	}
	a, err := e.r.Send(who, c)
	if err != nil {
		e.fail(what, err)
		return nil
	}
	return a
}

// origins asks for personal answers from pages of other sites.
func (e *engine) origins() {
	host := e.r.URL().Hostname()
	e.reading(func(route *target.Route, owner *target.Someone, shot *target.Shot) {
		for _, origin := range []string{
			"https://" + elsewhere, "null", "https://" + host + "." + elsewhere, "https://evil" + host,
		} {
			e.looked["cross-origin requests"]++
			a := e.get(owner, "CORS of "+route.String(), shot, "Origin", origin)
			if a == nil {
				return
			}
			seen := shown(a, owner.Canary)
			if a.Header.Get("Access-Control-Allow-Origin") != origin ||
				a.Header.Get("Access-Control-Allow-Credentials") != "true" || len(seen) == 0 {
				continue
			}
			e.add("http-cors", route.String(), func(f *finding.Finding) {
				f.Actors, f.Verbs = []string{"any site that a signed-in person visits"}, []string{shot.Method}
				f.Affects = once(f.Affects, "Origin: "+origin)
				f.Proof = &finding.Proof{
					Who:   "a page of another site, in the browser of " + owner.Person.Name,
					Steps: []string{shot.String() + "  Origin: " + origin},
					Saw: "Access-Control-Allow-Origin: " + origin + ", Access-Control-Allow-Credentials: true, and " +
						saw(a, seen[0]),
				}
			})
		}
	})
}

// crossPosts sends the owner's writes as a page of another site would: by
// their cookie, with a content type that needs no permission, without what
// their own pages add.
func (e *engine) crossPosts() {
	for i := range e.r.Config.Routes {
		route := &e.r.Config.Routes[i]
		owner := e.owner(route)
		if !route.IsWrite() || route.Public || route.State == "" || route.IsDangerous() && !route.Allow ||
			owner.Why != "" || e.spent != nil || !owner.ByCookie() {
			continue
		}
		if !sentAcross(owner.Cookie, route.Verb()) {
			e.looked["writes that browsers keep from other sites"]++
			continue
		}
		e.crossPost(route, owner)
	}
}

// sentAcross reports whether a browser adds the session to a request that another site makes: SameSite
// keeps it back, but Lax not from links.
func sentAcross(cookies []*http.Cookie, method string) bool {
	for _, c := range cookies {
		if c.SameSite == http.SameSiteStrictMode || c.SameSite == http.SameSiteLaxMode && method != http.MethodGet {
			return false
		}
	}
	return true
}

func (e *engine) crossPost(route *target.Route, owner *target.Someone) {
	before, err := e.state(route, owner)
	if err != nil {
		e.fail("CSRF of "+route.String(), err)
		return
	}
	bare := route.Request
	bare.Page, bare.Headers = "", nil
	mark := target.Fresh("mark")
	shot, err := e.r.Shot(owner, &bare, map[string]string{"mark": mark})
	if err != nil {
		e.fail("CSRF of "+route.String(), err)
		return
	}
	var shots []*target.Shot
	if route.JSON == "" {
		shots = append(shots, shot)
	} else {
		plain := shot.Clone()
		plain.Header.Set("Content-Type", "text/plain")
		shots = append(shots, plain, target.AsForm(shot))
	}
	for _, s := range shots {
		if s == nil || s.Method != http.MethodPost && s.Method != http.MethodGet {
			continue // a browser asks before it sends other methods
		}
		e.looked["cross-site writes"]++
		if e.get(owner, "CSRF of "+route.String(), s, "Origin", "https://"+elsewhere, "Referer",
			"https://"+elsewhere+"/", "Sec-Fetch-Site", "cross-site") == nil {
			return
		}
		after, err := e.look(route, owner)
		if err != nil {
			e.fail("CSRF of "+route.String(), err)
			return
		}
		change := before.change(after, mark)
		if change == "" {
			continue
		}
		e.add("http-csrf", route.String(), func(f *finding.Finding) {
			f.Actors, f.Verbs = []string{"any site that a signed-in person visits"}, []string{s.Method}
			f.Proof = &finding.Proof{
				Who:   "a page of another site, in the browser of " + owner.Person.Name,
				Steps: []string{s.String() + "  Origin: https://" + elsewhere},
				Saw:   owner.Person.Name + " reads " + route.State + " afterwards: " + change,
			}
		})
		e.restore(before, after, owner)
		return
	}
}

// redirects sends people away, as far as the target lets it.
func (e *engine) redirects() {
	for i := range e.r.Config.Redirects {
		q := &e.r.Config.Redirects[i]
		who := e.nobody()
		if q.As != "" {
			who = e.r.People[q.As].Twin() // what signs in anew does so in a session of its own
		}
		for _, to := range []string{
			"https://" + elsewhere + "/", "//" + elsewhere + "/", `/\` + elsewhere + "/", "https:" + elsewhere,
			"/\t/" + elsewhere + "/", "https://" + e.r.URL().Host + "@" + elsewhere + "/",
			"https://" + e.r.URL().Host + "." + elsewhere + "/",
		} {
			filled := q.Request
			filled.Form = map[string]string{}
			for name, v := range q.Form {
				text, err := target.Text(v)
				if err != nil {
					e.notTested("redirect "+q.String(), "%v", err)
					return
				}
				filled.Form[name] = text
			}
			shot, err := e.r.Shot(who, &filled, map[string]string{"redirect": to})
			if err != nil {
				e.notTested("redirect "+q.String(), "%v", err)
				break
			}
			e.looked["redirects"]++
			a := e.get(who, "redirect "+q.String(), shot)
			if a == nil {
				break
			}
			if a.Status < 300 || a.Status > 399 || !e.leavesFor(shot.Path, a.Header.Get("Location")) {
				continue
			}
			e.add("http-open-redirect", q.String(), func(f *finding.Finding) {
				f.Actors = []string{"anyone who sends a link"}
				f.Affects = once(f.Affects, to)
				if f.Proof == nil {
					f.Proof = &finding.Proof{
						Who: "anyone", Steps: []string{shot.Method + " " + shot.Path},
						Saw: fmt.Sprintf("%d Location: %s", a.Status, a.Header.Get("Location")),
					}
				}
			})
		}
	}
}

// leavesFor reads a Location as browsers do: backslashes are slashes, tabs and line ends are nothing.
func (e *engine) leavesFor(from, location string) bool {
	location = strings.NewReplacer("\\", "/", "\t", "", "\n", "", "\r", "").Replace(strings.TrimSpace(location))
	if rest, ok := strings.CutPrefix(strings.ToLower(location), "https:"); ok && !strings.HasPrefix(rest, "/") {
		location = "https://" + rest
	}
	u, err := e.r.Resolve(from, location)
	return err == nil && (u.Hostname() == elsewhere || strings.HasSuffix(u.Hostname(), "."+elsewhere))
}

// cookies judges the flags of what signing in has set.
func (e *engine) cookies() {
	for _, p := range e.people() {
		if p.Why != "" || !p.ByCookie() {
			continue
		}
		for _, c := range p.Cookie {
			if c.Value == "" || !e.matters(p, c.Name) {
				continue
			}
			e.looked["session cookies"]++
			var wrong []string
			if !c.HttpOnly {
				wrong = append(wrong, "scripts may read it (no HttpOnly)")
			}
			if !c.Secure && e.r.URL().Scheme == "https" {
				wrong = append(wrong, "it is sent without TLS (no Secure)")
			}
			if c.SameSite == http.SameSiteNoneMode || c.SameSite == 0 {
				wrong = append(wrong, "other sites can have it sent (no SameSite=Lax or Strict)")
			}
			if c.Domain != "" {
				wrong = append(wrong, "every subdomain of "+c.Domain+" gets it (Domain is set)")
			}
			if len(wrong) == 0 {
				continue
			}
			e.add("http-cookie", "cookie "+c.Name, func(f *finding.Finding) {
				f.Actors, f.Affects = []string{"a script on a page, or another site"}, wrong
				f.Proof = &finding.Proof{
					Who: p.Person.Name, Steps: []string{"sign in"}, Saw: strings.Join(wrong, "; "),
				}
			})
		}
	}
}

// matters reports whether a cookie carries the session: without it the session is dead.
func (e *engine) matters(p *target.Someone, name string) bool {
	twin := p.Twin()
	twin.Drop(name)
	return e.r.Alive(twin) != nil
}

// headers judges what a personal page tells the browser.
func (e *engine) headers() {
	done := false
	e.reading(func(route *target.Route, owner *target.Someone, shot *target.Shot) {
		if done {
			return
		}
		a := e.get(owner, "headers of "+route.String(), shot)
		if a == nil || !a.OK() || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
			return
		}
		done = true
		e.looked["pages whose headers were judged"]++
		policy := a.Header.Get("Content-Security-Policy")
		var wrong []string
		if policy == "" {
			wrong = append(wrong, "no Content-Security-Policy: one injected script may do everything")
		}
		if !strings.Contains(policy, "frame-ancestors") && a.Header.Get("X-Frame-Options") == "" {
			wrong = append(wrong, "any site may frame the page and have it clicked (no frame-ancestors)")
		}
		if a.Header.Get("X-Content-Type-Options") != "nosniff" {
			wrong = append(wrong, "an upload may be taken for a script (no X-Content-Type-Options: nosniff)")
		}
		if e.r.URL().Scheme == "https" && a.Header.Get("Strict-Transport-Security") == "" {
			wrong = append(wrong, "the first visit may be without TLS (no Strict-Transport-Security)")
		}
		if len(wrong) == 0 {
			return
		}
		e.add("http-headers", e.r.URL().String(), func(f *finding.Finding) {
			f.Actors, f.Affects = []string{"another site, or an injected script"}, wrong
			f.Proof = &finding.Proof{
				Who: owner.Person.Name, Steps: []string{shot.String()}, Saw: strings.Join(wrong, "; "),
			}
		})
	})
}

// signOuts ends sessions last, and tries them afterwards.
func (e *engine) signOuts() {
	for _, p := range e.people() {
		if p.Person.SignOut == nil || p.Why != "" || e.spent != nil || !slices.Contains([]string{"form", "json"},
			p.Person.SignIn.By) {
			continue
		}
		shot, err := e.r.Shot(p, p.Person.SignOut, nil)
		if err != nil {
			e.fail("signing out as "+p.Person.Name, err)
			continue
		}
		thief := p.Twin()
		if err := e.r.Alive(thief); err != nil {
			e.fail("signing out as "+p.Person.Name, err)
			continue
		}
		thief = p.Twin()
		e.looked["sessions that were ended"]++
		if e.get(p, "signing out as "+p.Person.Name, shot) == nil {
			continue
		}
		if err := e.r.Alive(thief); err != nil {
			e.ended(err)
			continue
		}
		e.add("http-session-after-sign-out", shot.Method+" "+shot.Path, func(f *finding.Finding) {
			f.Actors = []string{"who has copied a session: malware, a shared computer, a log"}
			f.Proof = &finding.Proof{
				Who: "somebody with the cookie of " + p.Person.Name,
				Steps: []string{"sign in and copy the session", shot.String(), "GET " + p.Person.Check.Path +
					" with the copy"},
				Saw: "the page of " + p.Person.Name + " as before",
			}
		})
	}
}
