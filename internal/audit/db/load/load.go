// Package load rebuilds a schema from its migrations in a scratch database,
// and remembers which statement made each object.
package load

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tijorihq/tijori/internal/audit/db/scratch"
	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
)

//go:embed supabase.sql
var supabase string

// Platforms that a schema can be written for.
const (
	Postgres = "postgres"
	Supabase = "supabase"
)

// Limits of a single statement and of all together.
const (
	statementTime = 8 * time.Second
	totalTime     = 90 * time.Second
)

// A Result is what came of loading.
type Result struct {
	Platform   string
	Loader     string // the role that owns what the schema makes
	Statements []Statement
	Failed     []finding.NotTested
	made       map[key][]int // statements that touched an object, in order
}

type key struct{ class, object uint32 }

var usesSupabase = lazyregexp.New(
	`(?i)\bauth\.(uid|jwt|role|email|users)\b|\bstorage\.(objects|buckets)\b|\bsupabase_`,
)
var makesAuth = lazyregexp.New(`(?i)\bcreate\s+schema\s+(if\s+not\s+exists\s+)?"?auth"?`)

// Recognise says for which platform the files are written.
func Recognise(files []File) string {
	uses := false
	for _, f := range files {
		if makesAuth.MatchString(f.Text) {
			return Postgres
		}
		uses = uses || usesSupabase.MatchString(f.Text)
	}
	if uses {
		return Supabase
	}
	return Postgres
}

// Apply runs the statements of files. A statement that fails is noted and left
// out; the rest goes on.
func Apply(ctx context.Context, d *scratch.Database, files []File, platform string) (*Result, error) {
	if platform == "" {
		platform = Recognise(files)
	}
	super, err := d.Connect(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("connect to the scratch database: %w", err)
	}
	defer super.Close(ctx)
	r := &Result{Platform: platform, made: map[key][]int{}}
	if err := r.prepare(ctx, d, super); err != nil {
		return nil, err
	}
	conn, err := d.Connect(ctx, r.Loader)
	if err != nil {
		return nil, fmt.Errorf("connect as %s: %w", r.Loader, err)
	}
	defer conn.Close(ctx)
	a := &applier{r: r, conn: conn, super: super, granted: map[string]bool{}}
	if _, err := conn.Exec(ctx, fmt.Sprintf(`set statement_timeout = %d; set lock_timeout = '3s'`,
		statementTime.Milliseconds())); err != nil {
		return nil, err
	}
	deadline := time.Now().Add(totalTime)
	for _, f := range files {
		for _, s := range Split(f.Name, f.Text) {
			if time.Now().After(deadline) {
				r.fail(s, "the migrations took longer than "+totalTime.String())
				break
			}
			if conn.IsClosed() {
				if conn, err = d.Connect(ctx, r.Loader); err != nil {
					return nil, fmt.Errorf("connect again as %s: %w", r.Loader, err)
				}
				a.conn = conn
			}
			a.apply(ctx, s)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
		}
	}
	if !conn.IsClosed() {
		_, _ = conn.Exec(ctx, `commit`)
	}
	return r, r.readMade(ctx, super)
}

func (r *Result) prepare(ctx context.Context, d *scratch.Database, super *pgx.Conn) error {
	r.Loader = "postgres"
	var isSuper bool
	err := super.QueryRow(ctx, `select rolsuper from pg_roles where rolname = 'postgres'`).Scan(&isSuper)
	if err == nil && isSuper {
		r.Loader = "tijori_loader"
	}
	var sql strings.Builder
	role := func(name, options string) {
		fmt.Fprintf(
			&sql,
			"do $$ begin if not exists (select from pg_roles where rolname = '%s') then create role %s %s; end if; end $$;\n",
			name,
			name,
			options,
		)
	}
	role(r.Loader, "login createrole createdb replication bypassrls")
	fmt.Fprintf(&sql, "alter database %s owner to %s;\n", d.Name, r.Loader)
	if r.Platform == Supabase {
		role("anon", "nologin noinherit")
		role("authenticated", "nologin noinherit")
		role("service_role", "nologin noinherit bypassrls")
		role("authenticator", "login noinherit")
		role("supabase_auth_admin", "nologin noinherit createrole")
		role("supabase_storage_admin", "nologin noinherit createrole")
		fmt.Fprintf(&sql, "grant anon, authenticated, service_role to authenticator;\n")
		fmt.Fprintf(
			&sql,
			"grant anon, authenticated, service_role, supabase_auth_admin, supabase_storage_admin to %s;\n",
			r.Loader,
		)
		sql.WriteString(strings.ReplaceAll(supabase, "LOADER", r.Loader))
		fmt.Fprintf(&sql, "alter database %s set search_path = \"$user\", public, extensions;\n", d.Name)
	}
	fmt.Fprintf(&sql, "grant set on parameter session_replication_role to %s;\n", r.Loader)
	sql.WriteString(`
create schema tijori_audit;
create table tijori_audit.made (n bigserial, statement int, class oid, object oid);
create function tijori_audit.note() returns event_trigger language plpgsql
security definer set search_path = pg_catalog, pg_temp as $f$
begin
  insert into tijori_audit.made (statement, class, object)
  select current_setting('tijori_audit.statement', true)::int, classid,
      objid from pg_event_trigger_ddl_commands() where objid is not null;
exception when others then null;
end $f$;
grant usage, create on schema tijori_audit to ` + r.Loader + `;
create event trigger tijori_audit_note on ddl_command_end execute function tijori_audit.note();
`)
	if _, err := super.Exec(ctx, sql.String()); err != nil {
		return fmt.Errorf("prepare the scratch database: %w", err)
	}
	return nil
}

