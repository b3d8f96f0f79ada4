package target

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/html"
)

// Someone is a person with a session, and what belongs to them.
type Someone struct {
	Person *Person
	Vars   map[string]string // what seeds have saved
	Canary []string          // what they have planted
	Cookie []*http.Cookie    // what signing in has set, with its flags
	Why    string            // that they cannot act; empty when they can

	mu      sync.Mutex
	cookies map[string]string
	header  http.Header
}

func newSomeone(p *Person) *Someone {
	s := &Someone{Person: p, Vars: map[string]string{}}
	maps.Copy(s.Vars, p.IDs)
	s.forget()
	return s
}

func (s *Someone) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cookies, s.header = map[string]string{}, http.Header{}
}

// Twin is the same person in a session of its own, with the cookies of this moment.
func (s *Someone) Twin() *Someone {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &Someone{
		Person: s.Person, Vars: s.Vars, Canary: s.Canary, cookies: maps.Clone(s.cookies), header: s.header.Clone(),
	}
}

// ByCookie reports whether a browser would send the credential by itself.
func (s *Someone) ByCookie() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.cookies) > 0 && s.header.Get("Authorization") == ""
}

// dress adds the credentials to a request, unless it brings its own.
func (s *Someone) dress(h http.Header) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, values := range s.header {
		if h.Get(name) == "" {
			h[name] = values
		}
	}
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(s.cookies)) {
		pairs = append(pairs, name+"="+s.cookies[name])
	}
	if own := h.Get("Cookie"); own != "" {
		pairs = append(pairs, own)
	}
	if len(pairs) > 0 {
		h.Set("Cookie", strings.Join(pairs, "; "))
	}
	if h.Get("User-Agent") == "" {
		h.Set("User-Agent", "tijori-audit (the owner of this site audits it)")
	}
}

// Dress is dress for who sends by other means.
func (s *Someone) Dress(h http.Header) { s.dress(h) }

