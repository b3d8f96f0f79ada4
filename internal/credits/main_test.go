package credits

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/clock"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// A bench is a service on a database of its own, and one account with a key.
type fixture struct {
	*testing.T
	db    *pgtest.DB
	s     *Service
	owner *pgtest.User
	key   [32]byte
}

const plansOfTests = `
[[meter]]
id = "sms"
name = "Messages"
[[plan]]
id = "free"
name = "Free"
default = true
rank = 0
parties_max = 5
entitlements = []
credits_per_month = 10
[[plan]]
id = "pro"
name = "Pro"
rank = 10
parties_max = 0
entitlements = []
credits_per_month = 300
  [[plan.price]]
  provider = "razorpay"
  interval = "month"
  currency = "INR"
  amount = 29900
  provider_price = "plan_TestProMonth"
[[plan]]
id = "daily"
name = "Daily"
rank = 5
parties_max = 0
entitlements = []
credits_per_day = 7
  [[plan.price]]
  provider = "razorpay"
  interval = "month"
  currency = "INR"
  amount = 9900
  provider_price = "plan_TestDaily"
`

func setup(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{T: t, db: pgtest.New(t)}
	plans, err := billing.ParsePlans([]byte(plansOfTests), nil)
	f.ok(err)
	f.exec(`update service_clock set simulated = true`)
	f.exec(`insert into meters (app_id, id, name) values ('khata', 'sms', 'Messages')`)
	f.s = New(Config{DB: f.db.DB, Plans: plans, Clock: clock.New()})
	f.owner = f.db.User(t, "anil")
	f.key = f.newKey(f.owner, Read, SpendCredits)
	return f
}

func (f *fixture) newKey(u *pgtest.User, scopes ...string) [32]byte {
	f.Helper()
	key, _, err := f.s.CreateKey(f.Context(), u.Account(), "a program", scopes)
	f.ok(err)
	return HashKey(key)
}

func (f *fixture) ok(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) exec(sql string, args ...any) {
	f.Helper()
	if _, err := f.db.Super.Exec(f.Context(), sql, args...); err != nil {
		f.Fatalf("%s: %v", sql, err)
	}
}

func scalar[T any](f *fixture, sql string, args ...any) (v T) {
	f.Helper()
	if err := f.db.Super.QueryRow(f.Context(), sql, args...).Scan(&v); err != nil {
		f.Fatalf("%s: %v", sql, err)
	}
	return v
}

// give grants promotional credits for ever.
func (f *fixture) give(u *pgtest.User, amount int64) {
	f.Helper()
	f.grant(u, amount, 30, time.Time{})
}

func (f *fixture) grant(u *pgtest.User, amount int64, priority int, expires time.Time) uuid.UUID {
	f.Helper()
	id, err := f.s.Grant(f.Context(), Grant{
		AccountID: u.AccountID, Meter: "credits", Kind: Promotional, Amount: amount, Priority: priority,
		ExpiresAt: expires, Key: fmt.Sprint("test ", uuid.NewString()), Reason: "a test", By: "test",
	})
	f.ok(err)
	return id
}

func (f *fixture) consume(key [32]byte, amount int64, once string) (Spent, error) {
	return f.s.Consume(f.Context(), key, Spend{Meter: "credits", Amount: amount, Key: once})
}

func (f *fixture) available() int64 {
	f.Helper()
	return scalar[int64](f, `select balance - held from credit_balances where account_id = $1 and meter = 'credits'`,
		f.owner.AccountID)
}

// adds holds the books: what Verify says of them.
func (f *fixture) adds() {
	f.Helper()
	findings, err := f.s.Verify(context.WithoutCancel(f.Context()))
	f.ok(err)
	for _, x := range findings {
		f.Errorf("the books do not add up: %v", x)
	}
}

func (f *fixture) advance(d time.Duration) {
	f.Helper()
	f.ok(f.db.AdvanceClock(f.Context(), f.s.clock, d))
}
