package billing_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// erase begins and ends the days of grace of an account, and erases it.
func (s *shop) erase(u *pgtest.User) {
	s.Helper()
	_, err := s.db.Super.Exec(s.Context(),
		`update tijori.accounts set leaving_at = now() - interval '40 days', erase_at = now() - interval '10 days'
			where account_id = $1`, u.AccountID)
	s.must(err)
	var begun bool
	s.must(s.db.Auth.QueryRow(s.Context(), `select tijori_access.begin_erasing($1)`, u.AccountID).Scan(&begun))
	if !begun {
		s.Fatal("the account is not erased: a subscription renews")
	}
	for left := 1; left > 0; {
		s.must(s.db.Auth.QueryRow(s.Context(), `select tijori_access.erase_rows($1, 100)`, u.AccountID).Scan(&left))
	}
}

// What a provider says of an account after it was erased is applied to what stays, and fails nothing for ever: the end
// of
// the subscription, and everything once more.
func TestWebhooksOfErasedAccount(t *testing.T) {
	for _, provider := range both {
		t.Run(string(provider), func(t *testing.T) {
			s := setup(t)
			u := s.db.User(t, "asha")
			stays := s.db.User(t, "stays")
			s.buy(u, "pro", provider)
			s.settle()
			until, err := s.service.Cancel(t.Context(), u.Account())
			s.must(err)
			s.settle()
			s.erase(u)
			if n := s.count(`select count(*) from users`); n != 1 ||
				s.count(`select count(*) from members where account_id = $1`, stays.AccountID) != 1 {
				t.Fatalf("%d users are left, want the other one", n)
			}
			s.must(s.db.AdvanceClock(t.Context(), s.clock, until.Sub(s.clock.Now())+time.Hour))
			s.must(s.sim.Hold(false))
			s.settle()
			for _, e := range s.sim.Events() {
				s.must(s.sim.Again(e.Number, false))
			}
			s.settle()
			s.must(s.db.AdvanceClock(t.Context(), s.clock, 3*day))
			s.apply()
			if n := s.count(`select count(*) from inbox where status not in ('applied', 'ignored')`); n != 0 {
				t.Errorf("%d events wait for ever", n)
			}
			if n := s.count(`select count(*) from inbox where last_error <> ''`); n != 0 {
				t.Errorf("%d events failed", n)
			}
			if n := s.count(`select count(*) from subscriptions where account_id = $1 and ended_at is not null`,
				u.AccountID); n != 1 {
				t.Error("the end of the subscription was not applied")
			}
			if n := s.count(`select count(*) from payments where account_id = $1`, u.AccountID); n < 1 {
				t.Error("what was paid is gone")
			}
			if n := s.count(`select count(*) from members where account_id = $1`,
				u.AccountID) + s.count(`select count(*) from businesses where account_id = $1`, u.AccountID); n != 0 {
				t.Errorf("%d rows of the account are back", n)
			}
			if _, err := s.service.Reconcile(t.Context(), billing.Reconciliation{Provider: provider}); err != nil {
				t.Errorf("Reconcile = %v", err)
			}
		})
	}
}

// A purchase of credits that is paid, or given back, after its account was erased brings no row back and fails nothing
// for ever.
func TestPurchasesOfErasedAccount(t *testing.T) {
	for _, provider := range both {
		t.Run(string(provider), func(t *testing.T) {
			s := setup(t)
			given, late := s.db.User(t, "given back"), s.db.User(t, "late")
			buy := func(u *pgtest.User) string {
				page, err := s.service.StartTopUp(t.Context(), u.Account(), "credits_500", provider)
				s.must(err)
				return page
			}
			page := buy(given)
			s.pay(page)
			s.settle()
			s.erase(given)
			s.must(s.sim.RefundPurchase(page[strings.LastIndex(page, "/")+1:], true))
			page = buy(late)
			s.erase(late)
			s.pay(page)
			s.settle()
			s.must(s.db.AdvanceClock(t.Context(), s.clock, 3*day))
			s.apply()
			if n := s.count(`select count(*) from inbox where status not in ('applied', 'ignored')
				or last_error <> ''`); n != 0 {
				t.Errorf("%d events failed", n)
			}
			if n := s.count(`select count(*) from credit_balances where account_id in ($1, $2)`, given.AccountID,
				late.AccountID) +
				s.count(`select count(*) from credit_grants where account_id in ($1, $2)`, given.AccountID,
					late.AccountID); n != 0 {
				t.Errorf("%d rows of credits are back", n)
			}
			for _, u := range []*pgtest.User{given, late} { // a person hears of the money
				if n := s.count(`select count(*) from review_items where account_id = $1 and status = 'open'`,
					u.AccountID); u == late && n != 1 {
					t.Errorf("%d open items, want one", n)
				}
			}
		})
	}
}