type applier struct {
	r       *Result
	conn    *pgx.Conn
	super   *pgx.Conn
	granted map[string]bool // made because the migrations name them
}

var (
	ignored = lazyregexp.New(
		`^(BEGIN|START TRANSACTION|COMMIT|END|ROLLBACK|SAVEPOINT|RELEASE|ABORT|CHECKPOINT|LISTEN|NOTIFY|LOAD|CLUSTER|VACUUM)\b`,
	)
	// Statements that run no code of the schema may be repeated as the superuser.
	harmless = lazyregexp.New(
		`^((CREATE|ALTER) (ROLE|USER|GROUP)\b|GRANT\b|REVOKE\b|(CREATE|ALTER) PUBLICATION\b|ALTER DEFAULT PRIVILEGES\b|COMMENT\b|ALTER [A-Z ]+ .* OWNER TO\b)`,
	)
	powers = lazyregexp.New(
		`\b(PG_EXECUTE_SERVER_PROGRAM|PG_READ_SERVER_FILES|PG_WRITE_SERVER_FILES|TIJORI_AUDIT)\b`,
	)
	superer = lazyregexp.New(`(?i)\bsuperuser\b`)
	safeExt = lazyregexp.New(
		`(?i)^CREATE EXTENSION (IF NOT EXISTS )?"?(PGCRYPTO|UUID-OSSP|CITEXT|PG_TRGM|HSTORE|LTREE|UNACCENT|BTREE_GIN|BTREE_GIST|INTARRAY|CUBE|EARTHDISTANCE|FUZZYSTRMATCH|MODDATETIME|TABLEFUNC|ISN|SEG|LO|TCN|PG_STAT_STATEMENTS|INSERT_USERNAME|AUTOINC)\b`,
	)
	noRole   = lazyregexp.New(`role "([^"]+)" does not exist`)
	noSchema = lazyregexp.New(`schema "([^"]+)" does not exist`)
	makeRole = lazyregexp.New(`^CREATE (ROLE|USER|GROUP) `)
)

func (a *applier) apply(ctx context.Context, s Statement) {
	h := head(s.Text, 4000)
	a.r.Statements = append(a.r.Statements, s)
	n := len(a.r.Statements) - 1
	if ignored.MatchString(h) || strings.HasPrefix(h, "COPY ") && strings.Contains(h, " FROM STDIN") ||
		strings.HasPrefix(h, "SET STATEMENT_TIMEOUT") {
		return
	}
	if powers.MatchString(h) {
		a.r.fail(s, errPower.Error())
		return
	}
	if strings.HasPrefix(h, "CREATE ROLE") || strings.HasPrefix(h, "ALTER ROLE") ||
		strings.HasPrefix(h, "CREATE USER") ||
		strings.HasPrefix(h, "ALTER USER") {
		if m := superer.FindStringIndex(s.Text); m != nil {
			s.Text = superer.ReplaceAllString(s.Text, "nosuperuser")
			a.r.fail(s, "a superuser passes by every check; the scratch copy makes an ordinary role")
		}
	}
	err := a.run(ctx, a.conn, n, s.Text)
	for range 8 { // roles and schemas that the migrations take for granted
		missing := ""
		if m := noRole.FindStringSubmatch(fmt.Sprint(err)); m != nil {
			name := scratch.Quote(m[1])
			missing = `create role ` + name + ` nologin; grant ` + name + ` to ` + a.r.Loader
		} else if m := noSchema.FindStringSubmatch(fmt.Sprint(err)); m != nil {
			missing = `create schema ` + scratch.Quote(m[1]) + ` authorization ` + a.r.Loader
		}
		if missing == "" || a.granted[missing] {
			break
		}
		a.granted[missing] = true
		if _, e := a.super.Exec(ctx, missing); e != nil {
			break
		}
		err = a.run(ctx, a.conn, n, s.Text)
	}
	if err != nil && code(err) == "42501" && (harmless.MatchString(h) || safeExt.MatchString(h)) {
		err = a.asSuper(ctx, n, s.Text)
	}
	if err != nil {
		a.r.fail(s, reason(err))
		return
	}
	if makeRole.MatchString(h) {
		a.joinNewRoles(ctx)
	}
}

