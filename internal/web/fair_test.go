package web

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
	"github.com/tijorihq/tijori/internal/web/frame"
)

// largeBook gives a user's account a plan that exports, and a party with so many bytes of notes that no connection
// holds its file.
func (w *world) largeBook(u *pgtest.User) (party uuid.UUID) {
	w.Helper()
	w.db.Pro(w, u)
	party = fresh()
	w.ok(w.db.As(w.Context(), u.Caller, func(tx *postgres.Tx) error {
		_, err := ledger.AddParty(w.Context(), tx, party, ledger.PartyFields{Kind: ledger.Customer, Name: "Large"})
		return err
	}))
	tx, err := w.db.Super.Begin(w.Context())
	w.ok(err)
	for _, step := range []struct {
		sql  string
		args []any
	}{
		{`set local session_replication_role = replica`, nil},
		{`insert into entries (account_id, business_id, id, party_id, side, amount_minor, business_date, note,
			request_hash, created_by)
			select $1, $2, gen_random_uuid(), $3, 'given', 100, date '2026-01-01' + i % 300, repeat(md5(i::text), 15),
			sha256('x'), $4 from generate_series(1, 30000) i`, []any{u.AccountID, u.BusinessID, party, u.UserID}},
	} {
		_, err := tx.Exec(w.Context(), step.sql, step.args...)
		w.ok(err)
	}
	w.ok(tx.Commit(w.Context()))
	return party
}

// A slowReader has asked for a file, has read the head of the answer, and reads no more.
type slowReader struct {
	conn net.Conn
	r    *bufio.Reader
	size int // of the file
}

func (w *world) slowly(path, token string) (*slowReader, error) {
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
	if err != nil {
		return nil, err
	}
	s := &slowReader{conn: conn, r: bufio.NewReaderSize(conn, 16)}
	if err := conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		return s, err
	}
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nCookie: session=%s\r\n\r\n", path,
		strings.TrimPrefix(w.url, "http://"), token); err != nil {
		return s, err
	}
	head, err := http.ReadResponse(s.r, nil)
	if err != nil {
		return s, err
	}
	if head.StatusCode != http.StatusOK {
		body, err := io.ReadAll(io.LimitReader(head.Body, 300))
		return s, fmt.Errorf("%s: %d %s (%v)", path, head.StatusCode, body, err)
	}
	s.size, err = strconv.Atoi(head.Header.Get("Content-Length"))
	return s, err
}

// Slow readers of five accounts, and two thousand connections that say nothing, hold no connection to the database, no
// transaction and no slot; what others ask for is answered meanwhile, files as well. It is proven by what is held, not
// by how long anything takes.
func TestNobodyWaitsForSlowReaders(t *testing.T) {
	t.Parallel()
	w := owned(t)
	config := w.config
	config.chunk = 10 * time.Minute // however slow the machine
	server := w.serves(config)
	var idle []net.Conn
	for range 2000 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
		w.ok(err)
		idle = append(idle, conn)
	}
	const files = 3 // of each account
	slow := make([]*slowReader, 5*files)
	var hostile sync.WaitGroup
	for n := range 5 {
		u := w.db.User(t, fmt.Sprintf("hostile%d", n))
		party := w.largeBook(u)
		shop := "/b/" + u.BusinessID.String()
		hostile.Go(func() {
			for i, path := range []string{
				shop + "/export.csv", shop + "/p/" + party.String() + "/export.csv",
				"/api/businesses/" + u.BusinessID.String() + "/export.csv",
			} {
				for {
					reader, err := w.slowly(path, u.Token)
					slow[n*files+i] = reader
					if err == nil {
						break
					}
					if !strings.Contains(err.Error(), ": 503 ") && !strings.Contains(err.Error(), ": 429 ") {
						t.Errorf("a file for a slow reader: %v", err)
						return
					}
					reader.conn.Close() // it waited too long for a slot; it is hostile, so it asks again
				}
			}
		})
	}
	hostile.Wait()
	if t.Failed() {
		t.FailNow()
	}
	w.until("everything scarce is given back", func() bool {
		for _, pool := range []*pgxpool.Pool{w.db.App, w.db.Long, w.db.Auth, w.db.Links, w.db.Health} {
			if pool.Stat().AcquiredConns() > 0 {
				return false
			}
		}
		making, _ := server.FilesUnderWay()
		return making == 0 && !w.reading()
	})
	want := int64(0)
	for _, s := range slow {
		if s.size < 12<<20 {
			t.Errorf("a file of %d bytes may lie between the two ends", s.size)
		}
		want += int64(s.size)
	}
	if _, reserved := server.FilesUnderWay(); reserved < want {
		t.Errorf("%d bytes are reserved, and %d wait for readers", reserved, want)
	}
	shop := "/b/" + w.a.ids["business"]
	for _, path := range []string{
		shop, shop + "/p/" + w.a.ids["party"], shop + "/export.csv", "/mydata/download",
		"/login",
	} {
		if got := w.send("GET", ask{path: path}, w.a.Token); got.status != 200 && path != "/login" {
			t.Errorf("%s beside slow readers: %d %.200s", path, got.status, got.body)
		}
	}
	if got := w.send("GET", ask{path: "/readyz"}, ""); got.status != 200 {
		t.Errorf("readyz beside slow readers: %d %s", got.status, got.body)
	}
	for _, s := range slow {
		s.conn.Close()
	}
	for _, conn := range idle {
		conn.Close()
	}
	w.until("nothing is kept for who has gone", func() bool {
		_, reserved := server.FilesUnderWay()
		return reserved == 0
	})
}

