package account

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/term"
)

// knowsDevice reports whether the user of an address has signed in from the browser that holds the token. It takes
// as long for an address that nobody has.
func knowsDevice(ctx context.Context, tx pgx.Tx, email, token string) (known bool, err error) {
	hash := Hash(token)
	err = tx.QueryRow(ctx, `
		select exists (select 1 from devices d join users u on u.id = d.user_id
		                where d.hash = $1 and u.email = $2 and d.expires_at > now())`, hash[:], email).Scan(&known)
	return known && token != "", err
}

// rememberDevice gives the browser that holds the token, "" for none, a new one, by which the user is known there from
// now on. Others who are known in that browser move along; the old token is worth nothing any more, whoever holds it.
func rememberDevice(ctx context.Context, tx pgx.Tx, user uuid.UUID, old string) (token string, err error) {
	before := Hash(old)
	token, hash := newToken()
	if _, err := tx.Exec(ctx, `delete from devices where hash = $1 and user_id = $2`, before[:], user); err != nil {
		return "", err
	}
	if _, err := tx.Exec(ctx, `update devices set hash = $2 where hash = $1`, before[:], hash[:]); err != nil {
		return "", err
	}
	_, err = tx.Exec(ctx, `
		insert into devices (hash, user_id, expires_at) values ($1, $2, now() + $3::interval)`,
		hash[:], user, term.Device)
	return token, err
}