func (s *Someone) keep(cookies []*http.Cookie) {
	if s.Person.Name == Nobody {
		return // nobody stays nobody
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range cookies {
		if c.MaxAge < 0 || c.Value == "" || !c.Expires.IsZero() && c.Expires.Before(time.Now()) {
			delete(s.cookies, c.Name)
			continue
		}
		if len(s.cookies) < 50 {
			s.cookies[c.Name] = c.Value
		}
	}
}

// Fresh is a word that stands nowhere else.
func Fresh(prefix string) string { return prefix + strings.ToLower(rand.Text()[:16]) }

// SignIn signs somebody in anew and makes sure that they are.
func (r *Range) SignIn(who *Someone) error {
	if who.Person.Name == Nobody {
		return nil
	}
	who.forget()
	who.Cookie = nil
	err := r.signIn(who)
	if err == nil {
		err = r.Alive(who)
	}
	who.Why = ""
	if err != nil {
		who.Why = err.Error()
	}
	return err
}

func (r *Range) signIn(who *Someone) error {
	in := who.Person.SignIn
	switch in.By {
	case "bearer":
		token, err := Text(in.Token)
		who.header.Set("Authorization", "Bearer "+token)
		return err
	case "cookie":
		text, err := Text(in.Cookie)
		if err != nil {
			return err
		}
		cookies, err := http.ParseCookie(text)
		who.keep(cookies)
		return err
	case "script":
		return r.byScript(who)
	case "supabase":
		return r.bySupabase(who)
	}
	q := in.Request
	q.Method = or(q.Method, "POST")
	q.JSON = secrets(q.JSON)
	q.Form = maps.Clone(q.Form)
	for name, v := range q.Form {
		text, err := Text(v)
		if err != nil {
			return err
		}
		q.Form[name] = text
	}
	shot, err := r.Shot(who, &q, nil)
	if err != nil {
		return err
	}
	for hop := range 6 {
		a, err := r.Send(who, shot)
		if err != nil {
			return fmt.Errorf("signing in: %w", err)
		}
		if hop == 0 && in.From != "" {
			token, err := Extract(a, "json:"+in.From)
			if err != nil {
				return fmt.Errorf("signing in: %w", err)
			}
			who.header.Set("Authorization", "Bearer "+token)
		}
		who.Cookie = append(who.Cookie, setCookies(a)...)
		to, err := r.Resolve(shot.Path, a.Header.Get("Location"))
		if a.Status < 300 || a.Status > 399 || err != nil || !r.door.leads(to) {
			if a.Status >= 400 {
				return fmt.Errorf("signing in was answered with %d", a.Status)
			}
			return nil
		}
		shot = &Shot{Method: "GET", Path: to.RequestURI()}
	}
	return errors.New("signing in redirects again and again")
}

func setCookies(a *Answer) []*http.Cookie {
	return (&http.Response{Header: a.Header}).Cookies()
}

// secrets puts the environment's values where "env:NAME" stands in JSON.
func secrets(s string) string {
	var fields map[string]any
	if json.Unmarshal([]byte(s), &fields) != nil {
		return s
	}
	for name, v := range fields {
		if t, ok := v.(string); ok {
			if t, err := Text(t); err == nil {
				fields[name] = t
			}
		}
	}
	b, err := json.Marshal(fields)
	if err != nil {
		return s
	}
	return string(b)
}

// byScript runs the configured program, which prints what the session needs.
func (r *Range) byScript(who *Someone) error {
	ctx, cancel := context.WithTimeout(r.ctx, time.Minute)
	defer cancel()
	script := who.Person.SignIn.Script
	cmd := exec.CommandContext(ctx, script[0], script[1:]...) //nolint:gosec // the configuration is the auditor's own
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("the sign-in script: %w", err)
	}
	var said struct {
		Cookie  string            `json:"cookie"`
		Token   string            `json:"token"`
		Headers map[string]string `json:"headers"`
	}
	if err := json.Unmarshal(bytes.TrimSpace(out), &said); err != nil {
		return fmt.Errorf("the sign-in script has to print JSON with cookie, token or headers: %w", err)
	}
	cookies, err := http.ParseCookie(said.Cookie)
	if said.Cookie != "" && err != nil {
		return err
	}
	who.keep(cookies)
	for name, v := range said.Headers {
		who.header.Set(name, v)
	}
	if said.Token != "" {
		who.header.Set("Authorization", "Bearer "+said.Token)
	}
	return nil
}

// bySupabase asks Supabase Auth for a session. The project's address has to be
// the target, or named with i_own_this like it.
func (r *Range) bySupabase(who *Someone) error {
	in := who.Person.SignIn
	d, err := openDoor(r.ctx, in.URL, r.Config.Target.Own)
	if err != nil {
		return err
	}
	key, err := Text(in.Key)
	if err != nil {
		return err
	}
	credentials := map[string]string{}
	for name, v := range in.Form {
		if credentials[name], err = Text(v); err != nil {
			return err
		}
	}
	body, err := json.Marshal(credentials)
	if err != nil {
		return err
	}
	a, err := r.exchange(d, key, body)
	if err != nil {
		return err
	}
	token, err := Extract(a, "json:access_token")
	if err != nil {
		return fmt.Errorf("sign in at Supabase: %w", err)
	}
	who.header.Set("Authorization", "Bearer "+token)
	who.header.Set("Apikey", key)
	return nil
}

// Alive makes sure that a session still is one.
func (r *Range) Alive(who *Someone) error {
	if who.Person.Name == Nobody {
		return nil
	}
	a, err := r.Get(who, who.Person.Check.Path)
	if err != nil {
		return err
	}
	if !a.OK() || !a.Has(who.Person.Check.Contains) {
		return fmt.Errorf("the session is dead: %s answers %d without %q", who.Person.Check.Path, a.Status,
			who.Person.Check.Contains)
	}
	for name, rule := range who.Person.Check.Save {
		if who.Vars[name], err = Extract(a, rule); err != nil {
			return err
		}
	}
	return nil
}

