package ledger

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tijorihq/tijori/internal/postgres"
)

// RebuildSumsSQL makes tijori.party_sums from the entries and returns how many rows differed.
// Triggers keep the table, so nothing runs this but a benchmark that fills tables without them, and
// an operator whom VerifySums has told of a difference. Only the owner of the schema may.
const RebuildSumsSQL = `select tijori_khata.rebuild_sums()`

// A WrongSum is a party whose sums, as lists and totals read them, are not those of its entries.
type WrongSum struct {
	AccountID, BusinessID, PartyID uuid.UUID
	What                           string
}

func (w WrongSum) String() string {
	return fmt.Sprintf("account %s, business %s, party %s: %s is not that of its entries",
		w.AccountID, w.BusinessID, w.PartyID, w.What)
}

// VerifySums holds the sums of every party against its entries and returns what
// differs: nothing, when all is as it must be. It reads one snapshot, tells no
// figure and changes nothing. auth is the pool of tijori_auth, which the sweeps run as.
func VerifySums(ctx context.Context, auth *pgxpool.Pool) ([]WrongSum, error) {
	var found []WrongSum
	err := pgx.BeginTxFunc(ctx, auth, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `set local statement_timeout = '15min'`); err != nil {
			return err
		}
		rows, err := tx.Query(ctx,
			`select w.account_id, w.business_id, w.party_id, w.what from tijori_khata.wrong_sums() w order by 1, 2, 3`)
		if err != nil {
			return err
		}
		found, err = pgx.CollectRows(rows, pgx.RowToStructByPos[WrongSum])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("verify the sums of parties: %w", err)
	}
	return found, nil
}

// WatchSums is VerifySums as a loop runs it: it logs every difference as an error,
// and always returns 0 worked.
func WatchSums(auth *pgxpool.Pool, log *slog.Logger) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) {
		found, err := VerifySums(ctx, auth)
		for _, w := range found {
			log.ErrorContext(ctx, "a khata does not add up", "account", w.AccountID, "business", w.BusinessID,
				"party", w.PartyID, "what", w.What)
		}
		return 0, err
	}
}

// lockBatches makes transactions that write for several parties in several statements go one
// by one in a business: each statement takes the rows of party_sums in order, but two such
// transactions could still wait for each other. The lock is on the business's row and ends with the transaction.
func lockBatches(ctx context.Context, tx *postgres.Tx) error {
	if _, err := tx.Exec(ctx, `select tijori_khata.lock_batches()`); err != nil {
		return fmt.Errorf("wait for other batches: %w", err)
	}
	return nil
}
