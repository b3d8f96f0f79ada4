// Package backup writes and reads back-ups: a logical archive of any server (the rows of every table, in one snapshot),
// and for the private server a base back-up with the log of changes since, from which a point in time comes back.
//
// An archive is a tar in gzip, in age where a key is given, so that it can be opened without Tijori. A restore works
// beside what is there, and takes its place only when the archive was read to its end, every digest is right and the
// checks have passed.
package backup

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A Kind says how a back-up was made, and so where it can be restored.
type Kind string

// The kinds.
const (
	Logical Kind = "logical" // rows; any server of any version takes them
	Base    Kind = "base"    // files of the private server; the same major version takes them
)

// format is the version of the archive's layout.
const format = 1

// A Manifest describes a back-up. It is the last thing in an archive; a copy beside the archive, written when that is
// whole, lets it be listed and aged without the key.
type Manifest struct {
	Format     int               `json:"format"`
	Kind       Kind              `json:"kind"`
	Name       string            `json:"name"` // of the file
	Program    string            `json:"program"`
	Schema     int64             `json:"schema"`     // the newest migration
	Migrations []int64           `json:"migrations"` // all of them
	Server     int               `json:"server"`     // PostgreSQL's version, as in 150018
	Mode       string            `json:"mode"`       // whose money its payments moved; "" before the first start
	Accounts   map[string]string `json:"accounts"`   // at the providers, by connection
	Began      time.Time         `json:"began"`
	Ended      time.Time         `json:"ended"`
	Encrypted  bool              `json:"encrypted"`
	Tables     []Table           `json:"tables,omitempty"`    // of a logical archive
	Sequences  []Sequence        `json:"sequences,omitempty"` // likewise
	Cluster    *Cluster          `json:"cluster,omitempty"`   // of a base back-up
	Bytes      int64             `json:"bytes"`               // of the data, before compression

	// Only beside the archive:
	Size     int64      `json:"size,omitempty"`     // of the file
	SHA256   string     `json:"sha256,omitempty"`   // of the file
	Verified *time.Time `json:"verified,omitempty"` // when it was restored into a scratch server and checked
}

// A Table is what an archive has of a table.
type Table struct {
	Name    string   `json:"name"` // with its schema
	Columns []string `json:"columns"`
	Rows    int64    `json:"rows"`
	Bytes   int64    `json:"bytes"`
	SHA256  string   `json:"sha256"`
}

// A Sequence is where a sequence stood.
type Sequence struct {
	Name   string `json:"name"`
	Last   int64  `json:"last"`
	Called bool   `json:"called"`
}

// A Cluster is what a base back-up is of.
type Cluster struct {
	System   string `json:"system"`
	Timeline int    `json:"timeline"`
	Start    string `json:"start"` // position in the log of changes
	Stop     string `json:"stop"`
	Segment  int64  `json:"segment"` // bytes of a segment of the log
	Line     string `json:"line"`    // names the log that was kept with it; "" when none is
	SHA256   string `json:"sha256"`
}

// Rows is how many rows the archive has.
func (m Manifest) Rows() (n int64) {
	for _, t := range m.Tables {
		n += t.Rows
	}
	return n
}

// FileName is the name of an archive that begins now.
func FileName(kind Kind, now time.Time, encrypted bool) string {
	name := "tijori-" + now.UTC().Format("20060102T150405Z") + "-" + string(kind) + ".tar.gz"
	if encrypted {
		name += ".age"
	}
	return name
}

// sidecar is the name of the manifest beside an archive.
func sidecar(name string) string { return name + ".json" }

// isSidecar reports whether a name is of a manifest beside an archive.
func isSidecar(name string) bool {
	ok, err := path.Match("tijori-*-*.tar.gz*.json", name)
	return err == nil && ok
}

// A Refusal is a reason in one sentence why a back-up or a restore is not done, with what there is to do.
type Refusal struct {
	Problem, Hint string
	Err           error
}

func (e *Refusal) Error() string {
	s := e.Problem
	if _, silent := e.Err.(quiet); e.Err != nil && !silent { //nolint:errorlint // quiet is only ever outermost
		s += ": " + strings.ReplaceAll(e.Err.Error(), "\n", "; ")
	}
	if e.Hint != "" {
		s += "\n" + e.Hint
	}
	return s
}

func (e *Refusal) Unwrap() error { return e.Err }

// What a Refusal can be about, for errors.Is.
var (
	ErrDamaged = errors.New("the file is not as it was written")
	ErrKey     = errors.New("no key that was given opens it")
	ErrNone    = errors.New("there is no back-up")
)

// damaged says what is wrong with an archive.
func damaged(name, what string, args ...any) error {
	return &Refusal{
		Problem: fmt.Sprintf("%s is damaged or cut short: ", name) + fmt.Sprintf(what, args...),
		Hint:    "nothing was changed; use another back-up (tijori backup list)", Err: quiet{ErrDamaged},
	}
}

// quiet is an error that is only for errors.Is.
type quiet struct{ error }

func (q quiet) Unwrap() error { return q.error }

// noSpace makes a full disk a sentence.
func noSpace(where string, err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return &Refusal{
			Problem: "there is no space left in " + where,
			Hint:    "make room or use another folder; what was begun is removed, earlier back-ups are untouched",
		}
	}
	return err
}

// CheckFor refuses a back-up that a program, named by its migrations, cannot take over.
func (m Manifest) CheckFor(ours []int64) error {
	if m.Format != format {
		return &Refusal{
			Problem: fmt.Sprintf("%s has the layout %d of archives, and this program reads %d",
				m.Name, m.Format, format),
			Hint: "use the tijori that made it: " + m.Program,
		}
	}
	known := map[int64]bool{}
	for _, n := range ours {
		known[n] = true
	}
	newest := slices.Max(ours)
	if m.Schema > newest {
		return &Refusal{
			Problem: fmt.Sprintf("%s has the schema of migration %d, and this program knows only %d",
				m.Name, m.Schema, newest),
			Hint: "use a newer tijori; it was made by " + m.Program,
		}
	}
	theirs := map[int64]bool{}
	for _, n := range m.Migrations {
		theirs[n] = true
	}
	for _, n := range slices.Sorted(maps.Keys(theirs)) {
		if !known[n] {
			return &Refusal{Problem: fmt.Sprintf("%s has run migration %d, which this program does not have",
				m.Name, n), Hint: "use the tijori that made it: " + m.Program}
		}
	}
	for _, n := range ours {
		if n <= m.Schema && !theirs[n] {
			return &Refusal{Problem: fmt.Sprintf("%s has not run migration %d, which comes before its newest, %d",
				m.Name, n, m.Schema), Hint: "use the tijori that made it: " + m.Program}
		}
	}
	return nil
}

func (m Manifest) json() ([]byte, error) {
	b, err := json.MarshalIndent(m, "", "  ")
	return append(b, '\n'), err
}
