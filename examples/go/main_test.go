package main

import (
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/client"
)

// What of the app needs no Tijori: who is nobody, whose job it is, and what is not signed.
func TestRefusals(t *testing.T) {
	t.Parallel()
	asked := 0
	tijori := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if r.Method != http.MethodPut {
			t.Errorf("the app asks %s %s", r.Method, r.URL)
		}
		w.Write([]byte(`{}`))
	}))
	t.Cleanup(tijori.Close)
	a := newApp(client.New(tijori.URL, "tj_test_sk_unit"), "http://localhost:3000", "")
	server := httptest.NewServer(a.routes())
	t.Cleanup(server.Close)
	person := func(org string) *http.Client {
		t.Helper()
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		c := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}}
		if org != "" {
			post(t, c, server.URL+"/sign-in", url.Values{"org": {org}}, http.StatusSeeOther)
		}
		return c
	}
	nobody, asha, banu := person(""), person("asha"), person("banu")
	for _, path := range []string{"/buy", "/top-up", "/cancel", "/jobs", "/jobs/1"} {
		post(t, nobody, server.URL+path, url.Values{"org": {"asha"}}, http.StatusUnauthorized)
	}
	at := post(t, asha, server.URL+"/jobs", url.Values{"title": {"Sale"}}, http.StatusSeeOther)
	_, id, _ := strings.Cut(at, "job=")
	if id == "" {
		t.Fatalf("no job in %q", at)
	}
	post(t, banu, server.URL+"/jobs/"+id, nil, http.StatusNotFound)
	post(t, nobody, server.URL+"/hooks/tijori", url.Values{"type": {"customer.state_changed"}}, http.StatusBadRequest)
	if asked != 2 {
		t.Errorf("Tijori is asked %d times, want twice, at the sign-ins", asked)
	}
}

func post(t *testing.T, c *http.Client, address string, form url.Values, want int) (location string) {
	t.Helper()
	answer, err := c.PostForm(address, form)
	if err != nil {
		t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil {
		t.Error(err)
	}
	if answer.StatusCode != want {
		t.Errorf("%s is answered %s, want %d", address, answer.Status, want)
	}
	return answer.Header.Get("Location")
}
