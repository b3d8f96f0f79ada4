//go:build linux

package embedded

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// fingerprint is one line per file below dir: its mode, owner and content.
func fingerprint(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := d.Info()
		if err != nil {
			return err
		}
		var sum [32]byte
		if fi.Mode().IsRegular() {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			sum = sha256.Sum256(content)
		}
		_, err = fmt.Fprintf(&b, "%s %v %d %x\n", path, fi.Mode(), fi.Sys().(*syscall.Stat_t).Uid, sum)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWrongVersion(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"older":   {"13\n", "made by postgresql 13"},
		"newer":   {"99\n", "made by postgresql 99"},
		"damaged": {"\x00\x00", "PG_VERSION is damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := clusterDir(t)
			data := filepath.Join(dir, dataName)
			if err := os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			before := fingerprint(t, data)
			_, err := Start(t.Context(), Config{Dir: dir})
			if e := asSetup(t, err, ErrWrongVersion); !strings.Contains(e.Problem, c.want) {
				t.Errorf("problem = %q, want %q", e.Problem, c.want)
			}
			if fingerprint(t, data) != before {
				t.Error("the data was changed")
			}
		})
	}
}

func TestNotACluster(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	file := filepath.Join(dir, dataName, "letters.txt")
	if err := os.Mkdir(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("somebody's"), 0o644); err != nil {
		t.Fatal(err)
	}
	before := fingerprint(t, filepath.Dir(file))
	_, err := Start(t.Context(), Config{Dir: dir})
	asSetup(t, err, ErrWrongVersion)
	if fingerprint(t, filepath.Dir(file)) != before {
		t.Error("the folder was changed")
	}
}

func TestPath(t *testing.T) {
	t.Parallel()
	base := tempDir(t)
	long := filepath.Join(base, strings.Repeat("x", MaxPath-len(base)))
	for _, dir := range []string{
		long, filepath.Join(base, "a,b"), filepath.Join(base, `a"b`),
		filepath.Join(base, "a\nb"),
	} {
		_, err := Start(t.Context(), Config{Dir: dir})
		e, ok := err.(*SetupError)
		if !ok || e.Err != ErrPath || !strings.Contains(e.Hint, "TIJORI_DATA") {
			t.Errorf("Start(%q) = %v, want ErrPath and TIJORI_DATA", dir, err)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("Start made %q, want nothing", dir)
		}
	}
}

func TestLongestPath(t *testing.T) {
	t.Parallel()
	from := clusterDir(t)
	dir := filepath.Join(from, strings.Repeat("x", MaxPath-len(from)-1))
	if err := os.Mkdir(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(from, dataName), filepath.Join(dir, dataName)); err != nil {
		t.Fatal(err)
	}
	if s := startIn(t, Config{Dir: dir}); query(t, s, "select 1") != "1" {
		t.Error("no answer in the longest path")
	}
}

