package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"filippo.io/age"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/embedded"
)

// A Restorer reads back-ups of a target.
type Restorer struct {
	Target Target
	Keys   []age.Identity
	Users  []string // roles as which this account may connect to a private server
	Bins   []string // where the server's programs are; nil: where they usually are

	// Check looks through a database that was restored; an error refuses the back-up.
	Check func(context.Context, postgres.Config) error
	Log   func(format string, args ...any)
}

// Choose returns the back-up of a name, or without one the newest that can bring back a moment (zero: the newest of
// all), and refuses what this program, or payments of this environment, cannot take.
func (r *Restorer) Choose(
	ctx context.Context, name string, until time.Time, e *postgres.Environment,
) (m Manifest, err error) {
	if until.IsZero() || name != "" {
		m, err = find(ctx, r.Target, name)
	} else {
		m, err = r.before(ctx, until)
	}
	if err != nil {
		return m, err
	}
	if !until.IsZero() && (m.Kind != Base || m.Cluster.Line == "" || until.Before(m.Ended)) {
		return m, &Refusal{
			Problem: fmt.Sprintf("%s does not reach %s", m.Name, until.UTC().Format(time.RFC3339)),
			Hint:    "a moment comes back from a base back-up that ended before it, with the log kept since",
		}
	}
	known, err := postgres.Config{}.KnownMigrations()
	if err != nil {
		return m, err
	}
	if err := m.CheckFor(known); err != nil {
		return m, err
	}
	if e == nil {
		return m, nil
	}
	return m, m.facts().Belongs(*e)
}

func (r *Restorer) before(ctx context.Context, until time.Time) (Manifest, error) {
	list, err := List(ctx, r.Target)
	if err != nil {
		return Manifest{}, err
	}
	for _, m := range list {
		if m.Kind == Base && m.Cluster.Line != "" && !m.Ended.After(until) {
			return m, nil
		}
	}
	return Manifest{}, &Refusal{
		Problem: "no back-up in " + r.Target.String() + " reaches back to " + until.UTC().Format(time.RFC3339),
		Hint:    "a moment comes back from a base back-up that ended before it, with the log kept since; tijori backup list shows them", Err: quiet{ErrNone},
	}
}

func (m Manifest) facts() postgres.Facts {
	return postgres.Facts{
		Server: m.Server, Schema: m.Schema, Migrations: m.Migrations, Mode: postgres.Mode(m.Mode),
		Accounts: m.Accounts,
	}
}

// Verify restores a back-up into a scratch server below dir, checks it, and throws it away.
func (r *Restorer) Verify(ctx context.Context, m Manifest, dir string) (err error) {
	scratch, remove, err := scratchDir(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	return r.build(ctx, m, scratch, time.Time{}, false)
}

// Private restores a back-up as the private server's data in dir, whose server must not run. The database that is there
// is refused, or with replace kept beside it; kept is where.
func (r *Restorer) Private(
	ctx context.Context, m Manifest, dir string, until time.Time, replace bool,
) (kept string, err error) {
	if err := embedded.InUse(dir); err != nil {
		return "", err
	}
	if !replace && embedded.HasData(dir) {
		return "", &Refusal{
			Problem: "there is a database in " + dir,
			Hint:    "--replace restores beside it, then swaps them and keeps the old one",
		}
	}
	scratch, remove, err := scratchDir(filepath.Dir(dir))
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, remove()) }()
	if err := r.build(ctx, m, scratch, until, true); err != nil {
		return "", err
	}
	return embedded.Adopt(ctx, dir, filepath.Join(scratch, "db"), replace)
}

// scratchDir makes a folder that the server's account may pass.
func scratchDir(in string) (dir string, remove func() error, err error) {
	if dir, err = os.MkdirTemp(in, "restore-"); err != nil {
		return "", nil, noSpace(in, err)
	}
	if os.Geteuid() == 0 {
		err = os.Chmod(dir, 0o711)
	}
	return dir, func() error { return os.RemoveAll(dir) }, err
}

