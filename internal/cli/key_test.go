package cli

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Programs that start at once in one folder agree on one key, which nobody else reads, and which stays.
func TestKeyFileIsMadeOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keys := make([][]byte, 8)
	var all sync.WaitGroup
	for i := range keys {
		all.Go(func() {
			key, err := keyIn(dir)
			if err != nil {
				t.Error(err)
			}
			keys[i] = key
		})
	}
	all.Wait()
	for _, key := range keys {
		if len(key) != keyBytes || !bytes.Equal(key, keys[0]) {
			t.Fatalf("the keys are %x", keys)
		}
	}
	info, err := os.Stat(filepath.Join(dir, keyFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", info.Mode(), err)
	}
	left, err := fs.Glob(os.DirFS(dir), ".*")
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A file that is cut off is no key: a new one would open nothing that was sealed.
func TestBrokenKeyFileIsKept(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "0123", "not a key at all, though it is long enough to look like one, I think"} {
		dir := t.TempDir()
		name := filepath.Join(dir, keyFile)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if key, err := keyIn(dir); err == nil {
			t.Errorf("%q is taken as the key %x", text, key)
		}
		if got, err := os.ReadFile(name); err != nil || string(got) != text {
			t.Errorf("%q was replaced by %q, %v", text, got, err)
		}
	}
}
