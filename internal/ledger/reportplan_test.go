package ledger_test

import (
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
)

// No report reads a whole table: with twenty businesses beside, each comes to its rows by an index.
func TestNoReportReadsAWholeTable(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	fill(t, s.db, s.owner, 100, 10)
	for range 20 {
		fill(t, s.db, s.db.Pro(t, s.db.User(t, "Ravi")), 100, 10)
	}
	if _, err := s.db.Super.Exec(t.Context(), "vacuum analyze"); err != nil {
		t.Fatal(err)
	}
	a, b, from, to := s.owner.AccountID, s.owner.BusinessID, date("2026-02-01"), date("2026-02-28")
	for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
		for name, c := range map[string]struct {
			sql  string
			args []any
		}{
			"day book":      {ledger.DayBookSQL, []any{a, b, from, to}},
			"cash book":     {ledger.CashBookSQL, []any{a, b, to}},
			"party summary": {ledger.PartySummarySQL, []any{a, b, from, to}},
			"ageing":        {ledger.AgeingSQL, []any{a, b, to, to}},
		} {
			err := s.db.As(t.Context(), s.owner.Caller, func(tx *postgres.Tx) error {
				if _, err := tx.Exec(t.Context(), "select set_config('plan_cache_mode', $1, true)", mode); err != nil {
					return err
				}
				plan, err := explain(t.Context(), tx, c.sql, c.args)
				for _, table := range []string{"parties", "entries"} {
					if strings.Contains(plan, "Seq Scan on "+table) {
						t.Errorf("%s, %s, reads all of %s:\n%s", name, mode, table, plan)
					}
				}
				if name != "day book" && !strings.Contains(plan, "Index Only Scan using entries_party_date_idx") {
					t.Errorf("%s, %s, does not sum from the index alone:\n%s", name, mode, plan)
				}
				return err
			})
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
