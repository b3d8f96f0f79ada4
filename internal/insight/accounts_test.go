package insight

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

func (r *room) search(w Work, text string, limit int) (found []uuid.UUID) {
	r.Helper()
	q, err := ParseQuery(text)
	r.ok(err)
	after := uuid.Nil
	for {
		page, err := r.s.Search(r.Context(), operator, w.ID, q, after, limit)
		r.ok(err)
		for _, m := range page {
			found = append(found, m.Account)
			after = m.Account
			if m.Name == "" || m.Matched == "" {
				r.Errorf("%q found %+v", text, m)
			}
		}
		if len(page) < limit {
			return found
		}
	}
}

// busy gives an account a bit of everything.
func (r *room) busy(u *pgtest.User, n int) {
	r.Helper()
	sub := fmt.Sprintf("sub_busy%d", n)
	now := time.Now()
	r.tell(told{
		account: u.AccountID, sub: sub, status: "active", price: prices[0], at: now, from: now.AddDate(0, 0, -2),
		through: now.AddDate(0, 0, 28), access: now.AddDate(0, 0, 35), period: now.AddDate(0, 0, -2),
	})
	r.exec(`insert into payments (account_id, connection_id, provider, id, subscription_id, invoice_id, amount_minor, currency, paid_at, recorded_at)
		values ($1, 'razorpay', 'razorpay', $2, $3, $4, 29900, 'INR', now(), now())`, u.AccountID, fmt.Sprintf("pay_busy%d", n),
		sub, fmt.Sprintf("inv_busy%d", n))
	r.exec(`insert into invoices (account_id, connection_id, provider, id, subscription_id, number, status, amount_minor, currency, issued_at)
		values ($1, 'razorpay', 'razorpay', $2, $3, $4, 'issued', 29900, 'INR', now())`, u.AccountID, fmt.Sprintf("inv_open%d", n),
		sub, fmt.Sprintf("TJ-%d", n))
	r.exec(`insert into inbox (connection_id, provider, event_id, type, subject, status, body, headers, secret_label, received_at, delivered_at, next_attempt_at, account_id)
		values ('razorpay', 'razorpay', $2, 'subscription.charged', $3, 'parked', '{}', '{}', 'current', now(), now(), now(), $1)`,
		u.AccountID, fmt.Sprintf("evt_busy%d", n), sub)
	r.exec(`insert into review_items (connection_id, provider, key, reason, detail, account_id, opened_at, seen_at)
		values ('razorpay', 'razorpay', $2, 'dispute', 'a dispute', $1, now(), now())`, u.AccountID, fmt.Sprintf("dispute %d", n))
	r.exec(`insert into operator_acts (app_id, id, who, act, subject, reason)
		values ('khata', gen_random_uuid(), 'op', 'grant', $1::text, 'a gift')`, u.AccountID)
	r.exec(`insert into credentials (hash, id, kind, user_id, account_id, name, scopes, hint, expires_at)
		values (sha256($3::bytea), gen_random_uuid(), 'api_key', $1, $2, 'a program', '{credits:read}', $4, 'infinity')`,
		u.UserID, u.AccountID, []byte(sub), fmt.Sprintf("tijori_ab%02d", n))
	r.exec(`insert into security_log (account_id, kind, user_id) values ($1, 'key_made', $2)`, u.AccountID, u.UserID)
}

