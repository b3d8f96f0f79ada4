// Package browser finds tokens and keys where scripts, logs of proxies or
// everybody's browser can read them.
package browser

import (
	"encoding/base64"
	"fmt"
	"path"
	"sort"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/flow"
	"github.com/tijorihq/tijori/internal/audit/source/ir"
	"github.com/tijorihq/tijori/internal/audit/source/rule"
)

func r(id, title, why, fix string, sev finding.Severity, asvs, cwe string, check func(*rule.Pass)) *rule.Rule {
	return &rule.Rule{Rule: finding.Rule{
		ID: id, Engine: "source", Title: title, Why: why, Fix: fix, Severity: sev,
		ASVS: []string{asvs}, CWE: []string{cwe},
	}, Check: check}
}

// Rules of this package.
var Rules = []*rule.Rule{
	r("token-in-browser-storage", "A session or recovery token is kept where every script of the page can read it",
		"One script of an advertiser, a chat or a dependency takes the sessions of all who visit the page.",
		"Let the server set the session as a cookie with HttpOnly, Secure and SameSite; keep recovery tokens in memory.",
		finding.High, "3.3.4", "CWE-922", storage),
	r("token-in-url", "A token that signs in or sets a password stands in the query of an address",
		"Queries go to access logs, proxies, browser histories and referrers; whoever reads one takes the account.",
		"Put it behind the # and remove it at once, or ask for a code.",
		finding.Medium, "14.2.1", "CWE-598", inURL),
	r("cookie-without-httponly", "The session's cookie can be read by scripts",
		"Any script on the page sends the session elsewhere.",
		"httpOnly: true, secure: true, sameSite: 'lax' or stricter.",
		finding.High, "3.3.4", "CWE-1004", cookie),
	r("service-key-in-client", "A key with full rights is in code or variables that reach the browser",
		"Everybody who opens the page holds the key: it passes by all policies, or charges, refunds and sends in your name.",
		"Keep the key in a variable without a public prefix, used in a server-only module behind a route that checks the caller. Replace the key: it has been public.",
		finding.Critical, "13.3.1", "CWE-798", serviceKey),
}

var (
	tokenName = lazyregexp.New(`(?i)(^|[._\- ])(access|refresh|id|auth|session|recovery|reset|bearer|jwt|login|user|api|magic)?[._\- ]?(token|jwt)$|(^|[._\- ])(session|sid|sessionid|session_id|bearer|credentials?|password)$`)
	notToken  = lazyregexp.New(`(?i)(csrf|xsrf|max_?tokens|token_?count|tokens$|theme|locale|push|device_?token|fcm)`)
	camel     = lazyregexp.New(`([a-z0-9])([A-Z])`)
)

func snake(s string) string { return camel.ReplaceAllString(s, "${1}_$2") }

func isToken(name string) bool {
	s := snake(name)
	return tokenName.MatchString(s) && !notToken.MatchString(s)
}

// holds tells whether a value is, or has among its members, a token.
func holds(v *flow.Val, depth int) (string, *flow.Origin) {
	if v == nil || depth > 4 {
		return "", nil
	}
	for _, o := range v.From {
		if o.Path != "" && isToken(o.Last()) && o.Kind != flow.Env {
			return o.Last(), o
		}
		if o.Kind == flow.Fetched && o.Op == nil {
			continue
		}
	}
	if v.Type != nil {
		for _, f := range fields(v.Type) {
			if isToken(f.Name) {
				return f.Name, first(v)
			}
		}
	}
	for _, k := range v.Order {
		if isToken(k) && v.Fields[k] != nil && !v.Fields[k].Null {
			return k, first(v.Fields[k])
		}
		if n, o := holds(v.Fields[k], depth+1); n != "" {
			return n, o
		}
	}
	for _, list := range [][]*flow.Val{v.Elems, v.Tmpl, {v.Nested}} {
		for _, x := range list {
			if n, o := holds(x, depth+1); n != "" {
				return n, o
			}
		}
	}
	return "", nil
}

func fields(t *flow.Ref) []ir.Field {
	if t == nil || t.Type == nil {
		return nil
	}
	return t.Type.Fields
}

