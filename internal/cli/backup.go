package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/backup"
	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/credits"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
)

// backupFlags are the settings of back-ups that a server makes by itself.
type backupFlags struct {
	Backup        string        `name:"backup" env:"TIJORI_BACKUP" placeholder:"DIR|s3://…" help:"Where the server puts back-ups by itself; nowhere when empty."`
	BackupEvery   time.Duration `env:"TIJORI_BACKUP_EVERY" default:"24h" help:"How often (default: ${default})."`
	recipientFlag `embed:""`
	keepFlag      `embed:""`
}

type recipientFlag struct {
	Recipients []string `name:"recipient" env:"TIJORI_BACKUP_RECIPIENTS" placeholder:"age1…" help:"Public keys to encrypt to; tijori backup key makes a pair."`
}

type keepFlag struct {
	Keep int `env:"TIJORI_BACKUP_KEEP" default:"14" placeholder:"N" help:"How many back-ups stay of each kind; 0: all (default: ${default})."`
}

type identityFlag struct {
	Identity string `env:"TIJORI_BACKUP_IDENTITY" placeholder:"FILE" help:"File with the secret key of encrypted back-ups."`
}

type backupCmd struct {
	Make   backupMakeCmd   `cmd:"" default:"withargs" help:"Make a back-up, restore it into a scratch server and check it."`
	List   backupListCmd   `cmd:"" help:"List back-ups, the newest first."`
	Verify backupVerifyCmd `cmd:"" help:"Restore a back-up into a scratch server and check it."`
	Key    backupKeyCmd    `cmd:"" help:"Make a key pair: the secret key into a file, the public one on stdout."`
}

type backupMakeCmd struct {
	databaseFlags `embed:""`
	recipientFlag `embed:""`
	keepFlag      `embed:""`

	Target   string `arg:"" placeholder:"DIR|s3://…" help:"Where to put it."`
	Kind     string `placeholder:"KIND" help:"base (files of the private server) or logical (rows, for any server); default: base for the private server."`
	NoVerify bool   `help:"Do not restore it into a scratch server."`
}

// Run makes a back-up, verifies it and removes those that are too many.
func (c *backupMakeCmd) Run(e *env) error {
	kind := backup.Kind(c.Kind)
	switch {
	case kind == "" && c.DatabaseURL == "":
		kind = backup.Base
	case kind == "":
		kind = backup.Logical
	case kind != backup.Base && kind != backup.Logical:
		return usagef("--kind %q is neither base nor logical", c.Kind)
	case kind == backup.Base && c.DatabaseURL != "":
		return usagef("a base back-up is of Tijori's own PostgreSQL\nleave DATABASE_URL out, or use your provider's snapshots beside logical back-ups")
	}
	target, err := backup.OpenTarget(c.Target, true)
	if err != nil {
		return err
	}
	config, done, err := c.backupSource(e)
	if err != nil {
		return err
	}
	defer done() //nolint:errcheck // nothing was written
	b, err := newBackups(target, config, &c.databaseFlags, c.Recipients)
	if err != nil {
		return err
	}
	m, err := b.maker.Make(e, kind)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "%s: %s in %s\n", m.Name, describeBackup(m), target)
	if !c.NoVerify {
		if err := b.verify(e, m); err != nil {
			return err
		}
		fmt.Fprintln(e.stdout, "restored into a scratch server, and everything adds up")
	}
	gone, err := backup.Keep(e, target, c.Keep)
	for _, name := range gone {
		fmt.Fprintf(e.stdout, "removed %s\n", name)
	}
	return err
}

// describeBackup says what there is to know in one line.
func describeBackup(m backup.Manifest) string {
	text := fmt.Sprintf("%s of data in %s", size(m.Bytes), size(m.Size))
	if m.Kind == backup.Logical {
		text = fmt.Sprintf("%d rows of %d tables, ", m.Rows(), len(m.Tables)) + text
	}
	if m.Encrypted {
		text += ", encrypted"
	}
	return text
}

func size(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%d kB", (n+1023)/1024)
}

