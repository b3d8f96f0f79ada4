package begin

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"github.com/tijorihq/tijori/internal/audit/target"
)

// The bounds of a crawl. A site whose links never end is left.
const (
	maxPages = 60
	maxSame  = 4 // pages of one shape, as /invoices/{invoice}
)

var leave = regexp.MustCompile(`(?i)(log|sign)-?_?out|unsubscribe|delete|remove|cancel`)

// Crawl reads the pages of the running app that a person can open by links,
// and the forms on them. It sends nothing but GET.
func Crawl(ctx context.Context, c *target.Config, as string) (*Plan, error) {
	r, done, err := target.Open(ctx, c)
	if err != nil {
		return nil, err
	}
	defer done()
	who := r.People[target.Nobody]
	start := "/"
	if as != "" {
		if who = r.People[as]; who == nil {
			return nil, fmt.Errorf("there is no [person.%s]", as)
		}
		if err := r.SignIn(who); err != nil {
			return nil, err
		}
		start = who.Person.Check.Path
	}
	p := &Plan{URL: r.URL().String()}
	queue, seen, shapes := []string{start, "/"}, map[string]bool{start: true, "/": true}, map[string]int{}
	for pages := 0; len(queue) > 0; pages++ {
		if pages == maxPages {
			p.Notes = append(p.Notes, fmt.Sprintf("the crawl ended after %d pages; %d more links were known",
				maxPages, len(queue)))
			break
		}
		path := queue[0]
		queue = queue[1:]
		u, err := url.Parse(path)
		if err != nil {
			continue
		}
		shape := worded(u)
		if shapes[shape]++; shapes[shape] > maxSame {
			continue
		}
		a, err := r.Follow(who, &target.Shot{Method: "GET", Path: path})
		if err != nil {
			p.Notes = append(p.Notes, path+" was not read: "+err.Error())
			if r.Context().Err() != nil {
				break
			}
			continue
		}
		if !a.OK() {
			continue
		}
		p.take(Route{Method: "GET", Path: shape, Public: as == ""})
		if !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
			continue
		}
		for _, link := range p.page(r, path, a.Body) {
			if !seen[link] && len(seen) < 5000 {
				seen[link] = true
				queue = append(queue, link)
			}
		}
	}
	p.sort()
	return p, nil
}

// page takes the forms of a page and returns its links.
func (p *Plan) page(r *target.Range, at string, body []byte) (links []string) {
	inside := func(ref string) (*url.URL, bool) {
		u, err := r.Resolve(at, strings.TrimSpace(ref))
		return u, err == nil && r.Inside(u)
	}
	var form *Route
	z := html.NewTokenizer(bytes.NewReader(body))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return links
		case html.EndTagToken:
			if name, _ := z.TagName(); string(name) == "form" && form != nil {
				p.form(form)
				form = nil
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			switch t.Data {
			case "a":
				if u, ok := inside(attr(t, "href")); ok && !leave.MatchString(u.Path) && !assets.MatchString(u.Path) {
					links = append(links, u.RequestURI())
				}
			case "form":
				if u, ok := inside(attr(t, "action")); ok {
					form = &Route{
						Method: strings.ToUpper(attr(t, "method")), Path: worded(u),
						Form: map[string]string{},
					}
				}
			case "input", "textarea", "select":
				if name := attr(t, "name"); form != nil && name != "" && !slices.Contains([]string{
					"submit",
					"file",
				}, attr(t, "type")) {
					form.Form[name] = filled(name, attr(t, "value"))
					if attr(t, "type") != "hidden" && form.Form[name] == "" && attr(t, "type") != "checkbox" {
						form.Form[name] = "{mark}"
					}
				}
			}
		}
	}
}

func (p *Plan) form(form *Route) {
	if form.Method != "POST" {
		return
	}
	if signsIn(form) {
		p.SignIn = form
		return
	}
	p.take(*form)
}

func attr(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
