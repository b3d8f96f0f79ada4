package load

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
)

// maxFile bounds what is read of one file.
const maxFile = 64 << 20

// A File is a file of migrations.
type File struct {
	Name string // relative to what was named, with slashes
	Text string
}

// Files reads a file, or the files of a folder in the order of their names.
// Files and sections that undo a migration are left out.
func Files(path string) ([]File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	if !info.IsDir() {
		f, err := read(path, filepath.Base(path))
		return []File{f}, err
	}
	var names []string
	err = filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && p != path && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		case !d.IsDir() && strings.EqualFold(filepath.Ext(p), ".sql") && !undoes.MatchString(filepath.Base(p)):
			names = append(names, p)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("migrations: no .sql files in %s", path)
	}
	slices.SortFunc(names, natural)
	var out []File
	for _, n := range names {
		rel, err := filepath.Rel(path, n)
		if err != nil {
			rel = n
		}
		f, err := read(n, filepath.ToSlash(rel))
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

var (
	undoes  = lazyregexp.New(`(?i)(^|[._-])(down|undo|rollback|revert)\.sql$|^U\d+.*__`)
	undoing = lazyregexp.New(`(?im)^--\s*(\+goose down|\+migrate down|migrate:down|//@undo|rollback)\s*$`)
	number  = lazyregexp.New(`^\D*(\d+)`)
)

// natural sorts V2 before V10; names without a number sort as text.
func natural(a, b string) int {
	x, y := number.FindStringSubmatch(filepath.Base(a)), number.FindStringSubmatch(filepath.Base(b))
	if x != nil && y != nil && filepath.Dir(a) == filepath.Dir(b) {
		p, q := strings.TrimLeft(x[1], "0"), strings.TrimLeft(y[1], "0")
		if len(p) != len(q) {
			return len(p) - len(q)
		}
		if c := strings.Compare(p, q); c != 0 {
			return c
		}
	}
	return strings.Compare(a, b)
}

func read(path, name string) (File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return File{}, fmt.Errorf("migrations: %w", err)
	}
	if info.Size() > maxFile {
		return File{}, fmt.Errorf("migrations: %s is larger than %d MB", name, maxFile>>20)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return File{}, fmt.Errorf("migrations: %w", err)
	}
	text := strings.ToValidUTF8(strings.TrimPrefix(string(b), "\ufeff"), "?")
	if loc := undoing.FindStringIndex(text); loc != nil {
		text = text[:loc[0]]
	}
	return File{Name: name, Text: text}, nil
}
