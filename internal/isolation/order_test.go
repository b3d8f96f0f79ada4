package isolation

import (
	"go/ast"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// Aggregates whose result has an order. Rows come to them as the planner pleases, and what it pleases changes with the
// version: from 16 on, it sorts them for count(distinct …) beside.
var gathering = regexp.MustCompile(`(?i)\b(?:array_agg|string_agg|jsonb?_agg|xmlagg)\s*\(`)

// gatheredSets are aggregates in which no order matters, by where they stand.
var gatheredSets = map[string]string{
	"tijori_access.forget_users":  "users and addresses to erase, each looked for by itself",
	"tijori_access.begin_erasing": "users, each looked for by itself",
	"ledger/batch.go":             "parties of a batch, a set",
	"postgres/backup.go":          "tables of one truncate",
}

// unordered returns the aggregates of a text that name no order.
func unordered(sql string) (found []string) {
	for _, at := range gathering.FindAllStringIndex(sql, -1) {
		depth, end := 1, at[1]
		for end < len(sql) && depth > 0 {
			switch sql[end] {
			case '(':
				depth++
			case ')':
				depth--
			}
			end++
		}
		call := strings.Join(strings.Fields(sql[at[0]:end]), " ")
		if !strings.Contains(strings.ToLower(call), " order by ") {
			found = append(found, call)
		}
	}
	return found
}

// furthest is a look-up of the largest or smallest of a business's entries by itself. The planner may answer it from
// any index that begins with account and business and goes on with that column, through the entries of all parties.
var furthest = regexp.MustCompile(`(?is)\bselect\s+(?:max|min)\s*\([^()]*\)\s+from\s+(?:tijori\.)?entries\b`)

// TestNothingIsGatheredByChance reads every function of the database and every text of the program: what gathers rows
// says in which order, or is known as a set. The accounts of a call that spends credits were once gathered in the order
// of a sub-select, and on PostgreSQL 16 a request was charged to the account of another. A party's last day was once
// looked for among all entries, and the undo of a long import took minutes.
func TestNothingIsGatheredByChance(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	check := func(where, sql string) {
		if furthest.MatchString(sql) {
			t.Errorf("%s looks for a largest or smallest entry by an index of the planner's choice: order by the "+
				"columns of the one that is meant, and take the first", where)
		}
		for _, call := range unordered(sql) {
			if gatheredSets[where] == "" {
				t.Errorf("%s gathers rows in an order that nobody names: %s", where, call)
			}
			used[where] = true
		}
	}
	db := pgtest.New(t)
	rows, err := db.Super.Query(t.Context(), `
		select n.nspname || '.' || p.proname, p.prosrc from pg_proc p join pg_namespace n on n.oid = p.pronamespace
		 where n.nspname like 'tijori%' and n.nspname <> 'tijori_river'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	functions := 0
	for rows.Next() {
		var name, source string
		if err := rows.Scan(&name, &source); err != nil {
			t.Fatal(err)
		}
		functions++
		check(name, source)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	texts := 0
	for _, p := range parseRooms(t) {
		for _, f := range p.files {
			where := filepath.ToSlash(strings.TrimPrefix(p.fset.Position(f.Pos()).Filename, "../"))
			ast.Inspect(f, func(n ast.Node) bool {
				lit, ok := n.(*ast.BasicLit)
				if !ok || lit.Kind != token.STRING {
					return true
				}
				text, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				texts++
				check(where, text)
				return true
			})
		}
	}
	if functions < 50 || texts < 1000 {
		t.Errorf("read %d functions and %d texts", functions, texts)
	}
	for where := range gatheredSets {
		if !used[where] {
			t.Errorf("%s gathers nothing any more", where)
		}
	}
	for sql, want := range map[string]bool{
		"last_date = (select max(e.business_date) from tijori.entries e where e.party_id = party)":        true,
		"select\n  MIN ( business_date )\nfrom entries where account_id = $1":                             true,
		"(select e.business_date from tijori.entries e order by e.business_date desc, e.id desc limit 1)": false,
		"select n.party_id, max(n.business_date) as last_date from kept n group by 1":                     false,
		"select coalesce(sum(e.amount_minor), 0) from tijori.entries e":                                   false,
	} {
		if furthest.MatchString(sql) != want {
			t.Errorf("furthest finds %q: %t", sql, !want)
		}
	}
	if got := unordered(`select array_agg(a, (b)) filter (where c), string_agg(x, ',' ORDER BY x)`); len(got) != 1 {
		t.Errorf("unordered found %q", got)
	}
}
