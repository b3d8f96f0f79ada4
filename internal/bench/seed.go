package bench

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/migrations"
)

const databaseName = "tijori_bench"

// Ids of the seeded rows are numbers, so that pgbench can compute them.
const (
	accountKind = iota
	businessKind
	userKind
	partyKind
)

// seededID is the id of the nth row of a kind; idSQL is the same for SQL.
func seededID(kind, n int) uuid.UUID {
	return uuid.MustParse(fmt.Sprintf("01920000-%04x-7000-8000-%012x", kind, n))
}

func idSQL(kind int, n string) string {
	return fmt.Sprintf("('01920000-%04x-7000-8000-' || lpad(to_hex(%s), 12, '0'))::uuid", kind, n)
}

// token is the session token of the owner of business n. The database holds made-up
// people only and listens on a socket that is closed to others.
func token(n int) string { return fmt.Sprintf("bench-session-%d", n) }

func tokenHashSQL(n string) string { return "sha256(('bench-session-' || " + n + ")::bytea)" }

// heavy is how many parties of a business have most of its entries: those whose page is opened.
const heavy = 10

// seed makes the database unless one of the same size and schema is there.
func (r *run) seed(ctx context.Context) error {
	admin, err := pgx.ParseConfig(r.pg.DSN("postgres", "postgres"))
	if err != nil {
		return err
	}
	conn, err := pgx.ConnectConfig(ctx, admin)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	mark, err := r.mark()
	if err != nil {
		return err
	}
	var there string
	err = conn.QueryRow(ctx,
		"select coalesce(max(shobj_description(oid, 'pg_database')), '') from pg_database where datname = $1", databaseName).Scan(&there)
	if err != nil {
		return err
	}
	fresh := there != mark
	if fresh {
		r.say("seeding %d businesses with %d parties and %d entries each; this takes a minute, once",
			r.Businesses, r.Parties, r.Entries)
		for _, sql := range []string{
			"drop database if exists " + databaseName + " with (force)",
			"create database " + databaseName,
		} {
			if _, err := conn.Exec(ctx, sql); err != nil {
				return err
			}
		}
		admin.Database = databaseName
		if err := postgres.Setup(ctx, &postgres.Config{Admin: admin}); err != nil {
			return err
		}
	}
	if r.super, err = superPool(ctx, r.pg.DSN(databaseName, "postgres")); err != nil {
		return err
	}
	if fresh {
		if err := r.fill(ctx); err != nil {
			return err
		}
		if _, err := conn.Exec(ctx, "comment on database "+databaseName+" is '"+mark+"'"); err != nil {
			return err
		}
	}
	_, err = r.super.Exec(ctx, "update tijori.credentials set used_at = now(), expires_at = now() + interval '30 days'")
	return err
}

// mark tells one seed from another: its sizes and the schema.
func (r *run) mark() (string, error) {
	h := sha256.New()
	files, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		return "", err
	}
	for _, f := range files {
		b, err := migrations.FS.ReadFile(f)
		if err != nil {
			return "", err
		}
		h.Write(b)
	}
	return fmt.Sprintf("%d businesses, %d parties, %d entries, %v, schema %x",
		r.Businesses, r.Parties, r.Entries, r.large, h.Sum(nil)[:8]), nil
}

func superPool(ctx context.Context, dsn string) (*pgxpool.Pool, error) {
	pc, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	pc.MaxConns = 2
	return pgxpool.NewWithConfig(ctx, pc)
}

// soldSQL is what the first start of a server would write: a default plan and a meter.
const soldSQL = `
	insert into tijori.plans (app_id, id, name, rank, is_default, limits, entitlements,
	    credits_per_month) values ('khata', 'bench', 'Bench', 0, true, '{}', '{}', 0);
	insert into tijori.meters (app_id, id, name) values ('khata', 'credits', 'Credits')`

type seedStatement struct {
	sql  string
	args []any
}

