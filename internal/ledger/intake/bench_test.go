package intake

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/ledger"
)

// BenchmarkFiftyThousandRows reads and plans the largest file, as Khatabook writes one.
func BenchmarkFiftyThousandRows(b *testing.B) {
	var text strings.Builder
	text.WriteString("Khatabook\nTransactions\n\nDate,Name,Phone,Details,Debit(-),Credit(+),Balance\n")
	balance := 0
	for i := range MaxRows - 10 {
		balance += i%900 + 1
		fmt.Fprintf(&text, "%02d Jan 26,Party %d,98%08d,rice and %d,\"%d.00\",,%d\n", i%28+1, i%5000, i%5000, i,
			i%900+1, balance)
	}
	for b.Loop() {
		table, err := Read([]byte(text.String()))
		if err != nil {
			b.Fatal(err)
		}
		p := build(table, Options{Upload: uuid.New(), Mapping: Guess(table), Desk: ledger.Desk{
			Currency: "INR",
			Today:    today,
		}, OpeningDate: today}, existing{})
		if len(p.Problems) > 0 || len(p.Entries) != MaxRows-10 {
			b.Fatalf("%d entries, %v", len(p.Entries), p.Problems)
		}
	}
}
