//go:build !linux

package pgtest

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/postgres/embedded"
)

const TestPooler = "TIJORI_TEST_POOLER"

type pooler struct{ end func() }

func startPooler(context.Context, string, ...string) (*pooler, error) {
	return nil, embedded.ErrUnsupported
}

func (*pooler) through(config *pgx.ConnConfig) *pgx.ConnConfig { return config }

func (db *DB) Pooler(t testing.TB, _ ...string) *pgx.ConnConfig {
	t.Helper()
	t.Fatal(embedded.ErrUnsupported)
	return nil
}
