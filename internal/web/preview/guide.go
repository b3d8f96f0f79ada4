package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/tijorihq/tijori/internal/web/pagetest"
)

// A scene is one picture of the guide: where it is, and what is done there before it is taken.
type scene struct {
	name, at string
	wide     bool
	first    string // script; its promise is waited for
	ready    string // script that says true
}

// typed fills in a field as keys do.
const typed = `const put = (e, v) => { e.value = v; e.dispatchEvent(new Event("input", { bubbles: true })); };`

// scenes stand in the order of the guide. {shop} and {party} are the demonstration's.
var scenes = []scene{
	{name: "parties", at: "{shop}"},
	{name: "party", at: "{party}"},
	{
		name: "entry", at: "{party}/entries/new?side=given",
		first: typed + `put(document.getElementById("amount"), "250+90"); document.activeElement.blur();`,
		ready: `document.querySelector("[data-sum]").textContent !== ""`,
	},
	{name: "remind", at: "{party}/remind"},
	{name: "statement", at: "{party}/statement"},
	{name: "reports", at: "{shop}/reports"},
	{
		name: "waiting", at: "/offline?lang={lang}", first: `
		const me = await store.who(), seen = await store.seen(me.user), p = seen[0];
		await store.keep({ ...p, id: store.newID(), side: "given", amount: "340",
		    date: new Date().toISOString().slice(0, 10), note: "", state: "", at: Date.now() });
		dispatchEvent(new CustomEvent("waiting"));`,
		ready: `document.querySelectorAll("[data-entries] li").length === 1`,
	},
	{
		name: "grid", at: "{shop}/grid", wide: true,
		first: `for (const x of await store.waiting((await store.who()).user)) await store.drop(x.id);`,
	},
}

// guide takes the pictures of docs/khata.md from a demonstration that runs at base: one folder a language.
func guide(base, dir string) error {
	browser, err := pagetest.Browser()
	if err != nil {
		return err
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(),
		append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.ExecPath(browser))...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	if err := enter(ctx, base); err != nil {
		return fmt.Errorf("open the demonstration: %w", err)
	}
	for _, lang := range []string{"en", "hi"} {
		if err := speak(ctx, base, lang); err != nil {
			return fmt.Errorf("change the language: %w", err)
		}
		places, err := chromedp.Run(ctx,
			chromedp.Evaluate[[]string](`[location.pathname, document.querySelector("li.has-remind a.row").pathname]`))
		if err != nil {
			return fmt.Errorf("find the demonstration's parties: %w", err)
		}
		if err := os.MkdirAll(filepath.Join(dir, lang), 0o755); err != nil {
			return err
		}
		for _, s := range scenes {
			if err := s.take(ctx, base, filepath.Join(dir, lang, s.name+".webp"), map[string]string{
				"shop":  places[0],
				"party": places[1], "lang": lang,
			}); err != nil {
				return fmt.Errorf("picture %s in %s: %w", s.name, lang, err)
			}
		}
	}
	return nil
}

// enter presses the button of the landing page that opens the demonstration.
func enter(ctx context.Context, base string) error {
	return chromedp.Do(ctx, chromedp.Navigate(base+"/"), chromedp.Click(chromedp.CSS(`form[action="/dev/demo"] button`),
		chromedp.NodeVisible), until(`location.pathname !== "/" || document.body.classList.contains("in")`))
}

// speak changes the language and goes to the demonstration's first shop.
func speak(ctx context.Context, base, lang string) error {
	return chromedp.Do(ctx, chromedp.Navigate(base+"/settings"), until(`document.readyState === "complete"`),
		chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			_, err := chromedp.Evaluate[string](fmt.Sprintf(`(document.documentElement.lang !== %q && document.querySelector('form[action="/language"]').submit(), "")`, lang))(ctx, t)
			return err
		}), until(fmt.Sprintf(`document.documentElement.lang === %q && document.readyState === "complete"`, lang)),
		chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			_, err := chromedp.Evaluate[string](`(location.assign(document.querySelector(".switch .menu-body a").href), "")`)(ctx, t)
			return err
		}), until(`!!document.querySelector("li.has-remind a.row")`))
}

func (s scene) take(ctx context.Context, base, file string, places map[string]string) error {
	at := strings.NewReplacer("{shop}", places["shop"], "{party}", places["party"], "{lang}",
		places["lang"]).Replace(s.at)
	script := "(async () => {" + s.first + "\nreturn ''; })()"
	ready := "document.readyState === 'complete'"
	if s.ready != "" {
		ready += " && " + s.ready
	}
	steps := []chromedp.Action[chromedp.Void]{
		screen(s.wide), chromedp.Navigate(base + at),
		until(`document.readyState === "complete"`),
	}
	steps = append(steps, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise)(ctx, t)
		return err
	}), until(ready))
	if err := chromedp.Do(ctx, steps...); err != nil {
		return err
	}
	var picture []byte
	err := chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		shot, err := cdp.Call(ctx, t, page.CaptureScreenshot, page.CaptureScreenshotParams{
			Format:  "webp",
			Quality: new(int64(82)),
		})
		picture = shot.Data
		return err
	}))
	if err != nil {
		return err
	}
	return os.WriteFile(file, picture, 0o644)
}

// screen is a phone, or a desktop.
func screen(wide bool) chromedp.Action[chromedp.Void] {
	size := emulation.SetDeviceMetricsOverrideParams{Width: 360, Height: 740, DeviceScaleFactor: 1.5, Mobile: true}
	if wide {
		size = emulation.SetDeviceMetricsOverrideParams{Width: 1180, Height: 620, DeviceScaleFactor: 1}
	}
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, emulation.SetDeviceMetricsOverride, size); err != nil {
			return err
		}
		if _, err := cdp.Call(ctx, t, emulation.SetTouchEmulationEnabled,
			emulation.SetTouchEmulationEnabledParams{Enabled: !wide}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia,
			emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{
				Name:  "prefers-color-scheme",
				Value: "light",
			}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
		return err
	})
}

// until asks the page until a script says true.
func until(script string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			if ok, err := chromedp.Evaluate[bool](script)(ctx, t); err == nil && ok { // fails while a page changes
				return nil
			}
		}
		return fmt.Errorf("never true: %s", script)
	})
}
