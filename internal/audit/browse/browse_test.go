package browse

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// playOn runs a flow on a server, and gives up after a while.
func playOn(t *testing.T, h http.Handler, f Flow, allowed int64) (*Seen, error) {
	t.Helper()
	path, err := Browser()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.CloseClientConnections)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	dial := func(ctx context.Context) (net.Conn, error) { return new(net.Dialer).DialContext(ctx, "tcp", u.Host) }
	var n atomic.Int64
	door, err := OpenDoor(u, dial, func(string) error {
		if n.Add(1) > allowed {
			return errors.New("no more")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := door.Close(); err != nil {
			t.Error(err)
		}
	})
	f.Address = server.URL
	return Run(t.Context(), path, door, f)
}

// A page that reaches for other hosts, asks questions and fills the storage stays where it is.
func TestPageThatReachesOut(t *testing.T) {
	t.Parallel()
	var led atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { led.Add(1) }))
	t.Cleanup(other.Close)
	seen, err := playOn(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<img src="%[1]s/a"><script>
			fetch("%[1]s/b", {mode: "no-cors"}).catch(() => {});
			new WebSocket("%[2]s/c");
			localStorage.setItem("theme", "dark");
			alert("are you there?"); confirm("sure?");
			sessionStorage.setItem("after", "questions");
		</script>`, other.URL, strings.Replace(other.URL, "http", "ws", 1))
	}), Flow{Start: "/"}, 100)
	if err != nil {
		t.Fatal(err)
	}
	if n := led.Load(); n > 0 {
		t.Errorf("another host was asked %d times", n)
	}
	if !slices.Contains(seen.Refused, strings.TrimPrefix(other.URL, "http://")) {
		t.Errorf("refused %q, want the other host", seen.Refused)
	}
	if seen.Local["theme"] != "dark" || seen.Session["after"] != "questions" {
		t.Errorf("storage %v %v", seen.Local, seen.Session)
	}
}

// A page that never rests, floods or asks for ever is left within the bounds.
func TestPagesWithoutAnEnd(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]http.HandlerFunc{
		"reloads": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprintf(w, `<script>setTimeout(() => location.href = "/%d", 50)</script>`, time.Now().UnixNano())
		},
		"floods": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			chunk := []byte(strings.Repeat("x", 1<<16))
			for range 16 << 10 {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		},
		"is gone": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen, err := playOn(t, h, Flow{Start: "/", Proves: "/", Contains: "what no page says", Longest: 15 * time.Second}, 60)
			if err == nil {
				t.Errorf("it is called done: %+v", seen)
			}
			if seen != nil && len(seen.Pages) > 100 {
				t.Errorf("%d pages were opened, and 60 requests were allowed", len(seen.Pages))
			}
		})
	}
}

func TestFormThatIsNotThere(t *testing.T) {
	t.Parallel()
	_, err := playOn(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<form><input name="email"></form>`)
	}), Flow{Start: "/", Fields: map[string]string{"password": "x"}}, 20)
	if err == nil || !strings.Contains(err.Error(), `no field "password"`) {
		t.Errorf("%v, want the name of the field", err)
	}
}
