package frame

import (
	"net/http/httptest"
	"net/netip"
	"testing"
)

// What a caller writes about the own address counts for nothing: a forwarded address is believed as far as trusted
// proxies wrote it, from the nearest on.
func TestNetworkBelievesTrustedProxies(t *testing.T) {
	t.Parallel()
	f := &Frame{config: Config{TrustedProxies: []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32"),
	}}}
	for _, c := range []struct {
		from      string
		forwarded []string
		want      string
	}{
		{"203.0.113.7:1", nil, "203.0.113.7"},
		{"203.0.113.7:1", []string{"198.51.100.1"}, "203.0.113.7"}, // nobody's proxy
		{"10.0.0.1:1", []string{"198.51.100.1"}, "198.51.100.1"},
		{"[::ffff:10.0.0.1]:1", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		{"10.0.0.1:1", []string{"127.0.0.1, 198.51.100.1"}, "198.51.100.1"}, // the rest is the caller's own text
		{"10.0.0.1:1", []string{"127.0.0.1", "198.51.100.1"}, "198.51.100.1"},
		{"10.0.0.1:1", []string{"198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
		{"10.0.0.1:1", []string{"198.51.100.1, 2001:db8::1"}, "198.51.100.1"},
		{"10.0.0.1:1", []string{"198.51.100.1, nonsense"}, "10.0.0.1"},
		{"10.0.0.1:1", []string{""}, "10.0.0.1"},
		{"10.0.0.1:1", []string{"10.0.0.9"}, "10.0.0.9"},
		{"@", []string{"198.51.100.1"}, "198.51.100.1"}, // a proxy that comes by a socket
		{"", []string{"127.0.0.1, 198.51.100.1"}, "198.51.100.1"},
		{"@", []string{"198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
		{"@", nil, "socket"},
		{"@", []string{"nonsense"}, "socket"},
		{"nonsense", []string{"198.51.100.1"}, "nonsense"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.from
		for _, line := range c.forwarded {
			r.Header.Add("X-Forwarded-For", line)
		}
		r.Header.Set("X-Real-IP", "192.0.2.9")
		r.Header.Set("Forwarded", "for=192.0.2.9")
		if got := f.Network(r); got != c.want {
			t.Errorf("from %s forwarded for %q: %s, want %s", c.from, c.forwarded, got, c.want)
		}
	}
}