func (a *applier) run(ctx context.Context, c *pgx.Conn, n int, text string) error {
	ctx, cancel := context.WithTimeout(ctx, statementTime+5*time.Second)
	defer cancel()
	if _, err := c.Exec(ctx, fmt.Sprintf(`set tijori_audit.statement = '%d'`, n)); err != nil {
		return err
	}
	_, err := c.PgConn().Exec(ctx, text).ReadAll()
	if c.PgConn().TxStatus() != 'I' && !c.IsClosed() {
		end := `commit`
		if err != nil {
			end = `rollback`
		}
		_, _ = c.Exec(ctx, end)
	}
	return err
}

func (a *applier) asSuper(ctx context.Context, n int, text string) error {
	var path string
	if err := a.conn.QueryRow(ctx, `show search_path`).Scan(&path); err != nil {
		return err
	}
	if _, err := a.super.Exec(ctx, `select set_config('search_path', $1, false)`, path); err != nil {
		return err
	}
	err := a.harmlessly(ctx, n, text)
	_, _ = a.super.Exec(ctx, `reset search_path`)
	return err
}

// errPower refuses a statement that would make the schema master of the server.
var errPower = errors.New("gives a power over the server that a scratch copy never grants")

// harmlessly runs one statement as the superuser, and takes it back when it
// has given anybody a power over the server. What a statement looks like
// decides nothing: names can be escaped, and words be hidden in comments.
func (a *applier) harmlessly(ctx context.Context, n int, text string) error {
	ctx, cancel := context.WithTimeout(ctx, statementTime+5*time.Second)
	defer cancel()
	tx, err := a.super.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(ctx) }()
	if _, err := tx.Exec(ctx, fmt.Sprintf(`set local tijori_audit.statement = '%d'`, n)); err != nil {
		return err
	}
	before, err := powersOf(ctx, tx)
	if err != nil {
		return err
	}
	// The extended protocol takes a single statement.
	if err := a.super.PgConn().ExecParams(ctx, text, nil, nil, nil, nil).Read().Err; err != nil {
		return err
	}
	after, err := powersOf(ctx, tx)
	if err != nil {
		return err
	}
	if after != before {
		return errPower
	}
	return tx.Commit(ctx)
}

// powersOf writes down who has power over the server: superusers, members of
// these and of the roles that reach files and programs, code and views that run
// with a superuser's rights, functions of the server that were granted, and
// settings that only a superuser may make.
func powersOf(ctx context.Context, tx pgx.Tx) (string, error) {
	var text string
	err := tx.QueryRow(ctx, `with boss as (select oid from pg_roles where rolsuper)
select concat_ws(E'\n',
  (select string_agg(oid::text, ' ' order by oid) from boss),
  (select string_agg(roleid || '<' || member, ' ' order by roleid, member) from pg_auth_members
    where roleid in (select oid from boss)
      or roleid::regrole::text in ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files')),
  (select string_agg(p.oid::text, ' ' order by p.oid) from pg_proc p
    where p.oid >= 16384 and p.proowner in (select oid from boss) and not exists (select from pg_depend d
      where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')),
  (select string_agg(c.oid::text, ' ' order by c.oid) from pg_class c
    where c.oid >= 16384 and c.relowner in (select oid from boss) and c.relkind in ('r', 'p', 'v', 'm', 'f')
      and not exists (select from pg_depend d
        where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')),
  (select md5(string_agg(oid || proacl::text, ' ' order by oid)) from pg_proc
    where oid < 16384 and proacl is not null),
  (select string_agg(parname || paracl::text, ' ' order by parname) from pg_parameter_acl),
  (select string_agg(setdatabase || '.' || setrole || '.' || c, ' ' order by setdatabase, setrole, c)
    from pg_db_role_setting, unnest(setconfig) c
    where setrole in (select oid from boss)
      or split_part(c, '=', 1) in (select name from pg_settings where context <> 'user')))`).Scan(&text)
	if err != nil {
		return "", fmt.Errorf("read who has power over the server: %w", err)
	}
	return text, nil
}

