package isolation

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestPlansCountNothing has EXPLAIN ANALYZE count rows by every column that may be read, in every kind of scan: once
// those with a value that only rows have which the actor may not see, and once those with a value that no row has.
// An index finds rows before a policy has looked at them, so what was "removed by filter" must not depend on the value.
func TestPlansCountNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.still(t)
	scans := []string{
		"",
		"set local enable_seqscan = off; ",
		"set local enable_seqscan = off; set local enable_bitmapscan = off; ",
		"set local enable_seqscan = off; set local enable_indexscan = off; set local enable_indexonlyscan = off; ",
		"set local enable_indexscan = off; set local enable_indexonlyscan = off; set local enable_bitmapscan = off; ",
	}
	// Of these a member reaches a part: own rows, or the own business. An index binds the account and the business, and
	// what
	// others have made there is filtered out: its number is no secret within the business (docs/isolation.md, Limits).
	inPart := []string{"entries", "changes", "drafts", "uploads", "tasks", "businesses"}
	for _, name := range []string{
		"stranger", "stranger, account", "manager of the other business", "counter",
		"no credential",
	} {
		i := slices.IndexFunc(w.actors(), func(a actor) bool { return a.name == name })
		if i < 0 {
			t.Fatalf("no actor is called %q", name)
		}
		a, tried := w.actors()[i], 0
		for _, table := range w.tables {
			if a.account == w.victim.AccountID && slices.Contains(inPart, table) {
				continue
			}
			for _, c := range w.grants[table]["select"] {
				col, _ := w.column(table, c)
				hidden, ok := w.rows[table][0][c]
				nobodys := valueOf(t, col, "absentsecret")
				if col.Type == "bigint" || col.Type == "integer" {
					nobodys = "987654321"
				}
				has := func(v string) bool {
					return w.count(t, table, w.inScope(a, table, "select")+" and "+c+" = "+literal(v)+"::"+col.Type) > 0
				}
				if c == "status" || a.account == w.victim.AccountID && (c == "account_id" || c == "business_id") {
					continue // it chooses the index, or is the actor's own
				}
				if !ok || col.Type == "boolean" || strings.HasSuffix(col.Type, "json") || strings.HasSuffix(col.Type,
					"[]") ||
					hidden == nobodys || has(hidden) || has(nobodys) {
					continue
				}
				tried++
				for _, scan := range scans {
					for _, condition := range []string{"%s = %s", "%s = any (array[%s])", "%s >= %s"} {
						count := func(v string) string {
							return counts(w.run(t, a,
								scan+"explain (analyze, costs off, timing off, summary off, buffers off) select 1 from tijori."+
									table+" where "+fmt.Sprintf(condition, c, literal(v)+"::"+col.Type), false))
						}
						if strings.Contains(condition, ">=") && name != "counter" {
							continue // rows of the actor's own may lie between the two
						}
						if here, gone := count(hidden), count(nobodys); here != gone {
							t.Errorf("%s, %s.%s, %s%s: with a value that is there\n%s\nand with one that is not\n%s",
								name, table, c, scan, condition, here, gone)
						}
					}
				}
			}
		}
		if tried < 50 {
			t.Errorf("%s: only %d columns were tried", name, tried)
		}
	}
}

// counts is a plan without its conditions: what was done, and how many rows it was. How often the table was asked
// whether a row still lives depends on what was asked before.
func counts(o outcome) string {
	lines := []string{o.code}
	for _, r := range o.rows {
		if !strings.Contains(r[0], "Cond: ") && !strings.Contains(r[0], "Heap Fetches: ") &&
			!strings.Contains(r[0], " Filter: (") {
			lines = append(lines, r[0])
		}
	}
	return strings.Join(lines, "\n")
}

// TestCounterLearnsNoBalance looks for the balance of a party by halving, as a counter who can send any statement: an
// index of balances tells EXPLAIN how many there are above each.
func TestCounterLearnsNoBalance(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	counter := w.actors()[slices.IndexFunc(w.actors(), func(a actor) bool { return a.name == "counter" })]
	seen := map[string]bool{}
	for n := -1_000_000_000_000; n <= 1_000_000_000_000; n += 500_000_000_000 {
		seen[counts(w.run(t, counter, fmt.Sprintf("set local enable_seqscan = off; set local enable_bitmapscan = off; "+
			"explain (analyze, costs off, timing off, summary off, buffers off) select 1 from tijori.party_sums where living and balance >= %d", n), false))] = true
	}
	if len(seen) > 1 {
		t.Errorf("the plan tells how many balances are above a number:\n%s", strings.Join(sortedKeys(seen), "\n"))
	}
}
