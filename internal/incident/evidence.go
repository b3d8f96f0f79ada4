package incident

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// manifestName is the last file of a bundle.
const manifestName = "manifest.json"

// A Manifest says what is in a bundle. Its hash is the next bundle's Previous.
type Manifest struct {
	Schema   string      `json:"schema"` // tijori-evidence/1
	Number   int64       `json:"number"`
	MadeAt   time.Time   `json:"made_at"`
	MadeBy   string      `json:"made_by"`
	Reason   string      `json:"reason"`
	From     time.Time   `json:"from"`
	To       time.Time   `json:"to"`
	Account  string      `json:"account,omitempty"` // whose requests alone are in the extract; "" for all
	Previous string      `json:"previous"`          // hash of the manifest of the bundle before, "" for the first
	Files    []FileEntry `json:"files"`
}

// A FileEntry is one file of a bundle.
type FileEntry struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// A Bundle says what evidence to collect.
type Bundle struct {
	From, To time.Time
	Account  uuid.UUID // zero: of everybody
	Reason   string
	Settings []byte   // of the program that collects, without secrets
	Version  string   // of it
	Attach   []string // files to add, such as screenshots
}

// A Made bundle is written, and recorded in the chain.
type Made struct {
	Number   int64
	File     string // SHA-256 of the ZIP file
	Manifest string // SHA-256 of the manifest
	Files    []FileEntry
}

// CollectEvidence writes a bundle as a ZIP file. It streams: what it holds in memory does not grow with the log. When
// another bundle is made meanwhile it fails with Unavailable, and is to be made again.
func (s *Service) CollectEvidence(ctx context.Context, who string, b Bundle, out io.Writer) (made Made, err error) {
	if b.Reason, err = reason(b.Reason); err != nil {
		return made, err
	}
	if !b.From.Before(b.To) {
		return made, fault.New(fault.Invalid, "The span of time ends before it begins.")
	}
	number, previous, err := s.lastEvidence(ctx)
	if err != nil {
		return made, err
	}
	whole := sha256.New()
	w := &bundleWriter{zip: zip.NewWriter(io.MultiWriter(out, whole)), at: time.Now().UTC()}
	m := Manifest{
		Schema: "tijori-evidence/1", Number: number + 1, MadeAt: w.at, MadeBy: who, Reason: b.Reason,
		From: b.From.UTC(), To: b.To.UTC(), Account: idText(b.Account), Previous: hex.EncodeToString(previous),
	}
	for _, part := range s.parts(b) {
		if err := w.add(part.name, func(f io.Writer) error { return part.write(ctx, f) }); err != nil {
			return made, fmt.Errorf("collect %s: %w", part.name, err)
		}
	}
	for i, name := range b.Attach {
		if err := w.attach(i, name); err != nil {
			return made, err
		}
	}
	m.Files = w.files
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return made, err
	}
	if err := w.add(manifestName, func(f io.Writer) error { _, err := f.Write(text); return err }); err != nil {
		return made, err
	}
	if err := w.zip.Close(); err != nil {
		return made, err
	}
	sum := sha256.Sum256(text)
	err = s.db.AsOperator(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `select tijori_ops.record_evidence($1, $2, $3, $4, $5, $6, $7)`, m.Number, who, sum[:],
			previous, whole.Sum(nil), fmt.Sprintf("bundle %d, from %s to %s", m.Number, m.From.Format(time.RFC3339),
				m.To.Format(time.RFC3339)), b.Reason)
		return err
	})
	if err != nil {
		return made, fmt.Errorf("record the bundle: %w", err)
	}
	return Made{
		Number: m.Number, File: hex.EncodeToString(whole.Sum(nil)), Manifest: hex.EncodeToString(sum[:]),
		Files: m.Files,
	}, nil
}

func (s *Service) lastEvidence(ctx context.Context) (number int64, hash []byte, err error) {
	err = s.db.AsSupport(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `select id, manifest from tijori_ops.last_evidence()`).Scan(&number, &hash)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil {
		return 0, nil, fmt.Errorf("read the chain of evidence: %w", err)
	}
	return number, hash, nil
}

// A bundleWriter adds files to a ZIP and notes their hashes.
type bundleWriter struct {
	zip   *zip.Writer
	at    time.Time
	files []FileEntry
}

