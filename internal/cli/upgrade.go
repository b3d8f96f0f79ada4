package cli

import (
	"fmt"
	"path/filepath"

	"github.com/tijorihq/tijori/internal/backup"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/embedded"
)

type upgradeCmd struct {
	Move   upgradeRunCmd    `cmd:"" default:"withargs" help:"Move the data to a newer major version, and keep the old beside them."`
	Undo   upgradeUndoCmd   `cmd:"" help:"Go back to the data that an upgrade has kept; what was written since stays with the newer ones, which are kept in turn."`
	Remove upgradeRemoveCmd `cmd:"" help:"Remove what upgrades have kept."`
}

type upgradeRunCmd struct {
	databaseFlags `embed:""`

	To     int    `placeholder:"MAJOR" help:"To which version (default: the newest that is installed)."`
	Method string `placeholder:"METHOD" help:"files (pg_upgrade copies the files) or rows (reads and writes every row); default: files where the new server has pg_upgrade."`
}

// upgrader is nil with DATABASE_URL, and an error says so.
func (f *databaseFlags) upgrader(e *env) (*backup.Upgrader, error) {
	if f.DatabaseURL != "" {
		return nil, usagef("upgrade-postgres is for Tijori's own PostgreSQL\na server of yours is upgraded by its provider, or with pg_upgrade; leave DATABASE_URL out")
	}
	dir, err := f.dataDir()
	if err != nil {
		return nil, err
	}
	u := &backup.Upgrader{
		Dir: filepath.Join(dir, "postgres"), Users: postgres.LoginRoles(), Program: versionText(),
		Check: checkRestored, Step: func(what string) { fmt.Fprintln(e.stderr, what+"…") },
	}
	if f.PGBin != "" {
		u.Bins = filepath.SplitList(f.PGBin)
	}
	return u, nil
}

// Run moves the data, and says what is kept and what is next.
func (c *upgradeRunCmd) Run(e *env) error {
	m := backup.Method(c.Method)
	if m != "" && m != backup.Files && m != backup.Rows {
		return usagef("--method %q is neither files nor rows", c.Method)
	}
	u, err := c.upgrader(e)
	if err != nil {
		return err
	}
	done, err := u.Run(e, c.To, m)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "PostgreSQL %d has taken the place of %d, and everything adds up\n", done.To, done.From)
	fmt.Fprintf(e.stdout, "what was there is kept in %s\n", filepath.Join(u.Dir, done.Kept.Name))
	for _, line := range done.Altered {
		fmt.Fprintf(e.stderr, "not carried over, set it again if it is still needed: %s\n", line)
	}
	fmt.Fprintln(e.stderr, "next: start tijori serve; its first back-up begins a new log. Later, tijori upgrade-postgres remove")
	return nil
}

type upgradeUndoCmd struct {
	databaseFlags `embed:""`
}

// Run swaps the data back.
func (c *upgradeUndoCmd) Run(e *env) error {
	u, err := c.upgrader(e)
	if err != nil {
		return err
	}
	back, kept, err := u.Undo(e)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "the data of PostgreSQL %d are back\n", back.Major)
	fmt.Fprintf(e.stdout, "what was written since is in %s\n", filepath.Join(u.Dir, kept.Name))
	return nil
}

type upgradeRemoveCmd struct {
	databaseFlags `embed:""`
}

// Run removes what is kept.
func (c *upgradeRemoveCmd) Run(e *env) error {
	u, err := c.upgrader(e)
	if err != nil {
		return err
	}
	gone, err := u.Remove(e)
	for _, k := range gone {
		fmt.Fprintf(e.stdout, "removed the data of PostgreSQL %d\n", k.Major)
	}
	if len(gone) == 0 && err == nil {
		fmt.Fprintln(e.stdout, "nothing was kept")
	}
	return err
}

// kept says what upgrades have left on the disk.
func (c *doctorCmd) kept(x *examination) {
	dir := c.Data
	if dir == "" {
		dir = defaultData()
	}
	list, err := embedded.KeptIn(filepath.Join(dir, "postgres"))
	if c.DatabaseURL != "" || err != nil {
		return // nothing of ours is there
	}
	for _, k := range list {
		x.ok("upgrade", "the data of PostgreSQL %d are kept in %s; tijori upgrade-postgres remove removes them", k.Major, k.Name)
	}
}
