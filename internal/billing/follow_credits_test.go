package billing_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// TestPlanThatFollowsWithoutAPeriod: a plan that follows another has begun, nothing is collected yet, and the provider
// tells no
// period: it brings no credits before it is paid.
func TestPlanThatFollowsWithoutAPeriod(t *testing.T) {
	s := setup(t)
	u, desk := s.db.User(t, "asha"), s.desk()
	s.buy(u, "pro", facts.Razorpay)
	s.settle()
	s.refill(desk)
	end := s.overview(u).PeriodEnd
	s.must(s.sim.Advance(t.Context(), 10*day))
	s.pays(s.changes(u, "team", true))
	s.settle()
	id := s.overview(u).Follower.ID
	bare := func(r *http.Request, code int, body []byte) (int, []byte) {
		var m map[string]any
		if strings.HasSuffix(r.URL.Path, id) && json.Unmarshal(body, &m) == nil && m["paid_count"] == float64(0) {
			m["current_start"], m["current_end"] = nil, nil
			body, _ = json.Marshal(m)
		}
		return code, body
	}
	s.rewrite.Store(&bare)
	s.must(s.sim.SetCard(id, false))
	for range 4 {
		s.must(s.sim.Advance(t.Context(), max(end.Sub(s.clock.Now())+30*time.Minute, 5*time.Hour)))
		s.settle()
		s.refill(desk)
	}
	if n := s.count(`select count(*) from credit_grants where account_id = $1 and source like '%' || $2 || '%'`,
		u.AccountID, id); n != 0 {
		t.Errorf("%d allowances of a month that is not paid", n)
	}
	s.must(s.sim.SetCard(id, true))
	for range 4 {
		s.must(s.sim.Advance(t.Context(), 16*day))
		s.settle()
		s.refill(desk)
	}
	paid := s.count(`select count(*) from payments where subscription_id = $1`, id)
	if n := s.count(`select count(*) from credit_grants where account_id = $1 and source like '%' || $2 || '%'`,
		u.AccountID, id); n != paid {
		t.Errorf("%d allowances of %d months that are paid", n, paid)
	}
}
