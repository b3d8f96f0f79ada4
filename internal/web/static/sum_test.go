package static

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/money"
)

// A typed is what somebody typed, and what it comes to: minor units, or what is wrong.
type typed struct {
	Text     string `json:"text"`
	Currency string `json:"currency"`
	Minor    int64  `json:"minor"`
	Wrong    string `json:"wrong"`
}

// TestTypedInPages holds that pages read an amount as the server does: the cases of package money, and generated ones.
func TestTypedInPages(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../money/testdata/typed.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []typed
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	for i, got := range inPages(t, cases) {
		if got != cases[i] {
			t.Errorf("sums.parse gives %+v, want %+v", got, cases[i])
		}
	}
}

func TestPagesAndServerReadTheSame(t *testing.T) {
	t.Parallel()
	dice := rand.New(rand.NewPCG(20, 26))
	var cases []typed
	for range 20_000 {
		c := typed{Text: scrawl(dice), Currency: []string{"INR", "INR", "JPY", "KWD"}[dice.IntN(4)]}
		var err error
		switch c.Minor, err = money.Parse(c.Text, c.Currency); {
		case errors.Is(err, money.ErrNoNumber):
			c.Wrong = "no number"
		case errors.Is(err, money.ErrTooFine):
			c.Wrong = "too fine"
		case errors.Is(err, money.ErrTooLarge):
			c.Wrong = "too large"
		case errors.Is(err, money.ErrNotAmount):
			c.Wrong = "not positive"
		case err != nil:
			t.Fatal(err)
		}
		cases = append(cases, c)
	}
	kinds := map[string]int{}
	for i, got := range inPages(t, cases) {
		if got != cases[i] {
			t.Errorf("in the page %+v, on the server %+v", got, cases[i])
		}
		kinds[cases[i].Wrong]++
	}
	for _, kind := range []string{"", "no number", "too fine", "too large", "not positive"} {
		if kinds[kind] < 200 {
			t.Errorf("%d generated cases of %q, want 200", kinds[kind], kind)
		}
	}
}

// strays are what may stand where it does not belong.
var strays = []string{
	" ", "\u00a0", "\t", "\n", "\v", "\u0085", "\u1680", "\u2028", "\u202f", "\u3000", "\ufeff", "\u200b", "\x00",
	",", ".", "-", "+", "\u2212", "e", "Rs", "USD", "I", "NR", "R", "s.", "₹", "€", "0", "९", "०", "٣", "１", "💰",
}

// scrawl is something that looks like an amount, more or less.
func scrawl(dice *rand.Rand) string {
	pick := func(of ...string) string { return of[dice.IntN(len(of))] }
	digits := func(n int) (s string) {
		for range n {
			s += pick("0", "0", "1", "2", "5", "9", "०", "५")
		}
		return s
	}
	amount := func() string {
		s := pick("", "", "", "₹", "Rs. ", "$", "INR") + digits(1+dice.IntN(4))
		if dice.IntN(12) == 0 {
			s += digits(8 + dice.IntN(12))
		}
		for range dice.IntN(4) {
			s += pick(",", "", ",") + digits(2+dice.IntN(2))
		}
		if dice.IntN(3) == 0 {
			s += "." + digits(dice.IntN(5))
		}
		return s
	}
	s := amount()
	for range dice.IntN(3) {
		s += pick("+", "-", " + ", "−", "–") + pick(amount(), amount(), "")
	}
	if dice.IntN(2) == 0 { // something in some place that does or does not belong there
		at := dice.IntN(len(s) + 1)
		for at < len(s) && s[at]&0xc0 == 0x80 {
			at++
		}
		s = s[:at] + pick(strays...) + s[at:]
	}
	return s
}

// inPages is what the modules of a page make of the texts.
func inPages(t *testing.T, cases []typed) []typed {
	t.Helper()
	const program = `
		globalThis.self = globalThis;
		await import(process.argv[1]);
		let text = "";
		for await (const chunk of process.stdin.setEncoding("utf8")) text += chunk;
		const digits = JSON.parse(process.argv[2]);
		console.log(JSON.stringify(JSON.parse(text).map(({ text, currency }) => {
			const { minor = 0n, wrong = "" } = self.sums.parse(text, digits[currency]);
			return { text, currency, minor: Number(minor), wrong };
		})));`
	in, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	digits, err := json.Marshal(map[string]int{
		"INR": money.Digits("INR"), "JPY": money.Digits("JPY"), "KWD": money.Digits("KWD"),
	})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "--input-type=module", "-e", program,
		"./files/sum.js", string(digits))
	cmd.Stdin = bytes.NewReader(in)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node (scripts/setup-test installs it): %v\n%s", err, said.String())
	}
	var got []typed
	if err := json.Unmarshal(out, &got); err != nil || len(got) != len(cases) {
		t.Fatalf("%d answers to %d texts: %v", len(got), len(cases), err)
	}
	return got
}
