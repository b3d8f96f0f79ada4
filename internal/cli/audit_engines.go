package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/confirm"
	"github.com/tijorihq/tijori/internal/audit/db"
	"github.com/tijorihq/tijori/internal/audit/db/suite"
	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/source"
	"github.com/tijorihq/tijori/internal/audit/target"
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

	Config string `type:"path" placeholder:"FILE" help:"The running app whose checks prove what is found (default: audit.toml, where it names one)."`
}

// Run follows values through the code and reports what it trusts.
func (c *auditSourceCmd) Run(e *env) error {
	return c.audit(e, source.Rules(), func(ctx context.Context, _ func(int, string)) (*finding.Report, error) {
		for _, id := range c.Only {
			if !slices.ContainsFunc(source.Rules(), func(r finding.Rule) bool { return r.ID == id }) {
				return nil, usagef("there is no rule %q for source code\ntijori audit explain lists all rules", id)
			}
		}
		r, err := source.Audit(ctx, source.Options{Dir: c.Dir, Only: c.Only, Tests: c.Tests})
		if err != nil {
			return nil, err
		}
		return r, c.plan(r)
	})
}

// plan names the check of the running app that proves each finding.
func (c *auditSourceCmd) plan(r *finding.Report) error {
	name := c.Config
	if name == "" {
		name = allowFiles[0]
	}
	config, err := target.Load(name)
	switch {
	case c.Config != "" && err != nil:
		return usagef("%v", err)
	case errors.Is(err, fs.ErrNotExist) || err == nil && config.Target.URL == "":
		return nil // there is no app to try it on, or the file holds an allow-list alone
	case err != nil:
		r.Notes = append(r.Notes, fmt.Sprintf("no check of the running app is named: %v", err))
		return nil
	}
	confirm.Plan(r, config, relative(name))
	return nil
}

// relative is a file as somebody would type it from where they are.
func relative(name string) string {
	dir, err := os.Getwd()
	if err != nil {
		return name
	}
	if short, err := filepath.Rel(dir, name); err == nil && !strings.HasPrefix(short, "..") {
		return short
	}
	return name
}
