package money_test

import (
	"errors"
	"math"
	"testing"

	"github.com/tijorihq/tijori/internal/money"
)

func TestFormat(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		minor    int64
		currency string
		want     string
	}{
		{0, "INR", "₹0.00"},
		{5, "INR", "₹0.05"},
		{-5, "INR", "-₹0.05"},
		{99999, "INR", "₹999.99"},
		{100000, "INR", "₹1,000.00"},
		{123456700, "INR", "₹12,34,567.00"},
		{-123456789012, "INR", "-₹1,23,45,67,890.12"},
		{123456700, "USD", "$1,234,567.00"},
		{3000, "JPY", "¥3,000"},
		{math.MinInt64, "USD", "-$92,233,720,368,547,758.08"},
	} {
		if got := (money.Amount{Minor: c.minor, Currency: c.currency}).Format(); got != c.want {
			t.Errorf("Format(%d %s) = %q, want %q", c.minor, c.currency, got, c.want)
		}
	}
	if got := (money.Amount{Minor: 99900, Currency: "INR"}).Short(); got != "₹999" {
		t.Errorf("Short = %q, want ₹999", got)
	}
	if got := money.Plain(-123450, "INR"); got != "-1234.50" {
		t.Errorf("Plain = %q, want -1234.50", got)
	}
	for n, want := range map[int64]string{
		0: "0", 999: "999", 1000: "1,000", 1234567: "12,34,567", -100000: "-1,00,000",
		math.MinInt64: "-92,23,37,20,36,85,47,75,808",
	} {
		if got := money.Grouped(n); got != want {
			t.Errorf("Grouped(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int64{
		"250": 25000, "₹1,23,456.5": 12345650, "१,२३४.५०": 123450, "250+90": 34000, "500 - 20.25": 47975, ".5": 50,
		"1.10": 110, "1,200+90": 129000, "12,34,567": 123456700, "1,234,567.5": 123456750, "1,00,000": 10000000,
		"10.500": 1050,
	} {
		if got, err := money.Parse(in, "INR"); err != nil || got != want {
			t.Errorf("Parse(%q) = %d, %v, want %d", in, got, err, want)
		}
	}
	for in, want := range map[string]error{
		"": money.ErrNoNumber, "abc": money.ErrNoNumber, "1.234": money.ErrTooFine, "0": money.ErrNotAmount,
		"5-9": money.ErrNotAmount, "-5": money.ErrNoNumber,
		"1e9": money.ErrNoNumber, "1+": money.ErrNoNumber, "99999999999999999": money.ErrTooLarge,
		"0x10": money.ErrNoNumber, "10,00": money.ErrNoNumber, "1.234,50": money.ErrNoNumber,
		"1,2345": money.ErrNoNumber, ",500": money.ErrNoNumber, "1,,000": money.ErrNoNumber,
		"1234,567": money.ErrNoNumber, "=1+1": money.ErrNoNumber,
	} {
		if got, err := money.Parse(in, "INR"); !errors.Is(err, want) {
			t.Errorf("Parse(%q) = %d, %v, want error %v", in, got, err, want)
		}
	}
	if _, err := money.Parse("1.5", "JPY"); !errors.Is(err, money.ErrTooFine) {
		t.Errorf("Parse of half a yen: %v, want ErrTooFine", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"250+90", "१२.३४", "₹1,00,000", "--", "+.+"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := money.Parse(s, "INR")
		if err != nil {
			return
		}
		if n <= 0 || n > money.Max {
			t.Fatalf("Parse(%q) = %d, outside (0, Max]", s, n)
		}
		again, err := money.Parse(money.Plain(n, "INR"), "INR")
		if err != nil || again != n {
			t.Fatalf("Parse(Plain(%d)) = %d, %v", n, again, err)
		}
	})
}