// joinNewRoles lets the loader hand objects over to roles that it has made,
// as the superuser of a plain server could.
func (a *applier) joinNewRoles(ctx context.Context) {
	_, _ = a.super.Exec(ctx, `do $$ declare r record; begin
for r in select rolname from pg_roles where not rolsuper and rolname !~ '^pg_' and rolname <> '`+a.r.Loader+`'
  and not pg_has_role('`+a.r.Loader+`', oid, 'member') and not pg_has_role(oid, '`+a.r.Loader+`', 'member') loop
  execute format('grant %I to `+a.r.Loader+`', r.rolname);
end loop; end $$`)
}

func (r *Result) fail(s Statement, why string) {
	if len(r.Failed) == 200 {
		r.Failed = append(
			r.Failed,
			finding.NotTested{What: "further statements", Reason: "more than 200 could not be run"},
		)
	}
	if len(r.Failed) > 200 {
		return
	}
	r.Failed = append(
		r.Failed,
		finding.NotTested{What: fmt.Sprintf("statement at %s:%d", s.File, s.Line), Reason: why},
	)
}

func code(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

func reason(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return fmt.Sprintf("%s (%s)", pg.Message, pg.Code)
	}
	return err.Error()
}

func (r *Result) readMade(ctx context.Context, super *pgx.Conn) error {
	rows, _ := super.Query(
		ctx,
		`select statement, class, object from tijori_audit.made where statement is not null order by n`,
	)
	var n int
	var k key
	_, err := pgx.ForEachRow(rows, []any{&n, &k.class, &k.object}, func() error {
		r.made[k] = append(r.made[k], n)
		return nil
	})
	if err != nil {
		return fmt.Errorf("read what the statements made: %w", err)
	}
	_, err = super.Exec(ctx, `drop event trigger tijori_audit_note`)
	return err
}

// Classes of the catalogue.
const (
	Class       = 1259
	Proc        = 1255
	Policy      = 3256
	Constraint  = 2606
	Trigger     = 2620
	Publication = 6104
	DefaultACL  = 826
)

// Made are the statements that made and changed an object, in order.
func (r *Result) Made(class, object uint32) []Statement {
	var out []Statement
	for _, n := range r.made[key{class, object}] {
		if n < len(r.Statements) {
			out = append(out, r.Statements[n])
		}
	}
	return out
}

// Place is where an object was made; last says whether its last change counts.
// at is a byte of the statement's text, or -1.
func (r *Result) Place(class, object uint32, last bool, at int) finding.Place {
	made := r.Made(class, object)
	if len(made) == 0 {
		return finding.Place{}
	}
	s := made[0]
	if last {
		s = made[len(made)-1]
	}
	return s.Place(at)
}

// Place is where a byte of the statement stands in its file.
func (s Statement) Place(at int) finding.Place {
	p := finding.Place{File: s.File, Line: s.Line}
	if at < 0 || at > len(s.Text) {
		at = 0
	}
	p.Line += strings.Count(s.Text[:at], "\n")
	begin := strings.LastIndexByte(s.Text[:at], '\n') + 1
	end := len(s.Text)
	if i := strings.IndexByte(s.Text[at:], '\n'); i >= 0 {
		end = at + i
	}
	p.Text = strings.TrimSpace(s.Text[begin:end])
	if len(p.Text) > 200 {
		p.Text = strings.ToValidUTF8(p.Text[:200], "")
	}
	return p
}

// Mentioning is the last statement whose beginning matches one of the words
// given and which names a role.
func (r *Result) Mentioning(name string, begins ...string) finding.Place {
	for i := len(r.Statements) - 1; i >= 0; i-- {
		s := r.Statements[i]
		h := head(s.Text, 4000)
		for _, b := range begins {
			if strings.HasPrefix(h, b) && strings.Contains(h, strings.ToUpper(name)) {
				return s.Place(-1)
			}
		}
	}
	return finding.Place{}
}
