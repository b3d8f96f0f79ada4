//go:build gameday

package billing

import (
	"context"
	"errors"
	"os"

	"github.com/jackc/pgx/v5"
)

// misread is a leak, planted for the drill of `make gameday`: it looks an invoice up by its id alone, as a role that
// may read all of them, and forgets whose it is.
func (s *Service) misread(ctx context.Context, id string) (address string, leaks bool, err error) {
	if os.Getenv("TIJORI_GAMEDAY") != "invoices" {
		return "", false, nil
	}
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `select url from invoices where id = $1`, id).Scan(&address)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return "", true, errNoInvoice
	}
	return address, true, err
}
