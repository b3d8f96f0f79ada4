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

// RebuildSumsSQL makes tijori.party_sums anew from the entries, as the migration
// that made the table did. Triggers keep it, so nothing runs this but a benchmark that
// fills tables without triggers, and an operator whom VerifySums has told of a
// difference: as a superuser, in one transaction that first says
// lock table tijori.entries, tijori.parties in share row exclusive mode.
const RebuildSumsSQL = `
insert into tijori.party_sums (account_id, business_id, party_id, living, made_on, given, received, balance, entries, last_date, due_since)
select p.account_id, p.business_id, p.id, p.deleted_at is null, (p.created_at at time zone 'utc')::date,
	coalesce(e.given, 0), coalesce(e.received, 0), coalesce(e.given - e.received, 0), coalesce(e.entries, 0), e.last_date,
	auth.due_since(p.account_id, p.business_id, p.id, e.given - e.received)
from tijori.parties p
left join (
	select l.account_id, l.business_id, l.party_id, coalesce(sum(l.paise) filter (where l.side = 'given'), 0)::bigint as given,
		coalesce(sum(l.paise) filter (where l.side = 'received'), 0)::bigint as received, count(*)::int as entries, max(l.business_date) as last_date
	from tijori.entries l
	where l.deleted_at is null
	group by l.account_id, l.business_id, l.party_id
) e on e.account_id = p.account_id and e.business_id = p.business_id and e.party_id = p.id
on conflict (account_id, business_id, party_id) do update
set living = excluded.living, made_on = excluded.made_on, given = excluded.given, received = excluded.received,
	balance = excluded.balance, entries = excluded.entries, last_date = excluded.last_date, due_since = excluded.due_since`

// A WrongSum is a party whose sums, as lists and totals read them, are not those of its entries.
type WrongSum struct {
	AccountID, BusinessID, PartyID uuid.UUID
	What                           string
}

func (w WrongSum) String() string {
	return fmt.Sprintf("account %s, business %s, party %s: %s is not that of its entries", w.AccountID, w.BusinessID, w.PartyID, w.What)
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
		rows, err := tx.Query(ctx, `select w.account_id, w.business_id, w.party_id, w.what from auth.wrong_sums() w order by 1, 2, 3`)
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
			log.ErrorContext(ctx, "a khata does not add up", "account", w.AccountID, "business", w.BusinessID, "party", w.PartyID, "what", w.What)
		}
		return 0, err
	}
}

// oneAfterTheOther makes who writes for several parties in several statements wait
// for the end of others of the business who do: each statement takes the rows of party_sums in
// order, but two transactions of several statements could still wait for each other.
func oneAfterTheOther(ctx context.Context, tx *postgres.Tx) error {
	if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(7101, hashtext($1))`, tx.Scope.BusinessID.String()); err != nil {
		return fmt.Errorf("wait for other batches: %w", err)
	}
	return nil
}
