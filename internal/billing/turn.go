package billing

import (
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// ReviewDisputeLost is a dispute about a purchase of credits that the bank has
// decided against us.
const ReviewDisputeLost = "dispute_lost"

// The provider's words for disputes, the same at both.
const (
	disputeLost = "lost"
	disputeWon  = "won"
)

// A turn says how grave the matter of a review item has become, and until when
// somebody must act. An item that a person has closed opens again when it takes a
// graver turn than any before.
type turn struct {
	key     string
	gravity int64
	due     time.Time // zero when nothing is due
	settled string    // why nobody need act any more, "" as long as somebody must
}

// turnOf is the turn that an event brings; ok is false for events that take no money back.
func turnOf(ev *facts.Event) (t turn, ok bool) {
	switch {
	case ev.Refund != nil && !ev.Refund.Failed: // the more was given back
		return turn{key: "refund " + ev.Refund.ChargeID, gravity: ev.Refund.Refunded}, true
	case ev.Dispute != nil:
		t = turn{key: "dispute " + ev.Dispute.ID, gravity: 1, due: ev.Dispute.RespondBy}
		switch ev.Dispute.Status {
		case disputeLost:
			t.gravity, t.due = 2, time.Time{}
		case disputeWon, "warning_closed":
			t.gravity, t.due, t.settled = 0, time.Time{}, "the dispute was decided for us: "+ev.Dispute.Status
		case "under_review", "warning_under_review":
			t.due = time.Time{} // answered
		}
		return t, true
	}
	return turn{}, false
}

// saveTurns writes the turns of events beside the items that they have opened or
// found again.
func saveTurns(b *pgx.Batch, provider facts.Provider, events []*facts.Event, now time.Time) {
	for _, ev := range events {
		t, ok := turnOf(ev)
		if !ok {
			continue
		}
		b.Queue(`
			update review_items set gravity = greatest(gravity, $3), due_at = $4,
			    status = case when $3 > gravity then 'open' else status end,
			    resolved_at = case when $3 > gravity then null else resolved_at end,
			    turned_at = case when $3 > gravity then $5 else turned_at end,
			    snoozed_until = case when $3 > gravity then null else snoozed_until end
			 where connection_id = $1 and key = $2 and (gravity < $3 or due_at is distinct from $4)`,
			provider, t.key, t.gravity, null(t.due), now)
		if t.settled != "" {
			closeReview(b, provider, t.settled, now, t.key)
		}
	}
}
