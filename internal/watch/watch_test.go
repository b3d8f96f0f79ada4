package watch

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
	"github.com/tijorihq/tijori/internal/watch/accesslog"
	"github.com/tijorihq/tijori/internal/watch/detect"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const party = "GET /b/{business}/p/{party}"

var (
	quietly = slog.New(slog.NewTextHandler(io.Discard, nil))
	routes  = map[string]detect.Route{party: {Guarded: true}, "GET /export": {Kind: detect.Export, Guarded: true}}
)

func serviceOf(db *pgtest.DB) *Service {
	s := New(db.Watch, routes, quietly)
	s.settle = 0
	return s
}

// write adds records to the log and waits until they are in it.
func write(t *testing.T, db *pgtest.DB, records ...accesslog.Record) {
	t.Helper()
	w := accesslog.Start(db.Log, "v1", quietly)
	for _, r := range records {
		w.Add(r)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := w.Stop(ctx); err != nil || w.Lost() > 0 {
		t.Fatalf("the log: %v, %d lost", err, w.Lost())
	}
}

// walk is somebody who tries so many foreign ids.
func walk(u *pgtest.User, n int) (out []accesslog.Record) {
	for i := range n {
		out = append(out, accesslog.Record{
			At: time.Now(), RequestID: fmt.Sprint("walk ", i), UserID: u.UserID, AccountID: u.AccountID,
			Business: uuid.New(),
			Route:    party, Object: uuid.NewString(), Verdict: accesslog.NotFound, Status: 404,
		})
	}
	return out
}

func look(t *testing.T, s *Service) {
	t.Helper()
	if _, err := s.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func alerts(t *testing.T, s *Service) []Alert {
	t.Helper()
	list, err := s.ListAlerts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// told is what one call of Tell hands over.
func told(t *testing.T, s *Service) (out []Alert) {
	t.Helper()
	err := s.Tell(t.Context(), func(_ context.Context, list []Alert) error {
		out = list
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// From the log to whoever is told, with what an operator says to it.
func TestWalkerIsTold(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	asha := db.User(t, "Asha")
	s := serviceOf(db)
	write(t, db, walk(asha, 4)...)
	look(t, s)
	if got := alerts(t, s); len(got) != 0 {
		t.Fatalf("four ids raise %+v", got)
	}
	write(t, db, walk(asha, 2)...)
	look(t, s)
	got := alerts(t, s)
	if len(got) != 1 || got[0].Rule != detect.Walking || got[0].Subject != asha.UserID.String() ||
		got[0].Account != asha.AccountID || len(got[0].Requests) < 5 || got[0].State != "raised" {
		t.Fatalf("six ids raise %+v", got)
	}
	failing := s.Tell(t.Context(), func(context.Context, []Alert) error { return io.ErrUnexpectedEOF })
	if failing == nil {
		t.Error("a message that was not delivered counts as told")
	}
	if list := told(t, s); len(list) != 1 {
		t.Fatalf("told of %d alerts, want 1", len(list))
	}
	if list := told(t, s); len(list) != 0 {
		t.Errorf("told again of %d alerts", len(list))
	}
	id := got[0].ID
	for what, err := range map[string]error{
		"without a reason":   s.Mute(t.Context(), id, Take, time.Time{}, "op@example.com", " "),
		"a year of snoozing": s.Mute(t.Context(), id, Snooze, time.Now().AddDate(1, 0, 0), "op@example.com", "later"),
	} {
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := s.Mute(t.Context(), uuid.New(), Dismiss, time.Time{}, "op@example.com", "no such"); !fault.Is(err,
		fault.Conflict) {
		t.Errorf("an alert that is not there: %v", err)
	}
	if err := s.Mute(t.Context(), id, Take, time.Time{}, "op@example.com", "I call them"); err != nil {
		t.Fatal(err)
	}
	a, acts, err := s.AlertByID(t.Context(), id)
	if err != nil || !a.Muted(time.Now()) || a.TakenBy != "op@example.com" || len(acts) != 1 ||
		acts[0].Reason != "I call them" {
		t.Errorf("taken: %+v, %+v, %v", a, acts, err)
	}
	// News ends the quiet.
	write(t, db, walk(asha, 8)...)
	look(t, s)
	if a, _, err = s.AlertByID(t.Context(), id); err != nil || a.Muted(time.Now()) || a.Times < 10 {
		t.Errorf("after news: %+v, %v", a, err)
	}
}

// A snooze holds whatever happens, and an alert without news is over after a day, which is told.
func TestSnoozeAndEnd(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	s := serviceOf(db)
	a := detect.Alert{
		Rule: detect.Storm, Subject: "2001:db8::1", Since: time.Now(), At: time.Now(), Count: 20,
		Text: "20",
	}
	raise := func() {
		t.Helper()
		if err := s.Raise(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	raise()
	id := alerts(t, s)[0].ID
	if err := s.Mute(t.Context(), id, Snooze, time.Now().Add(time.Hour), "op@example.com",
		"a test of ours"); err != nil {
		t.Fatal(err)
	}
	raise()
	if got := told(t, s); len(got) != 0 {
		t.Errorf("told in spite of a snooze: %+v", got)
	}
	db.Super.Exec(t.Context(), `update watch_alerts set muted_until = now() - interval '1 second'`)
	if got := told(t, s); len(got) != 1 {
		t.Errorf("after the snooze told of %+v", got)
	}
	db.Super.Exec(t.Context(), `update watch_alerts set last_at = now() - interval '25 hours'`)
	if got := told(t, s); len(got) != 1 || got[0].State != "over" {
		t.Errorf("after a day without news told of %+v", got)
	}
	if got := told(t, s); len(got) != 0 {
		t.Errorf("the end is told again: %+v", got)
	}
	raise()
	if got := alerts(t, s); len(got) != 1 || got[0].State != "raised" || got[0].Times != 20 {
		t.Errorf("raised again: %+v", got)
	}
}

// Of two nodes one reads. The other goes on where it ended, and knows what it knew.
func TestOneNodeReads(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	asha := db.User(t, "Asha")
	first, second := serviceOf(db), serviceOf(db)
	visit := accesslog.Record{
		At: time.Now(), UserID: asha.UserID, AccountID: asha.AccountID, Business: uuid.New(), Route: party,
		Verdict: accesslog.Allowed,
	}
	write(t, db, append(walk(asha, 3), visit)...)
	look(t, first)
	write(t, db, walk(asha, 2)...)
	look(t, second)
	if got := alerts(t, first); len(got) != 0 {
		t.Fatalf("the node that does not read raises %+v", got)
	}
	if err := first.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Links into a business that the first node saw open are no foreign ids.
	old := walk(asha, 20)
	for i := range old {
		old[i].Business = visit.Business
	}
	write(t, db, old...)
	look(t, second)
	got := alerts(t, first)
	if len(got) != 1 || got[0].Times != 5 {
		t.Errorf("the second node, which heard of the first three, raises %+v", got)
	}
}

// What accounts took is remembered over restarts.
func TestPastIsRemembered(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	asha := db.User(t, "Asha")
	var files []accesslog.Record
	for range 30 {
		files = append(files, accesslog.Record{
			At: time.Now(), UserID: asha.UserID, AccountID: asha.AccountID, Route: "GET /export",
			Verdict: accesslog.Allowed,
		})
	}
	s := serviceOf(db)
	write(t, db, files...)
	look(t, s)
	var n int
	if err := db.Super.QueryRow(t.Context(), `select coalesce(sum(taken), 0) from watch_hours where account_id = $1`,
		asha.AccountID).Scan(&n); err != nil || n != 30 {
		t.Errorf("%d files are remembered, %v; want 30", n, err)
	}
}

// The inspector raises an alert about a foreign id, and about nothing else.
func TestForeignIDsAreFound(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	asha, ravi := db.User(t, "Asha"), db.User(t, "Ravi")
	second := db.Business(t, asha, "Second")
	s := serviceOf(db)
	for _, c := range []struct {
		ids  []uuid.UUID
		mine []uuid.UUID
		want int
	}{
		{[]uuid.UUID{asha.AccountID, asha.BusinessID, second, uuid.New()}, []uuid.UUID{asha.AccountID}, 0},
		{[]uuid.UUID{asha.AccountID, ravi.BusinessID}, []uuid.UUID{asha.AccountID, ravi.AccountID}, 0},
		{[]uuid.UUID{asha.AccountID, ravi.BusinessID}, []uuid.UUID{asha.AccountID}, 1},
		{[]uuid.UUID{ravi.AccountID}, []uuid.UUID{asha.AccountID}, 1},
	} {
		if _, err := db.Super.Exec(t.Context(), `delete from watch_alerts`); err != nil {
			t.Fatal(err)
		}
		i := s.Inspect()
		i.Add(Answer{At: time.Now(), RequestID: "r", Route: party, IDs: c.ids, Mine: c.mine})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		if err := i.Stop(ctx); err != nil {
			t.Fatal(err)
		}
		cancel()
		if got := alerts(t, s); len(got) != c.want || i.Looked() != 1 {
			t.Errorf("ids %v of somebody in %v raise %+v", c.ids, c.mine, got)
		}
	}
}

func TestIDsInText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var want []uuid.UUID
		text := ""
		for range rapid.IntRange(0, 6).Draw(t, "ids") {
			id := uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
			text += rapid.StringMatching(`[a-z -]{0,40}[<"/ ]`).Draw(t, "between") + id.String()
			if !slices.Contains(want, id) {
				want = append(want, id)
			}
		}
		text += rapid.StringMatching(`[ -~]{0,30}`).Draw(t, "after")
		got := IDsIn([]byte(text))
		for _, id := range want {
			if !slices.Contains(got, id) {
				t.Fatalf("%s is not found in %q", id, text)
			}
		}
		if len(got) < len(want) {
			t.Fatalf("found %d of %d in %q", len(got), len(want), text)
		}
	})
}
