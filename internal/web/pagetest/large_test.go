package pagetest

import (
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp"
)

// cramped finds what large letters do to a list: names that are cut, that break inside words or have less than half of
// the row, and figures that run over an edge.
const cramped = `(() => {
	document.documentElement.style.fontSize = "%d%%";
	const wrong = [];
	if (document.documentElement.scrollWidth > innerWidth)
		wrong.push("wider than the screen: " + document.documentElement.scrollWidth);
	for (const row of document.querySelectorAll(".people .row")) {
		const name = row.querySelector("strong"), box = name.getBoundingClientRect(), all = row.getBoundingClientRect();
		const text = name.textContent;
		if (name.scrollWidth > name.clientWidth + 1 || name.scrollHeight > name.clientHeight + 2)
			wrong.push("a name is cut: " + text);
		const sum = row.querySelector(".bal")?.getBoundingClientRect();
		if (sum && (sum.right > all.right + 1 || sum.left < all.left - 1))
			wrong.push("a figure runs out of its row: " + text);
		if (sum && sum.top < box.top - 8 && sum.bottom < box.top)
			wrong.push("a figure stands before the name: " + text);
		const range = document.createRange(), letters = name.firstChild;
		for (const word of text.matchAll(/\S+/g)) {
			if (word[0].length > 9) continue; // such a word may have to break at the largest letters
			range.setStart(letters, word.index);
			range.setEnd(letters, word.index + word[0].length);
			if (new Set([...range.getClientRects()].map((r) => Math.round(r.top / 8))).size > 1)
				wrong.push("a name breaks inside a word: " + text);
		}
	}
	for (const sum of document.querySelectorAll(".total strong")) {
		const box = sum.parentElement.getBoundingClientRect(), range = document.createRange();
		range.selectNodeContents(sum);
		if (range.getBoundingClientRect().right > box.right + 1)
			wrong.push("a total runs out of its card: " + sum.textContent);
	}
	return wrong;
})()`

// TestLargeLetters holds that the list survives letters twice as large on the narrowest phone: the name comes first.
func TestLargeLetters(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(pages())
	t.Cleanup(srv.Close)
	ctx := tab(t)
	for _, width := range []int64{320, 360} {
		for _, size := range []int{100, 130, 150, 200} {
			for _, locale := range []string{"en", "hi"} {
				for _, page := range []string{"parties", "parties-free", "parties-rich", "parties-counter"} {
					if err := chromedp.Do(ctx, as(width, "light"),
						chromedp.Navigate(srv.URL+"/show/"+locale+"/"+page)); err != nil {
						t.Fatal(err)
					}
					wrong, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](fmt.Sprintf(cramped, size)))
					if err != nil {
						t.Fatal(err)
					}
					for _, x := range wrong {
						t.Errorf("%s in %s, %d px, letters of %d %%: %s", page, locale, width, size, x)
					}
				}
			}
		}
	}
}
