package target

import (
	"context"
	"errors"
	"fmt"
)

// A SQLReader answers a query with its first value. Readings by SQL run in a
// transaction that only reads.
type SQLReader func(ctx context.Context, dsn, query string) (string, error)

// Read is a reading of the target's state: a part of an answer, or a value of its database.
func (r *Range) Read(of *Reading, who *Someone, sql SQLReader) (string, error) {
	if of.As != "" {
		who = r.People[of.As]
	}
	if of.SQL != "" {
		if sql == nil {
			return "", errors.New("readings by SQL are not possible here")
		}
		dsn, err := Text(of.DSN)
		if err != nil {
			return "", err
		}
		return sql(r.ctx, dsn, of.SQL)
	}
	a, err := r.Get(who, of.Path)
	if err != nil {
		return "", err
	}
	if !a.OK() {
		if r.Alive(who) == nil {
			return "", fmt.Errorf("%s answers %d", of.Path, a.Status)
		}
		if err := r.SignIn(who); err != nil {
			return "", err
		}
		if a, err = r.Get(who, of.Path); err != nil {
			return "", err
		}
	}
	return Extract(a, of.From)
}
