package credits

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/google/uuid"
)

// A purse as porcupine asks of it: an answer is right when the model would have given it at some moment between call
// and return.
var purseModel = porcupine.Model{
	Init: func() any { return newPurse() },
	Step: func(state, input, output any) (bool, any) {
		next := state.(*purse).clone()
		want, got := next.do(input.(modelOp)), output.(modelResult)
		if want.outcome != "ok" && want.outcome != "insufficient" {
			want = modelResult{outcome: want.outcome}
		}
		return want == got, next
	},
	Equal:             func(a, b any) bool { return a.(*purse).String() == b.(*purse).String() },
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%v -> %v", input, output) },
}

// A world for histories: several desks on one database, as several nodes have them.
type nodes struct {
	*fixture
	desks []*Service
}

func newNodes(f *fixture, n int) nodes {
	w := nodes{fixture: f}
	for range n {
		w.desks = append(w.desks, New(Config{DB: f.db.DB, Plans: f.s.plans, Clock: f.s.clock, Log: f.s.log}))
	}
	return w
}

// history lets clients loose on one fresh account and returns what each asked, when, and what it was told. In every
// other history time is moved by one of the operations, and a grant and holds end on the way; those have no reads: a
// read
// takes no lock, so in the moment in which a grant ends it may come before a spend that was earlier.
func (w nodes) history(clients, each int, seed uint64) ([]porcupine.Operation, error) {
	u := w.db.User(w.T, "history")
	key := w.newKey(u, Read, SpendCredits)
	var mu sync.Mutex
	var ops []porcupine.Operation
	var failed error
	held := map[string]uuid.UUID{}
	attempt := uuid.New() // that all clients share, until one says otherwise
	start := time.Now()
	record := func(client int, x *subject, o modelOp) {
		call := time.Since(start)
		var got modelResult
		var err error
		if o.kind == "advance" {
			got = modelResult{outcome: "ok"}
			err = w.db.AdvanceClock(w.Context(), w.s.clock, time.Duration(o.life)*time.Hour)
		} else {
			real := o
			real.life *= 3600
			got, err = x.do(w.Context(), real)
		}
		back := time.Since(start)
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			failed = fmt.Errorf("%v: %w", o, err)
		}
		if id, ok := x.holds[o.key]; ok && o.kind == "hold" {
			held[o.key] = id
		}
		ops = append(ops, porcupine.Operation{
			ClientId: client, Input: o, Output: got, Call: int64(call),
			Return: int64(back),
		})
	}
	first := &subject{s: w.s, key: key, owner: u.AccountID, holds: map[string]uuid.UUID{}, attempt: attempt}
	record(0, first, modelOp{kind: "grant", key: "g1", amount: 6, life: 1, order: 1})
	record(0, first, modelOp{kind: "grant", key: "g2", amount: 8, life: 0, order: 2})
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(c)))
			x := &subject{
				s: w.desks[c%len(w.desks)], key: key, owner: u.AccountID, holds: map[string]uuid.UUID{},
				attempt: attempt,
			}
			for i := range each {
				o := modelOp{kind: []string{
					"consume", "consume", "consume", "hold", "capture", "release",
					"read",
				}[r.IntN(7)], key: string(rune('a' + r.IntN(4))), amount: 1 + int64(r.IntN(3))}
				switch o.kind {
				case "consume":
					if r.IntN(2) == 0 {
						o.key = fmt.Sprintf("c%d-%d", c, i)
					}
				case "hold":
					o.life, o.amount, o.other = 1+r.IntN(2), 1+int64(r.IntN(2)), r.IntN(2) == 0
				case "capture", "release":
					mu.Lock()
					id, ok := held[o.key]
					mu.Unlock()
					if !ok {
						continue // nobody was told of such a hold yet
					}
					x.holds[o.key] = id
					if o.kind == "release" {
						o.amount = 0
					}
				case "read":
					if o = (modelOp{kind: "read"}); seed%2 == 0 {
						continue
					}
				}
				if c == 0 && i == each/2 && seed%2 == 0 {
					o = modelOp{kind: "advance", life: 1}
				}
				record(c+1, x, o)
			}
		})
	}
	wg.Wait()
	return ops, failed
}

