package begin

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/audit/leaky"
	"github.com/tijorihq/tijori/internal/audit/target"
)

const openAPI = `{"openapi":"3.1.0","servers":[{"url":"http://127.0.0.1:3000/v1"}],"security":[{"k":[]}],
"paths":{"/invoices/{id}":{"get":{},"delete":{}},"/invoices":{"post":{"requestBody":{"content":{"application/json":
{"schema":{"$ref":"#/components/schemas/I"}}}}},"get":{"parameters":[{"name":"account_id","in":"query"}]}},"/health":{"get":{"security":[]}}},
"components":{"schemas":{"I":{"required":["customer","amount","kind"],"properties":{"customer":{"type":"string"},
"amount":{"type":"integer"},"kind":{"type":"string","enum":["sale"]},"note":{"type":"string"},"account_id":{"type":"string"}}}}}}`

const har = `{"log":{"entries":[
{"request":{"method":"POST","url":"http://127.0.0.1:3000/login","postData":{"mimeType":"application/x-www-form-urlencoded","text":"email=a%40x.example&password=very-secret-word&csrf=abcdef123456"}},"response":{"content":{}}},
{"request":{"method":"GET","url":"http://127.0.0.1:3000/invoices/4711?ref=1"},"response":{"content":{"mimeType":"text/html"}}},
{"request":{"method":"GET","url":"http://127.0.0.1:3000/app.js"},"response":{"content":{"mimeType":"text/javascript"}}},
{"request":{"method":"GET","url":"https://metrics.example.net/x"},"response":{"content":{}}},
{"request":{"method":"POST","url":"http://127.0.0.1:3000/invoices","postData":{"mimeType":"application/json","text":"{\"customer\":\"Asha Traders\",\"account_id\":\"7\"}"}},"response":{"content":{}}}]}}`

