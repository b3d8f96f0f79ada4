package postgres

import "github.com/tijorihq/tijori/internal/fault"

// Translate returns the fault for an error of a statement inside a transaction, or
// err itself. As and Read translate what leaves them; this is for who goes on
// after a savepoint.
func Translate(err error) error { return translate(err) }

// Interrupted reports an error after which the same may be asked again: the database could not be reached, the
// connection broke, or a time limit passed, also one of ctx.
func Interrupted(err error) bool { return err != nil && fault.Is(translate(err), fault.Unavailable) }
