package backup

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"filippo.io/age"
	"github.com/jackc/pgx/v5"
)

// slotPrefix begins the name of the replication slot by which the private server keeps its log of changes until it has
// been stored. The rest of the name is the line: it names the log beside the base back-ups that it belongs to. A
// restored server has no slot, so it begins a line of its own.
const slotPrefix = "tijori_log_"

// A Logger stores the private server's log of changes, segment by segment, and the one that is being written as it is.
type Logger struct {
	Target Target
	Admin  *pgx.ConnConfig
	Dir    string // pg_wal of the server
	To     []age.Recipient

	mu     sync.Mutex
	line   string
	stored string // up to where the segment that is being written was stored
}

// A slot is one of ours.
type slot struct {
	Name, Status string
	Restart      *string
}

// Start finds or makes the slot and returns the line. Where the server had to throw log away, a new line begins: what
// was stored before reaches to its end and no further, and a new base back-up is needed.
func (l *Logger) Start(ctx context.Context) (line string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	conn, err := pgx.ConnectConfig(ctx, l.Admin)
	if err != nil {
		return "", err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	slots, err := listSlots(ctx, conn)
	if err != nil {
		return "", err
	}
	l.line = ""
	for _, s := range slots {
		if s.Status != "lost" && s.Restart != nil && l.line == "" {
			l.line = strings.TrimPrefix(s.Name, slotPrefix)
			continue
		}
		if _, err := conn.Exec(ctx, "select pg_catalog.pg_drop_replication_slot($1)", s.Name); err != nil {
			return "", err
		}
	}
	if l.line != "" {
		return l.line, nil
	}
	err = conn.QueryRow(ctx, `
		select pg_catalog.substr(slot_name::text, pg_catalog.length($1::text) + 1)
		  from pg_catalog.pg_create_physical_replication_slot(
			($1::text || pg_catalog.substr(pg_catalog.replace(pg_catalog.gen_random_uuid()::text, '-', ''), 1, 12))::name, true)`, slotPrefix).Scan(&l.line)
	return l.line, err
}

func listSlots(ctx context.Context, conn *pgx.Conn) ([]slot, error) {
	rows, err := conn.Query(ctx, `
		select slot_name::text, coalesce(wal_status, ''), restart_lsn::text from pg_catalog.pg_replication_slots
		 where slot_type = 'physical' and pg_catalog.starts_with(slot_name::text, $1::text) order by 1`, slotPrefix)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[slot])
}

// DropLog forgets the log that the server keeps for nobody any more, so that it does not fill the disk.
func DropLog(ctx context.Context, admin *pgx.ConnConfig) error {
	conn, err := pgx.ConnectConfig(ctx, admin)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	slots, err := listSlots(ctx, conn)
	for _, s := range slots {
		if _, e := conn.Exec(ctx, "select pg_catalog.pg_drop_replication_slot($1)", s.Name); err == nil {
			err = e
		}
	}
	return err
}

// Line is the line that Start found, "" before.
func (l *Logger) Line() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.line
}

