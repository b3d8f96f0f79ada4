package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/postgres"
)

// A Maker makes back-ups of one database.
type Maker struct {
	Target  Target
	Config  postgres.Config // Admin connects straight to the server
	Program string          // the version of this program
	To      []age.Recipient // empty: not encrypted
	Now     func() time.Time
}

// Make writes a back-up and returns what it is. Until it is whole, nothing of its name is in the target.
func (m *Maker) Make(ctx context.Context, kind Kind) (_ Manifest, err error) {
	out := Manifest{
		Format: format, Kind: kind, Program: m.Program, Began: m.Now().UTC().Truncate(time.Second),
		Encrypted: len(m.To) > 0,
		Name:      FileName(kind, m.Now(), len(m.To) > 0),
	}
	file, err := m.Target.Create(ctx, out.Name)
	if err != nil {
		return out, err
	}
	defer file.Abort()
	sum := newSum(file)
	w, err := newWriter(sum, m.To)
	if err != nil {
		return out, err
	}
	if kind == Base {
		err = m.base(ctx, w, &out)
	} else {
		err = m.logical(ctx, w, &out)
	}
	if err != nil {
		return out, err
	}
	out.Ended = m.Now().UTC().Truncate(time.Second)
	if err := w.finish(out); err != nil {
		return out, err
	}
	if err := file.Commit(); err != nil {
		return out, err
	}
	out.Size, out.SHA256 = sum.n, sum.digest()
	return out, writeSidecar(ctx, m.Target, out)
}

func (m *Manifest) set(f postgres.Facts) {
	m.Schema, m.Migrations, m.Server, m.Mode, m.Accounts = f.Schema, f.Migrations, f.Server, string(f.Mode), f.Accounts
}

// logical writes every table, one stream each, all of one snapshot.
func (m *Maker) logical(ctx context.Context, w *writer, out *Manifest) error {
	return m.Config.ReadAll(ctx, func(tx pgx.Tx, facts postgres.Facts, tables []postgres.Rows) error {
		out.set(facts)
		for _, t := range tables {
			s := w.stream(t.Name())
			tag, err := tx.Conn().PgConn().CopyTo(ctx, s, t.CopyOut())
			if err == nil {
				err = s.Close()
			}
			if err != nil {
				return fmt.Errorf("read %s: %w", t.Name(), err)
			}
			out.Tables = append(out.Tables, Table{
				Name: t.Name(), Columns: t.Columns, Rows: tag.RowsAffected(),
				Bytes: s.bytes, SHA256: s.digest(),
			})
			out.Bytes += s.bytes
		}
		rows, err := tx.Query(ctx, `
			select n.nspname || '.' || c.relname, coalesce(s.last_value, s.start_value), s.last_value is not null
			  from pg_catalog.pg_sequences s
			  join pg_catalog.pg_namespace n on n.nspname = s.schemaname
			  join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = s.sequencename
			 where s.schemaname in ('tijori', 'tijori_river') and s.sequencename <> 'goose_db_version_id_seq' order by 1`)
		if err != nil {
			return err
		}
		out.Sequences, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Sequence])
		return err
	})
}

// load fills a database that has nothing of ours from a logical archive, whose manifest from beside it says which
// schema to make first. The archive has been read to its end when it returns.
func load(ctx context.Context, config *postgres.Config, r *reader, schema int64) error {
	return postgres.Load(ctx, config, schema, func(l postgres.Loading) error {
		known := map[string]postgres.Rows{}
		for _, t := range l.Tables {
			known[t.Name()] = t
		}
		rows := map[string]int64{}
		columns := map[string]string{}
		err := r.each(func(name string, body io.Reader) error {
			t, ok := known[name]
			if !ok {
				return damaged(r.name, "it has a table %s, which migration %d does not make", name, schema)
			}
			tag, err := l.Tx.Conn().PgConn().CopyFrom(ctx, body, t.CopyIn())
			if err != nil {
				return fmt.Errorf("fill %s: %w", name, err)
			}
			rows[name], columns[name] = tag.RowsAffected(), strings.Join(t.Columns, ",")
			return nil
		})
		if err != nil {
			return err
		}
		for _, t := range r.last.Tables {
			if rows[t.Name] != t.Rows || columns[t.Name] != strings.Join(t.Columns, ",") {
				return damaged(r.name, "%s has not the rows and columns that its manifest says", t.Name)
			}
			delete(known, t.Name)
		}
		for name := range known {
			return damaged(r.name, "%s is missing in it", name)
		}
		for _, s := range r.last.Sequences {
			if _, err := l.Tx.Exec(ctx, "select pg_catalog.setval($1::text::regclass, $2::bigint, $3::boolean)",
				s.Name, s.Last, s.Called); err != nil {
				return fmt.Errorf("set %s: %w", s.Name, err)
			}
		}
		return nil
	})
}

// find returns the description of a back-up; of the newest when name is "".
func find(ctx context.Context, t Target, name string) (Manifest, error) {
	list, err := List(ctx, t)
	if err != nil {
		return Manifest{}, err
	}
	for _, m := range list {
		if name == "" || m.Name == name {
			return m, nil
		}
	}
	if name == "" {
		return Manifest{}, &Refusal{
			Problem: "there is no back-up in " + t.String(), Hint: "tijori backup makes one",
			Err: quiet{ErrNone},
		}
	}
	return Manifest{}, &Refusal{
		Problem: "there is no back-up " + name + " in " + t.String(),
		Hint:    "tijori backup list shows what there is", Err: quiet{ErrNone},
	}
}

// readArchive opens an archive and calls fn, and compares the whole file with the digest from beside it.
func readArchive(ctx context.Context, t Target, m Manifest, keys []age.Identity, fn func(*reader) error) error {
	file, err := t.Open(ctx, m.Name)
	if err != nil {
		return &Refusal{Problem: "cannot read " + m.Name, Hint: "tijori backup list shows what there is", Err: err}
	}
	defer file.Close()
	sum := &sumReader{from: file, sum: newSum(io.Discard)}
	r, err := newReader(m.Name, sum, keys)
	if err != nil {
		return err
	}
	failed := fn(r)
	if errors.Is(failed, ErrDamaged) || ctx.Err() != nil {
		return failed
	}
	if _, err := io.Copy(io.Discard, sum); err != nil {
		return damaged(m.Name, "%v", err)
	}
	// A file that was changed may fail as something else first: as a row that the database does not take.
	if got := sum.sum; got.n != m.Size {
		return damaged(m.Name, "%d bytes were written, and it has %d", m.Size, got.n)
	} else if got.digest() != m.SHA256 {
		return damaged(m.Name, "its digest is not that of what was written")
	}
	if failed != nil {
		return failed
	}
	if r.last.Kind != m.Kind || r.last.Schema != m.Schema || r.last.Mode != m.Mode {
		return damaged(m.Name, "the description beside it is of something else")
	}
	return nil
}

// Read reads an archive to its end and compares every digest, without a database.
func Read(ctx context.Context, t Target, m Manifest, keys []age.Identity) error {
	return readArchive(ctx, t, m, keys, func(r *reader) error {
		return r.each(func(string, io.Reader) error { return nil })
	})
}
