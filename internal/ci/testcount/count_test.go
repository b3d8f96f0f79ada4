package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// run counts a module made of the given files by the real go test.
func run(t *testing.T, files map[string]string) (summary, string) {
	t.Helper()
	dir := t.TempDir()
	files["go.mod"] = "module m\n\ngo 1.26\n"
	for name, text := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "test", "-json", "./...")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	events, err := cmd.Output()
	if _, failed := err.(*exec.ExitError); err != nil && !failed {
		t.Fatal(err)
	}
	var out strings.Builder
	sum, err := count(strings.NewReader(string(events)), &out)
	if err != nil {
		t.Fatal(err)
	}
	return sum, out.String()
}

const head = "package p\n\nimport (\"os\"; \"testing\")\n\nvar _ = os.Exit\n"

func TestCount(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files     map[string]string
		want      summary
		ok        bool
		say, hush string
	}{
		"passes, subtests too": {
			files: map[string]string{"p_test.go": head + `func TestA(t *testing.T) { t.Log("quiet"); t.Run("b", func(*testing.T) {}) }`},
			want:  summary{2, 0}, ok: true, say: "ok   m ", hush: "quiet",
		},
		"a failure beside a success": {
			files: map[string]string{"p_test.go": head + `func TestA(t *testing.T) { t.Error("loud") }; func TestB(t *testing.T) { t.Log("quiet") }`},
			want:  summary{1, 1}, say: "FAIL m TestA\n", hush: "quiet",
		},
		"a skip counts as failed": {
			files: map[string]string{"p_test.go": head + `func TestA(t *testing.T) { t.Skip("no luck") }; func TestB(*testing.T) {}`},
			want:  summary{1, 1}, say: "no luck",
		},
		"a package that does not build": {
			files: map[string]string{
				"a/p.go":      "package p\nvar X int = `text`\n",
				"a/p_test.go": head + `func TestA(*testing.T) {}`, "b/p_test.go": head + `func TestB(*testing.T) {}`,
			},
			want: summary{1, 1}, say: "cannot use `text`",
		},
		"a test that does not build": {
			files: map[string]string{"p_test.go": head + `func TestA(*testing.T) { undefined() }`},
			want:  summary{0, 1}, say: "undefined: undefined",
		},
		"a panic takes the rest along": {
			files: map[string]string{"p_test.go": head + `func TestA(*testing.T) {}; func TestB(*testing.T) { panic("ouch") }`},
			want:  summary{1, 1}, say: "ouch",
		},
		"an exit in the middle": {
			files: map[string]string{"p_test.go": head + `func TestA(*testing.T) {}; func TestB(*testing.T) { os.Exit(0) }`},
			want:  summary{1, 1}, say: "TestB",
		},
		"an exit outside the tests": {
			files: map[string]string{"p_test.go": head + `func TestA(*testing.T) {}; func TestMain(m *testing.M) { m.Run(); os.Exit(3) }`},
			want:  summary{1, 1}, say: "outside its tests",
		},
		"no test at all": {
			files: map[string]string{"p.go": "package p\n"},
			want:  summary{0, 0},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, out := run(t, c.files)
			if got != c.want || got.ok() != c.ok {
				t.Errorf("count = %v (ok %v), want %v (ok %v)\n%s", got, got.ok(), c.want, c.ok, out)
			}
			if !strings.Contains(out, c.say) {
				t.Errorf("output = %q, want %q in it", out, c.say)
			}
			if c.hush != "" && strings.Contains(out, c.hush) {
				t.Errorf("output = %q, want no word of what passed", out)
			}
		})
	}
}

func TestCountCutShort(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	got, err := count(strings.NewReader(`{"Action":"run","Package":"p","Test":"TestA"}`+"\nnot an event\n"), &out)
	if want := (summary{0, 1}); err != nil || got != want {
		t.Errorf("count = %v, %v, want %v", got, err, want)
	}
	if !strings.Contains(out.String(), "not an event\n") {
		t.Errorf("output = %q, want the line that is no event", &out)
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	if got := (summary{12, 3}).String(); got != "12 passed, 3 failed" {
		t.Errorf("summary = %q", got)
	}
}
