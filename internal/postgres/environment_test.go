package postgres_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tijorihq/tijori/internal/clock"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// A database belongs to the mode, and the account at a provider, that its first start recorded. Every other one is
// refused
// and changes nothing, unless the operator names that very risk.
func TestDatabaseKnowsItsEnvironment(t *testing.T) {
	t.Parallel()
	both := postgres.Work{App: "khata", Connections: []string{"razorpay", "stripe"}}
	modes := []postgres.Mode{postgres.Simulated, postgres.Test, postgres.Live}
	db := pgtest.New(t)
	recorded := func() string {
		var s string
		if err := db.Super.QueryRow(t.Context(), `
			select string_agg(connection_id || ' ' || coalesce(mode, '') || ' ' || coalesce(provider_account, ''),
			    ', ' order by connection_id)
			       || (select case when simulated then ', simulated' else '' end from service_clock) from connections`).Scan(&s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	set := func(mode postgres.Mode, accounts map[string]string, permit ...string) error {
		e := postgres.Environment{Mode: mode, Accounts: accounts, Permit: permit}
		check := db.CheckEnvironment(t.Context(), both, e)
		before := recorded()
		err := postgres.SetEnvironment(t.Context(), db.Config, e, clock.New())
		if (err == nil) != (check == nil) && !strings.HasPrefix(before, "razorpay  , stripe  ") {
			t.Errorf("%s %v: set says %v, check says %v", mode, accounts, err, check)
		}
		var setup *postgres.SetupError
		if err != nil && (!errors.As(err, &setup) || recorded() != before) {
			t.Errorf("%s %v: %v; recorded %q, was %q", mode, accounts, err, recorded(), before)
		}
		return err
	}
	keys := map[string]string{"stripe": ""}
	if err := db.CheckEnvironment(t.Context(), both, postgres.Environment{
		Mode:     postgres.Live,
		Accounts: keys,
	}); err == nil {
		t.Error("a database that has recorded nothing is taken without an administrator")
	}
	for _, from := range modes {
		for _, to := range modes {
			if _, err := db.Super.Exec(t.Context(),
				`update connections set mode = null, provider_account = null; update service_clock
					set simulated = false, offset_seconds = 0`); err != nil {
				t.Fatal(err)
			}
			if err := set(from, maps.Clone(keys)); err != nil {
				t.Fatalf("the first start, %s: %v", from, err)
			}
			if err := set(from, map[string]string{"razorpay": "", "stripe": ""}); err != nil {
				t.Errorf("%s with a second provider: %v", from, err)
			}
			if from == to {
				continue
			}
			right := string(from) + "-to-" + string(to)
			others := slices.DeleteFunc(postgres.Risks(), func(r string) bool { return r == right })
			for _, accounts := range []map[string]string{{"stripe": ""}, {"razorpay": ""}, {"stripe": "acct_1"}} {
				if err := set(to, accounts, others...); err == nil || !strings.Contains(err.Error(), right) {
					t.Errorf("%s on data of %s: %v, want a refusal that names %s", to, from, err, right)
				}
			}
			if err := set(to, maps.Clone(keys), right); err != nil {
				t.Errorf("%s: %v", right, err)
			}
			if err := set(from, maps.Clone(keys), right); err == nil {
				t.Errorf("%s permits the way back", right)
			}
			if got := recorded(); strings.Count(got, string(to)+" ") != 2 {
				t.Errorf("after %s the database has %q", right, got)
			}
		}
	}
	// The account: learned once, compared from then on.
	steps := []struct {
		account string
		permit  []string
		ok      bool
	}{
		{"", nil, true},
		{"acct_1", nil, true},
		{"", nil, true},
		{"acct_1", nil, true},
		{"acct_2", nil, false},
		{"acct_2", []string{"live-to-test"}, false},
		{"acct_2", []string{postgres.OtherAccount}, true},
		{"acct_1", nil, false},
		{"acct_2", nil, true},
	}
	if _, err := db.Super.Exec(t.Context(), `update connections set mode = null, provider_account = null`); err != nil {
		t.Fatal(err)
	}
	for i, s := range steps {
		if err := set(postgres.Live, map[string]string{"stripe": s.account, "razorpay": ""},
			s.permit...); (err == nil) != s.ok {
			t.Errorf("step %d, account %q: %v", i, s.account, err)
		}
	}
	if got := recorded(); got != "razorpay live , stripe live acct_2" {
		t.Errorf("recorded: %q", got)
	}
}

func refusedBy(err error, constraint string) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.ConstraintName == constraint
}

// The people of the demonstration exist where payments are simulated and nowhere else, whatever the program says.
func TestDemonstrationIsSimulated(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	add := func(email string) error {
		_, err := db.Auth.Exec(t.Context(),
			`insert into tijori.users (id, email, name, password_hash)
				values (gen_random_uuid(), $1, 'Asha', '!')`, email)
		return err
	}
	set := func(mode postgres.Mode) error {
		return postgres.SetEnvironment(t.Context(), db.Config, postgres.Environment{
			Mode:   mode,
			Permit: postgres.Risks(), Accounts: map[string]string{"stripe": ""},
		}, clock.New())
	}
	for _, mode := range []postgres.Mode{postgres.Test, postgres.Live} {
		if err := set(mode); err != nil {
			t.Fatal(err)
		}
		if err := add("asha@demo.example"); !refusedBy(err, "users_demonstration_check") {
			t.Errorf("the demonstration's owner in a database of %s payments: %v", mode, err)
		}
		if err := add("asha-" + string(mode) + "@example.com"); err != nil {
			t.Errorf("anybody else: %v", err)
		}
		if _, err := db.Super.Exec(t.Context(), `update users set email = 'chhotu@demo.example' where email = $1`,
			"asha-"+string(mode)+"@example.com"); err == nil {
			t.Error("somebody becomes one of the demonstration")
		}
	}
	if err := set(postgres.Simulated); err != nil {
		t.Fatal(err)
	}
	if err := add("asha@demo.example"); err != nil {
		t.Errorf("where payments are simulated: %v", err)
	}
	for _, mode := range []postgres.Mode{postgres.Test, postgres.Live} {
		if err := set(mode); err == nil || !strings.Contains(err.Error(), "demonstration") {
			t.Errorf("%s payments with the demonstration in the database: %v", mode, err)
		}
	}
}
