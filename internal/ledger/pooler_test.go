package ledger_test

import (
	"testing"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// Behind a transaction-mode pooler nothing is prepared, and the types of parameters are
// guessed: every statement must stand that.
func TestEveryCallWithoutPreparedStatements(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	config := s.db.Config
	config.ViaPooler = true
	pooled, err := postgres.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pooled.Close)
	for name, call := range s.calls(t.Context()) {
		for _, caller := range []postgres.Caller{s.owner.Caller, s.counter.Caller} {
			err := pooled.As(t.Context(), caller, func(tx *postgres.Tx) error {
				if err := call(tx); err != nil {
					return err
				}
				return errUndo
			})
			if fault.Of(err) == nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
