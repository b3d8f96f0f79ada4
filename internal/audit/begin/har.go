package begin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strings"
)

// FromHAR reads what a browser has recorded while somebody used the app.
// Cookies, tokens and passwords of the recording are left out.
func FromHAR(r io.Reader, address string) (*Plan, error) {
	var doc struct {
		Log struct {
			Entries []struct {
				Request struct {
					Method, URL string
					PostData    struct {
						MimeType, Text string
						Params         []struct{ Name, Value string }
					}
				}
				Response struct {
					Content struct{ MimeType string }
				}
			}
		}
	}
	if err := json.NewDecoder(io.LimitReader(r, maxInput)).Decode(&doc); err != nil {
		return nil, fmt.Errorf("this is no HAR file: %w", err)
	}
	p := &Plan{URL: address}
	seen := map[string]int{}
	for _, e := range doc.Log.Entries {
		u, err := url.Parse(e.Request.URL)
		if err != nil || u.Host == "" || asset(u.Path, e.Response.Content.MimeType) {
			continue
		}
		site := u.Scheme + "://" + u.Host
		if p.URL == "" {
			p.URL = site
		}
		if site != strings.TrimSuffix(p.URL, "/") {
			seen[u.Host]++
			continue
		}
		route := Route{Method: e.Request.Method, Path: worded(u)}
		body := e.Request.PostData
		switch {
		case strings.Contains(body.MimeType, "json"):
			route.JSON = marked(body.Text)
		case len(body.Params) > 0:
			route.Form = map[string]string{}
			for _, param := range body.Params {
				route.Form[param.Name] = filled(param.Name, param.Value)
			}
		case strings.HasPrefix(body.MimeType, "application/x-www-form-urlencoded"):
			form, err := url.ParseQuery(body.Text)
			if err != nil {
				continue
			}
			route.Form = map[string]string{}
			for name := range form {
				route.Form[name] = filled(name, form.Get(name))
			}
		}
		if signsIn(&route) {
			p.SignIn = &route
			continue
		}
		p.take(route)
	}
	if len(p.Routes) == 0 {
		return nil, errors.New("the recording holds no request of an app")
	}
	for host, n := range seen {
		p.Notes = append(p.Notes, fmt.Sprintf("%d requests to %s were left out: it is another host", n, host))
	}
	p.sort()
	return p, nil
}

var assets = regexp.MustCompile(`(?i)\.(js|mjs|css|map|png|jpe?g|gif|svg|ico|webp|avif|woff2?|ttf|mp4|webm|wasm)$|^/_next/static/`)

func asset(path, kind string) bool {
	return assets.MatchString(path) || strings.HasPrefix(kind, "image/") || strings.HasPrefix(kind, "font/") ||
		strings.Contains(kind, "javascript") || strings.HasPrefix(kind, "text/css")
}

var idValue = regexp.MustCompile(`^(\d+|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[0-9a-f]{24}|[0-9A-HJKMNP-TV-Z]{26}|[a-z]{2,6}_[A-Za-z0-9]{8,})$`)

// worded is an address with its ids as placeholders, named after what stands before them.
func worded(u *url.URL) string {
	parts := strings.Split(u.Path, "/")
	for i, p := range parts {
		if i > 0 && idValue.MatchString(p) {
			name := word(strings.TrimSuffix(parts[i-1], "s"))
			if strings.HasPrefix(name, "_") || name == "v" {
				name = "id"
			}
			parts[i] = "{" + name + "}"
		}
	}
	out := strings.Join(parts, "/")
	var query []string
	for name, values := range u.Query() {
		v := url.QueryEscape(values[0])
		if isID(name) || idValue.MatchString(values[0]) {
			v = "{" + word(name) + "}"
		}
		query = append(query, url.QueryEscape(name)+"="+v)
	}
	if len(query) > 0 {
		out += "?" + strings.Join(sorted(query), "&")
	}
	return out
}

// filled is a recorded value as the file has it: no secrets, ids as names, free text as the mark.
func filled(name, v string) string {
	lower := strings.ToLower(name)
	switch {
	case strings.Contains(lower, "passw"):
		return "env:AUDIT_A_PASSWORD"
	case strings.Contains(lower, "csrf") || strings.Contains(lower, "token"):
		return ""
	case isID(name) || idValue.MatchString(v) && len(v) > 6:
		return "{" + word(name) + "}"
	case len(v) > 3 && strings.ContainsAny(v, "abcdefghijklmnopqrstuvwxyz"):
		return "{mark}"
	}
	return v
}

// marked is recorded JSON with its ids as names and its texts as the mark.
func marked(text string) string {
	var fields map[string]any
	if json.Unmarshal([]byte(text), &fields) != nil {
		return ""
	}
	for name, v := range fields {
		if s, ok := v.(string); ok {
			fields[name] = filled(name, s)
		}
	}
	b, err := json.Marshal(fields)
	if err != nil {
		return ""
	}
	return string(b)
}

var signInPath = regexp.MustCompile(`(?i)log-?_?in|sign-?_?in|/session|/auth`)

// signsIn reports whether a request is the one with the password.
func signsIn(r *Route) bool {
	if r.Method != "POST" || !signInPath.MatchString(r.Path) {
		return false
	}
	if strings.Contains(r.JSON, "env:AUDIT_A_PASSWORD") {
		return true
	}
	for _, v := range r.Form {
		if v == "env:AUDIT_A_PASSWORD" {
			return true
		}
	}
	return false
}
