package ledger_test

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
)

// queued runs a reader that puts its statement into a batch, as pages do, within a transaction.
func queued[T any](ctx context.Context, tx *postgres.Tx, queue func(*pgx.Batch, *T)) (T, error) {
	var out T
	b := &pgx.Batch{}
	queue(b, &out)
	return out, tx.SendBatch(ctx, b).Close()
}

func listParties(ctx context.Context, tx *postgres.Tx, f ledger.PartyFilter) (ledger.PartyList, error) {
	if err := f.Check(); err != nil {
		return ledger.PartyList{}, err
	}
	return queued(ctx, tx, func(b *pgx.Batch, list *ledger.PartyList) { ledger.QueueParties(tx.Scope, b, f, list) })
}

func listPartyNames(
	ctx context.Context, tx *postgres.Tx, query string, after ledger.Cursor,
) (ledger.PartyNames, error) {
	return queued(ctx, tx, func(b *pgx.Batch, names *ledger.PartyNames) {
		ledger.QueuePartyNames(b, query, after, names)
	})
}

func partyPageByID(
	ctx context.Context, tx *postgres.Tx, party uuid.UUID, after ledger.Cursor,
) (ledger.PartyPage, error) {
	if err := after.Check(); err != nil {
		return ledger.PartyPage{}, err
	}
	return queued(ctx, tx, func(b *pgx.Batch, page *ledger.PartyPage) {
		ledger.QueuePartyPage(tx.Scope, b, party, after, page)
	})
}

func listOwnEntries(
	ctx context.Context, tx *postgres.Tx, party uuid.UUID, after ledger.Cursor,
) (ledger.OwnEntries, error) {
	return queued(ctx, tx, func(b *pgx.Batch, own *ledger.OwnEntries) {
		ledger.QueueOwnEntries(tx.Scope, b, party, after, own)
	})
}

func lockedUntil(ctx context.Context, tx *postgres.Tx) (time.Time, error) {
	return queued(ctx, tx, ledger.QueueLockedUntil)
}

// partyHistory is what happened to a party alone, newest first: its part of the timeline.
func partyHistory(ctx context.Context, tx *postgres.Tx, id uuid.UUID) (
	out []ledger.Change[ledger.PartyFields], err error,
) {
	err = timeline(ctx, tx, id, func(h ledger.Happening) {
		if h.SubjectID == id {
			out = append(out, *h.Party)
		}
	})
	return out, err
}

// entryHistory is what happened to an entry, newest first: its part of the timeline of its party.
func entryHistory(ctx context.Context, tx *postgres.Tx, id uuid.UUID) (
	out []ledger.Change[ledger.EntryFields], err error,
) {
	e, err := ledger.EntryByID(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	err = timeline(ctx, tx, e.PartyID, func(h ledger.Happening) {
		if h.SubjectID == id {
			out = append(out, *h.Entry)
		}
	})
	return out, err
}

func timeline(ctx context.Context, tx *postgres.Tx, party uuid.UUID, each func(ledger.Happening)) error {
	for after, more := ledger.Cursor(""), true; more; {
		page, err := ledger.PartyTimeline(ctx, tx, party, after)
		if err != nil {
			return err
		}
		for _, h := range page.Items {
			each(h)
		}
		after, more = page.Next, page.Next != ""
	}
	return nil
}