// TestLinearizable: concurrent histories through three nodes on a real PostgreSQL are each as if done one by one.
func TestLinearizable(t *testing.T) {
	t.Parallel()
	f := setup(t)
	w := newNodes(f, 3)
	n := long(1000, 60)
	for i := range n {
		ops, err := w.history(5, 6, uint64(i))
		f.ok(err)
		if result := porcupine.CheckOperationsTimeout(purseModel, ops, time.Minute); result != porcupine.Ok {
			t.Fatalf("history %d is %s:\n%s", i, result, tell(ops))
		}
	}
	f.adds()
	t.Logf("%d histories accepted", n)
}

func tell(ops []porcupine.Operation) string {
	var b strings.Builder
	for _, o := range ops {
		fmt.Fprintf(&b, "%d: %9d to %9d  %v -> %v\n", o.ClientId, o.Call/1000, o.Return/1000, o.Input, o.Output)
	}
	return b.String()
}

// mutate replaces parts of a function in the test's database.
func (f *fixture) mutate(function string, pairs ...string) {
	f.Helper()
	sql := scalar[string](f, `select pg_get_functiondef($1::regprocedure)`, function)
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(sql, pairs[i]) {
			f.Fatalf("%s does not hold %q any more: plant the mutant again", function, pairs[i])
		}
		sql = strings.ReplaceAll(sql, pairs[i], pairs[i+1])
	}
	f.exec(sql)
}

const (
	spendFunction  = "tijori_credits.spend_for(bytea[],text[],text[],text[],text[],bigint[],text[],text[],uuid[],integer[])"
	settleFunction = "tijori_credits.settle_credits(uuid,text,timestamptz)"

	consumeFunction = "tijori_credits.consume(tijori_credits.purse,tijori_credits.request)"
	captureFunction = "tijori_credits.capture(tijori_credits.purse,tijori_credits.request)"
)

// Each mutant is a mistake that somebody makes. Within a few hundred histories the checker must see it.
func TestMutantsAreRejected(t *testing.T) {
	t.Parallel()
	// The gapless numbers of entries would refuse some mistakes, so they go.
	unnumber := func(f *fixture) {
		for _, function := range []string{consumeFunction, captureFunction} {
			f.mutate(function, "p.entries := p.entries + 1;", "p.entries := (random() * 1e17)::bigint;")
		}
	}
	for _, m := range []struct {
		name  string
		plant func(*fixture)
	}{
		// Reads the balance without its lock, and writes what it computed.
		{"read then write", func(f *fixture) {
			unnumber(f)
			f.mutate(spendFunction, "order by c.account_id, c.meter for update) l", "order by c.account_id, c.meter) l",
				"for r in\n            select q.i", "perform pg_sleep(0.003);\n        for r in\n            select q.i")
		}},
		// Looks for the key before it holds the lock: two that come at once both find nothing. Debits are relative, so
		// none is lost.
		{"no lock before the look for the key", func(f *fixture) {
			f.exec(`drop index credit_entries_key; create index credit_entries_key on credit_entries (account_id, key)`)
			unnumber(f)
			f.mutate(spendFunction, "order by c.account_id, c.meter for update) l", "order by c.account_id, c.meter) l",
				"set balance = u.balance, held = u.held, entries = u.entries,\n                   lot_grant = u.lot_grant, lot_left = u.lot_left, due_at = u.due_at\n              from",
				"set balance = greatest(c.balance - 1, c.held), lot_left = greatest(c.lot_left - 1, 0)\n              from",
				"for r in\n            select q.i", "perform pg_sleep(0.003);\n        for r in\n            select q.i")
		}},
		{"forgets that grants expire", func(f *fixture) {
			f.mutate(settleFunction, "and c.expires_at <= at\n        returning c.grant_id",
				"and false\n        returning c.grant_id")
		}},
		{"forgets that holds expire", func(f *fixture) {
			f.mutate(settleFunction, "c.status = 'open' and c.expires_at <= at", "c.status = 'open' and false")
		}},
	} {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			m.plant(f)
			w := newNodes(f, 3)
			for i := range 300 {
				ops, err := w.history(5, 6, uint64(i))
				if err != nil {
					t.Logf("history %d: %v", i, err) // the constraints refuse what the mutant does
					if i < 50 {
						continue
					}
					return
				}
				if result := porcupine.CheckOperationsTimeout(purseModel, ops,
					20*time.Second); result == porcupine.Illegal {
					t.Logf("rejected at history %d", i)
					return
				}
			}
			t.Error("300 histories of the mutant were accepted")
		})
	}
}
