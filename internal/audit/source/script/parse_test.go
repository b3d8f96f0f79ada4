package script

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestTree parses the files of a folder that the environment names.
func TestTree(t *testing.T) {
	dir := os.Getenv("SCRIPTS")
	if dir == "" {
		t.Skip("SCRIPTS names no folder")
	}
	files, bad := 0, 0
	filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		switch filepath.Ext(p) {
		case ".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs":
		default:
			return nil
		}
		src, _ := os.ReadFile(p)
		if len(src) > 1<<20 {
			return nil
		}
		start := time.Now()
		f := Parse(p, string(src))
		if d := time.Since(start); d > 500*time.Millisecond {
			t.Logf("%s: %v for %d bytes", p, d, len(src))
		}
		files++
		if len(f.Problems) > 0 {
			bad++
			if bad < 60 {
				l, c := f.Line(f.Problems[0].Pos)
				t.Logf("%s:%d:%d: %s: %s", strings.TrimPrefix(p, dir), l, c, f.Problems[0].Text, strings.TrimSpace(f.LineText(l)))
			}
		}
		return nil
	})
	t.Logf("%d files, %d with problems", files, bad)
}
