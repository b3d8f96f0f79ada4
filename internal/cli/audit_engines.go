package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"github.com/tijorihq/tijori/internal/audit/db"
	"github.com/tijorihq/tijori/internal/audit/db/suite"
	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/source"
)

type auditDBCmd struct {
	auditFlags `embed:""`

	DSN        string   `arg:"" optional:"" name:"dsn" help:"A live database, as postgres://…; only its catalogue is read."`
	Migrations string   `type:"path" placeholder:"PATH" help:"Migrations instead: a file, or a folder of .sql files."`
	Attack     bool     `help:"Make two tenants in a scratch copy and act as strangers there: proofs instead of suspicions."`
	Scratch    string   `placeholder:"URL" help:"A throw-away server to work on, as its superuser (default: a private one is started)."`
	ConnectsAs []string `placeholder:"ROLE,…" help:"The login roles that serve requests, where the catalogue does not tell."`
	Exposed    []string `placeholder:"SCHEMA,…" help:"The schemas that requests reach (default: recognised)."`
	Platform   string   `default:"" enum:",supabase,postgres" help:"supabase or postgres (default: recognised)."`
	Data       string   `type:"path" placeholder:"FILE" help:"A dump whose rows, masked, are in the scratch copy during the attack."`
	WriteTests string   `type:"path" placeholder:"DIR" help:"Write the attack as tests of your own there, for pgTAP and for Go."`
	Compat     string   `default:"" enum:",splinter" help:"splinter: print the names of Supabase's linter beside ours."`
}

// Run rebuilds the schema in a scratch database and reports what a stranger can do.
func (c *auditDBCmd) Run(e *env) error {
	if c.WriteTests != "" && !c.Attack {
		return usagef("--write-tests writes down the attack\nadd --attack")
	}
	return c.audit(e, db.Rules(), func(ctx context.Context, show func(int, string)) (*finding.Report, error) {
		n := 0
		var write func(*suite.Suite) error
		if c.WriteTests != "" {
			write = func(s *suite.Suite) error { return writeSuite(c.WriteTests, s) }
		}
		r, err := db.Audit(ctx, db.Options{
			Suite:      write,
			Migrations: c.Migrations, DSN: c.DSN, Scratch: c.Scratch, Attack: c.Attack, ConnectsAs: c.ConnectsAs,
			ExposedSchemas: c.Exposed, Platform: c.Platform, Data: c.Data,
			Progress: func(what string) {
				n++
				show(n, what)
			},
		})
		if errors.Is(err, db.ErrUsage) {
			return nil, usagef("%v\ntijori audit db --migrations DIR, or tijori audit db postgres://…", err)
		}
		if err == nil && c.Compat == "splinter" {
			db.NameAsSplinter(r)
		}
		return r, err
	})
}

// writeSuite writes the attack for both kinds of tests.
func writeSuite(dir string, s *suite.Suite) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := writeWhole(filepath.Join(dir, "tenants_test.sql"), s.WritePgTAP); err != nil {
		return err
	}
	return writeWhole(filepath.Join(dir, "tenants_test.go"), s.WriteGo)
}

type auditSourceCmd struct {
	auditFlags `embed:""`

	Dir   string   `arg:"" type:"path" help:"The folder of the code."`
	Only  []string `placeholder:"RULE,…" help:"Only these rules."`
	Tests bool     `help:"Audit test files too."`
}

// Run follows values through the code and reports what it trusts.
func (c *auditSourceCmd) Run(e *env) error {
	return c.audit(e, source.Rules(), func(ctx context.Context, _ func(int, string)) (*finding.Report, error) {
		for _, id := range c.Only {
			if !slices.ContainsFunc(source.Rules(), func(r finding.Rule) bool { return r.ID == id }) {
				return nil, usagef("there is no rule %q for source code\ntijori audit explain lists all rules", id)
			}
		}
		return source.Audit(ctx, source.Options{Dir: c.Dir, Only: c.Only, Tests: c.Tests})
	})
}
