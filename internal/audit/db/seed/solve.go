package seed

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
)

// combinations bounds how many rows the database is asked to try at once.
const combinations = 60000

// solve asks the database for the first combination of candidates that passes
// all checks which the columns of a refused check take part in, and puts it at
// the head of the options. It says whether there is one.
func (s *Seeder) solve(
	ctx context.Context,
	r *catalog.Relation,
	refused *catalog.Check,
	values map[int]*string,
	options map[int][]*string,
	at map[int]int,
) bool {
	columns, checks := together(r, refused)
	choice := map[int][]*string{}
	total := 1
	for _, n := range columns {
		c := r.Column(n)
		if c == nil || c.Generated {
			return false
		}
		switch {
		case values[n] != nil:
			choice[n] = []*string{values[n]}
		case len(options[n]) > 0:
			choice[n] = options[n]
		}
		total *= max(len(choice[n]), 1)
	}
	for total > combinations { // the last candidates of the longest list are the least likely
		longest := columns[0]
		for _, n := range columns {
			if len(choice[n]) > len(choice[longest]) {
				longest = n
			}
		}
		total = total / len(choice[longest]) * (len(choice[longest]) - 1)
		choice[longest] = choice[longest][:len(choice[longest])-1]
	}
	picked := s.firstPassing(ctx, r, columns, checks, choice)
	if picked == nil {
		return false
	}
	for i, n := range columns {
		if values[n] == nil && len(options[n]) > 0 {
			list := slices.Clone(options[n])
			first := list[picked[i]]
			options[n] = append([]*string{first}, slices.Delete(list, picked[i], picked[i]+1)...)
			delete(at, n)
		}
	}
	return true
}

// together are the columns and checks that hang together with a check.
func together(r *catalog.Relation, first *catalog.Check) ([]int, []*catalog.Check) {
	columns, checks := slices.Clone(first.Columns), []*catalog.Check{first}
	for grown := true; grown; {
		grown = false
		for _, k := range r.Checks {
			meets := slices.ContainsFunc(k.Columns, func(n int) bool { return slices.Contains(columns, n) })
			if !meets || slices.Contains(checks, k) {
				continue
			}
			grown = true
			checks = append(checks, k)
			for _, n := range k.Columns {
				if !slices.Contains(columns, n) {
					columns = append(columns, n)
				}
			}
		}
	}
	return columns, checks
}

// firstPassing tells which candidates to take, or nil.
func (s *Seeder) firstPassing(
	ctx context.Context,
	r *catalog.Relation,
	columns []int,
	checks []*catalog.Check,
	choice map[int][]*string,
) []int {
	var from, sum, picks, where []string
	for i, n := range columns {
		c := r.Column(n)
		alias := "tijori_" + strconv.Itoa(i)
		var rows []string
		for j, v := range choice[n] {
			literal := "null::" + c.TypeText
			if v != nil {
				literal = Literal(*v, c)
			}
			rows = append(rows, "("+literal+", "+strconv.Itoa(j)+")")
		}
		if len(rows) == 0 { // the column's default
			literal := "null::" + c.TypeText
			if c.Default != "" {
				literal = "(" + c.Default + ")::" + c.TypeText
			}
			rows = []string{"(" + literal + ", 0)"}
		}
		from = append(from, "(values "+strings.Join(rows, ", ")+") "+alias+"("+catalog.Quote(c.Name)+", "+alias+"_n)")
		picks = append(picks, alias+"_n")
		sum = append(sum, alias+"_n")
	}
	for _, k := range checks {
		where = append(where, "("+k.Expression+") is not false")
	}
	sql := "select array[" + strings.Join(picks, ", ") + "]::int[] from " + strings.Join(from, ", ") +
		" where " + strings.Join(where, " and ") + " order by " + strings.Join(sum, " + ") + " limit 1"
	tx, err := s.Conn.Begin(ctx)
	if err != nil {
		return nil
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	var at []int
	if err := tx.QueryRow(ctx, sql).Scan(&at); err != nil {
		return nil
	}
	return at
}

// refusedBy is the table's check that an error names, nil for other errors.
func refusedBy(r *catalog.Relation, err error) *catalog.Check {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Code != "23514" {
		return nil
	}
	i := slices.IndexFunc(r.Checks, func(k *catalog.Check) bool { return k.Name == pg.ConstraintName })
	if i < 0 {
		return nil
	}
	return r.Checks[i]
}
