package account

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
)

// Who is refused and asks on is refused without the database: here it has forgotten the account, and is not asked.
func TestRepeatedRefusalsAskNobody(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	greedy, other := uuid.New(), uuid.New()
	use := func(ctx context.Context, who uuid.UUID) error {
		return s.ThrottleAccount(ctx, "letters", who, 2, 100, time.Hour)
	}
	for range 2 {
		if err := use(t.Context(), greedy); err != nil {
			t.Fatal(err)
		}
	}
	if err := use(t.Context(), greedy); !fault.Is(err, fault.TooMany) {
		t.Fatalf("a third use = %v", err)
	}
	if _, err := db.Super.Exec(t.Context(), `delete from tijori.throttles`); err != nil {
		t.Fatal(err)
	}
	err := use(t.Context(), greedy)
	if refusal := fault.Of(err); refusal == nil || refusal.Kind != fault.TooMany || refusal.Retry <= 0 ||
		refusal.Retry > time.Hour {
		t.Errorf("a fourth use = %v", err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if err := use(gone, greedy); !errors.Is(err, context.Canceled) {
		t.Errorf("a use by someone who has left = %v", err)
	}
	if err := use(t.Context(), other); err != nil {
		t.Errorf("another account: %v", err)
	}
	s.refused.until[limit{"letters account", greedy.String(), 2, time.Hour}.key()] = time.Now()
	if err := use(t.Context(), greedy); err != nil {
		t.Errorf("after the window: %v", err)
	}
}

// However many are refused, a bounded number is remembered.
func TestRefusalsAreBounded(t *testing.T) {
	t.Parallel()
	var r refusals
	for range 3 * mostRefused {
		r.remember(limit{subject: uuid.NewString()}, time.Hour)
	}
	if len(r.until) > mostRefused {
		t.Errorf("%d are remembered", len(r.until))
	}
}
