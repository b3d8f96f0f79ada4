package ledger_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// No statement may read a whole table: with the rows of twenty businesses beside, a
// sequential scan on parties, entries or changes fails, in the planner's custom and generic plans.
func TestNoStatementReadsAWholeTable(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.Pro(t, db.User(t, "Asha"))
	fill(t, db, u, 100, 10)
	for range 20 {
		fill(t, db, db.Pro(t, db.User(t, "Ravi")), 100, 10)
	}
	party := addParty(t, db, u, "Ram")
	entry := addEntry(t, db, u, party.ID, given(100, "2026-04-01"))
	addEntry(t, db, u, party.ID, given(300, "2026-04-01"))
	counter := db.Member(t, u, &u.BusinessID, "counter")
	if _, err := db.Super.Exec(t.Context(), "vacuum analyze"); err != nil {
		t.Fatal(err)
	}
	a, b, ctx := u.AccountID, u.BusinessID, t.Context()
	beyond := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, who := range []*pgtest.User{u, counter} {
		for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
			for name, c := range map[string]struct {
				sql  string
				args []any
			}{
				"party list":   {ledger.PartyListSQL, []any{a, b, []string{"%ram%"}, "", "", "all", "oldest", nil, "", uuid.Nil, 51}},
				"party names":  {ledger.PartyNamesSQL, []any{[]string{"%ram%"}, "", uuid.Nil, 51}},
				"party page":   {ledger.PartyPageSQL, []any{a, b, party.ID, beyond, uuid.Max, 51}},
				"own entries":  {ledger.OwnEntriesSQL, []any{a, b, party.ID, counter.UserID, beyond, uuid.Max, 51}},
				"book":         {ledger.BookSQL, []any{a, b}},
				"add entry":    {ledger.AddEntrySQL, []any{a, b, uuid.New(), party.ID, "given", 1, "2026-04-01", "", make([]byte, 32), who.UserID}},
				"unfiltered":   {"select count(*) from entries", nil},
				"entry by id":  {"select paise from entries where account_id = $1 and business_id = $2 and id = $3", []any{a, b, entry.ID}},
				"history":      {"select action from changes where account_id = $1 and business_id = $2 and subject = $3 and subject_id = $4", []any{a, b, "entry", entry.ID}},
				"edit by rank": {"update entries set paise = 7 where account_id = $1 and business_id = $2 and id = $3 and version = 1", []any{a, b, entry.ID}},
			} {
				err := db.As(ctx, who.Caller, func(tx *postgres.Tx) error {
					if _, err := tx.Exec(ctx, "select set_config('plan_cache_mode', $1, true)", mode); err != nil {
						return err
					}
					plan, err := explain(ctx, tx, c.sql, c.args)
					for _, table := range []string{"parties", "entries", "changes"} {
						if strings.Contains(plan, "Seq Scan on "+table) {
							t.Errorf("%s, %s, reads all of %s:\n%s", name, mode, table, plan)
						}
					}
					return err
				})
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	}
}

// explain returns the plan of a prepared statement, as pgx runs it.
func explain(ctx context.Context, tx *postgres.Tx, sql string, args []any) (string, error) {
	if _, err := tx.Exec(ctx, "prepare explained as "+sql, pgx.QueryExecModeSimpleProtocol); err != nil {
		return "", err
	}
	literals := make([]string, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case nil:
			literals[i] = "null"
		case []string:
			literals[i] = "'{" + strings.Join(a, ",") + "}'"
		case []byte:
			literals[i] = fmt.Sprintf(`'\x%x'`, a)
		case time.Time:
			literals[i] = "'" + a.Format(time.DateOnly) + "'"
		default:
			literals[i] = fmt.Sprintf("'%v'", a)
		}
	}
	call := "explain (costs off) execute explained"
	if len(args) > 0 {
		call += "(" + strings.Join(literals, ", ") + ")"
	}
	rows, err := tx.Query(ctx, call, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		return "", err
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err == nil {
		_, err = tx.Exec(ctx, "deallocate explained")
	}
	return strings.Join(lines, "\n"), err
}

// The same, of every function as it really runs: the database counts the scans of each transaction.
func TestNoFunctionReadsAWholeTable(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for range 10 {
		fill(t, s.db, s.db.Pro(t, s.db.User(t, "Ravi")), 100, 10)
	}
	fill(t, s.db, s.owner, 100, 10)
	if _, err := s.db.Super.Exec(t.Context(), "vacuum analyze"); err != nil {
		t.Fatal(err)
	}
	for name, call := range s.calls(t.Context()) {
		for _, u := range []*pgtest.User{s.owner, s.counter} {
			err := s.db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error {
				if err := call(tx); err != nil {
					return err
				}
				var scanned []string
				if err := tx.QueryRow(t.Context(), `
					select coalesce(array_agg(relname::text), '{}') from pg_stat_xact_user_tables
					where schemaname = 'tijori' and relname in ('parties', 'entries', 'changes') and seq_scan > 0`).Scan(&scanned); err != nil {
					return err
				}
				if len(scanned) > 0 {
					t.Errorf("%s reads all of %v", name, scanned)
				}
				return errUndo
			})
			if fault.Of(err) == nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// Balances come from the index alone: the heap is not visited.
func TestPartyPageSumsFromTheIndex(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.Pro(t, db.User(t, "Asha"))
	fill(t, db, u, 50, 100)
	for range 5 {
		fill(t, db, db.Pro(t, db.User(t, "Ravi")), 50, 100)
	}
	if _, err := db.Super.Exec(t.Context(), "vacuum analyze"); err != nil {
		t.Fatal(err)
	}
	var party uuid.UUID
	if err := db.Super.QueryRow(t.Context(), "select id from parties where business_id = $1 limit 1", u.BusinessID).Scan(&party); err != nil {
		t.Fatal(err)
	}
	err := db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error {
		for name, c := range map[string]struct {
			sql  string
			args []any
		}{
			"party page": {ledger.PartyPageSQL, []any{u.AccountID, u.BusinessID, party, time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), uuid.Max, 51}},
			"party list": {ledger.PartyListSQL, []any{u.AccountID, u.BusinessID, []string{}, "", "", "all", "balance", nil, "", uuid.Nil, 51}},
		} {
			plan, err := explain(t.Context(), tx, c.sql, c.args)
			if err != nil {
				return err
			}
			if !strings.Contains(plan, "Index Only Scan using entries_party_date_idx") {
				t.Errorf("%s does not sum from the index alone:\n%s", name, plan)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
