package leaky

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The code and the schemas of a shop like this one, as founders write them: in Next.js, for Supabase, and for a plain
// PostgreSQL whose roles are programs. Each is text with switches, and none is ever run but by the auditor.
//
//go:embed all:app
var app embed.FS

// The folders of the app that `audit db` and `audit source` are given.
const (
	SupabaseDir = "supabase/migrations"
	PostgresDir = "postgres"
	CodeDir     = "next"
)

// TreeFlaws are the flaws that the code or the schema can have, in order. Each has the name of the rule that finds it.
func TreeFlaws(dir string) []string {
	var out []string
	err := walk(dir, func(_, text string) error {
		for line := range strings.Lines(text) {
			if word, name := mark(line); word == "if" && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
		return nil
	})
	if err != nil {
		panic("leaky: " + err.Error()) // embedded files cannot fail to be read
	}
	slices.Sort(out)
	return out
}

// WriteTree writes the code or the schema into a folder, with some flaws, and repaired where it could have others.
func WriteTree(into, dir string, flaws []string) error {
	return walk(dir, func(name, text string) error {
		body, err := switched(text, flaws)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		file := filepath.Join(into, filepath.FromSlash(strings.TrimPrefix(name, "app/")))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		return os.WriteFile(file, []byte(body), 0o644)
	})
}

func walk(dir string, visit func(name, text string) error) error {
	return fs.WalkDir(app, "app/"+dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := app.ReadFile(name)
		if err != nil {
			return err
		}
		return visit(name, string(text))
	})
}

// mark reads a line that is a switch: "-- if NAME", "-- else" and "-- end", or the same after "//".
func mark(line string) (word, name string) {
	for _, sign := range []string{"-- ", "// "} {
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), sign)
		switch {
		case !ok:
		case rest == "else" || rest == "end":
			return rest, ""
		case strings.HasPrefix(rest, "if ") && !strings.Contains(rest[3:], " "):
			return "if", rest[3:]
		}
	}
	return "", ""
}

// switched is a text with what its switches choose. The lines of the switches are left out, so that nobody who reads
// it, the auditor included, is told where to look.
func switched(text string, flaws []string) (string, error) {
	var out strings.Builder
	inside, leaks, other := false, false, false
	for line := range strings.Lines(text) {
		switch word, name := mark(line); word {
		case "if":
			if inside {
				return "", fmt.Errorf("%q stands inside another switch", name)
			}
			inside, leaks, other = true, slices.Contains(flaws, name), false
		case "else":
			if !inside || other {
				return "", fmt.Errorf("an else stands alone")
			}
			other = true
		case "end":
			if !inside {
				return "", fmt.Errorf("an end stands alone")
			}
			inside = false
		default:
			if !inside || leaks != other {
				out.WriteString(line)
			}
		}
	}
	if inside {
		return "", fmt.Errorf("a switch has no end")
	}
	return out.String(), nil
}
