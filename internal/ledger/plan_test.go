package ledger_test

import (
	"context"
	"fmt"
	"math"
	"regexp"
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

// A plannedStatement is one that a page, a report or a file sends, with what it is given.
type plannedStatement struct {
	sql  string
	args []any
	// alone names the index that it reads the rows of a large business from, without their tables. The planner of
	// PostgreSQL 18 finds the rows of a business of this size by its key instead, where it looks for a name.
	alone string
}

// plannedStatements are all that read or write parties and entries of a whole business.
func plannedStatements(u, who *pgtest.User, party, entry uuid.UUID) map[string]plannedStatement {
	a, b := u.AccountID, u.BusinessID
	beyond, from, to := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), date("2026-02-01"), date("2026-02-28")
	const names, sums, byDate = "parties_name_idx", "entries_party_date_idx", "entries_date_idx"
	lowest := int64(math.MinInt64)
	return map[string]plannedStatement{
		"advances":  {ledger.AdvanceListSQL, []any{a, b, lowest, uuid.Nil, 51}, ""},
		"by name":   {ledger.NameListSQL, []any{a, b, "all", "", uuid.Nil, 51}, ""},
		"by date":   {ledger.RecentListSQL, []any{a, b, "all", nil, uuid.Nil, 51}, ""},
		"by oldest": {ledger.OldestListSQL, []any{a, b, "all", -1, uuid.Nil, 51}, ""},
		"search, words": {ledger.SearchListSQL, []any{
			a, b,
			[]string{"%ram%"},
			"", "", "all", nil, "", uuid.Nil, 51,
			"balance", "ram",
		}, names},
		"search, digits": {ledger.SearchListSQL, []any{
			a, b,
			[]string{"%982%"},
			"%982%", "", "all", nil, "",
			uuid.Nil, 51, "balance", "982",
		}, names},
		"suppliers by date": {ledger.SearchListSQL, []any{
			a, b,
			[]string{},
			"", "supplier", "due", nil, "", uuid.Nil,
			51, "recent", "",
		}, names},
		"totals":        {ledger.TotalsSQL, nil, ""},
		"party names":   {ledger.PartyNamesSQL, []any{[]string{"%ram%"}, "", uuid.Nil, 51, "ram"}, ""},
		"own entries":   {ledger.OwnEntriesSQL, []any{a, b, party, who.UserID, beyond, uuid.Max, 51}, ""},
		"statement":     {ledger.StatementSQL, []any{a, b, party, to}, ""},
		"book":          {ledger.BookSQL, []any{a, b}, ""},
		"device, from":  {ledger.DeviceFromSQL, []any{a, b, from, 20}, ""},
		"device":        {ledger.DeviceBookSQL, []any{a, b, from}, ""},
		"day book":      {ledger.DayBookSQL, []any{a, b, from, to}, ""},
		"cash book":     {ledger.CashBookSQL, []any{a, b, to}, byDate},
		"collections":   {ledger.CollectionsSQL, []any{a, b, from, to}, byDate},
		"usual mode":    {ledger.UsualModeSQL, []any{a, b, to, "given"}, byDate},
		"party summary": {ledger.PartySummarySQL, []any{a, b, from, to}, sums},
		"ageing":        {ledger.AgeingSQL, []any{a, b, to}, sums},
		"add entry": {ledger.AddEntrySQL, []any{
			a, b, uuid.New(), party, "given", 1, "2026-04-01", "",
			make([]byte, 32), who.UserID, "upi", nil,
		}, ""},
		"unfiltered":      {"select count(*) from entries", nil, ""},
		"unfiltered sums": {"select sum(given) from party_sums", nil, ""},
		"entry by id": {
			"select amount_minor from entries where account_id = $1 and business_id = $2 and id = $3",
			[]any{a, b, entry},
			"",
		},
		"history":      {"select action from changes where account_id = $1 and business_id = $2 and subject = $3 and subject_id = $4", []any{a, b, "entry", entry}, ""},
		"edit by rank": {"update entries set amount_minor = 7 where account_id = $1 and business_id = $2 and id = $3 and version = 1", []any{a, b, entry}, ""},
	}
}

