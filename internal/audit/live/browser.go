package live

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/browse"
	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/target"
)

// browsers play the flows of the configuration in a real browser.
func (e *engine) browsers() {
	if len(e.r.Config.Browsers) == 0 {
		return
	}
	path, err := browse.Browser()
	if err != nil {
		for i := range e.r.Config.Browsers {
			e.notTested("browser "+e.r.Config.Browsers[i].Name, "%v", err)
		}
		return
	}
	for i := range e.r.Config.Browsers {
		b := &e.r.Config.Browsers[i]
		e.show(e.r.Sent(), "browser "+b.Name)
		if err := e.browser(path, b); err != nil && !e.ended(err) {
			e.notTested("browser "+b.Name, "%v", err)
		}
		if e.spent != nil {
			return
		}
	}
}

func (e *engine) browser(path string, b *target.Browser) (err error) {
	who := e.r.People[b.As]
	flow := browse.Flow{
		Address: e.r.URL().String(), Start: b.Path, Fields: map[string]string{}, Visit: b.Visit,
		Proves: who.Person.Check.Path, Contains: who.Person.Check.Contains,
		Personal: append([]string{who.Person.Check.Contains}, who.Canary...),
	}
	for name, text := range b.Form {
		if flow.Fields[name], err = target.Text(text); err != nil {
			return err
		}
	}
	if out := who.Person.SignOut; out != nil {
		flow.SignOut = out.Verb() + " " + out.Path
	}
	door, err := browse.OpenDoor(e.r.URL(), e.r.Connect, func(what string) error { return e.r.Spend(1, what) })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, door.Close()) }()
	seen, err := browse.Run(e.r.Context(), path, door, flow)
	if err != nil {
		return err
	}
	e.looked["browser flows"]++
	j := judged{e, b, who, seen}
	j.storage("local storage", seen.Local)
	j.storage("session storage", seen.Session)
	j.addresses()
	j.worker()
	return nil
}

// judged is what a browser has seen, on its way to a verdict.
type judged struct {
	*engine
	b    *target.Browser
	who  *target.Someone
	seen *browse.Seen
}

func (j *judged) add(rule, object, saw string, steps ...string) {
	j.engine.add(rule, object, func(f *finding.Finding) {
		f.Affects = once(f.Affects, saw)
		if f.Proof == nil {
			first := "in a browser, open " + j.b.Path + " and go through " + j.b.Name + " as " + j.b.As
			f.Proof = &finding.Proof{
				Who: "whoever sees the browser, or is sent what it sends", Steps: append([]string{first}, steps...), Saw: saw,
			}
		}
	})
}

var (
	tokenKey = regexp.MustCompile(`(?i)(^|[._-]|[a-z])` +
		`(access|refresh|id|auth|session|recovery|reset|bearer|login|magic)?[._-]?(token|jwt)$|` +
		`^(session|sid|session_?id|auth|credentials?)$`)
	notTokenKey = regexp.MustCompile(`(?i)csrf|xsrf|push|device|fcm|captcha|theme|locale|public|publishable|anon`)
	jwtText     = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*`)
	longText    = regexp.MustCompile(`^[A-Za-z0-9._~+/=:-]{16,}$`)
)

// token is the secret in what is kept under a name, also inside of JSON, or empty.
func token(name, value string) string {
	if notTokenKey.MatchString(name) {
		return ""
	}
	if m := jwtText.FindString(value); m != "" {
		return m
	}
	var inside any
	if err := json.Unmarshal([]byte(value), &inside); err == nil {
		switch v := inside.(type) {
		case map[string]any:
			for _, k := range slices.Sorted(maps.Keys(v)) {
				text, ok := v[k].(string)
				if !ok {
					b, err := json.Marshal(v[k])
					if err != nil {
						continue
					}
					text = string(b)
				}
				if found := token(k, text); found != "" {
					return found
				}
			}
			return ""
		case string:
			value = v
		}
	}
	if tokenKey.MatchString(name) && longText.MatchString(value) {
		return value
	}
	return ""
}

func (j *judged) storage(where string, kept map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(kept)) {
		secret := token(name, kept[name])
		if secret == "" {
			continue
		}
		saw := fmt.Sprintf("%s[%q] is %s", where, name, masked(secret))
		if j.opens(secret) {
			saw += ", and whoever sends it sees " + j.who.Person.Check.Contains + " on " + j.who.Person.Check.Path
		}
		j.engine.add("http-browser-storage", where+" "+name, func(f *finding.Finding) {
			f.Proof = &finding.Proof{Who: "any script on a page of the site", Steps: []string{
				"in a browser, go through " + j.b.Name + " as " + j.b.As, "read " + where,
			}, Saw: saw}
		})
	}
}

// opens tries whether a token alone shows the person's page.
func (j *judged) opens(secret string) bool {
	shot := &target.Shot{Method: "GET", Path: j.who.Person.Check.Path, Header: map[string][]string{}}
	shot.Header.Set("Authorization", "Bearer "+secret)
	a, err := j.r.Send(j.nobody(), shot)
	if err != nil {
		j.ended(err)
		return false
	}
	return a.OK() && a.Has(j.who.Person.Check.Contains)
}

// masked is enough of a secret to find it again.
func masked(s string) string {
	if len(s) <= 12 {
		return "…"
	}
	return s[:6] + "…"
}

// addresses looks for tokens in addresses that the browser has opened, and in referrers that other hosts are sent. The
// address that the flow begins with, as a link in an e-mail, is nobody's fault until it gets out.
func (j *judged) addresses() {
	for _, page := range j.seen.Pages {
		u, err := url.Parse(page)
		if err != nil || u.RequestURI() == j.b.Path {
			continue
		}
		if name, secret := inQuery(u); secret != "" {
			j.add("http-token-in-url", u.Path+" "+name, "the browser opens "+u.Path+"?"+name+"="+masked(secret))
		}
	}
	for _, a := range j.seen.Asked {
		to, err := url.Parse(a.URL)
		from, err2 := url.Parse(a.Referrer)
		if err != nil || err2 != nil || to.Host == "" || to.Host == j.r.URL().Host {
			continue
		}
		if name, secret := inQuery(from); secret != "" {
			j.add("http-token-in-url", from.Path+" "+name,
				to.Host+" is sent the referrer "+from.Path+"?"+name+"="+masked(secret))
		}
	}
}

func inQuery(u *url.URL) (name, secret string) {
	for _, name := range slices.Sorted(maps.Keys(u.Query())) {
		if s := token(name, u.Query().Get(name)); s != "" {
			return name, s
		}
	}
	return "", ""
}

func (j *judged) worker() {
	for _, k := range j.seen.Kept {
		u, err := url.Parse(k.URL)
		if err != nil {
			continue
		}
		out := "while " + j.b.As + " is signed in"
		if j.who.Person.SignOut != nil {
			out = "after " + j.b.As + " has signed out"
		}
		j.add("http-worker-cache", strings.TrimSuffix(u.Path, "/")+" in "+k.Cache,
			fmt.Sprintf("%s, the cache %q still holds %s with %q", out, k.Cache, u.Path, k.Text),
			"sign out, and read the caches of the service worker")
	}
}
