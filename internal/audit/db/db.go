// Package db audits a PostgreSQL schema: it rebuilds it in a scratch database,
// reasons about who reaches what, and attacks it as a stranger.
package db

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/audit/db/attack"
	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/load"
	"github.com/tijorihq/tijori/internal/audit/db/model"
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/db/scratch"
	"github.com/tijorihq/tijori/internal/audit/db/seed"
	"github.com/tijorihq/tijori/internal/audit/db/suite"
	"github.com/tijorihq/tijori/internal/audit/db/verdict"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Options say what to audit and how.
type Options struct {
	Migrations     string   // a file, or a folder of .sql files
	DSN            string   // a live database; only its catalogue is read
	Scratch        string   // a superuser's DSN of a throw-away server; empty: a private one is started
	Attack         bool     // act as strangers in the scratch copy
	ConnectsAs     []string // roles that serve requests
	ExposedSchemas []string // schemas that requests reach
	Platform       string   // supabase or postgres; empty: recognised
	Data           string   // a dump whose rows, masked, are in the scratch copy during the attack
	Progress       func(what string)
	// Suite, when not nil, is given the attack as tests of their own.
	Suite func(*suite.Suite) error
	// Patience bounds the attack, and in proportion its statements and the making of rows; a minute by default. Where
	// the answer must not depend on how busy the machine is, give more.
	Patience time.Duration
}

// times is how many times the usual patience is given.
func (o Options) times() int { return max(1, int(o.Patience/time.Minute)) }

// ErrUsage says that the options make no sense.
var ErrUsage = errors.New("name migrations or a database, not both")

// Audit rebuilds the schema in a scratch database and reports what is wrong.
func Audit(ctx context.Context, o Options) (*finding.Report, error) {
	if (o.Migrations == "") == (o.DSN == "") {
		return nil, ErrUsage
	}
	files, target, err := o.files(ctx)
	if err != nil {
		return nil, err
	}
	dsn := o.Scratch
	if dsn == "" {
		o.say("starting a scratch server")
		s, err := scratch.Start(ctx)
		if err != nil {
			return nil, err
		}
		defer s.Stop()
		dsn = s.DSN()
	}
	d, err := scratch.Create(ctx, dsn)
	if err != nil {
		return nil, err
	}
	defer d.Drop()
	report := &finding.Report{
		Command:   "audit db",
		Target:    target,
		Findings:  []finding.Finding{},
		NotTested: []finding.NotTested{},
	}
	if err := o.audit(ctx, d, files, report); err != nil {
		return nil, err
	}
	report.Sort()
	return report, nil
}

func (o Options) say(what string) {
	if o.Progress != nil {
		o.Progress(what)
	}
}

func (o Options) files(ctx context.Context) ([]load.File, string, error) {
	if o.DSN != "" {
		return dump(ctx, o.DSN)
	}
	files, err := load.Files(o.Migrations)
	return files, o.Migrations, err
}

// read rebuilds the schema and reads it.
func (o Options) read(
	ctx context.Context,
	d *scratch.Database,
	files []load.File,
	report *finding.Report,
) (*pass.Pass, error) {
	o.say("applying migrations")
	loaded, err := load.Apply(ctx, d, files, o.Platform)
	if err != nil {
		return nil, err
	}
	report.NotTested = append(report.NotTested, loaded.Failed...)
	conn, err := d.Connect(ctx, loaded.Loader)
	if err != nil {
		return nil, fmt.Errorf("connect to the scratch database: %w", err)
	}
	defer func() { conn.Close(context.WithoutCancel(ctx)) }()
	ignore := d.Before()
	if err := assume(ctx, conn, loaded, ignore, report); err != nil {
		return nil, err
	}
	schema, err := catalog.Read(ctx, conn)
	if err != nil {
		return nil, err
	}
	m := model.New(
		schema,
		model.Config{
			Supabase:   loaded.Platform == load.Supabase,
			ConnectsAs: o.ConnectsAs,
			Exposed:    o.ExposedSchemas,
			Loader:     loaded.Loader,
			Ignore:     ignore,
		},
	)
	var roles []string
	for _, a := range m.Acting {
		roles = append(roles, a.Role)
	}
	privs, err := schema.ReadPrivileges(ctx, conn, append(roles, "public")[:len(roles)])
	if err != nil {
		return nil, err
	}
	court := &verdict.Court{Model: m, Privs: privs}
	return &pass.Pass{Schema: schema, Model: m, Privs: privs, Load: loaded, Court: court}, nil
}

// judge reasons about what was read.
func (o Options) judge(p *pass.Pass, report *finding.Report) {
	o.say("reading policies")
	guarded("policies", report, func() { p.Verdicts = p.Court.All() })
	for _, r := range rules() {
		if r.Find != nil {
			guarded("rule "+r.ID, report, func() { r.Find(p) })
		}
	}
	report.Looked = looked(p.Schema)
}

func (o Options) audit(ctx context.Context, d *scratch.Database, files []load.File, report *finding.Report) error {
	p, err := o.read(ctx, d, files, report)
	if err != nil {
		return err
	}
	o.judge(p, report)
	if failed := p.Load.Failed; len(failed) > 0 && report.Looked[0].N+report.Looked[1].N == 0 {
		return fmt.Errorf("nothing could be read: %s: %s", failed[0].What, failed[0].Reason)
	}
	if o.Attack {
		var failed error
		guarded("the attack", report, func() { failed = o.attack(ctx, d, p.Load, p, report) })
		if failed != nil {
			return failed
		}
	}
	if !o.Attack {
		for _, f := range p.Findings() {
			f.Patch = "" // a fix that was not tried is none
		}
	}
	finish(p, report)
	return ctx.Err()
}