// fill writes everything in one transaction without triggers and foreign-key
// checks: the data is made right. Entries are scattered over the table, as when
// all shops write at the same time.
func (r *run) fill(ctx context.Context) error {
	start := time.Now()
	few := max(1, r.Parties-heavy)
	shops := r.Businesses + len(r.large)
	statements := []seedStatement{
		{"set local session_replication_role = replica", nil},
		{"set local synchronous_commit = off", nil},
		{soldSQL, nil},
		{`insert into tijori.plans (app_id, id, name, rank, entitlements, credits_per_month)
			values ('khata', 'pro', 'Pro', 10, '{export}', 0)`, nil},
		{
			`insert into tijori.users (id, email, name, password_hash)
			select ` + idSQL(userKind,
				"n") + `, 'owner' || n || '@example.com', 'Owner ' || n, '!' from generate_series(1, $1::int) n`,
			[]any{shops},
		},
		{`insert into tijori.accounts (app_id, account_id, name) select 'khata', ` + idSQL(accountKind,
			"n") + `, 'Kirana ' || n from generate_series(1, $1::int) n`, []any{shops}},
		{`insert into tijori.businesses (account_id, id, name)
			select ` + idSQL(accountKind, "n") + `, ` + idSQL(businessKind,
			"n") + `, 'Kirana ' || n from generate_series(1, $1::int) n`, []any{shops}},
		{`insert into tijori.members (account_id, id, user_id, role)
			select ` + idSQL(accountKind, "n") + `, ` + idSQL(businessKind, "n") + `, ` + idSQL(userKind,
			"n") + `, 'owner' from generate_series(1, $1::int) n`, []any{shops}},
		{`insert into tijori.credentials (hash, id, kind, user_id, account_id, expires_at)
			select ` + tokenHashSQL("n") + `, ` + idSQL(businessKind, "n") + `,
			'session', ` + idSQL(userKind, "n") + `, ` + idSQL(accountKind, "n") + `, now() + interval '30 days'
			from generate_series(1, $1::int) n`, []any{shops}},
		{`insert into tijori.subscriptions (app_id, account_id, connection_id, provider, id, status, provider_status, price_id, plan_id, period, period_end, paid_through, access_until, seen_at, created_at, changed_at)
			select 'khata', ` + idSQL(accountKind,
			"n") + `, 'razorpay', 'razorpay', 'sub_' || n, 'active', 'active', 'price', 'pro', 'month', now() + interval '1 year', now() + interval '1 year', now() + interval '1 year', now(), now(), now()
			from generate_series(1, $1::int) n`, []any{shops}},
		{
			`insert into tijori.parties (account_id, business_id, id, kind, name, name_key, phone, request_hash, created_by, created_at, updated_at)
			select ` + idSQL(accountKind, "n") + `, ` + idSQL(businessKind, "n") + `,
				` + idSQL(partyKind, "n * 1000 + p") + `,
				case when p % 8 = 0 then 'supplier' else 'customer' end, 'Party ' || p || ' of ' || n, 'party ' ||
				    p || ' of ' || n,
				'98' || lpad((n * 1000 + p)::text, 8, '0'), decode(repeat('00', 32), 'hex'),
				` + idSQL(userKind, "n") + `, timestamptz '2025-01-01', timestamptz '2025-01-01'
			from generate_series(1, $2::int) p, generate_series(1, $1::int) n order by p, n`,
			[]any{r.Businesses, r.Parties},
		},
		// Half of a business's entries belong to its heavy parties.
		{
			`insert into tijori.entries (account_id, business_id, id, party_id, side, amount_minor, business_date, note, request_hash, created_by, created_at, updated_at)
			select ` + idSQL(accountKind, "n") + `, ` + idSQL(businessKind, "n") + `,
				('01920100-' || lpad(to_hex(e), 4, '0') || '-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
				` + idSQL(partyKind,
				"n * 1000 + case when e % 2 = 0 or $3::int > $4::int then 1 + e / 2 % least($3::int, $4::int) else 1 + $3::int + e / 2 % $5::int end") + `,
				case when e % 3 = 0 then 'received' else 'given' end, 100 + (e::bigint * 7919 + n) % 500000,
				    date '2025-01-01' + e % 365, case when e % 4 = 0 then 'sugar and tea' else '' end,
				decode(repeat('00', 32), 'hex'), ` + idSQL(userKind, "n") + `, timestamptz '2025-06-01',
				timestamptz '2025-06-01'
			from generate_series(1, $2::int) e, generate_series(1, $1::int) n order by e, n`,
			[]any{r.Businesses, r.Entries, heavy, r.Parties, few},
		},
	}
	for i, l := range r.large {
		statements = append(statements, l.statements(r.Businesses+1+i)...)
	}
	statements = append(statements, seedStatement{ledger.RebuildSumsSQL, nil})
	err := pgx.BeginFunc(ctx, r.super, func(tx pgx.Tx) error {
		for _, s := range statements {
			if _, err := tx.Exec(ctx, s.sql, s.args...); err != nil {
				return fmt.Errorf("%.60s: %w", s.sql, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := r.comparisonPolicies(ctx); err != nil {
		return err
	}
	for _, sql := range []string{"vacuum (freeze, analyze)", "checkpoint"} {
		if _, err := r.super.Exec(ctx, sql, pgx.QueryExecModeExec); err != nil {
			return err
		}
	}
	r.say("seeded in %s", time.Since(start).Round(time.Second))
	return nil
}
