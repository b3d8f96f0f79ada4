package billing_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/clock"
	"github.com/tijorihq/tijori/internal/credits"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

func init() { billing.NewSpender = newSpender }

// newSpender lends the conformance bench the real part that grants and spends credits.
func newSpender(t *testing.T, db *pgtest.DB, plans *billing.Plans, now *clock.Clock) billing.Spender {
	s := credits.New(credits.Config{DB: db.DB, Plans: plans, Clock: now})
	keys, n := map[string][32]byte{}, 0
	return func(u *pgtest.User, amount int64) int {
		t.Helper()
		for worked := 1; worked > 0; {
			var err error
			if worked, err = s.Refill(t.Context()); err != nil {
				t.Fatalf("refill: %v", err)
			}
		}
		key, ok := keys[u.Email]
		if !ok {
			text, _, err := s.CreateKey(t.Context(), u.Account(), "bench", []string{credits.SpendCredits})
			if err != nil {
				t.Fatalf("create a key: %v", err)
			}
			key = credits.HashKey(text)
			keys[u.Email] = key
		}
		n++
		_, err := s.Consume(t.Context(), key, credits.Spend{
			Meter: billing.DefaultMeter, Amount: amount,
			Key: fmt.Sprint("step ", n),
		})
		switch {
		case err == nil:
			return http.StatusOK
		case credits.IsInsufficient(err) != nil:
			return http.StatusPaymentRequired
		}
		t.Fatalf("spend: %v", err)
		return 0
	}
}
