package web

import (
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
)

// Only the frame moves the end of an answer.
func TestOnlyTheFrameMovesDeadlines(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*/*.go")
	if err != nil || len(files) < 40 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		// the second stops work, and says so; the third sends files
		mayMove := file == "frame/limits.go" || file == "frame/work.go" || file == "frame/file.go"
		if !strings.HasSuffix(file, "_test.go") && strings.Contains(string(b), "SetWriteDeadline") && !mayMove {
			t.Errorf("%s moves the end of an answer, and not through Request.Long", file)
		}
	}
}

// limited serves the world's pages again with a short limit.
func (w *world) limited(limit time.Duration, config Config) {
	config.limit = limit
	w.serves(config)
}

// serves serves the world's pages anew.
func (w *world) serves(config Config) *Server {
	server := New(config)
	front := httptest.NewServer(server)
	w.Cleanup(front.Close)
	w.url = front.URL
	return server
}

// When nothing moves in the database, every request is answered in its time, and told to come again: a page, a form, a
// file and a program's call alike, and a write that is tried twice. The lock is held until all have been answered, so
// that what had no limit would never be.
func TestEverythingIsAnsweredInTime(t *testing.T) {
	t.Parallel()
	w := owned(t)
	const limit = time.Second
	w.limited(limit, w.config)
	lock, err := w.db.Super.Begin(t.Context())
	w.ok(err)
	defer func() { _ = lock.Rollback(context.Background()) }() // a second time changes nothing
	_, err = lock.Exec(t.Context(), `lock table accounts, businesses, members, credentials, users, throttles, plans`)
	w.ok(err)
	var all sync.WaitGroup
	var mu sync.Mutex
	waited := 0
	places := make(chan struct{}, 4)
	for _, rt := range routes {
		if rt.Development || strings.HasSuffix(rt.Pattern, "/undo") { // with a limit of their own from the beginning
			continue
		}
		method, _, _ := strings.Cut(rt.Pattern, " ")
		token := w.a.Token
		switch trial := trials[rt.Pattern]; {
		case rt.Access == frame.Program:
			token = w.a.key
		case rt.Access.OfApp():
			token = w.a.appKey
		case trial.visitor:
			token = ""
		}
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			got := w.send(method, trials[rt.Pattern].ask(newIDs(w.a.ids)), token)
			retry := got.header.Get("Retry-After") != "" || rt.Pattern == "GET /readyz"
			if got.status == 503 && !retry {
				t.Errorf("%s: 503 without Retry-After", rt.Pattern)
			}
			mu.Lock()
			defer mu.Unlock()
			if got.status == 503 {
				waited++
			}
		})
	}
	all.Wait()
	if waited < 100 {
		t.Errorf("%d routes waited for the database: the test is blind", waited)
	}
	w.ok(lock.Rollback(t.Context()))
	w.until("all is well again", func() bool {
		return w.send("GET", ask{path: "/b/" + w.a.ids["business"]}, w.a.Token).status == 200
	})
}

// A statement that takes too long, and a session that the server ends, are told as what they are, and an entry
// that was sent once is there once when it is sent again.
func TestInterruptedWriteIsToldSo(t *testing.T) {
	t.Parallel()
	w := owned(t)
	w.exec(`do $$ begin
		execute format('alter role tijori_app in database %I set statement_timeout = ''500ms''', current_database());
	end $$`)
	db, err := postgres.Open(t.Context(), w.db.Config)
	w.ok(err)
	defer db.Close()
	config := w.config
	config.DB = db
	w.limited(20*time.Second, config)
	k := trials["POST /api/businesses/{business}/entries"].ask(newIDs(w.a.ids))
	entries := func() int { return one[int](w, `select count(*) from entries where id = $1`, k.json["id"]) }

	lock, err := w.db.Super.Begin(t.Context())
	w.ok(err)
	defer func() { _ = lock.Rollback(context.Background()) }() // a second time changes nothing
	_, err = lock.Exec(t.Context(), `lock table entries`)
	w.ok(err)
	told := func(what string) {
		t.Helper()
		got := w.send("POST", k, w.a.Token)
		if got.status != 503 || got.header.Get("Retry-After") == "" || !strings.Contains(got.body, `"unavailable"`) {
			t.Errorf("%s: %d, Retry-After %q, %s", what, got.status, got.header.Get("Retry-After"), got.body)
		}
	}
	told("statement_timeout")

	ctx, stop := context.WithCancel(t.Context())
	var killer sync.WaitGroup
	killer.Go(func() { // whoever waits for the entries
		for ctx.Err() == nil {
			_, _ = w.db.Super.Exec(ctx, `select pg_terminate_backend(pid) from pg_stat_activity
				where datname = current_database() and usename = 'tijori_app' and wait_event_type = 'Lock'`)
			time.Sleep(20 * time.Millisecond)
		}
	})
	told("sessions are ended")
	stop()
	killer.Wait()
	w.ok(lock.Rollback(t.Context()))

	before := entries()
	for range 2 {
		if got := w.send("POST", k, w.a.Token); got.status != 201 {
			t.Errorf("sent again: %d %s", got.status, got.body)
		}
	}
	if n := entries(); before != 0 || n != 1 {
		t.Errorf("%d entries before and %d after, want 0 and 1", before, n)
	}
}