// backupSource is the database to back up: a running server's, or the private one, started for it.
func (f *databaseFlags) backupSource(ctx context.Context) (postgres.Config, func() error, error) {
	nothing := func() error { return nil }
	if f.DatabaseURL != "" {
		d := &database{}
		err := d.useURL(f)
		return d.config, nothing, err
	}
	dir := f.Data
	if dir == "" {
		dir = defaultData()
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return postgres.Config{}, nothing, err
	}
	if _, err := os.Stat(filepath.Join(dir, "postgres", "data")); err != nil {
		return postgres.Config{}, nothing, &postgres.SetupError{
			Problem: "there is no database of Tijori in " + dir,
			Hint:    "set TIJORI_DATA or DATABASE_URL to what the server has",
		}
	}
	config, err := privateSocket(filepath.Join(dir, "postgres"))
	if err != nil {
		return postgres.Config{}, nothing, err
	}
	if conn, err := pgx.ConnectConfig(ctx, config); err == nil {
		return postgres.Config{Admin: config, Private: true}, nothing, conn.Close(ctx)
	}
	d, err := f.open(ctx)
	if err != nil {
		return postgres.Config{}, nothing, err
	}
	return d.config, d.Close, nil
}

// backups make back-ups of one database and verify what they have made, also when it is encrypted: to a key of this
// process too, which is written nowhere.
type backups struct {
	maker    *backup.Maker
	restorer *backup.Restorer
	flags    *databaseFlags
}

func newBackups(target backup.Target, config postgres.Config, f *databaseFlags, recipients []string) (*backups, error) {
	to, err := backup.Recipients(recipients)
	if err != nil {
		return nil, err
	}
	var keys []age.Identity
	if len(to) > 0 {
		own, err := age.GenerateX25519Identity()
		if err != nil {
			return nil, err
		}
		to, keys = append(to, own.Recipient()), append(keys, own)
	}
	return &backups{
		maker:    &backup.Maker{Target: target, Config: config, Program: versionText(), To: to, Now: time.Now},
		restorer: f.restorer(target, keys), flags: f,
	}, nil
}

func (f *databaseFlags) restorer(target backup.Target, keys []age.Identity) *backup.Restorer {
	r := &backup.Restorer{Target: target, Keys: keys, Users: postgres.LoginRoles(), Check: checkRestored}
	if f.PGBin != "" {
		r.Bins = filepath.SplitList(f.PGBin)
	}
	return r
}

// verify restores a back-up into a scratch server, and writes down that it could be.
func (b *backups) verify(ctx context.Context, m backup.Manifest) error {
	dir, err := b.flags.dataDir()
	if err != nil {
		return err
	}
	if err := b.restorer.Verify(ctx, m, dir); err != nil {
		return err
	}
	return backup.Verified(ctx, b.maker.Target, m, time.Now())
}

// checkRestored does what the verify commands do.
func checkRestored(ctx context.Context, config postgres.Config) error {
	db, err := postgres.Open(ctx, config)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.CheckMigrations(ctx); err != nil {
		return err
	}
	wrong, err := ledger.VerifySums(ctx, db.Auth)
	if err != nil {
		return err
	}
	if len(wrong) > 0 {
		return fmt.Errorf("the sums of %d parties are not those of their entries; the first: %v", len(wrong), wrong[0])
	}
	plans, err := billing.LoadPlans("", nil)
	if err != nil {
		return err
	}
	now, err := serviceClock(ctx, db)
	if err != nil {
		return err
	}
	balances, err := credits.New(credits.Config{DB: db, Plans: plans, Clock: now}).Verify(ctx)
	if err != nil {
		return err
	}
	if len(balances) > 0 {
		return fmt.Errorf("%d balances of credits do not add up; the first: %v", len(balances), balances[0])
	}
	return nil
}

type backupListCmd struct {
	Target string `arg:"" env:"TIJORI_BACKUP" placeholder:"DIR|s3://…" help:"Where they are (default: TIJORI_BACKUP)."`
	JSON   bool   `help:"Print JSON."`
}

// Run lists what there is.
func (c *backupListCmd) Run(e *env) error {
	target, err := backup.OpenTarget(c.Target, false)
	if err != nil {
		return err
	}
	list, err := backup.List(e, target)
	if err != nil {
		return err
	}
	if c.JSON {
		return (&operateFlags{}).printJSON(e.stdout, list)
	}
	return table(e.stdout, "NAME\tENDED\tSCHEMA\tPAYMENTS\tVERIFIED\tWHAT", func(row func(...any)) {
		for _, m := range list {
			verified := "-"
			if m.Verified != nil {
				verified = stamp(*m.Verified)
			}
			row(m.Name, stamp(m.Ended), m.Schema, dash(m.Mode), verified, describeBackup(m))
		}
	})
}

