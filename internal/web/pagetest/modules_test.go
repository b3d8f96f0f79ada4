package pagetest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// eventually asks the page until a script says true.
func eventually(script string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		for start := time.Now(); time.Since(start) < 2*time.Minute; time.Sleep(50 * time.Millisecond) {
			ok, err := chromedp.Evaluate[bool](script)(ctx, t)
			if err != nil || ok {
				return err
			}
		}
		return fmt.Errorf("never true: %s", script)
	})
}

// TestModules drives what JavaScript adds to the pages.
func TestModules(t *testing.T) {
	t.Parallel()
	var asked, posted, searched atomic.Int64
	answer := make(chan struct{}) // closed when a posted form may be answered
	mux := http.NewServeMux()
	mux.Handle("/", pages())
	mux.HandleFunc("GET /marker", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /api/billing/me", func(w http.ResponseWriter, r *http.Request) {
		tier := "free"
		if asked.Add(1) > 1 {
			tier = "pro"
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"tier":%q}`, tier)
	})
	mux.HandleFunc("POST /b/", func(w http.ResponseWriter, r *http.Request) {
		posted.Add(1)
		select {
		case <-answer:
		case <-r.Context().Done():
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /b/{business}", func(w http.ResponseWriter, r *http.Request) {
		searched.Add(1)
		for _, s := range All("en") {
			if s.Name == "parties-none-found" {
				s.Page.Render(r.Context(), w)
			}
		}
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	at := func(name string) chromedp.Action[chromedp.Void] {
		return chromedp.Navigate(srv.URL + "/show/en/" + name)
	}
	ctx := tab(t)

	t.Run("the page turns when the plan is in force", func(t *testing.T) {
		err := chromedp.Do(ctx, at("paid-waiting"),
			eventually(`!document.querySelector("[data-when=waiting]").hidden && document.querySelector("[data-when=done]").hidden`),
			eventually(`document.querySelector("[data-when=waiting]").hidden && !document.querySelector("[data-when=done]").hidden`))
		if err != nil {
			t.Error(err)
		}
	})
	t.Run("the amount adds up", func(t *testing.T) {
		for typed, want := range map[string]string{
			"250+90": "= ₹340", "1,00,000+0.5": "= ₹1,00,000.50", "५००-20": "= ₹480", "2x": "", "5-9": "", "1.234": "",
			"123456789": "= ₹12,34,56,789",
		} {
			err := chromedp.Do(ctx, at("entry-gave"), chromedp.SetValue(chromedp.CSS("#amount"), typed),
				eventually(`document.getElementById("amount").dispatchEvent(new Event("input", {bubbles: true}))`),
				eventually(fmt.Sprintf(`document.querySelector("[data-sum]").textContent === %q`, want)))
			if err != nil {
				t.Errorf("%s: %v", typed, err)
			}
		}
	})
	t.Run("a double tap is one request", func(t *testing.T) {
		err := chromedp.Do(ctx, at("entry-gave"), eventually(`(() => {
			const b = document.querySelector(".save-bar [type=submit]");
			b.click(); b.click(); b.click();
			return b.getAttribute("aria-disabled") === "true";
		})()`), chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			for posted.Load() == 0 && ctx.Err() == nil {
				runtime.Gosched()
			}
			close(answer)
			return ctx.Err()
		}), chromedp.Func(func(ctx context.Context, t *chromedp.Target) error { // what the taps sent went out before it
			_, err := chromedp.Evaluate[bool](`fetch("/marker").then((r) => r.ok)`, chromedp.EvalAwaitPromise)(ctx, t)
			return err
		}))
		if err != nil || posted.Load() != 1 {
			t.Errorf("%d requests (%v), want 1", posted.Load(), err)
		}
	})
	t.Run("the list follows the search", func(t *testing.T) {
		err := chromedp.Do(ctx, at("parties"),
			// The slash itself must not be typed: the event says so.
			eventually(`!document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "/", bubbles: true, cancelable: true })) && document.activeElement.id === "q"`), chromedp.SendKeys(chromedp.CSS("#q"), "zeb"),
			eventually(`document.getElementById("list").textContent.includes("Nobody found")`),
			eventually(`location.search === "?q=zeb"`))
		if err != nil || searched.Load() == 0 {
			t.Errorf("%d searches: %v", searched.Load(), err)
		}
	})
	t.Run("g opens an entry", func(t *testing.T) {
		err := chromedp.Do(ctx, at("party"), chromedp.KeyEvent("g"), eventually(`location.search === "?side=given"`))
		if err != nil {
			t.Error(err)
		}
	})
}
