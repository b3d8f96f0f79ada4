package web

import (
	"archive/zip"
	"io"
	"strings"
	"testing"
)

// unzip is what a download holds, each file after its name.
func (w *world) unzip(got answer) string {
	w.Helper()
	z, err := zip.NewReader(strings.NewReader(got.body), int64(len(got.body)))
	w.ok(err)
	var all strings.Builder
	for _, f := range z.File {
		r, err := f.Open()
		w.ok(err)
		body, err := io.ReadAll(r)
		w.ok(err)
		all.WriteString(f.Name + "\n" + string(body) + "\n")
	}
	return all.String()
}

// The owner of a Free account takes all shops along, the bin and the history too, and nothing of anybody else.
func TestMyData(t *testing.T) {
	t.Parallel()
	w := newWorld(t).populate()
	w.free(w.a)
	ask := ask{path: "/mydata/download"}
	got := w.send("GET", ask, w.a.Token)
	if got.status != 200 || got.header.Get("Content-Type") != "application/zip" ||
		!strings.Contains(got.header.Get("Content-Disposition"), ".zip") {
		t.Fatalf("%d %v", got.status, got.header)
	}
	mine := w.unzip(got)
	for _, word := range []string{
		wordOfA + "shop one/entries.csv", wordOfA + "shop two/parties.json", wordOfA + "party living",
		wordOfA + "party deleted", wordOfA + "note changed",
		"1234567.89", phoneA, wordOfA + "mail-victim", wordOfA + "invoice-1", `"action":"delete"`,
	} {
		if !strings.Contains(mine, word) {
			t.Errorf("the download lacks %q", word)
		}
	}
	for _, secret := range []string{wordOfB, hexHash(w.a.Token), "argon2", "token_hash", "request_hash"} {
		if strings.Contains(mine, secret) {
			t.Errorf("the download holds %q", secret)
		}
	}
	theirs := w.unzip(w.send("GET", ask, w.b.Token))
	if strings.Contains(theirs, wordOfA) || !strings.Contains(theirs, wordOfB+"party living") {
		t.Error("a stranger's download is not the stranger's own")
	}
}