type backupVerifyCmd struct {
	databaseFlags `embed:""`
	identityFlag  `embed:""`

	Target string `arg:"" env:"TIJORI_BACKUP" placeholder:"DIR|s3://…" help:"Where it is (default: TIJORI_BACKUP)."`
	Name   string `placeholder:"NAME" help:"Which one (default: the newest)."`
	Read   bool   `help:"Only read it to its end and compare every digest."`
}

// Run restores a back-up and throws the result away.
func (c *backupVerifyCmd) Run(e *env) error {
	target, err := backup.OpenTarget(c.Target, false)
	if err != nil {
		return err
	}
	keys, err := backup.Identities(c.Identity)
	if err != nil {
		return err
	}
	r := c.restorer(target, keys)
	m, err := r.Choose(e, c.Name, time.Time{}, nil)
	if err != nil {
		return err
	}
	if c.Read {
		if err := backup.Read(e, target, m, keys); err != nil {
			return err
		}
		fmt.Fprintf(e.stdout, "%s: whole, as it was written\n", m.Name)
		return nil
	}
	dir, err := c.dataDir()
	if err != nil {
		return err
	}
	start := time.Now()
	if err := r.Verify(e, m, dir); err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "%s: restored into a scratch server, and everything adds up (%s)\n",
		m.Name, time.Since(start).Round(time.Second))
	return backup.Verified(e, target, m, time.Now())
}

type backupKeyCmd struct {
	File string `arg:"" type:"path" placeholder:"FILE" help:"Where to write the secret key; it must not exist."`
}

// Run makes a key pair.
func (c *backupKeyCmd) Run(e *env) error {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return err
	}
	f, err := os.OpenFile(c.File, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return &backup.Refusal{
			Problem: "cannot write the secret key", Hint: "name a file that does not exist yet",
			Err: err,
		}
	}
	_, err = fmt.Fprintf(f,
		"# Secret key of Tijori's back-ups. Keep it away from the server, and twice.\n# public key: %s\n%s\n", id.Recipient(), id)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	fmt.Fprintln(e.stderr, "keep "+c.File+" away from the server; set TIJORI_BACKUP_RECIPIENTS to:")
	_, err = fmt.Fprintln(e.stdout, id.Recipient())
	return err
}

type restoreCmd struct {
	databaseFlags `embed:""`
	identityFlag  `embed:""`
	providerFlags `embed:""`
	permitFlags   `embed:""`

	From    string    `arg:"" env:"TIJORI_BACKUP" placeholder:"DIR|s3://…" help:"Where the back-ups are (default: TIJORI_BACKUP)."`
	Name    string    `placeholder:"NAME" help:"Which one (default: the newest)."`
	At      time.Time `placeholder:"TIME" help:"Bring back this moment, as in 2026-11-29T10:48:00Z, from a base back-up and the log kept since."`
	Replace bool      `help:"Take the place of the installation that is there. It is kept under another name."`
}

// Run restores beside what is there, checks it, and swaps.
func (c *restoreCmd) Run(e *env) error {
	target, err := backup.OpenTarget(c.From, false)
	if err != nil {
		return err
	}
	keys, err := backup.Identities(c.Identity)
	if err != nil {
		return err
	}
	s, rp, err := c.clients()
	if err != nil && !c.simulated() {
		return err
	}
	environment, err := c.environment(c.Permit, s, rp)
	if err != nil {
		return err
	}
	r := c.restorer(target, keys)
	m, err := r.Choose(e, c.Name, c.At, &environment)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stderr, "restoring %s of %s\n", m.Name, stamp(m.Ended))
	var kept, where string
	if c.DatabaseURL != "" {
		d := &database{}
		if err := d.useURL(&c.databaseFlags); err != nil {
			return err
		}
		if !c.At.IsZero() {
			return usagef("--at brings back a moment of Tijori's own PostgreSQL\na server of yours has its provider's point-in-time restore")
		}
		where = d.describe
		kept, err = r.Server(e, m, d.config, c.Replace)
	} else {
		dir, e2 := c.dataDir()
		if e2 != nil {
			return e2
		}
		where = filepath.Join(dir, "postgres")
		kept, err = r.Private(e, m, where, c.At, c.Replace)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "restored %s into %s, and everything adds up\n", m.Name, where)
	if kept != "" {
		fmt.Fprintf(e.stdout, "what was there is kept as %s\n", kept)
	}
	fmt.Fprintln(e.stderr, "next: start tijori serve, then run tijori reconcile: it brings back what was paid since")
	return nil
}
