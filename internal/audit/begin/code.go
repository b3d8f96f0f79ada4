package begin

import (
	"fmt"
	"regexp"
	"strings"
)

// FromRoutes takes routes as the code registers them: "GET /invoices/:id",
// "POST /api/teams/[team]". Bodies are left to a person; webhooks, which a
// provider signs, are named and left out.
func FromRoutes(routes []string, address string) *Plan {
	p := &Plan{URL: address}
	for _, r := range routes {
		verb, path, ok := strings.Cut(r, " ")
		if !ok || !strings.HasPrefix(path, "/") {
			continue
		}
		path = addressOf(path)
		switch {
		case hookPath.MatchString(path):
			p.Notes = append(p.Notes, fmt.Sprintf("%s %s looks like a webhook: see [[webhook]] in docs/audit.md", verb, path))
			continue
		case verb == "POST" && signInRoute.MatchString(path) && p.SignIn == nil:
			p.SignIn = &Route{
				Method: verb, Path: path,
				Form: map[string]string{"email": "env:AUDIT_A_EMAIL", "password": "env:AUDIT_A_PASSWORD"},
			}
			continue
		}
		p.take(Route{Method: verb, Path: path})
	}
	p.sort()
	return p
}

var (
	hookPath    = regexp.MustCompile(`(?i)webhook|(^|/)hooks?(/|$)`)
	signInRoute = regexp.MustCompile(`(?i)(^|/)(login|log-in|signin|sign-in|session|sessions)$`)
)

// addressOf is a registered path as it is asked for: groups of Next.js are in no address, and what varies is named.
func addressOf(path string) string {
	var parts []string
	for _, s := range strings.Split(path, "/") {
		if strings.HasPrefix(s, "(") && strings.HasSuffix(s, ")") {
			continue
		}
		switch {
		case strings.HasPrefix(s, "$") && len(s) > 1: // Remix
			s = ":" + s[1:]
		case s == "*" || s == "{$}" || strings.HasSuffix(s, "...}"):
			s = ":" + word(strings.Trim(s, "{$.}*")+"rest")
		case strings.HasPrefix(s, "{") && strings.Contains(s, ":"): // chi: {id:[0-9]+}
			s = ":" + strings.TrimSpace(s[1:strings.IndexByte(s, ':')])
		case strings.HasPrefix(s, ":"):
			s = ":" + word(strings.TrimRight(s[1:], "?*+"))
		}
		parts = append(parts, s)
	}
	return named(strings.Join(parts, "/"))
}
