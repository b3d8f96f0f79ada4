package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// A Draft is what a user has typed into the grid of a business and not saved.
type Draft struct {
	Batch   uuid.UUID  `json:"batch"` // under which it will be saved
	Rows    []BatchRow `json:"rows"`
	Version int        `json:"-"` // 0 when there is none yet
}

const gridDraft = "grid"

var errOtherTab = fault.New(fault.Conflict,
	"The grid is open in another window too, and was changed there. Reload the page.").Coded("draft_elsewhere")

// QueueDraft puts the caller's draft of the grid into a batch of postgres.Read;
// without one, the draft stays empty.
func QueueDraft(s postgres.Scope, b *pgx.Batch, d *Draft) {
	*d = Draft{}
	b.Queue(`
		select body, version from tijori.drafts
		where account_id = $1 and business_id = $2 and created_by = $3 and name = $4`,
		s.AccountID, s.BusinessID, s.UserID, gridDraft).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			if err := rows.Scan(d, &d.Version); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

// SaveDraft stores the caller's draft of the grid and returns its version. It is a
// Conflict fault when it was written since the version that d has, unless by the
// same writer; whatever the version, when writer is zero. Requires RunsKhata.
func SaveDraft(ctx context.Context, tx *postgres.Tx, writer uuid.UUID, d Draft) (version int, err error) {
	if err := allow(tx.Scope.Rights.RunsKhata); err != nil {
		return 0, err
	}
	if len(d.Rows) > MaxBatchRows {
		return 0, errManyRows
	}
	body, err := json.Marshal(d)
	if err != nil {
		return 0, fmt.Errorf("draft of the grid: %w", err)
	}
	err = tx.QueryRow(ctx, `
		insert into tijori.drafts (account_id, business_id, created_by, name, body, writer) values ($1, $2, $3,
		    $4, $5, $6)
		on conflict (account_id, business_id, created_by, name)
		do update set body = excluded.body, writer = excluded.writer
		where drafts.version = $7 or drafts.writer = excluded.writer
		    or excluded.writer = '00000000-0000-0000-0000-000000000000'
		returning version`,
		tx.Scope.AccountID, tx.Scope.BusinessID, tx.Scope.UserID, gridDraft, body, writer, d.Version).Scan(&version)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, errOtherTab
	}
	if err != nil {
		return 0, fmt.Errorf("save the draft of the grid: %w", err)
	}
	return version, nil
}
