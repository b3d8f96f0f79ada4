package platform

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// What a token may.
const (
	MayRead = "read" // show what its customer has
	MayPay  = "pay"  // and buy for them; never spend
)

// MaxToken is how long a token lives at most, and when nobody says otherwise.
const MaxToken = 15 * time.Minute

// TokenPrefix begins every customer token.
const TokenPrefix = "tj_ct_"

// A Token is for the browser of one customer.
type Token struct {
	Token     string
	ExpiresAt time.Time
}

// MakeToken makes a token for the customer whom the holder of a server key names, good in the pages of one of the app's
// origins for life.
func (s *Service) MakeToken(
	ctx context.Context, h postgres.Holder, may, origin string, life time.Duration,
) (t Token, err error) {
	switch {
	case may != MayRead && may != MayPay:
		return t, fault.InvalidField("may", "A token may read, or pay.")
	case Origin(origin) != origin || origin == "":
		return t, errOrigin
	case life < time.Second || life > MaxToken:
		return t, fault.InvalidField("expires_in", "A token lives from 1 to %d seconds.", int(MaxToken/time.Second))
	}
	app, err := s.appOf(ctx, h, WriteCustomers)
	if err != nil {
		return t, err
	}
	if t.Token, err = secret(TokenPrefix); err != nil {
		return t, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return t, err
	}
	hash := Hash(t.Token)
	err = s.db.WriteHeld(ctx, app.ID, h, func(b *pgx.Batch) {
		b.Queue(`select tijori_access.make_customer_token($1, $2, $3, $4, $5)`, id, hash[:], may, origin,
			int(life/time.Second)).QueryRow(func(row pgx.Row) error { return row.Scan(&t.ExpiresAt) })
	})
	return t, told(err)
}

// EndCustomerTokens ends every token of the customer whom the holder of a server key names.
func (s *Service) EndCustomerTokens(ctx context.Context, h postgres.Holder) error {
	app, err := s.appOf(ctx, h, WriteCustomers)
	if err != nil {
		return err
	}
	return told(s.db.WriteHeld(ctx, app.ID, h, func(b *pgx.Batch) {
		b.Queue(`select tijori_access.end_customer_tokens()`)
	}))
}