func first(v *flow.Val) *flow.Origin {
	if v == nil {
		return nil
	}
	for _, o := range v.Origins() {
		return o
	}
	return nil
}

func storage(p *rule.Pass) {
	p.Ops(func(e *flow.Entry, op *flow.Op) {
		if op.Kind != flow.OpStore || op.Val == nil {
			return
		}
		name, o := holds(op.Val, 0)
		if name == "" && isToken(op.Name) && op.Val.Num == "" && !(op.Val.IsStr && op.Val.Str == "") &&
			len(op.Val.Origins()) > 0 {
			name, o = op.Name, first(op.Val)
		}
		if name == "" && op.Verb == "document.cookie" && len(op.Val.Strs) > 0 {
			if k, _, ok := strings.Cut(op.Val.Strs[0], "="); ok && isToken(strings.TrimSpace(k)) &&
				len(op.Val.Origins()) > 0 {
				name, o = strings.TrimSpace(k), first(op.Val)
			}
		}
		if name == "" || notToken.MatchString(op.Name) {
			return
		}
		if strings.Contains(strings.ToLower(strings.Join(op.Val.Strs, "")), "max-age=0") {
			return
		}
		p.Report(rule.Hit{
			At: op.Pos, Entry: e, Key: op.Verb + "." + name + "@" + rule.Fn(op),
			Title: fmt.Sprintf("%s goes to %s, which every script of the page reads", name, op.Verb),
			Way:   rule.Way(o, op.Pos, "kept in "+op.Verb),
		})
	})
}

var recovery = lazyregexp.New(`(?i)(reset|recover|password|magic|login|signin|sign-in|auth|callback|session|access|refresh|jwt|sso)`)

func inURL(p *rule.Pass) {
	p.Ops(func(e *flow.Entry, op *flow.Op) {
		if op.Kind != flow.OpTokenURL || op.Val == nil || e.Client || op.Mod != nil && op.Mod.Client {
			return
		}
		h := rule.Hit{
			At: op.Pos, Entry: e, Key: strings.Trim(op.Name, "?&=") + "@" + rule.Fn(op),
			Way: rule.Way(first(op.Val), op.Pos, "stands in the query"),
		}
		text := op.Name
		if len(op.Args) > 0 {
			text = strings.Join(op.Args[0].Strs, " ")
		}
		if strings.Contains(text, "api.") || strings.Contains(text, "googleapis") || op.Val.Has(flow.Env) {
			return
		}
		if !recovery.MatchString(text) {
			h.Severity = finding.Low
		}
		p.Report(h)
	})
}

var sessionName = lazyregexp.New(`(?i)(sess|sid$|^sid|token|auth|jwt|login|remember)`)

func cookie(p *rule.Pass) {
	p.Ops(func(e *flow.Entry, op *flow.Op) {
		if e.Client {
			return
		}
		switch op.Kind {
		case flow.OpCookie:
			token, o := holds(op.Val, 0)
			if token == "" && !(sessionName.MatchString(op.Name) && !notToken.MatchString(op.Name)) {
				return
			}
			if notToken.MatchString(op.Name) ||
				op.Val != nil && (op.Val.IsStr || op.Val.Null) && len(op.Val.Origins()) == 0 {
				return
			}
			if op.Name == "" && token == "" || token == "" && sent(op.Val) {
				return
			}
			if !open(op.Data) {
				return
			}
			p.Report(rule.Hit{
				At: op.Pos, Entry: e, Key: op.Name,
				Title: fmt.Sprintf("The cookie %s holds a session and is readable by scripts", op.Name),
				Way:   rule.Way(o, op.Pos, "set without HttpOnly"),
			})
		case flow.OpHeader:
			if op.Header != "set-cookie" || op.Val == nil {
				return
			}
			text := op.Val.Str + strings.Join(op.Val.Strs, "")
			name, _, ok := strings.Cut(text, "=")
			if ok && sessionName.MatchString(name) && !notToken.MatchString(name) &&
				!strings.Contains(strings.ToLower(text), "httponly") &&
				!strings.Contains(strings.ToLower(text), "max-age=0") {
				p.Report(rule.Hit{
					At: op.Pos, Entry: e, Key: name,
					Title: fmt.Sprintf("The cookie %s holds a session and is readable by scripts", name),
				})
			}
		}
	})
}

