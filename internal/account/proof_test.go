package account

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// A session that is ended while one of its acts waits for the user's row changes none of the user's factors: every act
// that asks for a fresh proof looks at the session again when it has the row.
func TestASessionThatEndsMeanwhileChangesNoFactor(t *testing.T) {
	t.Parallel()
	s, db := equipped(t)
	acts := map[string]func(context.Context, postgres.Caller) error{
		"BeginTOTP":     only(s.BeginTOTP),
		"PendingTOTP":   only(s.PendingTOTP),
		"NewCodes":      only(s.NewCodes),
		"AskToRegister": only(s.AskToRegister),
		"ConfirmTOTP": only(func(ctx context.Context, c postgres.Caller) ([]string, error) {
			return s.ConfirmTOTP(ctx, c, "123456")
		}),
		"SetTwoStep": only(func(ctx context.Context, c postgres.Caller) ([]string, error) {
			return s.SetTwoStep(ctx, c, false)
		}),
		"AddPasskey": func(ctx context.Context, c postgres.Caller) error { return s.AddPasskey(ctx, c, "mine", "{}") },
		"RemovePasskey": func(ctx context.Context, c postgres.Caller) error {
			return s.RemovePasskey(ctx, c, uuid.New())
		},
	}
	n := 0
	for name, act := range acts {
		n++
		session := confirmed(t, s, db, fmt.Sprintf("asha%d@example.com", n))
		withTOTP(t, s, db, session)
		tx, err := db.Super.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback(context.Background()) }() // where the test fails before it commits
		_, err = tx.Exec(t.Context(), `select 1 from users where id = $1 for no key update`, session.UserID)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- act(t.Context(), caller(session)) }()
		waiting := false
		for end := time.Now().Add(2 * time.Minute); !waiting && time.Now().Before(end); {
			err := db.Super.QueryRow(t.Context(), `select exists (select 1 from pg_stat_activity
				where datname = current_database() and wait_event_type = 'Lock')`).Scan(&waiting)
			if err != nil {
				t.Fatal(err)
			}
			select {
			case err := <-done:
				t.Fatalf("%s did not wait for the user's row: %v", name, err)
			case <-time.After(5 * time.Millisecond):
			}
		}
		hash := Hash(session.Token)
		_, err = tx.Exec(t.Context(), `update credentials set revoked_at = now() where hash = $1`, hash[:])
		if err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := <-done; !fault.Is(err, fault.Unauthorized) && fault.Of(err).Code != fault.StepUp {
			t.Errorf("%s of a session that has ended meanwhile: %v", name, err)
		}
	}
}

// only is an act without what it returns beside the error.
func only[T any](act func(context.Context, postgres.Caller) (T, error)) func(context.Context, postgres.Caller) error {
	return func(ctx context.Context, c postgres.Caller) error {
		_, err := act(ctx, c)
		return err
	}
}
