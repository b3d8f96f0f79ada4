//go:build linux

package embedded

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestSettle claims a directory in each state that a process can leave which is killed while data change places: what
// serves afterwards, and what is kept.
func TestSettle(t *testing.T) {
	t.Parallel()
	type versioned = map[string]string // folders, and the version of the data in them
	for name, c := range map[string]struct{ left, want versioned }{
		"nothing under way":              {versioned{"data": "15"}, versioned{"data": "15"}},
		"an upgrade before the exchange": {versioned{"data": "15", "data.next": "18"}, versioned{"data": "15"}},
		"an upgrade after it": {
			versioned{"data": "18", "data.next": "15"}, versioned{"data": "18", "data.postgresql-15": "15"},
		},
		"an undoing before the exchange": {
			versioned{"data": "18", "data.undone": "15"}, versioned{"data": "18", "data.postgresql-15": "15"},
		},
		"an undoing after it": {
			versioned{"data": "15", "data.undone": "18"}, versioned{"data": "15", "data.postgresql-18": "18"},
		},
		"what was kept before": {
			versioned{"data": "18", "data.next": "17", "data.postgresql-15": "15"},
			versioned{"data": "18", "data.postgresql-17": "17", "data.postgresql-15": "15"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := tempDir(t)
			makeVersions(t, dir, c.left)
			claim, err := ClaimDir(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			defer claim.Close()
			if got := versions(t, dir); !maps.Equal(got, c.want) {
				t.Errorf("there are %v, want %v", got, c.want)
			}
		})
	}
}

// TestUndoKeepsBoth goes back and forth: no data are ever removed.
func TestUndoKeepsBoth(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	makeVersions(t, dir, map[string]string{"data": "18", "data.postgresql-15": "15"})
	claim, err := ClaimDir(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer claim.Close()
	if _, err := claim.Undo(Kept{15, "data.postgresql-15"}); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"data": "15", "data.postgresql-18": "18"}
	if got := versions(t, dir); !maps.Equal(got, want) {
		t.Errorf("there are %v, want %v", got, want)
	}
	makeVersions(t, dir, map[string]string{"data.postgresql-15": "15"})
	if _, err := claim.Undo(Kept{18, "data.postgresql-18"}); !errors.Is(err, ErrInUse) {
		t.Errorf("over data that are kept: %v", err)
	}
	if _, err := ClaimDir(t.Context(), dir); !errors.Is(err, ErrInUse) {
		t.Errorf("a directory that is claimed is claimed again: %v", err)
	}
	if _, err := ClaimDir(t.Context(), filepath.Join(dir, "nowhere")); !errors.Is(err, ErrPath) {
		t.Errorf("a directory without data: %v", err)
	}
}

func makeVersions(t *testing.T, dir string, folders map[string]string) {
	t.Helper()
	for name, version := range folders {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, "PG_VERSION"), []byte(version+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func versions(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*", "PG_VERSION"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	out := map[string]string{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(filepath.Dir(f))] = string(b[:len(b)-1])
	}
	return out
}