// A counted writer hashes and counts what goes through it.
type counted struct {
	io.Writer
	hash hash.Hash
	n    int64
}

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.Writer.Write(b)
	c.hash.Write(b[:n])
	c.n += int64(n)
	return n, err
}

func (w *bundleWriter) add(name string, write func(io.Writer) error) error {
	f, err := w.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: w.at})
	if err != nil {
		return err
	}
	c := &counted{Writer: f, hash: sha256.New()}
	if err := write(c); err != nil {
		return err
	}
	w.files = append(w.files, FileEntry{name, c.n, hex.EncodeToString(c.hash.Sum(nil))})
	return nil
}

var plainName = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

func (w *bundleWriter) attach(i int, path string) error {
	in, err := os.Open(path)
	if err != nil {
		return &postgres.SetupError{Problem: "cannot read " + path, Hint: "--attach names files to add", Err: err}
	}
	defer in.Close()
	name := fmt.Sprintf("attached/%d-%s", i+1, plainName.ReplaceAllString(filepath.Base(path), "_"))
	return w.add(name, func(f io.Writer) error { _, err := io.Copy(f, in); return err })
}

type part struct {
	name  string
	write func(context.Context, io.Writer) error
}

// parts are the files of a bundle, in order.
func (s *Service) parts(b Bundle) []part {
	list := func(of func(context.Context) (any, error)) func(context.Context, io.Writer) error {
		return func(ctx context.Context, w io.Writer) error {
			v, err := of(ctx)
			if err != nil {
				return err
			}
			e := json.NewEncoder(w)
			e.SetIndent("", "  ")
			return e.Encode(v)
		}
	}
	return []part{
		{"access-log.csv", func(ctx context.Context, w io.Writer) error { return s.extract(ctx, b, w) }},
		{"not-known.json", list(func(ctx context.Context) (any, error) {
			r := Radius{}
			err := s.notKnown(ctx, Question{From: b.From, To: b.To}, &r)
			return r.NotKnown, err
		})},
		{"reports.json", list(func(ctx context.Context) (any, error) {
			all, err := s.Complaints(ctx, b.From, b.To)
			if b.Account == uuid.Nil || err != nil {
				return all, err
			}
			mine := []Complaint{}
			for _, c := range all {
				if c.AccountID == b.Account {
					mine = append(mine, c)
				}
			}
			return mine, nil
		})},
		{"incidents.json", list(func(ctx context.Context) (any, error) { return s.List(ctx) })},
		{"freezes.json", list(func(ctx context.Context) (any, error) { return s.Freezes(ctx, b.From) })},
		{"acts.json", list(func(ctx context.Context) (any, error) {
			return s.Acts(ctx, b.From, time.Now().Add(time.Minute))
		})},
		{"releases.json", list(func(ctx context.Context) (any, error) { return s.Releases(ctx, b.To, 1000) })},
		{"policies.csv", s.table(policiesSQL)},
		{"tables.csv", s.table(tablesSQL)},
		{"grants.csv", s.table(grantsSQL)},
		{"functions.csv", s.table(functionsSQL)},
		{"roles.csv", s.table(rolesSQL)},
		{"migrations.csv", func(ctx context.Context, w io.Writer) error {
			return stream(ctx, s.db.Health, w, migrationsSQL) // the app role sees which have run
		}},
		{"migrations.json", list(func(context.Context) (any, error) { return postgres.MigrationHashes() })},
		{"settings.txt", func(_ context.Context, w io.Writer) error { _, err := w.Write(b.Settings); return err }},
		{"version.txt", func(_ context.Context, w io.Writer) error {
			_, err := fmt.Fprintf(w, "collected by tijori %s, which carries migration %d\n", b.Version,
				postgres.NewestMigration())
			return err
		}},
	}
}

// extract streams the requests of the span; of one account those of its own people, and those of others whose path
// named one of its businesses.
func (s *Service) extract(ctx context.Context, b Bundle, w io.Writer) error {
	return stream(ctx, s.db.Watch, w, `
		select at, request_id, user_id, key_id, operator, account_id, business_id, route, object, verdict, status, rows,
		    took_ms, address, device, release
		  from tijori.access_log
		 where at >= $1 and at < $2
		   and ($3::uuid is null or account_id = $3 or business_id in (
		       select b.business_id from tijori.access_log b
		        where b.account_id = $3 and b.business_id is not null and b.verdict = 'allowed'))
		 order by at, request_id`, b.From, b.To, orNull(b.Account))
}

