package card_test

import (
	"bytes"
	"image/png"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tijorihq/tijori/internal/ledger/export/card"
)

func draw(t testing.TB, c card.Card) []byte {
	t.Helper()
	file, err := card.PNG(c)
	if err != nil {
		t.Fatal(err)
	}
	shown, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if b := shown.Bounds(); b.Dx() != card.Width || b.Dy() != card.Height {
		t.Fatalf("the picture is %v", b)
	}
	if len(file) > 200<<10 {
		t.Fatalf("the picture of %+v has %d bytes, more than a messenger fetches", c, len(file))
	}
	// The cover and the margins stay free, whatever is written.
	for y := range card.Height {
		for _, x := range []int{10, 60, card.Width - 20, card.Width - 60} {
			if inside := x > 80 && x < card.Width-36 && y >= 36 && y < card.Height-36; inside {
				if r, g, b, _ := shown.At(x, y).RGBA(); r>>8 != 0xff || g>>8 != 0xfd || b>>8 != 0xf8 {
					t.Fatalf("%+v writes into the margin at %d, %d", c, x, y)
				}
			} else if r, _, _, _ := shown.At(x, y).RGBA(); r>>8 != 0x8e {
				t.Fatalf("%+v writes on the cover at %d, %d", c, x, y)
			}
		}
	}
	return file
}

// A picture says what it is made of: another word makes another picture, and the same ones the same.
func TestCard(t *testing.T) {
	t.Parallel()
	one := card.Card{
		Shop: "श्री कृष्ण किराना स्टोर", Word: "आप पर बाकी", Figure: "₹3,450",
		Foot: "हिसाब देखें और यूपीआई से दें",
	}
	if !bytes.Equal(draw(t, one), draw(t, one)) {
		t.Error("the same card is drawn in two ways")
	}
	seen := map[string]string{}
	for name, change := range map[string]func(*card.Card){
		"as it is": func(*card.Card) {}, "shop": func(c *card.Card) { c.Shop = "Gupta Sweets" },
		"word": func(c *card.Card) { c.Word = "Due" }, "figure": func(c *card.Card) { c.Figure = "₹3,451" },
		"foot": func(c *card.Card) { c.Foot = "" }, "no figure": func(c *card.Card) { c.Figure = "" },
	} {
		c := one
		change(&c)
		file := string(draw(t, c))
		if other := seen[file]; other != "" {
			t.Errorf("%q looks like %q", name, other)
		}
		seen[file] = name
	}
}

// Whatever a shop is called, and however large its figures are, the picture is whole.
func TestAnyCard(t *testing.T) {
	t.Parallel()
	text, figure := rapid.String(), rapid.StringMatching(`[₹0-9,.]{0,30}`)
	for seed := range 12 {
		draw(t, card.Card{
			Shop: text.Example(seed), Word: strings.Repeat(text.Example(100+seed), 2), Figure: figure.Example(seed),
			Foot: strings.Repeat(text.Example(200+seed), 5),
		})
	}
}