func (o Options) attack(
	ctx context.Context,
	d *scratch.Database,
	loaded *load.Result,
	p *pass.Pass,
	report *finding.Report,
) error {
	o.say("making two tenants")
	conn, err := d.Connect(ctx, loaded.Loader)
	if err != nil {
		return fmt.Errorf("connect to the scratch database: %w", err)
	}
	defer func() { conn.Close(context.WithoutCancel(ctx)) }()
	s := seed.New(p.Model, conn)
	s.Patience = o.times()
	if o.Data != "" {
		o.say("loading and masking rows")
		if err := fill(ctx, d, p, o.Data, report); err != nil {
			return err
		}
	}
	start := time.Now()
	if err := s.Fill(ctx); err != nil {
		return err
	}
	if os.Getenv("TIJORI_AUDIT_DEBUG") != "" {
		fmt.Fprint(os.Stderr, p.Model.Describe())
		for _, r := range s.Rows {
			fmt.Fprintf(os.Stderr, "row %s %s %s %v\n", r.Relation.FullName(), r.Letter, r.Kind, r.Values)
		}
		fmt.Fprintf(os.Stderr, "seeded %d rows in %s\n", len(s.Rows), time.Since(start))
	}
	report.NotTested = append(report.NotTested, s.Failed...)
	o.say("attacking")
	a := attack.New(p.Model, s, p.Privs, conn)
	a.Patience = o.times()
	if err := a.Run(ctx); err != nil {
		return err
	}
	report.NotTested = append(report.NotTested, a.Failed...)
	merge(ctx, p, a, report)
	for _, f := range p.Findings() { // last, because it commits
		if f.Rule != "credit-read-then-write" || f.Proof != nil {
			continue
		}
		for _, x := range p.Schema.Functions {
			if x.Identity != f.Object {
				continue
			}
			if h := a.Race(ctx, x, func(ctx context.Context) (*pgx.Conn, error) {
				return d.Connect(ctx,
					loaded.Loader)
			}); h != nil {
				f.Proof = &finding.Proof{Who: h.Persona.Who, Steps: h.Steps, Saw: h.Saw}
			}
		}
	}
	o.say("trying fixes")
	mend(ctx, p, a)
	if o.Suite != nil {
		if err := o.Suite(a.Suite(func(object, verb string) bool { return p.On(object, verb) })); err != nil {
			return err
		}
	}
	report.Looked = append(
		report.Looked,
		finding.Count{What: "seeded rows", N: len(s.Rows)},
		finding.Count{What: "attacks", N: a.Tried},
	)
	return nil
}

// assume makes a login with all grants where the migrations know no role at
// all: somebody has to ask.
func assume(
	ctx context.Context,
	conn *pgx.Conn,
	loaded *load.Result,
	before map[string]bool,
	report *finding.Report,
) error {
	if loaded.Platform == load.Supabase {
		return nil
	}
	rows, _ := conn.Query(ctx, `select rolname::text from pg_roles where rolname !~ '^pg_' and not rolsuper`)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("list roles: %w", err)
	}
	for _, n := range names {
		if !before[n] && n != loaded.Loader {
			return nil
		}
	}
	_, err = conn.Exec(ctx, `create role tijori_app login;
grant tijori_app to current_user;
do $$ declare n text; begin
for n in select nspname from pg_namespace where nspname !~ '^(pg_|information_schema$|tijori_audit$)' loop
  begin
    execute format('grant usage on schema %I to tijori_app', n);
    execute format('grant select, insert, update, delete on all tables in schema %I to tijori_app', n);
    execute format('grant usage on all sequences in schema %I to tijori_app', n);
  exception when others then null;
  end;
end loop; end $$`)
	if err != nil {
		return fmt.Errorf("make a login for requests: %w", err)
	}
	report.NotTested = append(report.NotTested, finding.NotTested{
		What:   "the application's login",
		Reason: "the migrations make no role; a login that may read and write every table was assumed",
	})
	return nil
}

// guarded runs a part of the audit. One that breaks down is not tested, and
// never counts as clean.
func guarded(what string, report *finding.Report, part func()) {
	defer func() {
		if r := recover(); r != nil {
			report.NotTested = append(
				report.NotTested,
				finding.NotTested{What: what, Reason: fmt.Sprintf("it broke down: %v", r)},
			)
			if os.Getenv("TIJORI_AUDIT_DEBUG") != "" {
				panic(r)
			}
		}
	}()
	part()
}

func looked(s *catalog.Schema) []finding.Count {
	n := map[string]int{}
	for _, r := range s.Relations {
		if r.Schema == "auth" || r.Schema == "storage" || r.Schema == "realtime" {
			n["policies"] += len(r.Policies)
			continue
		}
		if r.Table() {
			n["tables"]++
		} else {
			n["views"]++
		}
		n["policies"] += len(r.Policies)
	}
	for _, f := range s.Functions {
		if !f.Extension {
			n["functions"]++
		}
	}
	return []finding.Count{
		{What: "tables", N: n["tables"]},
		{What: "views", N: n["views"]},
		{What: "policies", N: n["policies"]},
		{What: "functions", N: n["functions"]},
	}
}
