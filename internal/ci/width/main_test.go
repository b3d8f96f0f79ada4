package main

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestWide(t *testing.T) {
	t.Parallel()
	words := strings.Repeat("word ", 30)
	for name, c := range map[string]struct {
		line string
		wide bool
	}{
		"short":                {"return nil", false},
		"a hundred and twenty": {strings.Repeat("w ", 60), false},
		"many words":           {"// " + words, true},
		"tabs":                 {strings.Repeat("\t", 28) + "return 1, nil", true},
		"one sentence":         {`	return fault.New("` + words + `")`, false},
		"two short strings":    {`	f("` + words[:50] + `", "` + words[:50] + `", a, b, c, d, e, f, g, h, i)`, true},
		"an address":           {"// see https://example.com/" + strings.Repeat("a", 120), false},
		"Hindi":                {`	"` + strings.Repeat("नमस्ते ", 20) + `",`, false},
	} {
		found, err := wide(fstest.MapFS{"a/b.go": {Data: []byte("package a\n" + c.line + "\n")}})
		if err != nil || (len(found) > 0) != c.wide {
			t.Errorf("%s: %v, %v, want wide %v", name, found, err, c.wide)
		}
	}
	found, err := wide(fstest.MapFS{
		"a_templ.go": {Data: []byte("// " + words)}, "a/testdata/x.go": {Data: []byte("// " + words)},
		"a.txt": {Data: []byte(words)}, ".git/a.go": {Data: []byte("// " + words)},
	})
	if err != nil || len(found) > 0 {
		t.Errorf("what is not ours to break: %v, %v", found, err)
	}
}
