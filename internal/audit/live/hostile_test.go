package live

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/leaky"
	"github.com/tijorihq/tijori/internal/audit/target"
)

func hostile(t *testing.T, url string, change func(*target.Config)) (*finding.Report, error) {
	t.Helper()
	c, err := target.Read(strings.NewReader(leaky.Config(url)))
	if err != nil {
		t.Fatal(err)
	}
	c.Target.Seconds, c.Target.MaxRequests = 0.3, 30
	if change != nil {
		change(c)
	}
	return Audit(context.Background(), Options{Config: c})
}

// Targets that hang, flood, lead away or speak nonsense end in an error or in
// "not tested", never in a clean report, and within the bounds.
func TestHostileTargets(t *testing.T) {
	var elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	t.Cleanup(other.Close)
	chunk := []byte(strings.Repeat("x", 1<<16))
	flood := func(w http.ResponseWriter) {
		for range 16 << 10 { // a gigabyte
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}
	for name, h := range map[string]http.HandlerFunc{
		"hangs": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"hangs midway": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(200)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
		"floods": func(w http.ResponseWriter, _ *http.Request) { flood(w) },
		"floods, packed": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			for range 16 << 10 {
				if _, err := z.Write(chunk); err != nil {
					return
				}
			}
		},
		"leads away": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) },
		"leads in a circle": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, fmt.Sprintf("/%d", time.Now().UnixNano()), http.StatusTemporaryRedirect)
		},
		"headers without end": func(w http.ResponseWriter, _ *http.Request) {
			for i := range 4000 {
				w.Header().Set(fmt.Sprintf("X-H-%d", i), strings.Repeat("h", 1000))
			}
		},
		"200 to everything": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "fine") },
		"cookies without end": func(w http.ResponseWriter, r *http.Request) {
			for i := range 500 {
				http.SetCookie(w, &http.Cookie{Name: fmt.Sprintf("c%d%d", time.Now().UnixNano(), i), Value: "v"})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(h)
			t.Cleanup(server.CloseClientConnections)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			r, err := hostile(t, server.URL, nil)
			runtime.ReadMemStats(&after)
			if err == nil && (len(r.Findings) > 0 || len(r.NotTested) == 0) {
				t.Errorf("found %v, not tested %v", r.Findings, r.NotTested)
			}
			if r != nil && len(r.Did) > 70 {
				t.Errorf("%d requests were sent", len(r.Did))
			}
			if grown := int64(after.HeapInuse) - int64(before.HeapInuse); grown > 128<<20 {
				t.Errorf("the heap has grown by %d MB", grown>>20)
			}
		})
	}
	if n := elsewhere.Load(); n > 0 {
		t.Errorf("another host was asked %d times", n)
	}
}

// What speaks no HTTP, or TLS that nobody trusts, is an error.
func TestBrokenTargets(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if _, err := c.Write([]byte("\x00\xff220 not HTTP\r\n")); err != nil {
				t.Log(err)
			}
			if err := c.Close(); err != nil {
				t.Log(err)
			}
		}
	}()
	secure := httptest.NewTLSServer(leaky.New())
	t.Cleanup(secure.Close)
	for _, url := range []string{"http://" + l.Addr().String(), "https://" + l.Addr().String(), secure.URL} {
		if r, err := hostile(t, url, nil); err == nil {
			t.Errorf("%s was audited: %v", url, r)
		}
	}
}

// Only this machine, or what somebody says they own, is a target.
func TestTargetsAreOwned(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"https://192.0.2.1", "http://8.8.8.8:80", "http://[2001:db8::1]", "ftp://127.0.0.1", "127.0.0.1:80",
		"http://a:b@127.0.0.1",
		"http://127.0.0.1/path", "", "http://169.254.169.254", "http://0.0.0.0:1",
	} {
		if _, err := hostile(t, url, nil); !errors.Is(err, target.ErrUsage) {
			t.Errorf("%q gives %v, want a refusal", url, err)
		}
	}
	if _, err := hostile(t, "http://169.254.169.254",
		func(c *target.Config) { c.Target.Own = true }); !errors.Is(err, target.ErrUsage) {
		t.Errorf("the address of a cloud's metadata gives %v", err)
	}
}

// A route that deletes is tried only where somebody allows it.
func TestNothingIsDeletedUnasked(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(leaky.New(leaky.DeleteByPath))
	t.Cleanup(server.Close)
	r, err := hostile(t, server.URL, func(c *target.Config) {
		c.Target.Seconds, c.Target.MaxRequests = 10, 20000
		for i := range c.Routes {
			c.Routes[i].Allow = false
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, did := range r.Did {
		if strings.Contains(did, "/delete") {
			t.Errorf("sent: %s", did)
		}
	}
	said := false
	for _, n := range r.NotTested {
		said = said || strings.Contains(n.What, "/delete") && strings.Contains(n.Reason, "allow")
	}
	if len(r.Findings) > 0 || !said {
		t.Errorf("found %v, not tested %v", r.Findings, r.NotTested)
	}
}

// A session that dies, a seed that fails and a stop are not tested.
func TestWhatCannotBeTestedIsSaid(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*target.Config){
		"no stranger": func(c *target.Config) { c.People["bina"].SignIn.Form["password"] = "wrong" },
		"no owner":    func(c *target.Config) { c.People["asha"].SignIn.Form["password"] = "wrong" },
		"dead":        func(c *target.Config) { c.People["clerk"].Check.Contains = "what no page says" },
		"no seed":     func(c *target.Config) { c.Seeds[0].Path = "/nowhere" },
		"no name":     func(c *target.Config) { c.Seeds[0].Save = nil },
		"no state":    func(c *target.Config) { c.Routes[10].State = "" },
		"blind state": func(c *target.Config) { c.Routes[10].State = "/api/me" },
		"spent":       func(c *target.Config) { c.Target.MaxRequests = 150 },
		"no password": func(c *target.Config) { c.People["bina"].SignIn.Form["password"] = "env:TIJORI_AUDIT_NOT_SET" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(leaky.New())
			t.Cleanup(server.Close)
			r, err := hostile(t, server.URL, func(c *target.Config) {
				c.Target.Seconds, c.Target.MaxRequests = 10, 20000
				change(c)
			})
			if err != nil || len(r.Findings) > 0 || len(r.NotTested) == 0 {
				t.Errorf("%v, %+v", err, r)
			}
		})
	}
}