// sent tells whether a value is only what the sender said, such as where to go after signing in.
func sent(v *flow.Val) bool {
	list := v.Origins()
	for _, o := range list {
		if o.Kind != flow.Query && o.Kind != flow.Body && o.Kind != flow.Path {
			return false
		}
	}
	return len(list) > 0
}

// open tells whether the options leave HttpOnly away.
func open(v *flow.Val) bool {
	if v == nil || v.Null && len(v.From) == 0 {
		return true
	}
	for _, k := range []string{"httpOnly", "HttpOnly", "HTTPOnly", "httponly"} {
		if x := v.Fields[k]; x != nil {
			return x.Num == "false"
		}
	}
	if len(v.Rest) > 0 || v.Fields == nil && (len(v.From) > 0 || v.Lib != "") {
		return false // not known
	}
	return true
}

var (
	publicPrefix = lazyregexp.New(`^(NEXT_PUBLIC_|VITE_|PUBLIC_|REACT_APP_|EXPO_PUBLIC_|NUXT_PUBLIC_|GATSBY_|VUE_APP_)`)
	secretVar    = lazyregexp.New(`(?i)(service_?role|service_?key|secret|private_?key|_sk(_|$)|whsec|password|passwd|database_?url|admin_?(key|token)|master_?key|api_?secret)`)
	harmlessVar  = lazyregexp.New(`(?i)(anon|publishable|public_?key|site_?key|recaptcha|turnstile|hcaptcha|client_id|dsn)`)
)

func leaky(name string) bool {
	if !publicPrefix.MatchString(name) || !secretVar.MatchString(name) {
		return false
	}
	if harmlessVar.MatchString(name) &&
		!lazyregexp.New(`(?i)(service|secret|database_?url|password)`).MatchString(name) {
		return false
	}
	return true
}

var (
	varRef     = lazyregexp.New(`\b(NEXT_PUBLIC_|VITE_|PUBLIC_|REACT_APP_|EXPO_PUBLIC_|NUXT_PUBLIC_|GATSBY_|VUE_APP_)[A-Z0-9_]+\b`)
	literal    = lazyregexp.New(`['"\x60](sk_live_[A-Za-z0-9]{8,}|rk_live_[A-Za-z0-9]{8,}|sb_secret_[A-Za-z0-9_]{8,}|whsec_[A-Za-z0-9+/=]{12,}|sk-ant-[A-Za-z0-9_-]{12,}|sk-proj-[A-Za-z0-9_-]{12,}|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,})['"\x60]`)
	connection = lazyregexp.New(`['"\x60]postgres(ql)?://[^:\s'"]+:[^@\s'"$]{3,}@[^\s'"]+['"\x60]`)
)

