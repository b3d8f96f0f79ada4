package journey

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// A person uses the server without a browser.
type person struct {
	client   *http.Client
	business string
}

var confirmation = regexp.MustCompile(`/confirm/[0-9A-Za-z_-]+`)

// register signs somebody up by mail and returns them signed in.
func register(t testing.TB, s *server, mail string) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &person{client: &http.Client{Jar: jar, Timeout: 10 * time.Second, CheckRedirect: func(*http.Request,
		[]*http.Request,
	) error {
		return http.ErrUseLastResponse
	}}}
	p.post(t, s.url+"/signup", url.Values{
		"name": {"Asha"}, "business": {"Asha Kirana"}, "email": {mail},
		"currency": {"INR"}, "locale": {"en"},
	})
	link := ""
	for end := time.Now().Add(2 * time.Minute); link == "" &&
		time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		link = letterTo(t, s, mail)
	}
	if link == "" {
		t.Fatalf("no mail to %s came\n%s", mail, s.stderr)
	}
	p.post(t, s.url+link, url.Values{"password": {password}})
	res, err := p.client.Get(s.url + "/")
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		t.Error(err)
	}
	p.business = strings.TrimPrefix(res.Header.Get("Location"), "/b/")
	if len(p.business) != 36 {
		t.Fatalf("signed up, / answers %s to %q", res.Status, res.Header.Get("Location"))
	}
	return p
}

func (p *person) post(t testing.TB, address string, form url.Values) {
	t.Helper()
	res, err := p.client.PostForm(address, form)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		t.Error(err)
	}
	if res.StatusCode != http.StatusSeeOther {
		t.Fatalf("%s is answered with %s", address, res.Status)
	}
}

// letterTo returns the link to confirm an address from the outbox's newest mail to it, or "".
func letterTo(t testing.TB, s *server, mail string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(s.data, "outbox", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for i := len(files) - 1; i >= 0; i-- {
		b, err := os.ReadFile(files[i])
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(mail)) {
			return string(confirmation.Find(b))
		}
	}
	return ""
}

// api asks with the person's session; status 0 is no answer.
func (p *person) api(base, method, path string, body, into any) (status int) {
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return 0
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequest(method, base+path, r)
	if err != nil {
		return 0
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	// The cookie belongs to the machine, whatever port the server has after a restart.
	res, err := p.client.Do(req)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	if into != nil && res.StatusCode < 300 {
		if err := json.NewDecoder(res.Body).Decode(into); err != nil {
			return 0
		}
	}
	return res.StatusCode
}
