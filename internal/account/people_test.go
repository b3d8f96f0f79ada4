package account

import (
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
	exec(t, db, `insert into plans (id, name, rank, parties_max, entitlements, credits_per_month, members_max) values ('free', 'Free', 0, 5, '{}', 0, 4)
		on conflict (id) do update set members_max = 4`)
	asha := db.User(t, "asha")
	db.Member(t, asha, nil, "manager")
	var sent atomic.Int64
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			err := s.db.As(t.Context(), asha.Account(), func(tx *postgres.Tx) error {
				_, err := insertInvitation(t.Context(), tx, uuid.New(), string(rune('a'+i))+"@example.com", "counter", nil)
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
		if err := s.db.As(t.Context(), asha.Account(), func(tx *postgres.Tx) (err error) { n, err = CountPeople(t.Context(), tx); return err }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if sent.Load() != 2 || count() != 4 {
		t.Errorf("%d were invited, %d people, want 2 and 4", sent.Load(), count())
	}
	exec(t, db, `update plans set members_max = 1 where id = 'free'`)
	if count() != 4 || one[int](t, db, `select count(*) from members where account_id = $1`, asha.AccountID) != 2 {
		t.Error("somebody had to go")
	}
}
