package journey

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

var chrome struct {
	sync.Once
	ctx    context.Context
	cancel []context.CancelFunc
	dir    string
	err    error
}

// openBrowser starts one browser for all tests; each visitor has a context of their own in it.
func openBrowser(t testing.TB) context.Context {
	t.Helper()
	chrome.Do(func() {
		path := os.Getenv("TIJORI_BROWSER")
		for _, name := range []string{"chromium-headless-shell", "chromium", "google-chrome-stable", "google-chrome"} {
			if found, err := exec.LookPath(name); err == nil && path == "" {
				path = found
			}
		}
		if path == "" {
			chrome.err = fmt.Errorf("no browser on PATH; `make test` sets one up, or set TIJORI_BROWSER")
			return
		}
		if chrome.dir, chrome.err = os.MkdirTemp("", "tijori-browser"); chrome.err != nil {
			return
		}
		opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
			chromedp.DisableGPU, chromedp.UserDataDir(chrome.dir),
			chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking",
				true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))
		ctx, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
		chrome.cancel = append(chrome.cancel, cancel)
		ctx, cancel = chromedp.NewContext(ctx)
		chrome.cancel = append(chrome.cancel, cancel)
		chrome.ctx, chrome.err = ctx, chromedp.Do(ctx)
	})
	if chrome.err != nil {
		t.Fatalf("open a browser: %v", chrome.err)
	}
	return chrome.ctx
}

func closeBrowser() {
	for i := len(chrome.cancel) - 1; i >= 0; i-- {
		chrome.cancel[i]()
	}
	if chrome.dir != "" {
		_ = os.RemoveAll(chrome.dir) // the browser may still write to it while it ends
	}
}

// A visitor is a person with a phone: cookies of their own, 360 px wide.
type visitor struct {
	*testing.T
	ctx   context.Context
	base  string
	name  string
	shots int
	mu    sync.Mutex
	said  []string // errors on the console
	seen  map[string]bool
}

func visit(t *testing.T, s *server, name string) *visitor {
	t.Helper()
	ctx, cancel := chromedp.NewContext(openBrowser(t), chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	v := &visitor{T: t, ctx: ctx, base: s.url, name: name, seen: map[string]bool{}}
	v.do(v.screen(360))
	console := chromedp.Console(ctx)
	go func() {
		for m, err := range console {
			if err != nil {
				return
			}
			// A page that is answered with 403 or 404 on purpose is told there as well.
			if (m.IsException() || m.Type == "error") && !strings.Contains(m.Text,
				"Failed to load resource: the server responded with a status of 4") {
				v.mu.Lock()
				v.said = append(v.said, m.String())
				v.mu.Unlock()
			}
		}
	}()
	t.Cleanup(func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		for _, s := range v.said {
			t.Errorf("%s: the console says %s", name, s)
		}
	})
	return v
}

func (v *visitor) screen(width int64) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, emulation.SetDeviceMetricsOverride,
			emulation.SetDeviceMetricsOverrideParams{
				Width: width, Height: 780, DeviceScaleFactor: 1,
				Mobile: true,
			}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia,
			emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{
				Name:  "prefers-reduced-motion",
				Value: "reduce",
			}}})
		return err
	})
}

func (v *visitor) do(steps ...chromedp.Action[chromedp.Void]) {
	v.Helper()
	if err := chromedp.Do(v.ctx, steps...); err != nil {
		v.shoot("failed")
		v.Fatalf("%s on %s: %v\n%.1500s", v.name, v.at(), err, v.text())
	}
}

func eval[T any](v *visitor, script string) T {
	v.Helper()
	got, err := chromedp.Run(v.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		v.Fatalf("%s: %.200s: %v", v.name, script, err)
	}
	return got
}

// open goes to a path of the server, as by typing it, and returns the status.
func (v *visitor) open(path string) int {
	v.Helper()
	res, err := chromedp.Run(v.ctx, chromedp.NavigateResponse(v.base+path))
	if err != nil {
		v.Fatalf("%s opens %s: %v", v.name, path, err)
	}
	v.inspect()
	return int(res.Status)
}

// press clicks what is visible and says so, and waits for the page that it leads to.
func (v *visitor) press(text string) {
	v.Helper()
	v.leave(func() {
		v.click(`//*[(self::a or self::button) and contains(normalize-space(.), "` + text + `")]`)
	})
}