func TestUnusableDirectory(t *testing.T) {
	t.Parallel()
	base := tempDir(t)
	if err := os.WriteFile(filepath.Join(base, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dirs := []string{filepath.Join(base, "file"), filepath.Join(base, "file", "below")}
	if os.Geteuid() == 0 {
		dirs = append(dirs, "/proc/tijori") // nothing else is closed to root
	} else {
		for name, mode := range map[string]fs.FileMode{"unreadable": 0, "unwritable": 0o500} {
			dir := filepath.Join(base, name)
			if err := os.Mkdir(dir, mode); err != nil {
				t.Fatal(err)
			}
			dirs = append(dirs, dir, filepath.Join(dir, "below"))
		}
	}
	for _, dir := range dirs {
		_, err := Start(t.Context(), Config{Dir: dir})
		if e := asSetup(t, err, ErrAccess); !strings.Contains(e.Problem, dir) || !strings.Contains(e.Hint,
			"TIJORI_DATA") {
			t.Errorf("Start(%q) = %q, want the directory and TIJORI_DATA", dir, e.Error())
		}
	}
}

func TestNoPrograms(t *testing.T) {
	t.Parallel()
	base := tempDir(t)
	old := filepath.Join(base, "old")
	broken := filepath.Join(base, "broken")
	for dir, text := range map[string]string{
		old:    "#!/bin/sh\necho 'postgres (PostgreSQL) 13.21'\n",
		broken: "#!/bin/sh\necho 'postgres: error while loading shared libraries' >&2; exit 127\n",
	} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"postgres", "initdb"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	for dir, want := range map[string]string{
		filepath.Join(base, "none*"): "no usable postgresql",
		broken:                       "no usable postgresql",
		old:                          "13 is too old",
	} {
		_, err := Start(t.Context(), Config{Dir: filepath.Join(base, "state"), BinDirs: []string{dir}})
		if e := asSetup(t, err, ErrNoBinaries); !strings.Contains(e.Problem, want) {
			t.Errorf("Start with %s = %q, want %q", dir, e.Problem, want)
		}
	}
	e := noPrograms("/x", DefaultBinDirs("/x"), false, nil, 0).(*SetupError)
	if !strings.Contains(e.Hint, "apt-get install postgresql") || !strings.Contains(e.Hint, "DATABASE_URL") {
		t.Errorf("hint = %q, want both ways out", e.Hint)
	}
}

// TestUnpackedTree runs the server from packages unpacked below the state
// directory, as a machine without administrator's rights does.
func TestUnpackedTree(t *testing.T) {
	t.Parallel()
	dir := clusterDir(t)
	system := startIn(t, Config{Dir: dir})
	major := filepath.Base(filepath.Dir(system.BinDir()))
	if err := system.Stop(); err != nil {
		t.Fatal(err)
	}
	tree := filepath.Join(dir, "pgsql")
	prefix, _, packaged := strings.Cut(system.BinDir(), "/usr/lib/postgresql/")
	if !packaged {
		return // TIJORI_PG_BIN names a server that is a tree of its own
	}
	// The prefix is not empty where this machine's is unpacked too.
	parts := []string{filepath.Dir(system.BinDir()), prefix + "/usr/share/postgresql/" + major}
	if prefix != "" {
		m, err := filepath.Glob(prefix + "/usr/lib/*-linux-*")
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, m...)
	}
	for _, from := range parts {
		to := filepath.Join(tree, filepath.Dir(strings.TrimPrefix(from, prefix)))
		if err := os.MkdirAll(to, 0o755); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("cp", "-r", from, to).CombinedOutput(); err != nil {
			t.Fatalf("cp: %v: %s", err, out)
		}
	}
	libraries := filepath.Join(tree, "usr/lib/x86_64-linux-gnu") // by its name; which machine it is does not matter
	if err := os.MkdirAll(libraries, 0o755); err != nil {
		t.Fatal(err)
	}
	s := startIn(t, Config{Dir: dir, BinDirs: DefaultBinDirs(dir)[3:4]})
	if want := filepath.Join(tree, strings.TrimPrefix(system.BinDir(), prefix)); s.BinDir() != want {
		t.Errorf("BinDir = %q, want %q", s.BinDir(), want)
	}
	env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", s.PID()))
	if err != nil || !strings.Contains(string(env), "LD_LIBRARY_PATH="+libraries+"\x00") {
		t.Errorf("environment = %q, %v, want LD_LIBRARY_PATH=%s", env, err, libraries)
	}
	if query(t, s, "show data_directory") != filepath.Join(dir, dataName) {
		t.Error("the unpacked server works elsewhere")
	}
}

func TestPlantedLinks(t *testing.T) {
	t.Parallel()
	outside := tempDir(t)
	victim := filepath.Join(outside, "victim")
	if err := os.WriteFile(victim, []byte("whole"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{lockName, logName, socketName, newName} {
		dir, target := clusterDir(t), victim
		if name == socketName || name == newName {
			target = outside
		}
		if name == newName { // used only where there is no data
			dir = tempDir(t)
		}
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		before := fingerprint(t, outside)
		if s, err := Start(t.Context(), Config{Dir: dir, Fast: true}); err == nil {
			s.Stop()
			if name != newName { // that one is removed: the link, never what it names
				t.Errorf("Start followed a link planted as %s", name)
			}
		}
		if fingerprint(t, outside) != before {
			t.Errorf("Start changed what a link planted as %s leads to", name)
		}
	}
}
