package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sys/unix"

	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/embedded"
)

// A Method says how data come to another version of PostgreSQL.
type Method string

// The methods.
const (
	Files Method = "files" // pg_upgrade copies the files; it has to be among the new server's programs
	Rows  Method = "rows"  // a logical archive is made and loaded; any two versions
)

// An Upgrader moves the private server's data to a newer major version of PostgreSQL. Everything happens beside the
// data; when the new ones have passed the checks they take the place of the old in one instant, and the old are kept.
type Upgrader struct {
	Dir     string   // of the private server
	Users   []string // roles as which this account may connect
	Bins    []string // where the servers' programs are; nil: where they usually are
	Program string   // the version of this program

	// Check looks through the new database; an error leaves the old one in place.
	Check func(context.Context, postgres.Config) error
	Step  func(what string) // hears of each step before it begins

	same bool // a test moves to the version that is there
}

// An Upgraded says what was done.
type Upgraded struct {
	From, To int
	Method   Method
	Kept     embedded.Kept
	Altered  []string // lines of ALTER SYSTEM, which stay with the old data
	Rows     int64    // of method Rows
}

// Run upgrades to a major version, 0 meaning the newest that is installed. Method "" means files where the new server
// has pg_upgrade, else rows.
func (u *Upgrader) Run(ctx context.Context, to int, method Method) (out Upgraded, err error) {
	c, err := embedded.ClaimDir(ctx, u.Dir)
	if err != nil {
		return out, err
	}
	defer c.Close()
	from, next, err := u.choose(ctx, c, to)
	if err != nil {
		return out, err
	}
	out = Upgraded{From: from.Major, To: next.Major, Method: method, Altered: c.Altered()}
	switch {
	case method == "" && next.Upgrades:
		out.Method = Files
	case method == "":
		out.Method = Rows
	case method == Files && !next.Upgrades:
		return out, &Refusal{
			Problem: fmt.Sprintf("there is no pg_upgrade in %s", next.Bin),
			Hint:    "--method rows copies the rows instead, which takes longer",
		}
	}
	if err := u.room(out.Method); err != nil {
		return out, err
	}
	scratch, err := c.Scratch()
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, c.RemoveScratch()) }()
	fresh := filepath.Join(scratch, "db")
	if out.Method == Files {
		err = u.files(ctx, c, from, next, fresh)
	} else {
		out.Rows, err = u.rows(ctx, c, from, next, scratch)
	}
	if err != nil {
		return out, noSpace(u.Dir, err)
	}
	u.Step("putting it in the place of the old")
	out.Kept, err = c.TakeOver(ctx, fresh)
	return out, err
}

// choose finds the programs of both versions.
func (u *Upgrader) choose(
	ctx context.Context, c *embedded.Claim, to int,
) (from, next embedded.Installation, err error) {
	major, err := c.Major()
	if err != nil {
		return from, next, err
	}
	if u.same {
		to = major
	}
	var newest int
	for _, i := range c.Installations(ctx, u.Bins) {
		newest = max(newest, i.Major)
		if i.Major == major && from.Major == 0 {
			from = i
		}
		wanted := i.Major == to || to == 0 && i.Major > max(major, next.Major)
		if wanted && (i.Major > major || u.same) && (next.Major != i.Major || i.Upgrades && !next.Upgrades) {
			next = i
		}
	}
	switch {
	case from.Major == 0:
		return from, next, &Refusal{
			Problem: fmt.Sprintf("the data in %s are of postgresql %d, which is not installed, and only it can read them",
				u.Dir, major),
			Hint: fmt.Sprintf("apt-get install postgresql-%d; or bring a logical back-up into the version that is there, with tijori restore --replace --name",
				major),
		}
	case to != 0 && to <= major && !u.same:
		return from, next, &Refusal{
			Problem: fmt.Sprintf("the data are of postgresql %d already", major),
			Hint:    "tijori upgrade-postgres undo goes back to what an upgrade has kept",
		}
	case next.Major == 0 && to != 0:
		return from, next, &Refusal{
			Problem: fmt.Sprintf("postgresql %d is not installed, or does not run", to),
			Hint:    "install it beside the old one, and name both folders in --pg-bin, with a colon between, where they are not found",
		}
	case next.Major == 0:
		return from, next, &Refusal{
			Problem: fmt.Sprintf("no newer postgresql than %d is installed", max(newest, major)),
			Hint:    "install one beside it, and name both folders in --pg-bin, with a colon between, where they are not found",
		}
	}
	return from, next, nil
}

// room refuses what the disk has no room for: the files once more, and with rows the archive beside them.
func (u *Upgrader) room(m Method) error {
	var need int64
	err := filepath.WalkDir(filepath.Join(u.Dir, "data"), func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			need += info.Size()
		}
		return err
	})
	if err != nil {
		return err
	}
	if m == Rows {
		need += need / 2
	}
	free, err := freeBytes(u.Dir)
	if err != nil {
		return err
	}
	if free < need {
		return &Refusal{
			Problem: fmt.Sprintf("the upgrade needs about %d MB in %s, and %d MB are free", need>>20, u.Dir, free>>20),
			Hint:    "make room; nothing was changed",
		}
	}
	return nil
}

