package account

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// A plan has room for so many people, also when twenty are invited at once; who is
// there stays when the plan has less room.
func TestPlanHasRoomForPeople(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	exec(t, db, `update plans set limits = limits || '{"members.max": 4}' where is_default`)
	asha := db.User(t, "asha")
	db.Member(t, asha, nil, "manager")
	var sent atomic.Int64
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			err := s.db.As(t.Context(), asha.Account(), func(tx *postgres.Tx) error {
				_, err := insertInvitation(t.Context(), tx, uuid.New(), string(rune('a'+i))+"@example.com", "counter",
					nil)
				return err
			})
			switch {
			case err == nil:
				sent.Add(1)
			case !fault.Is(err, fault.UpgradeRequired):
				t.Errorf("an invitation too many: %v, want upgrade required", err)
			}
		})
	}
	wg.Wait()
	count := func() (n int) {
		t.Helper()
		if err := s.db.As(t.Context(), asha.Account(), func(tx *postgres.Tx) (err error) {
			n,
				err = CountPeople(t.Context(), tx)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if sent.Load() != 2 || count() != 4 {
		t.Errorf("%d were invited, %d people, want 2 and 4", sent.Load(), count())
	}
	exec(t, db, `update plans set limits = limits || '{"members.max": 1}' where is_default`)
	if count() != 4 || one[int](t, db, `select count(*) from members where account_id = $1`, asha.AccountID) != 2 {
		t.Error("somebody had to go")
	}
}

// An invitation that has ended takes no room, so sending it again asks for room again: else a few that end and
// are sent again, one after another, would bring in any number of people.
func TestResendingAsksForRoom(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	exec(t, db, `update plans set limits = limits || '{"members.max": 3}' where is_default`)
	asha := db.User(t, "asha")
	add := func(email string) uuid.UUID {
		t.Helper()
		id := uuid.New()
		err := s.db.As(t.Context(), asha.Account(), func(tx *postgres.Tx) error {
			_, err := insertInvitation(t.Context(), tx, id, email, "counter", nil)
			return err
		})
		if err != nil {
			t.Fatalf("invite %s: %v", email, err)
		}
		return id
	}
	first := add("a@example.com")
	if err := s.ResendInvitation(t.Context(), asha.Account(), first); err != nil {
		t.Errorf("ResendInvitation with room = %v", err)
	}
	exec(t, db, `update invitations set expires_at = now() - interval '1 second'`)
	for i := range 2 {
		add(strings.Repeat("b", i+1) + "@example.com")
	}
	wantKind(t, "ResendInvitation of an ended one, without room", s.ResendInvitation(t.Context(), asha.Account(),
		first), fault.UpgradeRequired)
	exec(t, db, `update invitations set revoked_at = now() where id = $1`, first)
	err := s.db.As(t.Context(), asha.Account(), func(tx *postgres.Tx) error {
		_, err := tx.Exec(t.Context(),
			`update invitations set revoked_at = null, expires_at = now() + interval '7 days' where account_id = $1
				and id = $2`, asha.AccountID, first)
		return err
	})
	wantKind(t, "an ended invitation taken up by SQL", err, fault.UpgradeRequired)
	if n := one[int](t, db,
		`select count(*) from invitations where revoked_at is null and expires_at > now()`); n != 2 {
		t.Errorf("%d invitations are open, want 2", n)
	}
}
