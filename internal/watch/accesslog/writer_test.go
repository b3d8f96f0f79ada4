package accesslog

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func count(t *testing.T, db *pgtest.DB, condition string, args ...any) (n int) {
	t.Helper()
	err := db.Super.QueryRow(t.Context(), "select count(*) from access_log where "+condition, args...).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func stop(t *testing.T, w *Writer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := w.Stop(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestStopWritesWhatWaits(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	asha := db.User(t, "Asha")
	w := Start(db.Log, "v1", quiet)
	record := Record{
		At: time.Now(), RequestID: "r", UserID: asha.UserID, AccountID: asha.AccountID, Business: asha.BusinessID,
		Route: "GET /b/{business}/p/{party}", Object: uuid.NewString(), Verdict: Allowed, Status: 200, Rows: 7,
		Took: 12 * time.Millisecond, Address: netip.MustParseAddr("fe80::1%eth0"), Device: "Chrome, Android",
	}
	const n = 2*batchSize + 17
	for i := range n {
		record.RequestID = fmt.Sprint("r", i)
		w.Add(record)
	}
	stop(t, w)
	if got := count(t, db, `user_id = $1 and account_id = $2 and business_id = $3 and rows = 7 and took_ms = 12
		and release = 'v1' and status = 200 and address = 'fe80::1'`, asha.UserID, asha.AccountID, asha.BusinessID); got != n {
		t.Errorf("%d rows are in the log, want %d", got, n)
	}
	if w.Written() != n || w.Lost() != 0 || w.Waiting() != 0 {
		t.Errorf("written %d, lost %d, waiting %d", w.Written(), w.Lost(), w.Waiting())
	}
}

// What comes from outside never keeps a batch out of the log.
func TestHostileTextIsCut(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	w := Start(db.Log, "v1", quiet)
	for _, text := range []string{"\x00", "\xff\xfe", strings.Repeat("क", 500), "' or 1=1 --"} {
		w.Add(Record{
			At: time.Now(), RequestID: text, Route: text, Object: text, Device: text, Verdict: NotFound, Status: 404,
			Rows: -3, Took: -time.Second,
		})
	}
	stop(t, w)
	if got := count(t, db, "true"); got != 4 {
		t.Errorf("%d rows, want 4; lost %d", got, w.Lost())
	}
}

// A batch that cannot be written is lost, counted, and said in the log; the next one is written.
func TestLossesAreSaid(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	w := Start(db.Log, "v1", quiet)
	w.Add(Record{At: time.Now(), Verdict: "nonsense"})
	stop(t, w)
	if w.Lost() != 1 {
		t.Errorf("lost %d, want 1", w.Lost())
	}
	w = Start(db.Log, "v1", quiet)
	w.lose(41)
	w.Add(Record{At: time.Now(), Verdict: Allowed})
	stop(t, w)
	if got := count(t, db, "verdict = 'lost' and rows = 41"); got != 1 {
		t.Errorf("the log says %d times that 41 records are lost, want once", got)
	}
	if got := count(t, db, "verdict = 'allowed'"); got != 1 {
		t.Errorf("%d rows were written, want 1", got)
	}
}

// Adding never waits, not even while nobody reads the queue.
func TestFullQueueLoses(t *testing.T) {
	t.Parallel()
	w := &Writer{queue: make(chan Record, 3)}
	for range 5 {
		w.Add(Record{})
	}
	if w.Waiting() != 3 || w.Lost() != 2 {
		t.Errorf("waiting %d, lost %d, want 3 and 2", w.Waiting(), w.Lost())
	}
	var none *Writer
	none.Add(Record{})
}

// The writer names keys by their hashes; a hash of nobody stays unnamed.
func TestKeysAreNamed(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	asha := db.User(t, "Asha")
	key, hash := uuid.New(), [32]byte{1, 2, 3}
	if _, err := db.Super.Exec(t.Context(), `insert into credentials (hash, id, kind, name, user_id, account_id, expires_at, scopes)
		values ($1, $2, 'api_key', 'Till', (select user_id from members where account_id = $3 limit 1), $3, now() + interval '1 day', '{credits:read}')`, hash[:], key, asha.AccountID); err != nil {
		t.Fatal(err)
	}
	w := Start(db.Log, "v1", quiet)
	w.Add(Record{At: time.Now(), Verdict: Allowed, Credential: hash})
	w.Add(Record{At: time.Now(), Verdict: Denied, Credential: [32]byte{9}})
	stop(t, w)
	if got := count(t, db, "key_id = $1 and account_id = $2", key, asha.AccountID); got != 1 {
		t.Errorf("%d rows name the key, want 1", got)
	}
	if got := count(t, db, "key_id is null and account_id is null"); got != 1 {
		t.Errorf("%d rows name no key, want 1", got)
	}
}

// The writer's role adds and does nothing else; the reader's reads and does nothing else.
func TestWriterReadsNothing(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	for _, sql := range []string{
		"select count(*) from access_log", "delete from access_log", "update access_log set rows = 0",
		"insert into access_log_allowed_rest select * from access_log", "truncate access_log",
	} {
		if _, err := db.Log.Exec(t.Context(), sql); err == nil {
			t.Errorf("tijori_log runs %s", sql)
		}
	}
	for _, sql := range []string{
		"delete from access_log", "update access_log set rows = 0", "select count(*) from access_log_allowed_rest",
		"insert into access_log (at) values (now())", "drop table access_log_allowed",
	} {
		if _, err := db.Watch.Exec(t.Context(), sql); err == nil {
			t.Errorf("tijori_watch runs %s", sql)
		}
	}
}

// Days come and go: rows written before their day had a table move into it, what is too old goes, and what was
// refused stays longer.
func TestDaysAreTended(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	now := time.Now().UTC()
	w := Start(db.Log, "v1", quiet)
	for _, days := range []int{0, 1, 89, 91, 399, 401} {
		for _, verdict := range []Verdict{Allowed, Denied} {
			w.Add(Record{At: now.AddDate(0, 0, -days), Verdict: verdict, RequestID: fmt.Sprint(days)})
		}
	}
	stop(t, w)
	tend := Tend(db.Watch, quiet)
	for range 2 { // the second time there is nothing to do
		if _, err := tend(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := count(t, db, "verdict = 'allowed'"); got != 3 {
			t.Errorf("%d allowed rows are kept, want those of 0, 1 and 89 days ago", got)
		}
		if got := count(t, db, "verdict = 'denied'"); got != 5 {
			t.Errorf("%d denied rows are kept, want those of up to 399 days ago", got)
		}
		if got := count(t, db, "tableoid::regclass::text like '%_rest'"); got != 0 {
			t.Errorf("%d rows have no day of their own", got)
		}
	}
	// A day that is over goes as a table.
	day := now.AddDate(0, 0, -91).Format("20060102")
	if _, err := db.Super.Exec(t.Context(), fmt.Sprintf(`
		create table access_log_allowed_%[1]s partition of access_log_allowed
		for values from ('%[1]s 00:00+00') to ('%[1]s 24:00+00')`, day)); err != nil {
		t.Fatal(err)
	}
	_, err := db.Super.Exec(t.Context(), "alter table access_log_allowed_"+day+" owner to tijori_owner")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tend(t.Context()); err != nil {
		t.Fatal(err)
	}
	var there bool
	if err := db.Super.QueryRow(t.Context(), "select to_regclass($1) is not null",
		"tijori.access_log_allowed_"+day).Scan(&there); err != nil || there {
		t.Errorf("the table of a day that is over is there: %t, %v", there, err)
	}
	// Every part is closed to whoever does not go through the whole.
	var open int
	if err := db.Super.QueryRow(t.Context(), `select count(*) from pg_class where relname like 'access\_log%'
		and relkind in ('r', 'p') and not (relrowsecurity and relforcerowsecurity)`).Scan(&open); err != nil ||
		open != 0 {
		t.Errorf("%d parts are without row-level security, %v", open, err)
	}
}

func TestDevice(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{
		"":           "",
		"curl/8.5.0": "curl",
		"<script>":   "other",
		"Mozilla/5.0 (Linux; Android 14; SM-A155F) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36":                  "Chrome, Android",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1": "Safari, iPhone",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0":           "Edge, Windows",
		"Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36":        "Samsung Internet, Android",
	} {
		if got := Device(agent); got != want {
			t.Errorf("Device(%q) = %q, want %q", agent, got, want)
		}
	}
}