// build makes a server's data in dir/db of a back-up, checks it and stops it. With log, what is stored of it since is
// replayed, to a moment or to its end.
func (r *Restorer) build(ctx context.Context, m Manifest, dir string, until time.Time, log bool) (err error) {
	config := embedded.Config{Dir: filepath.Join(dir, "db"), Users: r.Users, BinDirs: r.Bins, SharedBuffers: "64MB"}
	if m.Kind == Base {
		if config.Recovery, err = r.unpack(ctx, m, dir, until, log); err != nil {
			return err
		}
	}
	server, err := embedded.Start(ctx, config)
	if err != nil {
		return r.notStarted(m, until, err)
	}
	stopped := false
	defer func() {
		if !stopped {
			err = errors.Join(err, server.Stop())
		}
	}()
	pc := postgres.Config{Private: true}
	if pc.Admin, err = pgx.ParseConfig(server.DSN("postgres", "postgres")); err != nil {
		return err
	}
	if m.Kind == Logical {
		if err := r.load(ctx, m, &pc); err != nil {
			return err
		}
	} else if err := postgres.Setup(ctx, &pc); err != nil {
		return err
	}
	if err := r.check(ctx, m, pc); err != nil {
		return err
	}
	stopped = true
	return server.Stop()
}

// logTooShort is what PostgreSQL writes into its log, and nowhere else, when the moment that was asked for is not in
// it.
var logTooShort = regexp.MustCompile("before configured recovery target was reached")

func (r *Restorer) notStarted(m Manifest, until time.Time, err error) error {
	if logTooShort.MatchString(err.Error()) {
		return &Refusal{
			Problem: fmt.Sprintf("the log that is stored with %s ends before %s",
				m.Name, until.UTC().Format(time.RFC3339)),
			Hint: "without --at everything that is stored comes back; nothing was changed",
		}
	}
	return noSpace("the state directory", err)
}

func (r *Restorer) load(ctx context.Context, m Manifest, pc *postgres.Config) error {
	return readArchive(ctx, r.Target, m, r.Keys, func(a *reader) error { return load(ctx, pc, a, m.Schema) })
}

func (r *Restorer) check(ctx context.Context, m Manifest, pc postgres.Config) error {
	if r.Check == nil {
		return nil
	}
	if err := r.Check(ctx, pc); err != nil {
		return &Refusal{
			Problem: m.Name + " was restored and does not pass the checks",
			Hint:    "nothing was changed; use another back-up (tijori backup list)", Err: err,
		}
	}
	return nil
}

// unpack makes dir/db/data of a base back-up, and brings the stored log beside it.
func (r *Restorer) unpack(
	ctx context.Context, m Manifest, dir string, until time.Time, log bool,
) (*embedded.Recovery, error) {
	err := readArchive(ctx, r.Target, m, r.Keys, func(a *reader) error {
		return a.each(func(name string, body io.Reader) error {
			if name != clusterName {
				return damaged(m.Name, "it has %s", name)
			}
			return noSpace(dir, embedded.Unpack(filepath.Join(dir, "db"), body))
		})
	})
	if err != nil || !log || m.Cluster.Line == "" {
		return nil, err
	}
	stored := filepath.Join(dir, "log")
	if err := os.Mkdir(stored, 0o755); err != nil {
		return nil, noSpace(dir, err)
	}
	from, err := segmentOf(m.Cluster.Timeline, m.Cluster.Start, m.Cluster.Segment)
	if err != nil {
		return nil, err
	}
	if err := fetchLog(ctx, r.Target, m.Cluster.Line, from, stored, r.Keys); err != nil {
		return nil, err
	}
	if err := noGap(stored, m.Cluster.Segment); err != nil {
		return nil, err
	}
	return &embedded.Recovery{LogDir: stored, Until: until}, nil
}

// noGap refuses a log in which a segment is missing: the server would take the gap for its end.
func noGap(dir string, size int64) error {
	list, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var names []string
	for _, e := range list {
		info, err := e.Info()
		if err != nil {
			return err
		}
		if info.Size() != size {
			return damaged("the log's segment "+e.Name(), "it has %d bytes, not %d", info.Size(), size)
		}
		names = append(names, e.Name())
	}
	slices.Sort(names)
	for i := 1; i < len(names); i++ {
		next, err := following(names[i-1], size)
		if err != nil {
			return err
		}
		if names[i] != next {
			return &Refusal{
				Problem: "the stored log lacks the segment " + next,
				Hint:    "--at a moment before it, or a later base back-up; nothing was changed",
				Err:     quiet{ErrDamaged},
			}
		}
	}
	return nil
}

