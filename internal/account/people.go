package account

import (
	"context"
	"fmt"

	"github.com/tijorihq/tijori/internal/postgres"
)

// CountPeople is how many people the caller's account has or has invited, as the
// plan counts them: once a person, however many shops they work in. The owner's
// transaction alone sees them all.
func CountPeople(ctx context.Context, tx *postgres.Tx) (n int, err error) {
	err = tx.QueryRow(ctx, `
		select count(distinct who) from (
			select email as who from tijori_access.team()
			union all
			select email from invitations where account_id = $1 and accepted_at is null and revoked_at is null and expires_at > now()) people`, tx.Scope.AccountID).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count people: %w", err)
	}
	return n, nil
}
