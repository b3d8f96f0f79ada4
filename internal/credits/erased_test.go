package credits

import "testing"

// An account that was erased gets no calendar again, and so no credits; the others get theirs.
func TestErasedAccountGetsNoCredits(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.refill()
	f.exec(`update accounts set leaving_at = now() - interval '40 days', erase_at = now() - interval '10 days'
		where account_id = $1`, f.owner.AccountID)
	if _, err := f.db.Auth.Exec(t.Context(), `select tijori_access.begin_erasing($1)`, f.owner.AccountID); err != nil {
		t.Fatal(err)
	}
	for left := 1; left > 0; {
		f.ok(f.db.Auth.QueryRow(t.Context(), `select tijori_access.erase_rows($1, 100)`, f.owner.AccountID).Scan(&left))
	}
	other := f.db.User(t, "other")
	f.refill()
	if _, err := f.s.Sweep(t.Context()); err != nil {
		t.Error(err)
	}
	for _, table := range []string{
		"credit_calendars", "calendar_changes", "credit_balances", "credit_grants", "credit_lots",
		"credit_entries",
	} {
		if n := scalar[int](f, `select count(*)::int from `+table+` where account_id = $1`, f.owner.AccountID); n != 0 {
			t.Errorf("%d rows of %s after the account was erased", n, table)
		}
	}
	if n := scalar[int](f, `select count(*)::int from credit_grants where account_id = $1`, other.AccountID); n == 0 {
		t.Error("the other account has no credits")
	}
}
