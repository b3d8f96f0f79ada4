package pdf_test

import (
	"bytes"
	"errors"
	"flag"
	"image"
	"image/draw"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tijorihq/tijori/internal/ledger/export/pdf"
)

var update = flag.Bool("update", false, "write the golden pictures")

// texts are what a shop writes, one golden picture each.
var texts = []string{
	"श्री कृष्ण किराना स्टोर",
	"द्वितीय",
	"क्षत्रिय",
	"हिन्दी ₹12,34,567.00",
	"Sharma & Sons शर्मा",
	"विद्यार्थी प्रार्थना कर्म ज्ञ र्\u200dय स्त्री",
	"office — “₹1,000” · किलो",
	"નમસ્તે ਪੰਜਾਬੀ বাংলা ଓଡ଼ିଆ தமிழ் తెలుగు ಕನ್ನಡ മലയാളം",
}

// document has each text on a line of its own.
func document(t testing.TB, lines ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	d := pdf.New(&b, pdf.Info{Title: "शर्मा", Lang: "hi"})
	c := d.NewPage()
	for i, s := range lines {
		c.Text(30, 800-float64(i)*40, pdf.Style{Size: 20}, s)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func run(t testing.TB, input []byte, program string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Stdin = bytes.NewReader(input)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("%s: %v %s (the tests of PDFs need poppler-utils)", program, err, stderr.String())
	}
	return out
}

func TestTextComesBackExactly(t *testing.T) {
	t.Parallel()
	got := string(run(t, document(t, texts...), "pdftotext", "-raw", "-", "-"))
	if want := strings.Join(texts, "\n") + "\n\f"; got != want {
		t.Errorf("pdftotext = %q, want %q", got, want)
	}
}

// picture is the line i of a document, as a reader sees it.
func picture(t testing.TB, file []byte, i int) *image.Gray {
	t.Helper()
	y := strconv.Itoa((842 - 800 + i*40 - 28) * 2)
	out := run(t, file, "pdftoppm", "-r", "144", "-gray", "-png", "-x", "40", "-y", y, "-W", "1100", "-H", "80", "-")
	return decode(t, out)
}

func decode(t testing.TB, file []byte) *image.Gray {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	gray := image.NewGray(img.Bounds())
	draw.Draw(gray, gray.Bounds(), img, img.Bounds().Min, draw.Src)
	return gray
}

// difference is how much of the ink of two pictures is not at the same place,
// from 0 to 1. Versions of the renderer differ in the edges of letters.
func difference(a, b *image.Gray) float64 {
	if a.Bounds() != b.Bounds() {
		return 1
	}
	var ink, other int
	for i, p := range a.Pix {
		q := b.Pix[i]
		ink += int(255-p) + int(255-q)
		other += max(int(p)-int(q), int(q)-int(p))
	}
	return float64(other) / float64(max(ink, 1))
}

const tolerated = .05

func TestGoldenPictures(t *testing.T) {
	t.Parallel()
	file := document(t, texts...)
	for i, text := range texts {
		got := picture(t, file, i)
		path := filepath.Join("testdata", strconv.Itoa(i)+".png")
		if *update {
			var b bytes.Buffer
			if err := png.Encode(&b, got); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		golden, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := difference(got, decode(t, golden)); d > tolerated {
			t.Errorf("%q differs from %s by %.3f of its ink", text, path, d)
		}
	}
}

// The comparison above notices what goes wrong without shaping.
func TestPicturesTellWrongShapes(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{
		{"हिन्दी", "हनि्दी"}, {"क्षत्रिय", "क्\u200cषत्रिय"}, {"द्वितीय", "द्\u200cवितीय"}, {"श्री", "श्\u200cरी"},
	} {
		file := document(t, c[0], c[1])
		if d := difference(picture(t, file, 0), picture(t, file, 1)); d <= tolerated {
			t.Errorf("%q and %q differ by %.3f of their ink only", c[0], c[1], d)
		}
	}
}

func TestSameCallsGiveTheSameBytes(t *testing.T) {
	t.Parallel()
	first := document(t, texts...)
	for range 5 {
		if !bytes.Equal(document(t, texts...), first) {
			t.Fatal("two documents of the same text differ")
		}
	}
	if len(first) > 60_000 {
		t.Errorf("%d bytes: the fonts are not cut down to what is used", len(first))
	}
}

// A form shows on every page what was drawn after them.
func TestForm(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	d := pdf.New(&b, pdf.Info{})
	f := d.NewForm()
	for range 3 {
		d.NewPage().Place(f, 100, 100)
	}
	f.Text(0, 0, pdf.Style{Size: 10}, "of "+strconv.Itoa(d.Pages()))
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if got := string(run(t, b.Bytes(), "pdftotext", "-raw", "-", "-")); got != "of 3\n\fof 3\n\fof 3\n\f" {
		t.Errorf("pages say %q", got)
	}
}

type full struct{ room int }

var errFull = errors.New("no room")

func (f *full) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestErrorOfTheWriter(t *testing.T) {
	t.Parallel()
	for _, room := range []int{0, 100_000} {
		d := pdf.New(&full{room}, pdf.Info{})
		for i := range 2000 {
			d.NewPage().Text(10, 10, pdf.Style{Size: 10}, "page "+strconv.Itoa(i*i))
		}
		if d.Err() == nil && room == 0 {
			t.Error("the error is not told before the end")
		}
		if err := d.Close(); !errors.Is(err, errFull) {
			t.Errorf("with room for %d: %v, want %v", room, err, errFull)
		}
	}
}

// Whatever people type, wrapping loses nothing and ends, and the text comes back.
func TestWrapKeepsEverything(t *testing.T) {
	t.Parallel()
	letters := rapid.SampledFrom([]rune("abcWWWअकिक्षत्रर्् ़ंँ\u200d\u200c    \nதிയ്یس🙏👨\u200d👩\u200d👧é₹1٢\u0301%s"))
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.StringOfN(letters, 0, 80, -1).Draw(r, "text")
		width := rapid.Float64Range(8, 200).Draw(r, "width")
		d := pdf.New(&bytes.Buffer{}, pdf.Info{})
		st := pdf.Style{Size: 9}
		lines := d.Wrap(st, text, width)
		flat := strings.NewReplacer(" ", "", "\n", "").Replace
		if got := flat(strings.Join(lines, "")); got != flat(text) {
			r.Fatalf("Wrap(%q) = %q", text, lines)
		}
		c := d.NewPage()
		for _, line := range lines {
			if w := d.Measure(st, line); w > width+.01 && len([]rune(line)) > 40 {
				r.Fatalf("the line %q is %.1f wide, the column %.1f", line, w, width)
			}
			c.Text(10, 10, st, line)
		}
		if fit := d.Fit(st, text, width); strings.HasSuffix(fit, "…") && !strings.HasPrefix(flat(text),
			flat(strings.TrimSuffix(fit, "…"))) {
			r.Fatalf("Fit(%q) = %q", text, fit)
		}
		if err := d.Close(); err != nil {
			r.Fatal(err)
		}
	})
}

// Memory does not grow with pages.
func TestPagesAreNotKept(t *testing.T) {
	inUse := func(pages int) uint64 {
		w := &peak{}
		d := pdf.New(w, pdf.Info{})
		for i := range pages {
			c := d.NewPage()
			for j := range 40 {
				c.Text(40, 800-float64(j)*18, pdf.Style{Size: 9}, "चीनी "+strconv.Itoa(i*j)+" kg ₹"+strconv.Itoa(i*j*7))
			}
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		return w.most
	}
	few, many := inUse(200), inUse(2000)
	if many > few+16<<20 {
		t.Errorf("%d MB in use with 2000 pages, %d MB with 200", many>>20, few>>20)
	}
}

type peak struct {
	n    int
	most uint64
}

func (w *peak) Write(p []byte) (int, error) {
	if w.n++; w.n%8 == 0 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		w.most = max(w.most, m.HeapAlloc)
	}
	return len(p), nil
}
