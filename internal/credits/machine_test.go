package credits

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/tijorihq/tijori/internal/fault"
)

// torture is set for the long form of a proof (make torture).
var torture = os.Getenv("TIJORI_TORTURE") != ""

// long chooses between the long form and the short one of CI.
func long(full, short int) int {
	if torture {
		return full
	}
	return short
}

// A subject is one account that operations are done to, through the real service.
type subject struct {
	s     *Service
	key   [32]byte
	owner uuid.UUID
	holds map[string]uuid.UUID

	// The attempt that all its holds are made by, as long as it is not told to make another.
	attempt uuid.UUID
}

// do carries an operation out and returns what was answered, in the words of the model.
func (x *subject) do(ctx context.Context, o modelOp) (modelResult, error) {
	spend := Spend{Meter: "credits", Amount: o.amount, Key: o.key}
	switch o.kind {
	case "grant":
		g := Grant{
			AccountID: x.owner, Meter: "credits", Kind: Promotional, Amount: o.amount, Priority: o.order,
			Key: o.key, Reason: "test", By: "test",
		}
		if o.life > 0 {
			g.ExpiresAt = x.s.clock.Now().Add(time.Duration(o.life) * time.Second)
		}
		_, err := x.s.Grant(ctx, g)
		return modelResult{outcome: "ok"}, err
	case "consume":
		got, err := x.s.Consume(ctx, x.key, spend)
		return told(got.Available, 0, err)
	case "hold":
		if spend.Attempt = x.attempt; o.other {
			spend.Attempt = uuid.Nil // a new one
		}
		h, err := x.s.SetAside(ctx, x.key, spend, time.Duration(o.life)*time.Second)
		if err == nil {
			x.holds[o.key] = h.ID
		}
		return told(h.Available, 0, err)
	case "capture":
		got, err := x.s.Capture(ctx, x.key, x.holds[o.key], o.amount)
		return told(got.Available, got.Captured, err)
	case "release":
		got, err := x.s.Release(ctx, x.key, x.holds[o.key])
		return told(got.Available, got.Captured, err)
	case "read":
		list, err := x.s.Balances(ctx, x.key)
		if err != nil {
			return modelResult{}, err
		}
		for _, b := range list {
			if b.Meter == "credits" {
				return modelResult{"ok", b.Available, b.Held}, nil
			}
		}
		return modelResult{}, fmt.Errorf("no meter in %v", list)
	}
	panic(o.kind)
}

func told(available, captured int64, err error) (modelResult, error) {
	if e := IsInsufficient(err); e != nil {
		return modelResult{"insufficient", e.Available, 0}, nil
	}
	if e := IsRepeat(err); e != nil {
		return modelResult{outcome: e.Status}, nil
	}
	switch {
	case err == nil:
		return modelResult{"ok", available, captured}, nil
	case fault.Is(err, fault.Conflict):
		return modelResult{outcome: "conflict"}, nil
	case fault.Is(err, fault.NotFound):
		return modelResult{outcome: "not found"}, nil
	case fault.Is(err, fault.Invalid):
		return modelResult{outcome: "invalid"}, nil
	}
	return modelResult{}, err
}

// TestStateMachine does random sequences of everything that can be done to a balance, in step with the model. What is
// answered must be the model's at each step, and the books must add up in the end. make torture draws 10,000.
func TestStateMachine(t *testing.T) {
	t.Parallel()
	f := setup(t)
	// The model counts in whole seconds: real time must not move what expires, so seconds are hours here.
	const second = 3600
	sequences, steps := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		sequences++
		u := f.db.User(t, "machine")
		x := &subject{
			s: f.s, key: f.newKey(u, Read, SpendCredits), owner: u.AccountID, holds: map[string]uuid.UUID{},
			attempt: uuid.New(),
		}
		model := newPurse()
		keys := []string{"a", "b", "c", "d", "e"}
		grants := 0
		step := func(o modelOp) {
			real := o
			real.life *= second
			want := model.do(o)
			steps++
			if o.kind == "advance" {
				f.advance(time.Duration(real.life) * time.Second)
				return
			}
			got, err := x.do(t.Context(), real)
			if err != nil {
				rt.Fatalf("%v: %v", o, err)
			}
			if want.outcome != "ok" && want.outcome != "insufficient" {
				want = modelResult{outcome: want.outcome}
			}
			if got != want {
				rt.Fatalf("%v = %v, want %v\nmodel: %v", o, got, want, model)
			}
		}
		amount := func() int64 { return rapid.Int64Range(1, 12).Draw(rt, "amount") }
		pick := func() string { return rapid.SampledFrom(keys).Draw(rt, "key") }
		for range rapid.IntRange(5, 20).Draw(rt, "steps") {
			switch rapid.SampledFrom([]string{
				"consume", "consume", "hold", "hold", "capture", "capture", "release",
				"grant", "grant", "advance", "sweep", "read",
			}).Draw(rt, "what") {
			case "consume":
				step(modelOp{kind: "consume", key: pick(), amount: amount()})
			case "hold":
				step(modelOp{
					kind: "hold", key: pick(), amount: amount(), life: rapid.IntRange(1, 3).Draw(rt, "life"),
					other: rapid.Bool().Draw(rt, "other"),
				})
			case "capture":
				step(modelOp{kind: "capture", key: pick(), amount: rapid.Int64Range(0, 6).Draw(rt, "part")})
			case "release":
				step(modelOp{kind: "release", key: pick()})
			case "grant":
				grants++
				step(modelOp{
					kind: "grant", key: fmt.Sprint("g", grants), amount: amount() * 2,
					life: rapid.IntRange(0, 4).Draw(rt, "life"), order: rapid.IntRange(1, 2).Draw(rt, "order"),
				})
			case "advance":
				step(modelOp{kind: "advance", life: rapid.IntRange(1, 2).Draw(rt, "hours")})
			case "sweep":
				if _, err := f.s.Sweep(t.Context()); err != nil {
					rt.Fatal(err)
				}
			case "read":
				step(modelOp{kind: "read"})
			}
		}
		step(modelOp{kind: "read"})
	})
	f.adds()
	t.Logf("%d sequences, %d steps", sequences, steps)
}
