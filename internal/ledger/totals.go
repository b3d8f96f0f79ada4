package ledger

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/postgres"
)

// TotalsSQL is what a list of businesses shows of one.
const TotalsSQL = `select t.parties, t.due, t.advance, t.get, t.give from tijori_khata.totals() t`

// QueueTotals puts the totals of the caller's business into a batch of
// postgres.Read and fills totals when it is answered; all zero for a counter.
func QueueTotals(b *pgx.Batch, totals *Totals) {
	*totals = Totals{}
	b.Queue(TotalsSQL).QueryRow(func(row pgx.Row) error {
		return row.Scan(&totals.Parties, &totals.Due, &totals.Advance, &totals.Get, &totals.Give)
	})
}

// CountParties returns how many living parties the caller's account has in all
// its businesses; 0 for all but owners.
func CountParties(ctx context.Context, tx *postgres.Tx) (n int, err error) {
	if err := tx.QueryRow(ctx, `select tijori_khata.party_count()`).Scan(&n); err != nil {
		return 0, fmt.Errorf("count parties: %w", err)
	}
	return n, nil
}
