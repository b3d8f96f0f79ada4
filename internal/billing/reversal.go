package billing

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// A reversed payment, as an app is told of it. Amounts are in minor units.
type reversalJSON struct {
	ID        string `json:"id"` // the payment's or charge's, at the provider
	Provider  string `json:"provider"`
	Amount    int64  `json:"amount"` // of the whole payment, or what is disputed
	Currency  string `json:"currency"`
	Refunded  *int64 `json:"refunded,omitempty"` // of a refund: how much was given back in all
	Dispute   string `json:"dispute,omitempty"`  // of a dispute: its id, status and by when it has to be answered
	Status    string `json:"status,omitempty"`
	RespondBy string `json:"respond_by,omitempty"`
}

// tellReversal tells the app of a customer that a payment was given back or is disputed. The same is told once: how
// much was given back in all, and each status of a dispute.
func tellReversal(b *pgx.Batch, account uuid.UUID, ev *facts.Event) {
	out := reversalJSON{Provider: string(ev.Provider)}
	kind, once := "", ""
	switch {
	case ev.Refund != nil && ev.Refund.Failed:
		out.ID, out.Amount, out.Currency = ev.Refund.ChargeID, ev.Refund.Amount.Minor, ev.Refund.Amount.Currency
		kind, once = "payment.refund_failed", "refund failed "+out.ID+" "+ev.ID
	case ev.Refund != nil:
		out.ID, out.Amount, out.Currency = ev.Refund.ChargeID, ev.Refund.Amount.Minor, ev.Refund.Amount.Currency
		out.Refunded = &ev.Refund.Refunded
		kind, once = "payment.refunded", "refund "+out.ID+" "+strconv.FormatInt(*out.Refunded, 10)
	case ev.Dispute != nil:
		d := ev.Dispute
		out.ID, out.Amount, out.Currency = d.ChargeID, d.Amount.Minor, d.Amount.Currency
		out.Dispute, out.Status = d.ID, d.Status
		if !d.RespondBy.IsZero() {
			out.RespondBy = d.RespondBy.UTC().Format(time.RFC3339)
		}
		kind, once = "payment.disputed", "dispute "+d.ID+" "+d.Status
	default:
		return
	}
	data, err := json.Marshal(out)
	if err != nil {
		panic(fmt.Sprintf("tell of a reversal: %v", err)) // plain fields
	}
	b.Queue(`select tijori_plans.tell_reversal($1, $2, $3, $4::jsonb)`, account, kind,
		string(ev.Provider)+" "+once, string(data))
}
