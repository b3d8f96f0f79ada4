package webhook

import (
	"context"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/leaky"
	"github.com/tijorihq/tijori/internal/audit/target"
)

const (
	onStripe   = " POST /webhooks/stripe"
	onRazorpay = " POST /webhooks/razorpay"
)

func both(rule string) []string { return []string{rule + onRazorpay, rule + onStripe} }

var found = map[leaky.Flaw][]string{
	leaky.HookUnsigned: slices.Concat(both("webhook-unsigned"), both("webhook-wrong-signature"),
		both("webhook-altered"), []string{"webhook-stale" + onStripe}),
	leaky.HookWrong:      slices.Concat(both("webhook-wrong-signature"), both("webhook-altered")),
	leaky.HookEmpty:      both("webhook-wrong-signature"),
	leaky.HookEnded:      {"webhook-wrong-signature" + onStripe},
	leaky.HookReencoded:  both("webhook-altered"),
	leaky.HookStale:      {"webhook-stale" + onStripe},
	leaky.HookRepeated:   both("webhook-repeated"),
	leaky.HookLate:       both("webhook-late"),
	leaky.HookOtherMode:  {"webhook-other-mode" + onStripe},
	leaky.HookAccount:    both("webhook-foreign"),
	leaky.HookProduct:    both("webhook-foreign"),
	leaky.HookOKOnError:  slices.Concat(both("webhook-ok-on-error"), []string{"webhook-lost" + onStripe}),
	leaky.HookUnpaid:     both("webhook-unpaid"),
	leaky.HookLost:       both("webhook-lost"),
	leaky.HookDropsEarly: {"webhook-lost" + onStripe},
	leaky.HookUnbounded:  both("webhook-oversized"),
}

func audit(t *testing.T, change func(*target.Config), flaws ...leaky.Flaw) *finding.Report {
	t.Helper()
	server := httptest.NewServer(leaky.New(flaws...))
	t.Cleanup(server.Close)
	c, err := target.Read(strings.NewReader(leaky.Config(server.URL)))
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(c)
	}
	r, err := Audit(context.Background(), Options{Config: c})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func says(r *finding.Report) (out []string) {
	for _, f := range r.Findings {
		out = append(out, f.Rule+" "+f.Object)
	}
	slices.Sort(out)
	return out
}

func TestEveryFlawIsFound(t *testing.T) {
	t.Parallel()
	for _, flaw := range leaky.Flaws() {
		if !strings.HasPrefix(string(flaw), "hook-") {
			continue
		}
		t.Run(string(flaw), func(t *testing.T) {
			t.Parallel()
			want := found[flaw]
			if want == nil {
				t.Fatal("no rule says that it finds this flaw")
			}
			slices.Sort(want)
			r := audit(t, nil, flaw)
			if got := says(r); !slices.Equal(got, want) {
				t.Errorf("found\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
			}
			for _, n := range r.NotTested {
				t.Errorf("not tested: %s: %s", n.What, n.Reason)
			}
		})
	}
}

func TestSoundShopIsSilent(t *testing.T) {
	t.Parallel()
	r := audit(t, nil)
	for _, f := range r.Findings {
		t.Errorf("%s on %s: %+v", f.Rule, f.Object, f.Proof)
	}
	for _, n := range r.NotTested {
		t.Errorf("not tested: %s: %s", n.What, n.Reason)
	}
}

// Where a correct event changes nothing, refusals prove nothing.
func TestNothingWithoutControl(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*target.Config){
		"another secret":   func(c *target.Config) { c.Webhooks[0].Secret = "whsec_other" },
		"no secret":        func(c *target.Config) { c.Webhooks[0].Secret = "env:TIJORI_AUDIT_NOT_SET" },
		"already paid":     func(c *target.Config) { c.Webhooks[0].As = "cara" },
		"wrong address":    func(c *target.Config) { c.Webhooks[0].Path = "/webhooks/none" },
		"no state":         func(c *target.Config) { c.Webhooks[0].State.From = "json:none" },
		"no SQL":           func(c *target.Config) { c.Webhooks[0].State = &target.Reading{SQL: "select 1"} },
		"another customer": func(c *target.Config) { c.Webhooks[0].IDs["reference"] = "acct-bina" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := audit(t, func(c *target.Config) { change(c); c.Webhooks = c.Webhooks[:1] })
			if len(r.Findings) > 0 || len(r.NotTested) == 0 {
				t.Errorf("found %v, not tested %v", says(r), r.NotTested)
			}
		})
	}
}