// Get reads a path, with names, as somebody.
func (r *Range) Get(who *Someone, path string) (*Answer, error) {
	s, err := r.Shot(who, &Request{Path: path}, nil)
	if err != nil {
		return nil, err
	}
	return r.Follow(who, s)
}

// Shot makes a request of somebody's own: with their ids, the words of extra,
// and the hidden fields of the page it is on.
func (r *Range) Shot(who *Someone, q *Request, extra map[string]string) (*Shot, error) {
	return r.ShotOf(who, q, func(o Occurrence) (string, bool) {
		if v, ok := extra[o.Name]; ok {
			return v, true
		}
		return r.value(who, o.Name)
	})
}

// value is a name's value for somebody: their own, a fresh word, or person.name of another.
func (r *Range) value(who *Someone, name string) (string, bool) {
	switch name {
	case "fresh":
		return Fresh("f"), true
	case "number":
		return fmt.Sprint(time.Now().UnixNano() % 1_000_000_000), true
	case "uuid":
		b := make([]byte, 16)
		if _, err := rand.Read(b); err != nil {
			return "", false
		}
		b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
		return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), true
	}
	if person, of, ok := strings.Cut(name, "."); ok && r.People[person] != nil {
		v, ok := r.People[person].Vars[of]
		return v, ok
	}
	v, ok := who.Vars[name]
	return v, ok
}

// Value is value for other packages.
func (r *Range) Value(who *Someone, name string) (string, bool) { return r.value(who, name) }

// ShotOf is Shot with the values that the caller chooses.
func (r *Range) ShotOf(who *Someone, q *Request, value func(Occurrence) (string, bool)) (*Shot, error) {
	s, err := Expand(q, value)
	if err != nil || q.Page == "" || len(q.Form) == 0 {
		return s, err
	}
	page, err := Expand(&Request{Path: q.Page}, value)
	if err != nil {
		return nil, err
	}
	a, err := r.Follow(who, page)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(s.Body))
	if err != nil {
		return nil, err
	}
	path, _, _ := strings.Cut(s.Path, "?")
	own, _, _ := strings.Cut(page.Path, "?")
	for name, v := range hidden(a.Body, path, own == path) {
		if !form.Has(name) {
			form.Set(name, v)
		}
	}
	s.Body = []byte(form.Encode())
	s.Header.Set("Origin", r.door.url.String())
	return s, nil
}

// hidden are the hidden fields of the form on a page that leads to path, or else of its first form.
// own is whether the page itself has that path: a form without an action leads there.
func hidden(page []byte, path string, own bool) map[string]string {
	var first, found map[string]string
	var current map[string]string
	z := html.NewTokenizer(bytes.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			if found != nil {
				return found
			}
			return first
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			switch {
			case t.Data == "form":
				current = map[string]string{}
				if first == nil {
					first = current
				}
				action, _, _ := strings.Cut(attr(t, "action"), "?")
				if found == nil && (action == path || action == "" && own) {
					found = current
				}
			case t.Data == "input" && current != nil && attr(t, "type") == "hidden":
				current[attr(t, "name")] = attr(t, "value")
			}
		}
	}
}

func attr(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// Plant sends a seed as somebody, and remembers what it saved.
func (r *Range) Plant(who *Someone, seed *Seed) error {
	canary := Fresh("kanari")
	shot, err := r.Shot(who, &seed.Request, map[string]string{"canary": canary})
	if err != nil {
		return err
	}
	a, err := r.Send(who, shot)
	if err != nil {
		return err
	}
	if a.Status >= 400 {
		return fmt.Errorf("it was answered with %d: %s", a.Status, cut(strings.TrimSpace(string(a.Body)), 120))
	}
	for name, rule := range seed.Save {
		if who.Vars[name], err = Extract(a, rule); err != nil {
			return err
		}
	}
	if slices.Contains(Names(&seed.Request), "canary") {
		who.Canary = append(who.Canary, canary)
	}
	return nil
}

// Drop takes a cookie out of a session.
func (s *Someone) Drop(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.cookies, name)
}