// A reader who does not read a chunk in its time is broken off, and knows that the file is not whole.
func TestSlowReaderIsBrokenOff(t *testing.T) {
	t.Parallel()
	w := owned(t)
	config := w.config
	config.chunk = 300 * time.Millisecond
	server := w.serves(config)
	u := w.db.User(t, "slow")
	party := w.largeBook(u)
	s, err := w.slowly("/b/"+u.BusinessID.String()+"/p/"+party.String()+"/export.csv", u.Token)
	w.ok(err)
	defer s.conn.Close()
	w.until("its file is forgotten", func() bool {
		_, reserved := server.FilesUnderWay()
		return reserved == 0
	})
	if n, err := io.Copy(io.Discard, s.r); err == nil && n >= int64(s.size) {
		t.Errorf("%d bytes of %d came all the same", n, s.size)
	}
}

// However many connections old transactions and readers of shared links hold, requests and sign-ins have theirs.
func TestOldTransactionsTakeNoRequestsConnection(t *testing.T) {
	t.Parallel()
	w := owned(t)
	for _, pool := range []*pgxpool.Pool{w.db.Long, w.db.Links} {
		for range pool.Stat().MaxConns() {
			conn, err := pool.Acquire(t.Context())
			w.ok(err)
			defer conn.Release()
		}
	}
	shop := "/b/" + w.a.ids["business"]
	for path, token := range map[string]string{
		shop: w.a.Token, shop + "/p/" + w.a.ids["party"]: w.a.Token,
		"/readyz": "",
	} {
		if got := w.send("GET", ask{path: path}, token); got.status != 200 {
			t.Errorf("%s: %d", path, got.status)
		}
	}
	if got := w.send("POST", form("/login", "email", "nobody@example.com", "password", "not this one"),
		""); got.status != 422 {
		t.Errorf("sign in with a wrong password: %d, want 422", got.status)
	}
}

// Readiness has a connection of its own: it answers while all others are in use, and is not told by strangers that
// use them that nothing works.
func TestReadinessHasItsOwnConnection(t *testing.T) {
	t.Parallel()
	w := owned(t)
	for range w.db.App.Stat().MaxConns() {
		conn, err := w.db.App.Acquire(t.Context())
		w.ok(err)
		defer conn.Release()
	}
	if got := w.send("GET", ask{path: "/readyz"}, ""); got.status != 200 {
		t.Errorf("readyz: %d %s", got.status, got.body)
	}
	w.exec(`insert into schema_compat (migration, compatible_from) values (900000, 899999)`)
	w.exec(`insert into goose_db_version (version_id, is_applied) values (900000, true)`)
	if got := w.send("GET", ask{path: "/readyz"}, ""); got.status != 503 || !strings.Contains(got.body, "900000") {
		t.Errorf("readyz on a schema that is too new: %d %s, want why", got.status, got.body)
	}
}

// Who uses what calls a provider too often is refused, with when to come again, and no provider is called; others are
// not refused until all together are too many.
func TestProviderCallsAreLimited(t *testing.T) {
	t.Parallel()
	w := owned(t)
	ask := form("/billing/cancel", "at_period_end", "yes")
	use := func(s *side) (answer, int64) {
		before := w.till.calls.Load()
		got := w.send("POST", ask, s.Token)
		return got, w.till.calls.Load() - before
	}
	refused := func(what string, s *side) {
		t.Helper()
		got, calls := use(s)
		after, err := strconv.Atoi(got.header.Get("Retry-After"))
		if got.status != 429 || calls != 0 || err != nil || after < 6 || after > 600 {
			t.Errorf("%s: %d with %d calls, Retry-After %q", what, got.status, calls, got.header.Get("Retry-After"))
		}
	}
	if got, _ := use(w.a); got.status == 429 {
		t.Fatalf("the first: %d", got.status)
	}
	set := func(kind string, n int) {
		w.exec(`update throttles set count = $2 where key like $1 || '%'`, frame.CallsProvider.Name+" "+kind, n)
	}
	set("account", frame.CallsProvider.Most)
	refused("one too many of the account", w.a)
	if got, _ := use(w.b); got.status == 429 {
		t.Errorf("another account: %d", got.status)
	}
	set("in all", frame.CallsProvider.InAll)
	refused("one too many in all", w.b)
}
