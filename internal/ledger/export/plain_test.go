package export_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/tijorihq/tijori/internal/ledger/export"
	"github.com/tijorihq/tijori/internal/money"
)

// Files write every amount as money.Plain does.
func TestAmountsOfFiles(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		minor := rapid.OneOf(rapid.Int64(), rapid.Int64Range(-200, 200),
			rapid.SampledFrom([]int64{0, math.MaxInt64, math.MinInt64})).Draw(r, "minor")
		for _, currency := range []string{"INR", "JPY"} {
			if got, want := export.Plain(minor, money.Digits(currency)), money.Plain(minor, currency); got != want {
				r.Fatalf("%d %s is %q, want %q", minor, currency, got, want)
			}
		}
	})
}
