package insight

import (
	"slices"
	"testing"
	"time"
)

// BenchmarkFigures reads the overview of 50,000 accounts, of which a third have tried a plan, and says how long 95 of
// 100 reads take.
//
//	go test ./internal/insight -run '^$' -bench Figures -benchtime 100x
func BenchmarkFigures(b *testing.B) {
	r := crowd(b, 50_000)
	now := time.Now()
	var bounds []time.Time
	for i := 12; i >= 0; i-- {
		bounds = append(bounds, now.AddDate(0, -i, 0))
	}
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		f, err := r.s.Figures(b.Context(), operator, r.w.ID, bounds)
		if err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
		if m := f.Moments[len(f.Moments)-1]; m.Accounts != 50_000 || m.Active < 5_000 {
			b.Fatalf("%d accounts, %d active", m.Accounts, m.Active)
		}
	}
	report(b, took)
}

// BenchmarkSearch finds accounts among them by the beginning of an address, and by a payment.
func BenchmarkSearch(b *testing.B) {
	r := crowd(b, 50_000)
	for _, text := range []string{"keeper77", "pay_31_2"} {
		b.Run(text, func(b *testing.B) {
			q, err := ParseQuery(text)
			if err != nil {
				b.Fatal(err)
			}
			var took []time.Duration
			for b.Loop() {
				start := time.Now()
				list, err := r.s.Search(b.Context(), operator, r.w.ID, q, [16]byte{}, 51)
				if err != nil || len(list) == 0 {
					b.Fatalf("found %d: %v", len(list), err)
				}
				took = append(took, time.Since(start))
			}
			report(b, took)
		})
	}
}

func report(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[(len(took)*95+99)/100-1].Microseconds())/1000, "p95-ms")
	b.ReportMetric(0, "ns/op")
}

// crowd makes accounts over three years, each third with a subscription, some of them ended, and their payments.
func crowd(b *testing.B, n int) *crowdRoom {
	b.Helper()
	r := &crowdRoom{room: setup(b)}
	for _, sql := range []string{
		`create table public.made as select n, gen_random_uuid() as id, now() - (random() * 1000) * interval '1 day' as at
		   from generate_series(1, $1::int) n`,
		`insert into accounts (account_id, app_id, name, created_at) select id, 'khata', 'Shop ' || n, at from public.made`,
		`insert into users (id, email, name, password_hash, created_at)
		 select id, 'keeper' || n || '@example.com', 'Keeper', '!', at from public.made`,
		`insert into members (account_id, id, user_id, role, created_at) select id, gen_random_uuid(), id, 'owner', at
		   from public.made`,
		`insert into provider_directory (connection_id, provider, kind, provider_id, account_id, created_at)
		 select 'razorpay', 'razorpay', 'subscription', 'sub_' || n, id, at from public.made where n % 3 = 1`,
		`insert into subscriptions (app_id, account_id, connection_id, provider, id, status, provider_status, price_id,
		     plan_id, period, paid_price_id, period_start, paid_from, paid_through, access_until, seen_at, created_at,
		     changed_at)
		 select 'khata', id, 'razorpay', 'razorpay', 'sub_' || n,
			case when n % 40 = 0 then 'past_due' else 'active' end,
		     'active', 'plan_pm', 'pro', 'month', 'plan_pm', at, at, u.until, u.until, now(), at, now()
		   from public.made
		   cross join lateral (select case when n % 2 = 0 then at + interval '60 days'
		       else now() + interval '9 days' end as until) u
		  where n % 3 = 1`,
		`insert into payments (account_id, connection_id, provider, id, subscription_id, amount_minor, currency, paid_at,
		     recorded_at)
		 select id, 'razorpay', 'razorpay', 'pay_' || n || '_' || k, 'sub_' || n, 29900, 'INR', now(), now()
		   from public.made, generate_series(1, 12) k where n % 3 = 1`,
	} {
		args := []any{}
		if sql[:12] == "create table" {
			args = append(args, n)
		}
		if _, err := r.db.Super.Exec(b.Context(), sql, args...); err != nil {
			b.Fatal(err)
		}
	}
	for _, table := range []string{"accounts", "users", "members", "subscriptions", "payments", "plan_spans"} {
		if _, err := r.db.Super.Exec(b.Context(), `analyze tijori.`+table); err != nil {
			b.Fatal(err)
		}
	}
	r.w = r.work()
	return r
}

type crowdRoom struct {
	*room
	w Work
}
