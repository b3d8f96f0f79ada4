package ledger

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/postgres"
)

// TotalsSQL is what a list of businesses shows of one. Parameters: account, business.
const TotalsSQL = `
select count(*)::int, (count(*) filter (where b.balance > 0))::int, (count(*) filter (where b.balance < 0))::int,
	coalesce(sum(b.balance) filter (where b.balance > 0), 0)::bigint, coalesce(-sum(b.balance) filter (where b.balance < 0), 0)::bigint
from (
	select s.balance
	from tijori.parties p
	cross join lateral (
		select coalesce(sum(case e.side when 'given' then e.paise else -e.paise end), 0)::bigint as balance
		from tijori.entries e
		where e.account_id = $1 and e.business_id = $2 and e.party_id = p.id and e.deleted_at is null
	) s
	where p.account_id = $1 and p.business_id = $2 and p.deleted_at is null
) b`

// QueueTotals puts the totals of the scope's business into a batch of
// postgres.Read and fills totals when it is answered; all zero for a counter.
func QueueTotals(s postgres.Scope, b *pgx.Batch, totals *Totals) {
	*totals = Totals{}
	b.Queue(TotalsSQL, s.AccountID, s.BusinessID).QueryRow(func(row pgx.Row) error {
		return row.Scan(&totals.Parties, &totals.Due, &totals.Advance, &totals.Get, &totals.Give)
	})
}

// CountParties returns how many living parties the caller's account has in all
// its businesses; 0 for all but owners.
func CountParties(ctx context.Context, tx *postgres.Tx) (n int, err error) {
	if err := tx.QueryRow(ctx, `select auth.party_count()`).Scan(&n); err != nil {
		return 0, fmt.Errorf("count parties: %w", err)
	}
	return n, nil
}
