package postgres

import (
	"context"
	"encoding/hex"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// A Holder is what a program or a page of an app proves, and whom it asks about. It names no app and no account: the
// database looks both up (tijori_access.holder), the customer inside the app of the key or token.
type Holder struct {
	Credential [32]byte // SHA-256 of the key or token
	Customer   string   // by the app's own id, "" for what concerns the app
	Origin     string   // of the page that asks, "" for none
}

const claimHolderSQL = `select set_config('tijori.credential', $1, true), set_config('tijori.customer', $2, true),
	set_config('tijori.origin', $3, true)`

// ReadHeld runs queries for the holder of a key or token of an app, in one round trip. They call functions that ask
// tijori_access.app_scope(), and reach nothing else. app is the app as TryHolder has said it; it takes a share of the
// connections and is believed in nothing.
func (db *DB) ReadHeld(ctx context.Context, app string, h Holder, queue func(*pgx.Batch)) error {
	return db.heldAtOnce(ctx, beginReadSQL, app, h, queue)
}

// WriteHeld is ReadHeld for what writes, commit included.
func (db *DB) WriteHeld(ctx context.Context, app string, h Holder, queue func(*pgx.Batch)) error {
	return db.heldAtOnce(ctx, beginWriteSQL, app, h, queue)
}

func (db *DB) heldAtOnce(ctx context.Context, begin, app string, h Holder, queue func(*pgx.Batch)) error {
	seat := uuid.NewSHA1(uuid.NameSpaceURL, []byte("app "+app))
	if app == "" {
		seat = uuid.Nil
	}
	if err := db.short.seats.enter(ctx, seat); err != nil {
		return translate(err)
	}
	defer db.short.seats.leave(seat)
	return translate(db.keysAtOnce(ctx, begin, func(b *pgx.Batch) {
		b.Queue(claimHolderSQL, hex.EncodeToString(h.Credential[:]), h.Customer, h.Origin)
		queue(b)
	}))
}

// TryHolder returns the app of a key or token that may do what needed says, in a way that the server does not log a
// refusal: it may be made up. Faults as of ReadHeld.
func (db *DB) TryHolder(ctx context.Context, h Holder, needed string) (app string, err error) {
	var refused string
	var of *string
	h.Customer = ""
	err = db.ReadHeld(ctx, "", h, func(b *pgx.Batch) {
		b.Queue(`select t.refused, t.app_id from tijori_access.try_app($1) t`, needed).
			QueryRow(func(row pgx.Row) error { return row.Scan(&refused, &of) })
	})
	if err == nil {
		err = translate(refusal(refused))
	}
	if of != nil {
		app = *of
	}
	return app, err
}

// ReadQuestions runs a statement that carries credentials as its values, for many holders at once. The error is the
// database's own.
func (db *DB) ReadQuestions(ctx context.Context, queue func(*pgx.Batch)) error {
	return db.keysAtOnce(ctx, beginReadSQL, queue)
}