func serviceKey(p *rule.Pass) {
	seen := map[string]bool{}
	for _, m := range p.Order {
		if m.Go || m.Test {
			continue
		}
		for _, f := range m.Files {
			scan(f, func(off int, line string) {
				for _, ix := range varRef.FindAllStringIndex(line, -1) {
					name := line[ix[0]:ix[1]]
					if !leaky(name) || seen[f.Path+name] {
						continue
					}
					seen[f.Path+name], seen[name] = true, true
					at := flow.Pos{File: f, At: int32(off + ix[0]), End: int32(off + ix[1])}
					h := rule.Hit{
						At: at, Key: name,
						Title: fmt.Sprintf("%s is a secret, and its prefix puts it into the bundle of every visitor",
							name),
					}
					if c := importer(p, m); c.File != nil {
						h.Way = []finding.Place{
							rule.Place(at, "read here"),
							rule.Place(c, "imported by code for the browser"),
						}
					}
					p.Report(h)
				}
				if !m.Client {
					return
				}
				for _, ix := range literal.FindAllStringSubmatchIndex(line, -1) {
					text := line[ix[2]:ix[3]]
					if strings.HasPrefix(text, "eyJ") && role(text) != "service_role" {
						continue
					}
					p.Report(rule.Hit{
						At: flow.Pos{File: f, At: int32(off + ix[0]), End: int32(off + ix[1])}, Key: "literal",
						Title: "A secret key stands in code for the browser",
					})
				}
				if ix := connection.FindStringIndex(line); ix != nil {
					p.Report(rule.Hit{
						At: flow.Pos{File: f, At: int32(off + ix[0]), End: int32(off + ix[1])}, Key: "database",
						Title: "A database's address with its password stands in code for the browser",
					})
				}
			})
			inlined(p, m, f)
		}
	}
	var names []string
	for name := range p.Text {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if !strings.HasPrefix(path.Base(name), ".env") || strings.Contains(name, "example") ||
			strings.Contains(name, "sample") || strings.Contains(name, "template") {
			continue
		}
		f := &ir.File{Path: name, Src: p.Text[name]}
		off := 0
		for _, line := range strings.SplitAfter(f.Src, "\n") {
			k, v, ok := strings.Cut(line, "=")
			k = strings.TrimSpace(strings.TrimPrefix(k, "export "))
			if ok && leaky(k) && strings.Trim(strings.TrimSpace(v), `"'`) != "" && !seen[k] {
				p.Report(rule.Hit{
					At: flow.Pos{File: f, At: int32(off), End: int32(off + len(k))}, Key: k,
					Title: fmt.Sprintf("%s is a secret, and its prefix puts it into the bundle of every visitor", k),
				})
			}
			off += len(line)
		}
	}
}

// scan visits the lines of a file that are no comments.
func scan(f *ir.File, visit func(off int, line string)) {
	off, block := 0, false
	for _, line := range strings.SplitAfter(f.Src, "\n") {
		t := strings.TrimSpace(line)
		switch {
		case block:
			block = !strings.Contains(t, "*/")
		case strings.HasPrefix(t, "/*") || strings.HasPrefix(t, "{/*"):
			block = !strings.Contains(t, "*/")
		case strings.HasPrefix(t, "//") || strings.HasPrefix(t, "*"):
		default:
			if len(line) < 5000 {
				visit(off, line)
			}
		}
		off += len(line)
	}
}

// importer is where code for the browser imports a module.
func importer(p *rule.Pass, m *flow.Module) flow.Pos {
	for _, c := range p.Order {
		if c.Go || !c.Client || c == m {
			continue
		}
		for _, f := range c.Files {
			for _, i := range f.Imports {
				for _, d := range p.ImportsOf(f) {
					if d == m.Files[0] &&
						strings.HasSuffix(strings.TrimSuffix(d.Path, path.Ext(d.Path)), path.Base(i.Module)) {
						return flow.Pos{File: f, At: i.Pos, End: i.Pos}
					}
				}
			}
		}
	}
	return flow.Pos{}
}

// role is the role in a token's claims.
func role(token string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return ""
	}
	data, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return ""
	}
	if i := strings.Index(string(data), `"role":"`); i >= 0 {
		s := string(data)[i+8:]
		if j := strings.IndexByte(s, '"'); j >= 0 {
			return s[:j]
		}
	}
	return ""
}

var configFile = lazyregexp.New(`(^|/)(next|vite|nuxt|astro|webpack)\.config\.[cm]?[jt]s$`)

// inlined finds configuration that writes secrets into the bundle.
func inlined(p *rule.Pass, m *flow.Module, f *ir.File) {
	if !configFile.MatchString(f.Path) {
		return
	}
	for _, v := range m.Exports {
		for _, key := range []string{"env", "define", "publicRuntimeConfig"} {
			if v == nil || v.Fields[key] == nil {
				continue
			}
			x := v.Fields[key]
			for _, k := range x.Order {
				o := x.Fields[k].First(flow.Env)
				if o != nil && secretVar.MatchString(o.Path) && !harmlessVar.MatchString(o.Path) {
					p.Report(rule.Hit{
						At: o.Pos, Key: o.Path,
						Title: fmt.Sprintf("%s is written into the bundle by %s of the configuration", o.Path, key),
					})
				}
			}
		}
	}
}