// click clicks the first thing of an XPath that can be seen.
func (v *visitor) click(xpath string) {
	v.Helper()
	found := v.eventually(`(() => {
		const all = document.evaluate(`+quoted(xpath)+`, document, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE, null);
		for (let i = 0; i < all.snapshotLength; i++) {
			const e = all.snapshotItem(i);
			if (!e.checkVisibility({ visibilityProperty: true })) continue;
			document.querySelectorAll("[data-pressed]").forEach((x) => delete x.dataset.pressed);
			e.dataset.pressed = "1";
			return true;
		}
		return false;
	})()`, 2*time.Minute)
	if !found {
		v.shoot("failed")
		v.Fatalf("%s finds nothing to click for %s on %s:\n%.1500s", v.name, xpath, v.at(), v.text())
	}
	v.do(chromedp.Click(chromedp.CSS("[data-pressed]"), chromedp.NodeVisible))
}

// leave waits for the page after an act, and looks at it.
func (v *visitor) leave(act func()) {
	v.Helper()
	eval[bool](v, `window.tijoriOldPage = true`)
	act()
	if !v.eventually(`!window.tijoriOldPage && document.readyState === "complete"`, 2*time.Minute) {
		v.shoot("failed")
		v.Fatalf("%s stays on %s:\n%.1500s", v.name, v.at(), v.text())
	}
	v.inspect()
}

// eventually asks until a script says true. Scripts fail while a page changes; then it asks again.
func (v *visitor) eventually(script string, most time.Duration) bool {
	for end := time.Now().Add(most); time.Now().Before(end); time.Sleep(40 * time.Millisecond) {
		if ok, err := chromedp.Run(v.ctx, chromedp.Evaluate[bool](script)); err == nil && ok {
			return true
		}
	}
	return false
}

func (v *visitor) fill(field, value string) {
	v.Helper()
	sel := chromedp.CSS(`input[name="` + field + `"], textarea[name="` + field + `"]`)
	v.do(chromedp.Clear(sel), chromedp.SendKeys(sel, value))
}

func (v *visitor) choose(field, value string) {
	v.Helper()
	v.do(chromedp.SetValue(chromedp.CSS(`select[name="`+field+`"]`), value))
}

func (v *visitor) at() string {
	at, err := chromedp.Run(v.ctx, chromedp.Location())
	if err != nil {
		return err.Error()
	}
	return strings.TrimPrefix(at, v.base)
}

func (v *visitor) text() string {
	text, err := chromedp.Run(v.ctx, chromedp.Evaluate[string](`document.body.innerText`))
	if err != nil {
		return err.Error()
	}
	return text
}

func (v *visitor) wants(text string) {
	v.Helper()
	if !v.eventually(`document.body.innerText.replaceAll("\u00a0", " ").includes(`+quoted(text)+`)`, 2*time.Minute) {
		v.shoot("failed")
		v.Fatalf("%s does not read %q on %s:\n%.1500s", v.name, text, v.at(), v.text())
	}
}

// overflows names what reaches beyond the right edge of the screen, the inner ones.
const overflows = `(() => {
	const beyond = (e) => e.localName !== "svg" && e.getBoundingClientRect().right > innerWidth;
	return [...document.querySelectorAll("body :not(svg *)")]
		.filter((e) => e.checkVisibility() && beyond(e) && ![...e.children].some(beyond))
		.map((e) => e.tagName.toLowerCase() + " “" + e.textContent.trim().slice(0, 40) + "”").slice(0, 8).join(", ");
})()`

// inspect looks at the page that is open, once for each that looks different, at 360 and 320 px.
func (v *visitor) inspect() {
	v.Helper()
	if !strings.HasPrefix(v.at(), "/") {
		return // the simulated provider's
	}
	if !v.eventually(`!!document.documentElement && document.readyState === "complete"`, 2*time.Minute) {
		v.Fatalf("%s: %s is not loaded", v.name, v.at()) // it may turn by itself
	}
	key := eval[string](v,
		`document.documentElement.lang + " " + location.pathname.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "ID").replace(/[^/]{40,}/, "TOKEN") + " " + document.title`)
	if v.seen[key] {
		return
	}
	v.seen[key] = true
	for _, wrong := range eval[[]string](v, look) {
		v.Errorf("%s on %s: %s", v.name, key, wrong)
	}
	v.shoot(strings.NewReplacer("/", "-", " ", "_", "·", "").Replace(key))
	v.do(v.screen(320))
	if wide := eval[int](v, `document.documentElement.scrollWidth`); wide > 320 {
		v.Errorf("%s on %s: %d px wide on a screen of 320: %s", v.name, key, wide, eval[string](v, overflows))
	}
	v.do(v.screen(360))
}

// shoot keeps a picture when TIJORI_SHOTS names a folder for them.
func (v *visitor) shoot(what string) {
	dir := os.Getenv("TIJORI_SHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(v.ctx, chromedp.FullScreenshot(90))
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err == nil {
		v.shots++
		err = os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%02d-%.80s.jpg", v.name, v.shots, what)), png, 0o644)
	}
	if err != nil {
		v.Logf("take a picture: %v", err)
	}
}

func quoted(s string) string { return fmt.Sprintf("%q", s) }
