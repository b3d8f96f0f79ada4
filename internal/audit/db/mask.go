package db

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/load"
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/db/scratch"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// fill loads the rows of a dump into the scratch copy, and masks them before anybody acts there: nothing that a report
// shows comes from a real customer.
func fill(ctx context.Context, d *scratch.Database, p *pass.Pass, file string, report *finding.Report) error {
	files, err := load.Files(file)
	if err != nil {
		return err
	}
	failed, err := load.Fill(ctx, d, p.Load.Loader, files)
	if err != nil {
		return err
	}
	report.NotTested = append(report.NotTested, failed...)
	conn, err := d.Connect(ctx, p.Load.Loader)
	if err != nil {
		return fmt.Errorf("connect to the scratch database: %w", err)
	}
	defer func() { conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, `set statement_timeout = '60s'; set session_replication_role = replica`); err != nil {
		return fmt.Errorf("prepare to mask rows: %w", err)
	}
	rows := 0
	for _, r := range p.Schema.Relations {
		if r.Table() && r.Kind != "p" && r.Kind != "f" && !r.Extension {
			rows += mask(ctx, conn, p, r, report)
		}
	}
	report.Looked = append(report.Looked, finding.Count{What: "masked rows of the data", N: rows})
	return ctx.Err()
}

// mask overwrites what rows say about people. Keys, and what conditions compare with words, stay; a table whose rows
// cannot be masked is emptied.
func mask(ctx context.Context, conn *pgx.Conn, p *pass.Pass, r *catalog.Relation, report *finding.Report) int {
	var sets []string
	for _, c := range r.Columns {
		if to := masked(p, r, c); to != "" {
			sets = append(sets, catalog.Quote(c.Name)+" = "+to)
		}
	}
	if len(sets) == 0 {
		var n int
		_ = conn.QueryRow(ctx, "select count(*) from only "+r.SQL()).Scan(&n)
		return n
	}
	done, err := conn.Exec(ctx, "update only "+r.SQL()+" set "+strings.Join(sets, ", "))
	if err == nil {
		return int(done.RowsAffected())
	}
	_, gone := conn.Exec(ctx, "delete from only "+r.SQL())
	report.NotTested = append(report.NotTested, finding.NotTested{
		What:   "rows of the data in " + r.FullName(),
		Reason: "they could not be masked, and were left out: " + err.Error(),
	})
	if gone != nil {
		_, _ = conn.Exec(ctx, "truncate "+r.SQL()+" cascade")
	}
	return 0
}

// masked is what a column's values become, empty for those that stay.
func masked(p *pass.Pass, r *catalog.Relation, c *catalog.Column) string {
	if c.Generated || p.Model.Decides(r, c.Num) || len(r.Refers(c.Num)) > 0 || p.Model.Isolating(r, c.Num) {
		return ""
	}
	at := catalog.Quote(c.Name)
	t := p.Schema.BaseType(c.Type)
	plain := ""
	switch {
	case t.OID == 114 || t.OID == 3802:
		plain = "'{}'"
	case t.OID == 17:
		plain = "''"
	case t.Kind == "e":
	case t.Category == "A":
		plain = "'{}'"
	case t.Category == "I":
		plain = "'192.0.2.1'"
	case t.Category == "S" || t.Category == "U" && t.OID == 142:
		if r.InKey(c.Num) { // an address may be a key
			return fmt.Sprintf("case when %[1]s::text like '%%@%%' then left(md5(random()::text), "+
				"greatest(length(%[1]s::text), 12))::%[2]s else %[1]s end", at, c.TypeText)
		}
		plain = fmt.Sprintf("left(md5(random()::text), greatest(length(%s::text), 1))", at)
		if unique(r, c.Num) {
			plain = "md5(random()::text)"
		}
	}
	if plain == "" {
		return ""
	}
	stays := ""
	for _, word := range p.Model.Constants(r.FullName() + "." + c.Name) { // what conditions know
		stays += fmt.Sprintf(" when %s::text = %s then %s", at, catalog.Literal(word), at)
	}
	return fmt.Sprintf("case when %s is null then null%s else (%s)::%s end", at, stays, plain, c.TypeText)
}

func unique(r *catalog.Relation, n int) bool {
	return slices.ContainsFunc(r.Keys, func(k *catalog.Key) bool { return slices.Contains(k.Columns, n) })
}
