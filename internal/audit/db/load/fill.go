package load

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/audit/db/scratch"
	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
)

// fillTime bounds how long rows are loaded.
const fillTime = 60 * time.Second

var (
	fills    = lazyregexp.New(`^(INSERT|UPDATE|WITH|SELECT|SET SEARCH_PATH|COPY) ?\b`)
	platform = lazyregexp.New(`(?i)^(insert into|copy) +(only +)?"?(auth|storage|realtime|vault|supabase_\w+)"?\.`)
)

// Fill loads the rows of a dump into the database, in any order and without triggers. What else a dump holds is left
// out; a statement that fails is noted.
func Fill(ctx context.Context, d *scratch.Database, loader string, files []File) ([]finding.NotTested, error) {
	conn, err := d.Connect(ctx, loader)
	if err != nil {
		return nil, fmt.Errorf("connect to the scratch database: %w", err)
	}
	defer func() { conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, fmt.Sprintf(
		`set statement_timeout = %d; set lock_timeout = '3s'; set session_replication_role = replica`,
		statementTime.Milliseconds())); err != nil {
		return nil, fmt.Errorf("prepare to load rows: %w", err)
	}
	r := &Result{}
	deadline := time.Now().Add(fillTime)
	for _, f := range files {
		for _, s := range Split(f.Name, f.Text) {
			if !fills.MatchString(head(s.Text, 4000)) {
				continue
			}
			if time.Now().After(deadline) {
				r.fail(s, "loading rows took longer than "+fillTime.String())
				return r.Failed, ctx.Err()
			}
			if err := fill(ctx, conn, s); err != nil && !platform.MatchString(s.Text) {
				why := "it could not be loaded (" + code(err) + ")"
				if strings.HasPrefix(code(err), "42") {
					why = reason(err) // about names; others quote values
				}
				r.fail(s, why)
			}
			if conn.IsClosed() {
				return r.Failed, ctx.Err()
			}
		}
	}
	return r.Failed, ctx.Err()
}

func fill(ctx context.Context, conn *pgx.Conn, s Statement) error {
	ctx, cancel := context.WithTimeout(ctx, statementTime+5*time.Second)
	defer cancel()
	h := head(s.Text, 4000)
	if strings.HasPrefix(h, "COPY ") {
		if !strings.Contains(h, " FROM STDIN") {
			return nil // files of the server
		}
		_, err := conn.PgConn().CopyFrom(ctx, strings.NewReader(s.Data), s.Text)
		return err
	}
	// The extended protocol takes a single statement.
	return conn.PgConn().ExecParams(ctx, s.Text, nil, nil, nil, nil).Read().Err
}
