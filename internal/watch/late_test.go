package watch

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/postgres/pgtest"
	"github.com/tijorihq/tijori/internal/watch/detect"
)

// TestWriterThatCommitsLate: a row that was written before the cursor and committed after it was moved is read all the
// same, and once.
func TestWriterThatCommitsLate(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	asha, bela := db.User(t, "Asha"), db.User(t, "Bela")
	s := serviceOf(db)
	look(t, s)
	slow := addRefusals(t, db, asha, 4)
	write(t, db, walk(bela, 6)...)
	look(t, s) // moves the cursor past the rows that are not committed
	if got := alerts(t, s); len(got) != 1 || got[0].Subject != bela.UserID.String() {
		t.Fatalf("before the commit: %+v", got)
	}
	if err := slow.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 3 { // however often the same four are looked at, they are four
		look(t, s)
	}
	if got := alerts(t, s); len(got) != 1 {
		t.Fatalf("four ids raise %+v", got)
	}
	last := addRefusals(t, db, asha, 1)
	write(t, db, walk(bela, 1)...)
	look(t, s)
	if err := last.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	look(t, s)
	if got := alerts(t, s); len(got) != 2 {
		t.Errorf("five ids, all of them committed late, raise %+v", got)
	}
}

// addRefusals adds rows of somebody who tries foreign ids, in a transaction of the log's writer that is still open.
func addRefusals(t *testing.T, db *pgtest.DB, u *pgtest.User, n int) pgx.Tx {
	t.Helper()
	tx, err := db.Log.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback(t.Context()) })
	for i := range n {
		if _, err := tx.Exec(t.Context(), `
			insert into access_log (at, request_id, user_id, operator, account_id, business_id, route, object, verdict,
			    status, rows, took_ms, device, release)
			values (now(), $1, $2, false, $3, $4, $5, $6, 'not_found', 404, 0, 1, '', 'v1')`,
			fmt.Sprint("late ", i), u.UserID, u.AccountID, uuid.New(), party, uuid.NewString()); err != nil {
			t.Fatal(err)
		}
	}
	return tx
}

// TestEveryRowIsReadOnce: in whatever order writers begin, commit and take back, the detector hears of each row once.
func TestEveryRowIsReadOnce(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	for seed := range uint64(12) {
		dice := rand.New(rand.NewPCG(seed, 5))
		u := db.User(t, fmt.Sprint("walker ", seed))
		s := serviceOf(db)
		look(t, s)
		var open []pgx.Tx
		committed, log := 0, ""
		for range 25 {
			switch act := dice.IntN(5); {
			case act == 0 && len(open) < 2:
				open = append(open, addRefusals(t, db, u, 1))
				log += " write"
			case act == 1 && len(open) > 0:
				i := dice.IntN(len(open))
				if err := open[i].Commit(t.Context()); err != nil {
					t.Fatal(err)
				}
				open = append(open[:i], open[i+1:]...)
				committed++
				log += " commit"
			case act == 2 && len(open) > 0 && dice.IntN(3) == 0:
				if err := open[0].Rollback(t.Context()); err != nil {
					t.Fatal(err)
				}
				open = open[1:]
				log += " rollback"
			default:
				look(t, s)
				log += " look"
			}
		}
		for _, tx := range open {
			if err := tx.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			committed++
		}
		look(t, s)
		var there int
		if err := db.Super.QueryRow(t.Context(), `
			select count(*) from tijori.access_log where kept_at > (select kept_at from tijori.watch_cursor) - $1::interval`,
			late).Scan(&there); err != nil {
			t.Fatal(err)
		}
		if len(s.lately) != there {
			t.Errorf("seed %d: read %d rows of %d:%s", seed, len(s.lately), there, log)
		}
		distinct := map[rowID]bool{}
		for _, id := range s.lately {
			distinct[id] = true
		}
		if len(distinct) != len(s.lately) {
			t.Errorf("seed %d: %d rows were read twice:%s", seed, len(s.lately)-len(distinct), log)
		}
		raised := 0
		for _, a := range alerts(t, s) {
			if a.Rule == detect.Walking && a.Subject == u.UserID.String() {
				raised++
			}
		}
		if (raised > 0) != (committed >= 5) {
			t.Errorf("seed %d: %d foreign ids raised %d alerts:%s", seed, committed, raised, log)
		}
		if err := s.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
