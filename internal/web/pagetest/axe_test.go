package pagetest

import (
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// axeFile is where scripts/setup-test puts axe-core, of the version that it names.
const axeFile = "axe-core-4.14.1.js"

// withAxe puts axe-core into every page that a tab opens from now on.
func withAxe(t *testing.T) chromedp.Action[chromedp.Void] {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(filepath.Join(cache, "tijori", axeFile))
	if err != nil {
		t.Fatalf("axe-core is missing; scripts/setup-test fetches it: %v", err)
	}
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, page.AddScriptToEvaluateOnNewDocument,
			page.AddScriptToEvaluateOnNewDocumentParams{Source: string(source)})
		return err
	})
}

// axe returns what axe-core finds against WCAG 2.2 AA and its own list of good habits, one line each.
const axe = `(async () => {
	const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
	const options = { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] };
	const { violations } = await window.axe.run(document, options);
	const why = (n) => (n.any[0] ?? n.all[0] ?? n.none[0])?.message;
	return violations.flatMap((v) => v.nodes.map((n) => v.id + ": " + n.html.slice(0, 160) + " " + why(n)));
})()`

func findings(ctx context.Context, t *testing.T) []string {
	t.Helper()
	found, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](axe, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestAxeSees holds that a page which is wrong is found wrong: without its label, too pale, with a picture of no words.
func TestAxeSees(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(pages())
	t.Cleanup(srv.Close)
	ctx := tab(t)
	for rule, spoil := range map[string]string{
		"label":          `document.querySelector("label[for=email]").remove()`,
		"color-contrast": `document.querySelector("h1").style.color = getComputedStyle(document.body).backgroundColor`,
		"image-alt":      `document.querySelector("main").append(new Image())`,
		"html-has-lang":  `document.documentElement.removeAttribute("lang")`,
	} {
		if err := chromedp.Do(ctx, withAxe(t), as(1280, "light"),
			chromedp.Navigate(srv.URL+"/show/en/login")); err != nil {
			t.Fatal(err)
		}
		if found := findings(ctx, t); len(found) > 0 {
			t.Errorf("before it is spoiled the page has %q", found)
		}
		if _, err := chromedp.Run(ctx, chromedp.Evaluate[string]("("+spoil+", '')")); err != nil {
			t.Fatal(err)
		}
		if found := strings.Join(findings(ctx, t), "\n"); !strings.Contains(found, rule+": ") {
			t.Errorf("%s is not found: %q", rule, found)
		}
	}
}
