// Package logs finds secrets, tokens and whole requests in logs.
package logs

import (
	"strings"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/flow"
	"github.com/tijorihq/tijori/internal/audit/source/rule"
)

// Rules of this package.
var Rules = []*rule.Rule{{
	Rule: finding.Rule{
		ID: "secrets-logged", Engine: "source", Severity: finding.High, ASVS: []string{"16.2.5"},
		CWE:   []string{"CWE-532"},
		Title: "Tokens, passwords, secrets or whole requests go to the logs",
		Why:   "Logs are read by more people, kept longer and sent to more services than the database: whoever reads them signs in as your customers.",
		Fix:   "Log ids and types, never bodies, headers, tokens or configuration as a whole; redact in the logger.",
	},
	Check: check,
}}

var (
	secretPath = lazyregexp.New(`(?i)(^|[._-])(password|passwd|pass|pwd|secret|access_?token|refresh_?token|id_?token|token|reset_?token|recovery_?token|session_?token|api_?key|apikey|authorization|cookie|set-cookie|otp|pin|card_?number|cvv|cvc|private_?key|magic_?link|client_?secret)$`)
	secretEnv  = lazyregexp.New(`(?i)(secret|_key$|_key_|apikey|token|password|passwd|dsn|database_url|connection|credential|private|whsec|service_role)`)
	publicEnv  = lazyregexp.New(`(?i)(public|anon|publishable|_id$|_url$|^node_env$|site|version|region|port|host$)`)
)

func check(p *rule.Pass) {
	p.Ops(func(e *flow.Entry, op *flow.Op) {
		if op.Kind != flow.OpLog || e.Client && !strings.Contains(op.Pos.File.Path, "server") {
			return
		}
		for _, a := range op.Args {
			if a == nil {
				continue
			}
			if hit, o := secret(p, e, op, a, 0, ""); hit != "" {
				p.Report(rule.Hit{
					At: op.Pos, Entry: e, Key: hit + "@" + rule.Fn(op), Title: "The log gets " + hit,
					Way: rule.Way(o, op.Pos, "logged"),
				})
				return
			}
		}
	})
}

// secret tells what of a value is secret, in words.
func secret(p *rule.Pass, e *flow.Entry, op *flow.Op, v *flow.Val, depth int, key string) (string, *flow.Origin) {
	if v == nil || depth > 4 || v.Name == "length" || v.Name == "hash" || v.Name == "bool" || v.Name == "typeof" {
		return "", nil
	}
	if v.Lib == "error" {
		return "", nil
	}
	if v.Lib == "global.env" {
		return "the whole environment, secrets with it", nil
	}
	if logValue(p, v) {
		return "", nil
	}
	for _, o := range v.From {
		if o.Last() == "length" || o.Last() == "#err" || strings.Contains(o.Path, "#") {
			continue
		}
		if o.Called && (o.Kind == flow.Env || o.Kind == flow.Body || o.Kind == flow.Query) {
			continue // a connection that was opened with a password is not the password
		}
		whole := o.Path == "" && !o.Derived
		switch o.Kind {
		case flow.Env:
			// a variable is a text: what has members was made with it
			if secretEnv.MatchString(o.Path) && !strings.Contains(o.Path, ".") && !publicEnv.MatchString(o.Path) &&
				v.Name != "bool" {
				return "the secret " + o.Path, o
			}
		case flow.Body, flow.RawBody:
			if secretPath.MatchString(o.Path) {
				return "what was sent as " + o.Path, o
			}
			if (whole || o.Path == "" && v.Name == "json") && server(e) {
				return "the whole body of a request", o
			}
		case flow.Header:
			if whole && v.Lib != "" || whole && o.Path == "" {
				return "all headers of a request, cookies and authorization with them", o
			}
		case flow.Cookie:
			if !o.Derived || o.Path == "authorization" || o.Path == "cookie" {
				return "a session cookie or bearer token", o
			}
		case flow.Query:
			if secretPath.MatchString(o.Path) {
				return "the token in the query (" + o.Path + ")", o
			}
		case flow.Opaque, flow.DB, flow.Session, flow.Fetched, flow.Random, flow.Provider:
			if secretPath.MatchString(o.Path) && !countWord.MatchString(o.Path) {
				return "the secret " + o.Path, o
			}
			if o.Op != nil && o.Op.Kind == flow.OpCall && o.Path == "" && tokenName.MatchString(o.Op.Name) {
				return "what " + o.Op.Name + " made", o
			}
		}
	}
	if v.Op != nil && v.Op.Kind == flow.OpCall && tokenName.MatchString(v.Op.Name) {
		return "what " + v.Op.Name + " made", &flow.Origin{Kind: flow.Opaque, Op: v.Op, Pos: v.Op.Pos}
	}
	for _, k := range v.Order {
		if hit, o := secret(p, e, op, v.Fields[k], depth+1, k); hit != "" {
			return hit, o
		}
	}
	for _, list := range [][]*flow.Val{v.Elems, v.Tmpl, v.Rest} {
		for _, x := range list {
			if hit, o := secret(p, e, op, x, depth+1, key); hit != "" {
				return hit, o
			}
		}
	}
	return "", nil
}

var (
	countWord = lazyregexp.New(`(?i)(tokens_?(used|left|count)|total_?tokens|max_?tokens)`)
	tokenName = lazyregexp.New(`(?i)^(create|make|new|issue|generate|sign|reset|get|build|mint)?_?(reset|session|access|refresh|recovery|magic|auth|jwt|api)_?(token|link|key|secret|jwt)s?$|^(sign|issue|generate|create|make|mint)_?(jwt|token)$|^reset_?token$`)
)

func server(e *flow.Entry) bool {
	return e.Kind == "route" || e.Kind == "action" || e.Kind == "function"
}

// logValue tells whether a Go type says itself what of it may be logged.
func logValue(p *rule.Pass, v *flow.Val) bool {
	return p.HasMethod(v, "LogValue") || p.HasMethod(v, "String") || p.HasMethod(v, "MarshalJSON")
}