// load fills in what is left to a person, and reads the file as the audit does.
func load(t *testing.T, p *Plan) *target.Config {
	t.Helper()
	var b strings.Builder
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	if _, err := target.Read(strings.NewReader(b.String())); err == nil || !strings.Contains(err.Error(), "filled in") {
		t.Errorf("a file with gaps is read: %v", err)
	}
	text := strings.NewReplacer("FILL IN", "x", "FILL-IN", "x").Replace(b.String())
	c, err := target.Read(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if strings.Contains(text, "very-secret-word") || strings.Contains(text, "abcdef123456") {
		t.Errorf("the file holds a secret of the recording:\n%s", text)
	}
	return c
}

func routes(c *target.Config) (out []string) {
	for _, r := range c.Routes {
		out = append(out, r.String())
	}
	slices.Sort(out)
	return out
}

func TestFromDocuments(t *testing.T) {
	t.Parallel()
	p, err := FromOpenAPI(strings.NewReader(openAPI), "")
	if err != nil {
		t.Fatal(err)
	}
	c := load(t, p)
	want := []string{
		"DELETE /v1/invoices/{invoice}", "GET /v1/health", "GET /v1/invoices/{invoice}", "GET " +
			"/v1/invoices?account_id={account_id}",
		"POST /v1/invoices",
	}
	if got := routes(c); !slices.Equal(got, want) || c.Target.URL != "http://127.0.0.1:3000" {
		t.Errorf("%s: %q", c.Target.URL, got)
	}
	for _, r := range c.Routes {
		if r.Path == "/v1/invoices" &&
			r.JSON != `{"account_id": "{account_id}", "amount": 1, "customer": "{mark}", "kind": "sale"}` {
			t.Errorf("the body is %s", r.JSON)
		}
		if r.Public != (r.Path == "/v1/health") {
			t.Errorf("%s: public is %t", r.Path, r.Public)
		}
	}
	if c.Seeds[1].Name != "invoice" || c.Seeds[1].Path != "/v1/invoices" || !strings.Contains(c.Seeds[1].JSON,
		"{canary}") {
		t.Errorf("the seed is %+v", c.Seeds[1])
	}
	if p, err = FromHAR(strings.NewReader(har), ""); err != nil {
		t.Fatal(err)
	}
	c = load(t, p)
	if got := routes(c); !slices.Equal(got, []string{"GET /invoices/{invoice}?ref={ref}", "POST /invoices"}) {
		t.Errorf("%q", got)
	}
	if in := c.People["b"].SignIn; in.Path != "/login" || in.Form["password"] != "env:AUDIT_B_PASSWORD" ||
		in.Form["email"] != "env:AUDIT_B_EMAIL" {
		t.Errorf("b signs in by %+v", in)
	}
	for _, text := range []string{"", "{}", "[]", `{"openapi":"2.0","paths":{"/":{}}}`, `{"log":{}}`} {
		if _, err := FromOpenAPI(strings.NewReader(text), ""); err == nil {
			t.Errorf("OpenAPI from %q", text)
		}
		if _, err := FromHAR(strings.NewReader(text), ""); err == nil {
			t.Errorf("HAR from %q", text)
		}
	}
}

func TestCrawl(t *testing.T) {
	t.Parallel()
	shop := httptest.NewServer(leaky.New())
	t.Cleanup(shop.Close)
	c, err := target.Read(strings.NewReader(leaky.Config(shop.URL)))
	if err != nil {
		t.Fatal(err)
	}
	p, err := Crawl(context.Background(), c, "")
	if err != nil || p.SignIn == nil || p.SignIn.Path != "/login" {
		t.Errorf("%+v, %v", p, err)
	}
	load(t, p)
	n := 0 // a site whose links never end
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n++
		w.Header().Set("Content-Type", "text/html")
		if _, err := w.Write([]byte(`<a href="` + r.URL.Path +
			`x/">more</a><a href="https://elsewhere.invalid/">out</a>` +
			`<form method="post" action="https://elsewhere.invalid/"><input name="a"></form>`)); err != nil {
			return
		}
	}))
	t.Cleanup(endless.Close)
	c = &target.Config{Target: target.Bounds{URL: endless.URL, MaxRequests: 1000, Rate: 1e6, MaxMinutes: 1, Seconds: 5}}
	if p, err = Crawl(context.Background(), c, ""); err != nil || n != maxPages || len(p.Notes) != 1 {
		t.Errorf("%d pages were read: %v, %v", n, p, err)
	}
}

func FuzzWrite(f *testing.F) {
	f.Add("/a/{b}", "n\"ame", "v\x00")
	f.Fuzz(func(t *testing.T, path, name, v string) {
		p := &Plan{URL: v, Routes: []Route{{
			Method: "POST", Path: path, Form: map[string]string{name: v},
			Public: true,
		}}, Notes: []string{v}}
		var b strings.Builder
		if err := p.Write(&b); err != nil {
			t.Fatal(err)
		}
		if _, err := target.Read(strings.NewReader(b.String())); err == nil || !strings.Contains(err.Error(),
			"filled in") {
			t.Errorf("%v\n%s", err, b.String())
		}
	})
}

func TestFromCode(t *testing.T) {
	t.Parallel()
	p := FromRoutes([]string{
		"GET /invoices/:id", "PATCH /api/teams/[teamId]/members/[id]", "POST /api/webhooks/stripe", "POST /login",
		"GET /(app)/billing", "GET /notes/$noteId", "GET /files/{id:[0-9]+}", "GET /files/*", "worker",
	}, "http://127.0.0.1:3000")
	got := routes(load(t, p))
	want := []string{
		"GET /billing", "GET /files/{file}", "GET /files/{rest}", "GET /invoices/{invoice}", "GET /notes/{noteId}",
		"PATCH /api/teams/{teamId}/members/{member}",
	}
	if !slices.Equal(got, want) {
		t.Errorf("routes %q, want %q", got, want)
	}
	if p.SignIn == nil || p.SignIn.Path != "/login" || len(p.Notes) != 1 {
		t.Errorf("sign-in %v, notes %q: want /login, and a word about the webhook", p.SignIn, p.Notes)
	}
}