// The two pages that are opened most read their own rows, whatever the planner believes of the business: a list the
// names of its page, a party's page the entries of its party and not those of the business by day.
func TestPagesReadOnlyTheirOwn(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.Pro(t, db.User(t, "Asha"))
	fill(t, db, u, 400, 12)
	party := addParty(t, db, u, "Ram")
	addEntry(t, db, u, party.ID, given(100, "2026-04-01"))
	addEntry(t, db, u, party.ID, given(300, "2026-04-01"))
	if _, err := db.Super.Exec(t.Context(), "vacuum analyze"); err != nil {
		t.Fatal(err)
	}
	const looks = 10 // that the planner takes at the ends of indexes
	for _, c := range []struct {
		page             string
		read             func(tx *postgres.Tx) error
		parties, entries int // at most
	}{
		{"list", func(tx *postgres.Tx) error {
			_, err := listParties(t.Context(), tx, ledger.PartyFilter{})
			return err
		}, ledger.PageSize + 1, 0},
		{"party", func(tx *postgres.Tx) error {
			_, err := partyPageByID(t.Context(), tx, party.ID, "")
			return err
		}, 1, 4},
	} {
		err := db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error {
			before, err := rowsFetched(t.Context(), tx)
			if err != nil {
				return err
			}
			if err := c.read(tx); err != nil {
				return err
			}
			after, err := rowsFetched(t.Context(), tx)
			if n := after["parties"] - before["parties"]; n > c.parties+looks {
				t.Errorf("%s reads %d parties; want at most %d", c.page, n, c.parties)
			}
			if n := after["entries"] - before["entries"]; n > c.entries+looks {
				t.Errorf("%s reads %d entries; want at most %d", c.page, n, c.entries)
			}
			return err
		})
		if err != nil {
			t.Errorf("%s: %v", c.page, err)
		}
	}
}

// rowsFetched is how many rows of each table the session has read, as of the end of the last statement.
func rowsFetched(ctx context.Context, tx *postgres.Tx) (map[string]int, error) {
	rows, err := tx.Query(ctx, `
		select relname::text, coalesce(idx_tup_fetch, 0) + coalesce(seq_tup_read, 0) from pg_stat_xact_user_tables
		 where schemaname = 'tijori'`)
	if err != nil {
		return nil, err
	}
	fetched := map[string]int{}
	var table string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&table, &n}, func() error {
		fetched[table] = n
		return nil
	})
	return fetched, err
}

// No statement may read a whole table: in a large business with twenty others beside, a sequential
// scan of a table of theirs fails, in the planner's custom and generic plans. What a page or a report adds up over the
// whole business comes from an index alone.
func TestNoStatementReadsAWholeTable(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.Pro(t, db.User(t, "Asha"))
	fill(t, db, u, 400, 12)
	fill(t, db, db.Pro(t, db.User(t, "Ravi")), 10_000, 4)
	for range 5 {
		fill(t, db, db.Pro(t, db.User(t, "Ravi")), 100, 10)
	}
	party := addParty(t, db, u, "Ram")
	entry := addEntry(t, db, u, party.ID, given(100, "2026-04-01"))
	addEntry(t, db, u, party.ID, given(300, "2026-04-01"))
	counter := db.Member(t, u, &u.BusinessID, "counter")
	if _, err := db.Super.Exec(t.Context(), "vacuum analyze"); err != nil {
		t.Fatal(err)
	}
	var newer bool
	if err := db.Super.QueryRow(t.Context(),
		"select current_setting('server_version_num')::int >= 180000").Scan(&newer); err != nil {
		t.Fatal(err)
	}
	for _, who := range []*pgtest.User{u, counter} {
		for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
			for name, c := range plannedStatements(u, who, party.ID, entry.ID) {
				err := db.As(t.Context(), who.Caller, func(tx *postgres.Tx) error {
					if _, err := tx.Exec(t.Context(), "select set_config('plan_cache_mode', $1, true)",
						mode); err != nil {
						return err
					}
					plan, err := explain(t.Context(), tx, c.sql, c.args)
					for _, table := range []string{"parties", "entries", "changes", "party_sums"} {
						if strings.Contains(plan, "Seq Scan on "+table) {
							t.Errorf("%s, %s, reads all of %s:\n%s", name, mode, table, plan)
						}
					}
					byKey := newer && c.alone == "parties_name_idx"
					if c.alone != "" && !byKey && !strings.Contains(plan, "Index Only Scan using "+c.alone) &&
						!strings.Contains(plan, "Index Only Scan Backward using "+c.alone) {
						t.Errorf("%s, %s, does not read %s alone:\n%s", name, mode, c.alone, plan)
					}
					// It sorts the parties with entries ahead, and its page; all others come in order from the index.
					if name == "advances" && len(sortNode.FindAllString(plan, -1)) > 2 {
						t.Errorf("%s, %s, sorts more than its page:\n%s", name, mode, plan)
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

var sortNode = regexp.MustCompile(`(?m)^\s*(->\s+)?(Incremental )?Sort$`)

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
					where schemaname = 'tijori' and relname in ('parties', 'entries', 'changes', 'party_sums') and seq_scan > 0`).Scan(&scanned); err != nil {
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
