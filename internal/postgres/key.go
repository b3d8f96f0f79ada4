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
//
// A key that was not read with before may be made up. It is asked about first, in a way that the server does not log.
func (db *DB) ReadKey(ctx context.Context, credential [32]byte, queue func(*pgx.Batch)) error {
	seen := Caller{Credential: credential}
	if _, ok := db.keys.get(seen); !ok {
		if err := db.tryKey(ctx, credential); err != nil {
			return err
		}
	}
	err := db.keysAtOnce(ctx, beginReadSQL, func(b *pgx.Batch) {
		b.Queue(claimSQL, hex.EncodeToString(credential[:]))
		queue(b)
	})
	if err != nil {
		db.keys.drop(seen)
		return translate(err)
	}
	db.keys.put(seen, Scope{})
	return nil
}

// tryKey refuses what is no living key that may read.
func (db *DB) tryKey(ctx context.Context, credential [32]byte) error {
	var refused string
	err := db.keysAtOnce(ctx, beginReadSQL, func(b *pgx.Batch) {
		b.Queue(claimSQL, hex.EncodeToString(credential[:]))
		b.Queue(`select tijori_access.try_key('credits:read')`).QueryRow(func(row pgx.Row) error {
			return row.Scan(&refused)
		})
	})
	if err == nil {
		err = refusal(refused)
	}
	return translate(err)
}

// WriteKeys runs statements for holders of API keys, and their commit, in one round trip. The keys' hashes are
// among the statements' values. The error is the database's own: whoever calls decides whether to ask again.
func (db *DB) WriteKeys(ctx context.Context, queue func(*pgx.Batch)) error {
	return db.keysAtOnce(ctx, beginWriteSQL, queue)
}

func (db *DB) keysAtOnce(ctx context.Context, begin string, queue func(*pgx.Batch)) error {
	conn, err := db.App.Acquire(ctx)
	if err != nil {
		return err
	}
	var theirs []*pgx.QueuedQuery
	defer func() { db.short.release(conn, anyLasts(theirs)) }()
	b := &pgx.Batch{}
	b.Queue(begin)
	ours := b.Len()
	queue(b)
	theirs = b.QueuedQueries[ours:]
	queueEnd(b)
	if err := conn.SendBatch(ctx, b).Close(); err != nil {
		return errors.Join(err, rollback(conn.Conn()))
	}
	return ended(conn.Conn())
}
