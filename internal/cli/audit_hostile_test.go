package cli

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/tijorihq/tijori/internal/audit/begin"
	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/leaky"
	"github.com/tijorihq/tijori/internal/audit/live"
	"github.com/tijorihq/tijori/internal/audit/target"
)

// hostileTargets answer in every way that hurts. elsewhere is a host that nobody may be led to.
func hostileTargets(elsewhere string) map[string]http.HandlerFunc {
	chunk := []byte(strings.Repeat("x", 1<<16))
	gigabyte := func(w io.Writer) {
		for range 16 << 10 {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}
	link := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		for range 50 {
			fmt.Fprintf(w, `<a href="/%s">on</a>`, target.Fresh("p"))
		}
	}
	return map[string]http.HandlerFunc{
		"hangs": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"drips": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write([]byte("x")); err != nil {
					return
				}
				_ = http.NewResponseController(w).Flush()
				time.Sleep(20 * time.Millisecond)
			}
		},
		"gigabyte": func(w http.ResponseWriter, _ *http.Request) { gigabyte(w) },
		"gzip bomb": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			gigabyte(gzip.NewWriter(w))
		},
		"leads away": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere, http.StatusFound) },
		"leads to the cloud's metadata": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://169.254.169.254/latest/", http.StatusTemporaryRedirect)
		},
		"leads in a circle": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/"+target.Fresh("r"), http.StatusTemporaryRedirect)
		},
		"headers without end": func(w http.ResponseWriter, _ *http.Request) {
			for i := range 4000 {
				w.Header().Set(fmt.Sprintf("X-H-%d", i), strings.Repeat("h", 1000))
			}
		},
		"links without end": link,
		"breaks off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000000")
			if _, err := w.Write([]byte("half")); err != nil {
				return
			}
			panic(http.ErrAbortHandler)
		},
		"200 to everything": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "fine") },
	}
}

// hostileConfig is the leaky shop's, with bounds that a hostile target uses up soon.
func hostileConfig(t *testing.T, url string) *target.Config {
	t.Helper()
	c, err := target.Read(strings.NewReader(leaky.Config(url)))
	if err != nil {
		t.Fatal(err)
	}
	c.Target.Seconds, c.Target.MaxRequests, c.Target.MaxMinutes = 0.3, 30, 1
	for i := range c.Races {
		c.Races[i].Parallel, c.Races[i].Rounds = 4, 1
	}
	return c
}

var hostileEngines = map[string]liveEngine{
	"race":    attackRace,
	"webhook": attackWebhook,
	"smoke": func(ctx context.Context, c *target.Config, show func(int, string)) (*finding.Report, error) {
		return live.Smoke(ctx, live.Options{Config: c, Progress: show})
	},
	"crawl": func(ctx context.Context, c *target.Config, _ func(int, string)) (*finding.Report, error) {
		p, err := begin.Crawl(ctx, c, "")
		if err == nil && len(p.Routes) > 500 {
			err = fmt.Errorf("%d routes were taken", len(p.Routes))
		}
		return nil, err
	},
}

// withinBounds runs an engine, and holds what it sent and how much memory it took against the bounds.
func withinBounds(t *testing.T, engine liveEngine, c *target.Config) (*finding.Report, error) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := engine(t.Context(), c, func(int, string) {})
	runtime.ReadMemStats(&after)
	if r != nil && len(r.Did) > 60 {
		t.Errorf("%d requests were sent, and 30 were allowed", len(r.Did))
	}
	if grown := int64(after.HeapInuse) - int64(before.HeapInuse); grown > 160<<20 {
		t.Errorf("the heap has grown by %d MB", grown>>20)
	}
	return r, err
}

// A target that hangs, floods, leads away or never ends is left within the bounds. Nothing is called clean that could not be tried.
func TestHostileTargetsOfEveryEngine(t *testing.T) {
	var led atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { led.Add(1) }))
	t.Cleanup(other.Close)
	for name, h := range hostileTargets(other.URL) {
		for engine, run := range hostileEngines {
			t.Run(engine+" "+name, func(t *testing.T) {
				server := httptest.NewUnstartedServer(h)
				server.Config.ErrorLog = nil
				server.Start()
				t.Cleanup(func() { server.CloseClientConnections() })
				r, err := withinBounds(t, run, hostileConfig(t, server.URL))
				if engine == "crawl" || err != nil {
					return // a crawl of such a target finds little, and an error is an answer
				}
				for _, f := range r.Findings {
					if f.Rule != "smoke-down" {
						t.Errorf("%s is found on %s: %+v", f.Rule, f.Object, f.Proof)
					}
				}
				if len(r.Findings)+len(r.NotTested) == 0 {
					t.Error("the target is called clean")
				}
			})
		}
	}
	if n := led.Load(); n > 0 {
		t.Errorf("another host was asked %d times", n)
	}
}

// resets speaks HTTP/2 and takes every request back, or says goodbye.
func resets(t *testing.T, goodbye bool) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	serve := func(c net.Conn) {
		defer c.Close()
		head := make([]byte, len(http2.ClientPreface))
		if _, err := io.ReadFull(c, head); err != nil {
			return
		}
		if string(head) != http2.ClientPreface { // what comes first, to see whether somebody is there
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			return
		}
		f := http2.NewFramer(c, c)
		if f.WriteSettings() != nil {
			return
		}
		for {
			frame, err := f.ReadFrame()
			if err != nil {
				return
			}
			if h, ok := frame.(*http2.HeadersFrame); ok {
				if goodbye {
					_ = f.WriteGoAway(0, http2.ErrCodeEnhanceYourCalm, nil)
					return
				}
				if f.WriteRSTStream(h.StreamID, http2.ErrCodeRefusedStream) != nil {
					return
				}
			}
		}
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serve(c)
		}
	}()
	return "http://" + l.Addr().String()
}

func TestHTTP2ThatTakesEverythingBack(t *testing.T) {
	for name, goodbye := range map[string]bool{"resets": false, "goodbye": true} {
		t.Run(name, func(t *testing.T) {
			c := hostileConfig(t, resets(t, goodbye))
			for i := range c.Races {
				c.Races[i].HTTP2 = true
			}
			r, err := withinBounds(t, attackRace, c)
			if err == nil && (len(r.Findings) > 0 || len(r.NotTested) == 0) {
				t.Errorf("found %v, not tested %v", r.Findings, r.NotTested)
			}
		})
	}
}