func freeBytes(dir string) (int64, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return 0, err
	}
	return int64(fs.Bavail) * int64(fs.Bsize), nil //nolint:unconvert // the types differ by system
}

// files makes a new cluster and has pg_upgrade copy the old one's files into it.
func (u *Upgrader) files(ctx context.Context, c *embedded.Claim, from, next embedded.Installation, fresh string) error {
	u.Step(fmt.Sprintf("making an empty database of postgresql %d", next.Major))
	config := u.config(next)
	config.Dir = fresh
	s, err := embedded.Start(ctx, config)
	if err == nil {
		err = s.Stop()
	}
	if err != nil {
		return err
	}
	u.Step("copying the files")
	if err := c.UpgradeFiles(ctx, from, next, fresh); err != nil {
		return err
	}
	u.Step("checking")
	if s, err = embedded.Start(ctx, config); err != nil {
		return err
	}
	return errors.Join(u.check(ctx, s), s.Stop())
}

func (u *Upgrader) check(ctx context.Context, s *embedded.Server) error {
	config, err := privateConfig(s)
	if err != nil {
		return err
	}
	if err := postgres.Setup(ctx, &config); err != nil {
		return err
	}
	return u.adds(ctx, config)
}

// adds has the new database checked, with fresh statistics, and says in one sentence when it does not pass.
func (u *Upgrader) adds(ctx context.Context, config postgres.Config) error {
	if err := exec(ctx, config, config.Admin.Database, "analyze"); err != nil {
		return err
	}
	if err := u.Check(ctx, config); err != nil {
		return &Refusal{
			Problem: "the data do not pass the checks in the newer postgresql",
			Hint:    "nothing was changed; tijori ledger verify and tijori credits verify look at the old ones", Err: err,
		}
	}
	return nil
}

func privateConfig(s *embedded.Server) (c postgres.Config, err error) {
	c.Private = true
	c.Admin, err = pgx.ParseConfig(s.DSN("postgres", "postgres"))
	return c, err
}

// rows makes a logical archive of the old server and loads it into a new one.
func (u *Upgrader) rows(
	ctx context.Context, c *embedded.Claim, from, next embedded.Installation, scratch string,
) (rows int64, err error) {
	u.Step(fmt.Sprintf("reading the rows from postgresql %d", from.Major))
	target, err := OpenTarget(filepath.Join(scratch, "rows"), true)
	if err != nil {
		return 0, err
	}
	old, err := c.Start(ctx, u.config(from))
	if err != nil {
		return 0, err
	}
	m, err := u.archive(ctx, target, old)
	if err := errors.Join(err, old.Stop()); err != nil {
		return 0, err
	}
	u.Step(fmt.Sprintf("writing %d rows into postgresql %d", m.Rows(), next.Major))
	var refusal error
	r := &Restorer{Target: target, Users: u.Users, Bins: []string{next.Bin}}
	r.Check = func(ctx context.Context, config postgres.Config) error {
		u.Step("checking")
		refusal = u.adds(ctx, config)
		return refusal
	}
	if err = r.build(ctx, m, scratch, time.Time{}, false); refusal != nil {
		err = refusal
	}
	return m.Rows(), err
}

func (u *Upgrader) archive(ctx context.Context, target Target, old *embedded.Server) (m Manifest, err error) {
	config, err := privateConfig(old)
	if err != nil {
		return m, err
	}
	m, err = (&Maker{Target: target, Config: config, Program: u.Program, Now: time.Now}).Make(ctx, Logical)
	if err != nil {
		return m, err
	}
	known, err := config.KnownMigrations()
	if err != nil {
		return m, err
	}
	return m, m.CheckFor(known)
}

func (u *Upgrader) config(i embedded.Installation) embedded.Config {
	return embedded.Config{Dir: u.Dir, Users: u.Users, BinDirs: []string{i.Bin}}
}

// Undo puts the newest older data that an upgrade kept back in their place. What was written since the upgrade stays
// with the data that it was written to, which are kept in turn.
func (u *Upgrader) Undo(ctx context.Context) (back, kept embedded.Kept, err error) {
	c, err := embedded.ClaimDir(ctx, u.Dir)
	if err != nil {
		return back, kept, err
	}
	defer c.Close()
	major, err := c.Major()
	if err != nil {
		return back, kept, err
	}
	list, err := c.Kept()
	if err != nil {
		return back, kept, err
	}
	for _, k := range list {
		if k.Major < major {
			kept, err = c.Undo(k)
			return k, kept, err
		}
	}
	return back, kept, &Refusal{
		Problem: "no upgrade has kept older data in " + u.Dir,
		Hint:    "a back-up from before it comes back with tijori restore --replace --name, where its version is installed",
	}
}

// Remove removes what upgrades have kept.
func (u *Upgrader) Remove(ctx context.Context) ([]embedded.Kept, error) {
	c, err := embedded.ClaimDir(ctx, u.Dir)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	list, err := c.Kept()
	if err != nil {
		return nil, err
	}
	for i, k := range list {
		if err := c.Remove(k); err != nil {
			return list[:i], err
		}
	}
	return list, nil
}
