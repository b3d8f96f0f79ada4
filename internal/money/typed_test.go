package money_test

import (
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/tijorihq/tijori/internal/money"
)

// TestTyped reads what people type, good and bad: testdata/typed.json, which the pages' own reader is tested with as
// well (internal/web/static).
func TestTyped(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/typed.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Text, Currency string
		Minor          int64
		Wrong          string
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	wrong := map[string]error{
		"": nil, "no number": money.ErrNoNumber, "too fine": money.ErrTooFine, "too large": money.ErrTooLarge,
		"not positive": money.ErrNotAmount,
	}
	seen := map[string]int{}
	for _, c := range cases {
		want, known := wrong[c.Wrong]
		if !known {
			t.Fatalf("%q: there is no error %q", c.Text, c.Wrong)
		}
		if got, err := money.Parse(c.Text, c.Currency); !errors.Is(err, want) || got != c.Minor {
			t.Errorf("Parse(%q, %s) = %d, %v, want %d, %v", c.Text, c.Currency, got, err, c.Minor, want)
		}
		seen[c.Wrong]++
	}
	for w := range wrong {
		if seen[w] < 5 {
			t.Errorf("%d cases of %q, want at least 5", seen[w], w)
		}
	}
}
