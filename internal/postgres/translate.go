package postgres

// Translate returns the fault for an error of a statement inside a transaction, or
// err itself. As and Read translate what leaves them; this is for who goes on
// after a savepoint.
func Translate(err error) error { return translate(err) }
