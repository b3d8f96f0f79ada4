// Command width lists lines of code that are wider than 120 columns, where a tab
// counts as four. A line may be wider for one string that is not to be broken: a
// sentence of the catalogue, an address, a line of an exact text.
package main

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	limit      = 120
	longString = 60 // a string of as many columns excuses its line
)

// A Line is one that is too wide.
type Line struct {
	File    string
	Number  int
	Columns int
}

func main() {
	root := "."
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	found, err := wide(os.DirFS(root))
	if err != nil {
		fmt.Fprintln(os.Stderr, "width:", err)
		os.Exit(1)
	}
	for _, l := range found {
		fmt.Printf("%s:%d: %d columns, want %d at most\n", l.File, l.Number, l.Columns, limit)
	}
	if len(found) > 0 {
		os.Exit(1)
	}
}

var kinds = []string{".go", ".css", ".sh", ".ts", ".tsx", ".mjs"}

// others are folders of test data, of other people's code and of what was built.
var others = []string{"testdata", "node_modules", "dist"}

// wide lists the lines of a tree's sources that are too wide. Generated code and test data are left out.
func wide(tree fs.FS) (found []Line, err error) {
	err = fs.WalkDir(tree, ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() &&
			(slices.Contains(others, d.Name()) || path != "." && strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case d.IsDir() || !slices.Contains(kinds, filepath.Ext(path)) || strings.HasSuffix(path, "_templ.go"):
			return nil
		}
		f, err := tree.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, 1<<20)
		for n := 1; lines.Scan(); n++ {
			text := strings.ReplaceAll(lines.Text(), "\t", "    ")
			if columns := utf8.RuneCountInString(text); columns > limit && !excused(text) {
				found = append(found, Line{path, n, columns})
			}
		}
		return lines.Err()
	})
	return found, err
}

var pair = regexp.MustCompile(`^\s*".*":\s*".*",$`)

// excused reports whether a line has a string, or a word, that is too long to be put elsewhere.
func excused(line string) bool {
	for _, quote := range []string{`"`, "`", "'"} {
		for i, part := range strings.Split(line, quote) {
			if i%2 == 1 && utf8.RuneCountInString(part) >= longString {
				return true
			}
		}
	}
	if pair.MatchString(line) { // of the catalogue: the formatter keeps both on one line
		return true
	}
	// A raw string that began above, or ends below.
	if before, _, one := strings.Cut(line, "`"); one && strings.Count(line, "`") == 1 &&
		max(utf8.RuneCountInString(strings.TrimSpace(before)),
			utf8.RuneCountInString(strings.TrimSpace(line[len(before):]))) >= longString {
		return true
	}
	return slices.ContainsFunc(strings.Fields(line),
		func(word string) bool { return utf8.RuneCountInString(word) >= longString })
}