func TestSearchFindsTheAccount(t *testing.T) {
	t.Parallel()
	r := setup(t)
	var people []*pgtest.User
	for i := range 7 {
		u := r.db.User(t, "shop")
		u.Email = fmt.Sprintf("keeper%d@example.com", i)
		r.exec(`update users set email = $2 where id = $1`, u.UserID, u.Email)
		r.busy(u, i)
		people = append(people, u)
	}
	w := r.work()
	for i, u := range people {
		for _, text := range []string{
			u.Email, strings.ToUpper(u.Email), u.AccountID.String(), u.UserID.String(), u.BusinessID.String(),
			fmt.Sprintf("sub_busy%d", i), fmt.Sprintf("pay_busy%d", i), fmt.Sprintf("inv_busy%d", i),
			fmt.Sprintf("inv_open%d", i), fmt.Sprintf("TJ-%d", i), fmt.Sprintf("evt_busy%d", i),
			fmt.Sprintf("tijori_ab%02d", i), fmt.Sprintf("tijori_ab%02dmoreofthekey", i), " " + u.Email + " ",
		} {
			if found := r.search(w, text, 5); len(found) != 1 || found[0] != u.AccountID {
				t.Errorf("%q found %v, want %v", text, found, u.AccountID)
			}
		}
	}
	all := r.search(w, "keeper", 3) // three pages
	var want []uuid.UUID
	for _, u := range people {
		want = append(want, u.AccountID)
	}
	slices.SortFunc(want, func(a, b uuid.UUID) int { return strings.Compare(a.String(), b.String()) })
	if !slices.Equal(all, want) {
		t.Errorf("keeper found %v, want %v", all, want)
	}
	for _, text := range []string{
		"nobody@example.com", "sub_unknown", "%@example.com", "keeper_@example.com",
		uuid.NewString(),
	} {
		if found := r.search(w, text, 5); len(found) != 0 {
			t.Errorf("%q found %v", text, found)
		}
	}
	for _, text := range []string{"", "tijori_", "@example.com", "+91 98765 43210", "9876543210", "ab", "राम"} {
		if _, err := ParseQuery(text); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", text, err)
		}
	}
	// What was searched is written down, and never a whole key.
	var whole int
	r.ok(r.db.Super.QueryRow(t.Context(),
		`select count(*) from support_uses where question = 'search' and subject like 'tijori_ab00more%'`).Scan(&whole))
	if whole != 0 {
		t.Error("a whole key is written down")
	}
	// Another app's accounts are not found.
	r.exec(`insert into apps (app_id, name) values ('other', 'Other')`)
	r.exec(`insert into accounts (account_id, app_id, name) values ($1, 'other', 'Elsewhere')`, uuid.Nil)
	if found := r.search(w, uuid.Nil.String(), 5); len(found) != 0 {
		t.Errorf("another app's account was found: %v", found)
	}
}

func TestLifeOfAnAccount(t *testing.T) {
	t.Parallel()
	r := setup(t)
	u, other := r.db.User(t, "asha"), r.db.User(t, "bina")
	r.db.Member(t, u, nil, "counter")
	r.busy(u, 1)
	r.busy(other, 2)
	r.exec(`insert into payments (account_id, connection_id, provider, id, subscription_id, amount_minor, currency, paid_at, recorded_at)
		select $1, 'razorpay', 'razorpay', 'pay_many' || n, 'sub_busy1', 100, 'INR',
			now() - interval '1 hour' - (n / 7) * interval '1 minute', now()
		  from generate_series(1, 150) n`, u.AccountID)
	w := r.work()
	r.ok(r.s.Open(t.Context(), operator, w.ID, u.AccountID, "she called"))
	use, _, err := r.s.Opened(t.Context(), operator, u.AccountID)
	r.ok(err)
	a, err := r.s.AccountOf(t.Context(), use.ID, nil)
	r.ok(err)
	if a.ID != u.AccountID || a.Businesses != 1 || a.People != 2 || a.APIKeys != 1 || len(a.Members) != 2 ||
		a.Members[0].Email != u.Email || a.Members[1].Email != "" {
		t.Errorf("the account is %+v", a)
	}
	kinds, lines := map[string]bool{}, map[string]bool{}
	payments := 0
	for page := a; ; {
		for i, h := range page.Life {
			kinds[h.Kind] = true
			if h.Kind == "payment" {
				payments++
			}
			line := fmt.Sprintf("%+v", h)
			if lines[line] {
				t.Errorf("twice: %s", line)
			}
			lines[line] = true
			if strings.Contains(line, "busy2") {
				t.Errorf("of another account: %s", line)
			}
			if i > 0 && h.At.After(page.Life[i-1].At) {
				t.Errorf("out of order: %s", line)
			}
		}
		if page.More == nil {
			break
		}
		page, err = r.s.AccountOf(t.Context(), use.ID, page.More)
		r.ok(err)
	}
	if payments != 151 {
		t.Errorf("%d payments, want 151", payments)
	}
	for _, k := range []string{
		"account", "person", "plan", "payment", "invoice", "event", "review", "security",
		"act", "look",
	} {
		if !kinds[k] {
			t.Errorf("nothing of kind %s", k)
		}
	}
	if _, err := r.s.AccountOf(t.Context(), uuid.New(), nil); err == nil {
		t.Error("a life without a use")
	}
	if _, ok, _ := r.s.Opened(t.Context(), "other@example.com", u.AccountID); ok {
		t.Error("opened for somebody else")
	}
	if err := r.s.Open(t.Context(), "other@example.com", w.ID, u.AccountID, "curious"); err == nil || errors.Is(err,
		ErrNoWork) {
		t.Errorf("opened in somebody else's work: %v", err)
	}
}
