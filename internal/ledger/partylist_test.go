package ledger_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

func listNames(t *testing.T, db *pgtest.DB, u *pgtest.User, f ledger.PartyFilter) []string {
	t.Helper()
	list := must(t, db, u, func(tx *postgres.Tx) (ledger.PartyList, error) {
		return listParties(t.Context(), tx,
			f)
	})
	names := []string{}
	for _, r := range list.Rows {
		names = append(names, r.Name)
	}
	if list.Matching != len(names) {
		t.Errorf("%+v: %d match, %d rows", f, list.Matching, len(names))
	}
	return names
}

func TestListSearchesFiltersAndSorts(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.Pro(t, db.User(t, "Asha"))
	add := func(kind ledger.Kind, name, phone string, entries ...ledger.EntryFields) {
		p := must(t, db, u, func(tx *postgres.Tx) (ledger.Party, error) {
			return ledger.AddParty(t.Context(), tx, newID(t), ledger.PartyFields{Kind: kind, Name: name, Phone: phone})
		})
		for _, e := range entries {
			addEntry(t, db, u, p.ID, e)
		}
	}
	add(ledger.Customer, "Ramesh Kumar", "98200 12345", given(500, "2026-04-03"), received(200, "2026-04-09"))
	add(ledger.Customer, "sita & sons 100%", "", given(300, "2026-04-01"), received(300, "2026-04-05"),
		given(100, "2026-04-08"))
	add(ledger.Supplier, "श्री कृष्ण किराना", "022 2345 6789", received(900, "2026-04-02"))
	add(ledger.Supplier, "Aarav", "")
	add(ledger.Customer, "ज़ाकिर", "", received(50, "2026-04-10"))
	for _, c := range []struct {
		f    ledger.PartyFilter
		want string
	}{
		{ledger.PartyFilter{}, "Ramesh Kumar|sita & sons 100%|Aarav|ज़ाकिर|श्री कृष्ण किराना"},
		{ledger.PartyFilter{Sort: ledger.SortName}, "Aarav|Ramesh Kumar|sita & sons 100%|ज़ाकिर|श्री कृष्ण किराना"},
		{ledger.PartyFilter{Show: ledger.ShowDue}, "Ramesh Kumar|sita & sons 100%"},
		{ledger.PartyFilter{Show: ledger.ShowDue, Sort: ledger.SortOldest}, "Ramesh Kumar|sita & sons 100%"},
		{ledger.PartyFilter{Show: ledger.ShowAdvance}, "श्री कृष्ण किराना|ज़ाकिर"},
		{ledger.PartyFilter{Kind: ledger.Supplier}, "Aarav|श्री कृष्ण किराना"},
		{ledger.PartyFilter{Sort: ledger.SortRecent, Kind: ledger.Customer}, "ज़ाकिर|Ramesh Kumar|sita & sons 100%"},
		{ledger.PartyFilter{Query: "KUMAR ram"}, "Ramesh Kumar"},
		{ledger.PartyFilter{Query: "कृष्ण"}, "श्री कृष्ण किराना"},
		{ledger.PartyFilter{Query: "जाकिर"}, "ज़ाकिर"},
		{ledger.PartyFilter{Query: "9820-012"}, "Ramesh Kumar"},
		{ledger.PartyFilter{Query: "०२२ २३४५"}, "श्री कृष्ण किराना"},
		{ledger.PartyFilter{Query: "100%"}, "sita & sons 100%"},
		{ledger.PartyFilter{Query: "%"}, "sita & sons 100%"},
		{ledger.PartyFilter{Query: "_"}, ""},
		{ledger.PartyFilter{Query: "a\x00\xff' or 1=1 --"}, ""},
	} {
		if got := strings.Join(listNames(t, db, u, c.f), "|"); got != strings.ReplaceAll(c.want, "ज़", "ज़") {
			t.Errorf("%+v = %q, want %q", c.f, got, c.want)
		}
	}
	list := must(t, db, u, func(tx *postgres.Tx) (ledger.PartyList, error) {
		return listParties(t.Context(), tx, ledger.PartyFilter{Query: "nobody"})
	})
	if want := (ledger.Totals{Get: 400, Give: 950, Parties: 5, Due: 2, Advance: 2}); list.Totals != want ||
		len(list.Rows) != 0 {
		t.Errorf("totals with an empty page = %+v, %d rows, want %+v", list.Totals, len(list.Rows), want)
	}
	for _, f := range []ledger.PartyFilter{
		{Sort: "x"},
		{Show: "x"},
		{Kind: "x"},
		{After: "!"},
		{After: "bm90IGpzb24"},
	} {
		wantKind(t, fmt.Sprintf("%+v", f), f.Check(), fault.Invalid)
	}
}

