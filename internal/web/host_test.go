package web

import "testing"

// A development set-up has an outbox that anybody may read: it answers nobody whom a proxy brings.
func TestDevelopmentIsNotServedThroughAProxy(t *testing.T) {
	t.Parallel()
	w := owned(t)
	for _, header := range []string{
		"X-Forwarded-For", "x-forwarded-host", "X-Forwarded-Proto", "Forwarded", "Via",
		"X-Real-IP", "CF-Connecting-IP", "True-Client-IP",
	} {
		for _, path := range []string{"/dev/outbox", "/", "/login", "/api/billing/me"} {
			r, err := ask{path: path}.request("GET", w.url)
			w.ok(err)
			r.Header.Set(header, "127.0.0.1")
			if got := w.do(r, ""); got.status != 421 {
				t.Errorf("%s with %s: %d, want 421", path, header, got.status)
			}
		}
	}
}
