package postgres

import "testing"

func TestLasts(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]bool{
		"select 1":                                      false,
		"\n\t(SELECT 1) union all (select 2)":           false,
		"-- what it is for\n insert into t values(1)":   false,
		"/* a /* b */ c */with x as (select 1) table x": false,
		"set  local\nstatement_timeout = '3s'":          false,
		"set local":                                     false,
		"rollback to batch_part":                        false,
		"release savepoint batch_part":                  false,
		"merge into t using s on true":                  false,

		"":                                 true,
		";":                                true,
		"; select 1":                       true,
		"set statement_timeout = '3s'":     true,
		"set session local":                true,
		"rollback":                         true,
		"commit":                           true,
		"reset all":                        true,
		"prepare select as select 1":       true,
		"deallocate all":                   true,
		"discard plans":                    true,
		"listen x":                         true,
		"declare select cursor for x":      true,
		"explain analyze execute x":        true,
		"execute x":                        true,
		"selection":                        true,
		"select1":                          true,
		"select$":                          true,
		"\u017felect 1":                    true, // folds to select in Unicode, and not in PostgreSQL
		"/* select 1":                      true,
		"-- select 1":                      true,
		"/* /* */ select 1":                true,
		"/*/ select */ listen x":           true,
		"-- select\rlisten x":              true,
		"do $$ begin perform 1; end $$":    true,
		"\u00a0select 1":                   true,
		"create temporary table x (n int)": true,
	} {
		if got := lasts(sql); got != want {
			t.Errorf("lasts(%q) = %v, want %v", sql, got, want)
		}
	}
}
