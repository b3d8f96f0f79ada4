package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/db"
	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/report"
)

// schema says what one side of a comparison is: an address, or a folder of migrations.
func (c *auditDiffCmd) schema(name string) (db.Options, error) {
	o := db.Options{ConnectsAs: c.ConnectsAs, Scratch: c.Scratch}
	if strings.HasPrefix(name, "postgres://") || strings.HasPrefix(name, "postgresql://") {
		o.DSN = name
		return o, nil
	}
	if strings.HasSuffix(name, ".json") {
		return o, usagef("%s is a report and the other is none\ncompare two reports, or two schemas", name)
	}
	if _, err := os.Stat(name); err != nil {
		return o, err
	}
	o.Migrations = name
	return o, nil
}

// schemas prints what the new schema opens and closes, and what reading finds in it that it did not find in the old
// one. It fails when something opens.
func (c *auditDiffCmd) schemas(e *env) error {
	before, err := c.schema(c.Old)
	if err != nil {
		return err
	}
	after, err := c.schema(c.New)
	if err != nil {
		return err
	}
	d, err := db.Compare(e, before, after)
	if errors.Is(err, db.ErrUsage) {
		return usagef("%v", err)
	}
	if err != nil {
		return err
	}
	printChanges(e, d)
	found := report.Compare(d.Old, d.New)
	if n := d.Opens(); n > 0 {
		return findings{fmt.Sprintf("%d changes open something", n)}
	}
	return (&auditFlags{FailOn: c.FailOn, Strict: c.Strict}).verdict(found.New, found.Blind)
}

func printChanges(e *env, d *db.Comparison) {
	last := ""
	for _, c := range d.Changes {
		heading := "CLOSES"
		switch {
		case c.Opens:
			heading = "OPENS"
		case c.Either:
			heading = "READ AGAIN"
		}
		if heading != last {
			fmt.Fprintf(e.stdout, "%s\n", heading)
			last = heading
		}
		fmt.Fprintf(e.stdout, "  %s: %s\n", report.Line(c.Object), report.Line(c.What))
		if at := c.Place.String(); at != "" {
			fmt.Fprintf(e.stdout, "    %s\n", at)
		}
	}
	if len(d.Changes) == 0 {
		fmt.Fprintln(e.stdout, "Policies, grants, functions, triggers, views and roles are as they were.")
	}
	var fresh []finding.Finding
	fresh = append(fresh, report.Compare(d.Old, d.New).New...)
	for i, f := range fresh {
		if i == 0 {
			fmt.Fprintln(e.stdout, "FOUND BY READING, NOT THERE BEFORE")
		}
		fmt.Fprintf(e.stdout, "  %s %s on %s: %s\n", f.Severity, f.Rule, report.Line(f.Object), report.Line(f.Title))
	}
	for _, n := range d.New.NotTested {
		fmt.Fprintf(e.stdout, "not tested: %s: %s\n", report.Line(n.What), report.Line(n.Reason))
	}
}