func (s *Service) table(sql string) func(context.Context, io.Writer) error {
	return func(ctx context.Context, w io.Writer) error { return stream(ctx, s.db.Watch, w, sql) }
}

// stream writes the rows of a statement as CSV while they arrive.
func stream(ctx context.Context, pool *pgxpool.Pool, w io.Writer, sql string, args ...any) error {
	return pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		out := csv.NewWriter(w)
		var line []string
		for _, f := range rows.FieldDescriptions() {
			line = append(line, f.Name)
		}
		if err := out.Write(line); err != nil {
			return err
		}
		for rows.Next() {
			values, err := rows.Values()
			if err != nil {
				return err
			}
			for i, v := range values {
				line[i] = cell(v)
			}
			if err := out.Write(line); err != nil {
				return err
			}
		}
		out.Flush()
		return errors.Join(rows.Err(), out.Error())
	})
}

// cell writes a value of the database in a way that needs no guessing.
func cell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case [16]byte:
		return uuid.UUID(v).String()
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	}
	return fmt.Sprint(v)
}

// How the catalogue is, not how migrations say that it should be.
const (
	policiesSQL = `
		select schemaname::text, tablename::text, policyname::text, permissive, array_to_string(roles, ' ') as roles,
		    cmd, qual, with_check
		  from pg_catalog.pg_policies order by 1, 2, 3`
	tablesSQL = `
		select n.nspname::text as schema, c.relname::text as name, c.relkind::text as kind,
		    pg_catalog.pg_get_userbyid(c.relowner)::text as owner, c.relrowsecurity as row_security,
		    c.relforcerowsecurity as forced
		  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
		 where n.nspname like 'tijori%' and c.relkind in ('r', 'p', 'v', 'm', 'S') order by 1, 2`
	grantsSQL = `
		select n.nspname::text as schema, c.relname::text as name, null::text as column_name,
		    coalesce(pg_catalog.pg_get_userbyid(nullif(a.grantee, 0)), 'PUBLIC')::text as grantee, a.privilege_type,
		    a.is_grantable
		  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace,
		      pg_catalog.aclexplode(c.relacl) a
		 where n.nspname like 'tijori%'
		union all
		select n.nspname::text, c.relname::text, t.attname::text,
		    coalesce(pg_catalog.pg_get_userbyid(nullif(a.grantee, 0)), 'PUBLIC')::text, a.privilege_type,
		    a.is_grantable
		  from pg_catalog.pg_attribute t join pg_catalog.pg_class c on c.oid = t.attrelid
		      join pg_catalog.pg_namespace n on n.oid = c.relnamespace, pg_catalog.aclexplode(t.attacl) a
		 where n.nspname like 'tijori%'
		 order by 1, 2, 3, 4, 5`
	functionsSQL = `
		select n.nspname::text as schema, p.oid::regprocedure::text as name,
		    pg_catalog.pg_get_userbyid(p.proowner)::text as owner, p.prosecdef as security_definer,
		    array_to_string(p.proconfig, ' ') as settings, array_to_string(p.proacl, ' ') as grants,
		    pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(p.prosrc, 'UTF8')), 'hex') as body_sha256
		  from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
		 where n.nspname like 'tijori%' order by 1, 2`
	rolesSQL = `
		select r.rolname::text as name, r.rolcanlogin as login, r.rolsuper as superuser, r.rolbypassrls as bypass_rls,
		    r.rolcreaterole as create_role, r.rolcreatedb as create_db, r.rolreplication as replication,
		    array_to_string(array(select pg_catalog.pg_get_userbyid(m.roleid)::text from pg_catalog.pg_auth_members m
		        where m.member = r.oid order by 1), ' ') as member_of
		  from pg_catalog.pg_roles r where r.rolname not like 'pg\_%' order by 1`
	migrationsSQL = `
		select version_id, is_applied, tstamp from tijori.goose_db_version order by id`
)
