package postgres

import (
	"context"
	"encoding/hex"
	"errors"

	"github.com/jackc/pgx/v5"
)

// ReadKey runs queries for the holder of an API key in one round trip. A key has
// no scope (tijori_access.scope() refuses it): the queries call functions that ask
// tijori_access.key_account(), and reach nothing else.
func (db *DB) ReadKey(ctx context.Context, credential [32]byte, queue func(*pgx.Batch)) error {
	conn, err := db.App.Acquire(ctx)
	if err != nil {
		return translate(err)
	}
	defer conn.Release()
	b := &pgx.Batch{}
	b.Queue(resetSQL)
	b.Queue("begin isolation level read committed, read only")
	b.Queue(claimSQL, hex.EncodeToString(credential[:]), "")
	queue(b)
	b.Queue("commit")
	if err := conn.SendBatch(ctx, b).Close(); err != nil {
		return errors.Join(translate(err), rollback(conn.Conn()))
	}
	return translate(ended(conn.Conn()))
}