// Store stores what is new in the log and returns how many whole segments that were.
func (l *Logger) Store(ctx context.Context) (n int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	conn, err := pgx.ConnectConfig(ctx, l.Admin)
	if err != nil {
		return 0, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var segments []string
	var flushed, current, next string
	var within int64
	err = conn.QueryRow(ctx, `
		with s as (
			select pg_catalog.pg_size_bytes(pg_catalog.current_setting('wal_segment_size')) as size,
			       s.restart_lsn - '0/0'::pg_lsn as kept,
			           pg_catalog.pg_current_wal_flush_lsn() - '0/0'::pg_lsn as flushed
			  from pg_catalog.pg_replication_slots s where s.slot_name = $1::text and s.wal_status <> 'lost')
		select array(select pg_catalog.pg_walfile_name('0/0'::pg_lsn + (g * size + 1))
		    from pg_catalog.generate_series(pg_catalog.floor(kept / size), pg_catalog.floor(flushed / size) - 1) g),
		       ('0/0'::pg_lsn + flushed)::text,
		       pg_catalog.pg_walfile_name('0/0'::pg_lsn + (pg_catalog.floor(flushed / size) * size + 1)),
		       ('0/0'::pg_lsn + pg_catalog.floor(flushed / size) * size)::text, (flushed % size)::bigint
		  from s`, slotPrefix+l.line).Scan(&segments, &flushed, &current, &next, &within)
	if errors.Is(err, pgx.ErrNoRows) {
		l.line = ""
		return 0, &Refusal{
			Problem: "the server had to throw away log of changes that was not stored",
			Hint:    "a new base back-up begins a new log",
		}
	}
	if err != nil {
		return 0, err
	}
	for _, s := range segments {
		if err := l.put(ctx, s, s, -1); err != nil {
			return n, err
		}
		n++
		if err := l.Target.Remove(ctx, l.name(s)+partialLog); err != nil {
			return n, err
		}
	}
	if n > 0 {
		if _, err := conn.Exec(ctx, "select pg_catalog.pg_replication_slot_advance($1::text::name, $2::text::pg_lsn)",
			slotPrefix+l.line, next); err != nil {
			return n, err
		}
	}
	if flushed == l.stored || within == 0 {
		return n, nil
	}
	if err := l.put(ctx, current, current+partialLog, within); err != nil {
		return n, err
	}
	l.stored = flushed
	return n, nil
}

// partialLog ends the name of the segment that is being written.
const partialLog = ".partial-segment"

func (l *Logger) name(segment string) string { return "log/" + l.line + "/" + segment }

// put stores a segment; of the one that is being written the first bytes, and zeros behind them.
func (l *Logger) put(ctx context.Context, segment, as string, first int64) error {
	from, err := os.Open(filepath.Join(l.Dir, segment))
	if err != nil {
		return err
	}
	defer from.Close()
	info, err := from.Stat()
	if err != nil {
		return err
	}
	to, err := l.Target.Create(ctx, l.name(as))
	if err != nil {
		return err
	}
	defer to.Abort()
	var out io.Writer = to
	var layers []io.Closer
	if len(l.To) > 0 {
		enc, err := age.Encrypt(to, l.To...)
		if err != nil {
			return err
		}
		out, layers = enc, []io.Closer{enc}
	}
	zip, err := gzip.NewWriterLevel(out, gzip.BestSpeed)
	if err != nil {
		return err
	}
	layers = append([]io.Closer{zip}, layers...)
	if first < 0 {
		first = info.Size()
	}
	if _, err := io.CopyN(zip, from, first); err != nil {
		return err
	}
	if _, err := io.CopyN(zip, zeros{}, info.Size()-first); err != nil {
		return err
	}
	for _, c := range layers {
		if err := c.Close(); err != nil {
			return err
		}
	}
	return to.Commit()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// fetchLog brings the stored log of a line, from a segment on, into a folder, where the server looks for it.
func fetchLog(ctx context.Context, t Target, line, from, dir string, keys []age.Identity) error {
	items, err := t.List(ctx, "log/"+line+"/")
	if err != nil {
		return err
	}
	for _, i := range items {
		segment := filepath.Base(i.Name)
		plain := strings.TrimSuffix(segment, partialLog)
		if plain < from || len(plain) != 24 {
			continue
		}
		if plain != segment { // the whole one, where there is one, is stored beside it
			if _, err := os.Stat(filepath.Join(dir, plain)); err == nil {
				continue
			}
		}
		if err := fetchSegment(ctx, t, i.Name, filepath.Join(dir, plain), keys); err != nil {
			return err
		}
	}
	return nil
}

func fetchSegment(ctx context.Context, t Target, name, to string, keys []age.Identity) error {
	file, err := t.Open(ctx, name)
	if err != nil {
		return err
	}
	defer file.Close()
	buffered := bufio.NewReader(file)
	var plain io.Reader = buffered
	if head, err := buffered.Peek(3); err == nil && string(head) == "age" {
		if plain, err = age.Decrypt(buffered, keys...); err != nil {
			return &Refusal{
				Problem: name + " does not open with the key",
				Hint:    "--identity names the file with the secret key of its time", Err: quiet{ErrKey},
			}
		}
	}
	zip, err := gzip.NewReader(plain)
	if err != nil {
		return damaged(name, "%v", err)
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	defer out.Close()
	if _, err := io.Copy(out, zip); err != nil {
		if e := noSpace(filepath.Dir(to), err); e != err { //nolint:errorlint // is it another one?
			return e
		}
		return damaged(name, "%v", err)
	}
	return out.Close()
}

// segmentOf is the name of the segment that has a position.
func segmentOf(timeline int, position string, size int64) (string, error) {
	high, low, ok := strings.Cut(position, "/")
	h, err1 := strconv.ParseInt(high, 16, 64)
	lo, err2 := strconv.ParseInt(low, 16, 64)
	if !ok || err1 != nil || err2 != nil || size <= 0 {
		return "", fmt.Errorf("%q is no position in a log", position)
	}
	number := (h<<32 + lo) / size
	each := (int64(1) << 32) / size
	return fmt.Sprintf("%08X%08X%08X", timeline, number/each, number%each), nil
}

// keepLog removes what no base back-up that stays needs.
func keepLog(ctx context.Context, t Target, stay, left []Manifest) error {
	oldest := map[string]string{}
	for _, m := range left {
		if m.Cluster != nil && m.Cluster.Line != "" {
			oldest[m.Cluster.Line] = "G" // behind every segment: all of it goes, unless one that stays needs it
		}
	}
	for _, m := range stay {
		if m.Kind != Base || m.Cluster == nil || m.Cluster.Line == "" {
			continue
		}
		from, err := segmentOf(m.Cluster.Timeline, m.Cluster.Start, m.Cluster.Segment)
		if err != nil {
			return err
		}
		if was, ok := oldest[m.Cluster.Line]; !ok || from < was {
			oldest[m.Cluster.Line] = from
		}
	}
	for _, line := range slices.Sorted(maps.Keys(oldest)) {
		items, err := t.List(ctx, "log/"+line+"/")
		if err != nil {
			return err
		}
		for _, i := range items {
			if filepath.Base(i.Name) >= oldest[line] {
				continue
			}
			if err := t.Remove(ctx, i.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

// LogStored is when the newest part of a line's log was stored.
func LogStored(ctx context.Context, t Target, line string) (at time.Time, err error) {
	items, err := t.List(ctx, "log/"+line+"/")
	for _, i := range items {
		if i.At.After(at) {
			at = i.At
		}
	}
	return at, err
}
