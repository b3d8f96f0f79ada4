package db

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/load"
	"github.com/tijorihq/tijori/internal/audit/db/scratch"
)

// dump reads the schema of a live database, and its roles, without its rows.
func dump(ctx context.Context, dsn string) ([]load.File, string, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, "", fmt.Errorf("database: %w", err)
	}
	target := fmt.Sprintf("%s on %s", config.Database, config.Host)
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, "", fmt.Errorf("connect to the database: %w", err)
	}
	roles, err := dumpRoles(ctx, conn)
	conn.Close(ctx)
	if err != nil {
		return nil, "", err
	}
	bin, err := scratch.Bin()
	if err != nil {
		return nil, "", err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(
		ctx,
		filepath.Join(bin, "pg_dump"),
		"--schema-only",
		"--lock-wait-timeout=5s",
		"--dbname="+dsn,
	)
	cmd.Env = append(cmd.Environ(), "PGOPTIONS=-c default_transaction_read_only=on")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, "", fmt.Errorf("pg_dump: %w: %s", err, strings.TrimSpace(errs.String()))
	}
	return []load.File{{Name: "roles.sql", Text: roles}, {Name: "schema.sql", Text: out.String()}}, target, nil
}

// dumpRoles writes the roles of the server, without passwords.
func dumpRoles(ctx context.Context, conn *pgx.Conn) (string, error) {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return "", fmt.Errorf("read roles: %w", err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	rows, _ := tx.Query(
		ctx,
		`select rolname::text, rolcanlogin, rolinherit, rolbypassrls, rolreplication from pg_roles where rolname !~ '^pg_' and not rolsuper order by 1`,
	)
	var name string
	var login, inherit, bypass, replication bool
	var b strings.Builder
	_, err = pgx.ForEachRow(rows, []any{&name, &login, &inherit, &bypass, &replication}, func() error {
		fmt.Fprintf(&b, "create role %s", catalog.Quote(name))
		for _, o := range []struct {
			on  bool
			yes string
			no  string
		}{
			{login, "login", "nologin"},
			{inherit, "inherit", "noinherit"},
			{bypass, "bypassrls", ""},
			{replication, "replication", ""},
		} {
			if o.on {
				b.WriteString(" " + o.yes)
			} else if o.no != "" {
				b.WriteString(" " + o.no)
			}
		}
		b.WriteString(";\n")
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("read roles: %w", err)
	}
	rows, _ = tx.Query(
		ctx,
		`select g.rolname::text, r.rolname::text from pg_auth_members m join pg_roles g on g.oid = m.roleid
		join pg_roles r on r.oid = m.member where g.rolname !~ '^pg_' and not r.rolsuper order by 1, 2`,
	)
	var group string
	_, err = pgx.ForEachRow(rows, []any{&group, &name}, func() error {
		fmt.Fprintf(&b, "grant %s to %s;\n", catalog.Quote(group), catalog.Quote(name))
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("read members of roles: %w", err)
	}
	return b.String(), nil
}