func TestPagesOfEverySortMeetEveryPartyOnce(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.Pro(t, db.User(t, "Asha"))
	const parties = 2*ledger.PageSize + 20
	fill(t, db, u, parties, 3)
	counter := db.Member(t, u, &u.BusinessID, "counter")
	for _, f := range []ledger.PartyFilter{
		{},
		{Sort: ledger.SortName},
		{Sort: ledger.SortOldest},
		{Sort: ledger.SortRecent},
		{Query: "party", Sort: ledger.SortBalance},
	} {
		seen := map[string]bool{}
		sizes := []int{}
		var last int64 = 1 << 62
		for {
			var list ledger.PartyList
			if _, err := db.Read(t.Context(), u.Caller, func(s postgres.Scope, b *pgx.Batch) {
				ledger.QueueParties(s, b,
					f, &list)
			}); err != nil {
				t.Fatal(err)
			}
			for _, r := range list.Rows {
				if seen[r.Name] {
					t.Errorf("%s: %s twice", f.Sort, r.Name)
				}
				seen[r.Name] = true
				if f.Sort == "" && r.Balance > last {
					t.Errorf("balance %d after %d", r.Balance, last)
				}
				last = r.Balance
			}
			sizes = append(sizes, len(list.Rows))
			if f.After = list.Next; f.After == "" {
				break
			}
		}
		if len(seen) != parties || !slices.Equal(sizes, []int{50, 50, 20}) {
			t.Errorf("by %q: %d parties in pages of %v, want %d", f.Sort, len(seen), sizes, parties)
		}
	}
	seen := map[string]bool{}
	for after := ledger.Cursor(""); ; {
		var names ledger.PartyNames
		if _, err := db.Read(t.Context(), counter.Caller,
			func(_ postgres.Scope, b *pgx.Batch) { ledger.QueuePartyNames(b, "party", after, &names) }); err != nil {
			t.Fatal(err)
		}
		for _, r := range names.Rows {
			seen[r.Name] = true
		}
		if after = names.Next; after == "" {
			break
		}
	}
	if len(seen) != parties {
		t.Errorf("a counter meets %d names, want %d", len(seen), parties)
	}
}

// fill adds parties with entries, as the superuser, in bulk.
func fill(t testing.TB, db *pgtest.DB, u *pgtest.User, parties, entriesEach int) {
	t.Helper()
	for _, sql := range []string{
		`insert into parties (account_id, business_id, id, kind, name, name_key, request_hash, created_by)
		select $1, $2, gen_random_uuid(), 'customer', 'Party ' || n, 'party ' || n, sha256('x'), $3 from generate_series(1, $4::int) n where $5::int >= 0`,
		`insert into entries (account_id, business_id, id, party_id, side, amount_minor, business_date, request_hash, created_by)
		select p.account_id, p.business_id, gen_random_uuid(), p.id, case when random() < 0.6 then 'given'
		    else 'received' end, 1 + (random() * 100000)::int,
			date '2026-01-01' + (random() * 90)::int, sha256('x'), $3
		from parties p, generate_series(1, $5::int) where p.account_id = $1 and p.business_id = $2 and $4::int > 0`,
		`insert into changes (account_id, business_id, subject, subject_id, version, created_by, action, before, after, changed_by, changed_by_name)
		select e.account_id, e.business_id, 'entry', gen_random_uuid(), 2, $3, 'edit', '{}', '{}', $3, '' from entries e
		where e.account_id = $1 and e.business_id = $2 and $4::int > 0 and $5::int > 0`,
	} {
		if _, err := db.Super.Exec(t.Context(), sql, u.AccountID, u.BusinessID, u.UserID, parties,
			entriesEach); err != nil {
			t.Fatal(err)
		}
	}
}