// following is the name of the segment after one, on the same timeline.
func following(name string, size int64) (string, error) {
	var timeline, high, low int64
	if _, err := fmt.Sscanf(name, "%08X%08X%08X", &timeline, &high, &low); err != nil {
		return "", fmt.Errorf("%q is no segment of a log", name)
	}
	if low++; low == (int64(1)<<32)/size {
		high, low = high+1, 0
	}
	return fmt.Sprintf("%08X%08X%08X", timeline, high, low), nil
}

// Server restores a logical back-up into the database that config names. One that holds an installation is refused, or
// with replace restored beside and swapped; kept is then the old database's new name.
func (r *Restorer) Server(
	ctx context.Context, m Manifest, config postgres.Config, replace bool,
) (kept string, err error) {
	if m.Kind != Logical {
		return "", &Refusal{
			Problem: m.Name + " is a base back-up, which only Tijori's own PostgreSQL can take",
			Hint:    "restore it without DATABASE_URL, then move it with tijori backup --kind logical",
		}
	}
	there, err := config.IsSetUp(ctx)
	if err != nil {
		return "", err
	}
	if !there {
		return "", r.intoEmpty(ctx, m, config)
	}
	if !replace {
		return "", &Refusal{
			Problem: "there is an installation in the database " + config.Admin.Database,
			Hint:    "name an empty database in DATABASE_URL; --replace restores beside it, then swaps them and keeps the old one",
		}
	}
	if err := config.FindRoles(ctx); err != nil {
		return "", err
	}
	return r.beside(ctx, m, config)
}

// intoEmpty fills a database that has nothing of ours, and empties it again when that fails.
func (r *Restorer) intoEmpty(ctx context.Context, m Manifest, config postgres.Config) error {
	err := r.load(ctx, m, &config)
	if err == nil {
		err = r.check(ctx, m, config)
	}
	if err == nil {
		return nil
	}
	clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	if there, e := config.IsSetUp(clean); e == nil && !there {
		return err
	}
	return errors.Join(err, config.DropSchemas(clean))
}

// beside restores into a new database and swaps the names.
func (r *Restorer) beside(ctx context.Context, m Manifest, config postgres.Config) (kept string, err error) {
	stamp := time.Now().UTC().Format("20060102t150405")
	old, fresh := config.Admin.Database, "tijori_restore_"+stamp
	kept = old + "_before_" + stamp
	if err := exec(ctx, config, old,
		"create database "+pgx.Identifier{fresh}.Sanitize()+" template template0 encoding 'UTF8'"); err != nil {
		return "", &Refusal{
			Problem: "cannot make a database to restore into",
			Hint:    "the role needs CREATEDB; or make an empty one and name it in DATABASE_URL", Err: err,
		}
	}
	drop := true
	defer func() {
		if drop {
			clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
			defer cancel()
			err = errors.Join(err,
				exec(clean, config, old, "drop database "+pgx.Identifier{fresh}.Sanitize()+" with (force)"))
		}
	}()
	into := config
	into.Admin = config.Admin.Copy()
	into.Admin.Database = fresh
	into.Server = into.Admin
	if err := r.load(ctx, m, &into); err != nil {
		return "", err
	}
	if err := r.check(ctx, m, into); err != nil {
		return "", err
	}
	if err := exec(ctx, config, fresh,
		"alter database "+pgx.Identifier{old}.Sanitize()+" rename to "+pgx.Identifier{kept}.Sanitize()); err != nil {
		return "", &Refusal{
			Problem: "the restored database cannot take the place of " + old,
			Hint:    "stop every node, then try again; nothing was changed", Err: err,
		}
	}
	if err := exec(ctx, config, kept,
		"alter database "+pgx.Identifier{fresh}.Sanitize()+" rename to "+pgx.Identifier{old}.Sanitize()); err != nil {
		return "", errors.Join(err, exec(ctx, config, fresh,
			"alter database "+pgx.Identifier{kept}.Sanitize()+" rename to "+pgx.Identifier{old}.Sanitize()))
	}
	drop = false
	return kept, nil
}

func exec(ctx context.Context, config postgres.Config, database, sql string) error {
	c := config.Admin.Copy()
	c.Database = database
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, sql)
	return err
}
