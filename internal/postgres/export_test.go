package postgres

import "time"

// SetReturned says when a connection for requests came back last.
func SetReturned(db *DB, at time.Time) { db.short.returned.Store(at.UnixNano()) }

// Spoken is spoken.
var Spoken = spoken
