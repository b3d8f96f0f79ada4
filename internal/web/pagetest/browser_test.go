package pagetest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/tijorihq/tijori/internal/web/static"
)

// look returns what a real browser finds wrong with the page that is open:
// width, contrast, small targets, names that are missing.
const look = `(() => {
	const wrong = [];
	const name = (e) => e.tagName.toLowerCase() + "." +
		String(e.className?.baseVal ?? e.className).trim().split(/\s+/).join(".") +
		" “" + (e.textContent || "").trim().slice(0, 30) + "”";
	const width = document.documentElement.scrollWidth;
	if (width > innerWidth) wrong.push("wider than the screen: " + width);
	const lum = (c) => {
		const [r, g, b] = c.map((v) => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
		return .2126 * r + .7152 * g + .0722 * b;
	};
	const parse = (s) => (s.match(/[\d.]+/g) || []).map(Number);
	const behind = (e) => {
		for (; e; e = e.parentElement) {
			const c = parse(getComputedStyle(e).backgroundColor);
			if (c.length === 3 || c[3] === 1) return c.slice(0, 3);
		}
		return [255, 255, 255];
	};
	const shown = (e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) &&
		!e.closest(".sr, .skip");
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) {
		const e = walk.currentNode.parentElement;
		if (!walk.currentNode.textContent.trim() || !shown(e) || e.closest("[aria-hidden=true]")) continue;
		const s = getComputedStyle(e), size = parseFloat(s.fontSize);
		const [a, b] = [lum(parse(s.color).slice(0, 3)), lum(behind(e))].sort((x, y) => y - x);
		const ratio = (a + .05) / (b + .05), large = size >= 24 || size >= 18.66 && s.fontWeight >= 700;
		if (ratio < (large ? 3 : 4.5)) wrong.push("contrast " + ratio.toFixed(2) + ": " + name(e));
		if (size < 12) wrong.push("letters of " + size + " px: " + name(e));
	}
	for (const e of document.querySelectorAll("a, button, input:not([type=hidden]), select, textarea, summary")) {
		if (!shown(e)) continue;
		const r = e.getBoundingClientRect(), inline = getComputedStyle(e).display === "inline";
		const target = e.closest("label.choice, label.chip")?.getBoundingClientRect() ?? r;
		if (!inline && target.height < 43.5 && !e.closest("p, small, .field-link")) {
			wrong.push("target of " + target.height.toFixed(0) + " px: " + name(e));
		}
		if (!inline && target.height < 23.5) wrong.push("tiny target: " + name(e));
		const label = e.getAttribute("aria-label") || e.textContent.trim() ||
			[...e.labels ?? []].map((l) => l.textContent.trim()).join("");
		if (!label) wrong.push("no name: " + name(e));
	}
	return wrong;
})()`

// TestInBrowser looks at every page as a small phone in daylight and a desktop
// at night do; with TIJORI_PAGES, only at those whose names have that in them.
func TestInBrowser(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(pages())
	t.Cleanup(srv.Close)
	ctx := tab(t)
	if err := chromedp.Do(ctx, withAxe(t)); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, screen := range []struct {
		width         int64
		theme, locale string
		axe           bool
	}{
		{320, "dark", "hi", true},
		{320, "light", "en", false},
		{1280, "light", "en", true},
		{1280, "dark", "hi", false},
	} {
		if err := chromedp.Do(ctx, as(screen.width, screen.theme)); err != nil {
			t.Fatal(err)
		}
		for _, s := range All(screen.locale) {
			if !strings.Contains(s.Name, os.Getenv("TIJORI_PAGES")) {
				continue
			}
			seen++
			if err := chromedp.Do(ctx, chromedp.Navigate(fmt.Sprintf("%s/show/%s/%s", srv.URL, screen.locale,
				s.Name))); err != nil {
				t.Fatal(err)
			}
			wrong, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](look))
			if err != nil {
				t.Fatal(err)
			}
			if screen.axe {
				wrong = append(wrong, findings(ctx, t)...)
			}
			for _, w := range wrong {
				t.Errorf("%s in %s, %d px, %s: %s", s.Name, screen.locale, screen.width, screen.theme, w)
			}
		}
	}
	if seen == 0 {
		t.Error("no page has that name")
	}
}

// tab opens a browser with one tab.
func tab(t *testing.T) context.Context {
	t.Helper()
	path, err := Browser()
	if err != nil {
		t.Fatal(err)
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.ExecPath(path),
		chromedp.UserDataDir(t.TempDir()))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return ctx
}

// as makes the browser a screen of a width and theme.
func as(width int64, theme string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: width, Height: 800, DeviceScaleFactor: 1, Mobile: width < 700,
		})
		if err != nil {
			return err
		}
		_, err = cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{
				{Name: "prefers-color-scheme", Value: theme},
				{Name: "prefers-reduced-motion", Value: "reduce"},
			},
		})
		return err
	})
}

// pages serves the samples below /show, under the policy of the real server.
func pages() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(static.Prefix, static.Handler())
	mux.HandleFunc("POST /pay", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNoContent) // the page stays
	})
	mux.HandleFunc("GET /show/{locale}/{name}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'self'")
		for _, s := range All(r.PathValue("locale")) {
			if s.Name == r.PathValue("name") {
				s.Page.Render(r.Context(), w)
				return
			}
		}
		http.Error(w, "no page "+strings.ToLower(r.URL.Path), http.StatusNotFound)
	})
	return mux
}
