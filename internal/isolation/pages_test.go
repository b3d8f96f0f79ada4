package isolation

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What a function finds for a page is what the policies show of the same tables, for every actor and every party there
// is; and what a transaction begins with is what they ask.
func TestPagesAnswerAsPolicies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const (
		everything = `-9223372036854775808, 9223372036854775807, 'ffffffff-ffff-ffff-ffff-ffffffffffff', 100000,
			date '2099-12-31'`
		newest = `date '2101-01-01', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 100000, date '2099-12-31'`
	)
	alike := map[string][2]string{
		"enter": {
			`select e.user_id, e.account_id, e.business_id, e.role, e.sees_totals, e.adds_entries, e.runs_khata, e.owns
			   from tijori_access.enter() e`,
			`select s.user_id, coalesce(s.account_id, z), coalesce(s.business_id, z), s.role, s.sees_totals, s.adds_entries,
			        s.runs_khata, s.owns
			   from tijori_access.scope() s, (select '00000000-0000-0000-0000-000000000000'::uuid) zero(z)`,
		},
		"the day": {
			`select nullif(e.today, '0001-01-01') from tijori_access.enter() e`,
			`select tijori_khata.today()`,
		},
		"the list": {
			`select l.id, l.kind, l.name, l.phone, l.version, l.balance, l.entries from tijori_khata.party_list(` +
				everything + `) l where l.id is not null order by 1`,
			`select p.id, p.kind, p.name, p.phone, p.version, s.balance, s.entries
			   from tijori.parties p join tijori.party_sums s using (account_id, business_id)
			  where s.party_id = p.id and p.deleted_at is null order by 1`,
		},
		"the totals": {
			`select distinct l.parties, l.get, l.give from tijori_khata.party_list(` + everything + `) l`,
			`select count(*)::integer, coalesce(sum(greatest(s.balance, 0)), 0)::bigint,
			        coalesce(sum(greatest(-s.balance, 0)), 0)::bigint
			   from tijori.party_sums s where s.living`,
		},
	}
	for _, id := range namesOf(t, w.Super, `select id::text from tijori.parties`) {
		alike["party "+id] = [2]string{
			fmt.Sprintf(`select p.entry_id, p.side, p.amount_minor, p.business_date, p.entry_note, p.entry_created_by
			   from tijori_khata.party_page(%s, %s) p where p.entry_id is not null order by 1`, literal(id), newest),
			fmt.Sprintf(`select e.id, e.side, e.amount_minor, e.business_date, e.note, e.created_by
			   from tijori.entries e join tijori.parties p using (account_id, business_id)
			  where p.id = e.party_id and e.party_id = %s and e.deleted_at is null and p.deleted_at is null order by 1`,
				literal(id)),
		}
	}
	shown := map[string]bool{}
	for _, a := range w.actors() {
		for name, c := range alike {
			found, visible := w.run(t, a, c[0], false), w.run(t, a, c[1], false)
			if found.code != visible.code || !cmp.Equal(found.rows, visible.rows) {
				t.Errorf("%s, %s: the function answers\n\t%v\nand policies show\n\t%v", a.name, name, found, visible)
			}
			shown[name] = shown[name] || len(found.rows) > 0
		}
	}
	living := namesOf(t, w.Super, `select 'party ' || p.id from tijori.parties p where p.deleted_at is null
		and exists (select from tijori.entries e where e.party_id = p.id and e.deleted_at is null)`)
	if len(living) == 0 {
		t.Error("there is no party with entries")
	}
	for name := range alike {
		if !shown[name] && (!strings.HasPrefix(name, "party ") || slices.Contains(living, name)) {
			t.Errorf("%s: nobody was shown anything, so that nothing was compared", name)
		}
	}
}
