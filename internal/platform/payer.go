package platform

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

var (
	errOrigin = fault.InvalidField("origin",
		"This is none of the app's origins. tijori app origins says which there are.").Coded("origin_not_allowed")
	errReturn = fault.InvalidField("return_url",
		"This address is on none of the app's origins. tijori app origins says which there are.").
		Coded("return_url_not_allowed")
	errNoProvider = fault.New(fault.Conflict, "No payment provider is set up for this app.").Coded("no_provider")
)

// A Purse is who buys: a customer of an app, as the database has said it, and the service that sells.
type Purse struct {
	App     *App
	Account uuid.UUID
	billing.Payer
}

// Payer returns who pays when the holder asks for a customer: the customer whom it names, if needed allows it. back is
// where the customer goes from the provider's page: an address on one of the app's origins, or "" where none is needed.
func (s *Service) Payer(ctx context.Context, h postgres.Holder, needed, back string) (p Purse, err error) {
	if p.App, err = s.appOf(ctx, h, needed); err != nil {
		return p, err
	}
	var email, name string
	var origins []string
	err = s.db.ReadHeld(ctx, p.App.ID, h, func(b *pgx.Batch) {
		b.Queue(`select a.account, a.email, a.name, a.origins from tijori_access.customer_account($1) a`, needed).
			QueryRow(func(row pgx.Row) error { return row.Scan(&p.Account, &email, &name, &origins) })
	})
	switch {
	case err != nil:
		return p, told(err)
	case p.App.Billing == nil:
		return p, errNoProvider
	case back != "" && (len(back) > 2000 || !plain(back) || !slices.Contains(origins, Origin(back))):
		return p, errReturn
	}
	p.Payer = billing.CustomerOf(p.Account, name, email, back)
	return p, nil
}
