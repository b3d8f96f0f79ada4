package billing_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/credits"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// item is the status and the detail of the account's only review item of a reason.
func (s *shop) item(u *pgtest.User, reason string) (status, detail string) {
	s.Helper()
	s.must(s.db.Super.QueryRow(s.Context(), `select status, detail from review_items where account_id = $1
		and reason = $2`, u.AccountID, reason).Scan(&status, &detail))
	return status, detail
}

// bought is an account that has bought five hundred credits, with a key and the provider's payment.
func (s *shop) bought(name string, provider facts.Provider,
	d *credits.Service,
) (u *pgtest.User, key [32]byte, id, payment string) {
	s.Helper()
	u = s.db.User(s.T, name)
	page, err := s.service.StartTopUp(s.Context(), u.Account(), "credits_500", provider)
	s.must(err)
	s.pay(page)
	s.settle()
	s.must(s.db.Super.QueryRow(s.Context(), `select payment_id from purchases where account_id = $1`,
		u.AccountID).Scan(&payment))
	return u, s.key(u, d), purchaseID(page), payment
}

// Credits of a refunded purchase that are set aside at that moment are taken back as soon as they come back, whichever
// way they come; those that are captured meanwhile are spent.
func TestHeldCreditsOfARefundAreTakenBack(t *testing.T) {
	s := setup(t)
	d := s.desk()
	for _, c := range []struct {
		name     string
		end      func(key [32]byte, h credits.Hold)
		left     int
		closed   bool
		says     string
		captured int64
	}{
		{
			"released", func(key [32]byte, h credits.Hold) {
				_, err := d.Release(t.Context(), key, h.ID)
				s.must(err)
			}, 0, true, "500 of its 500", 0,
		},
		{"captured in part", func(key [32]byte, h credits.Hold) {
			got, err := d.Capture(t.Context(), key, h.ID, 120)
			s.must(err)
			if got.Available != 0 {
				t.Errorf("after the capture %d can be spent, want none", got.Available)
			}
		}, 0, false, "120 were spent", 120},
		{
			"expired", func([32]byte, credits.Hold) { s.must(s.db.AdvanceClock(t.Context(), s.clock, 2*time.Hour)) }, 0,
			true, "500 of its 500", 0,
		},
	} {
		u, key, id, _ := s.bought(c.name, facts.Stripe, d)
		h, err := d.SetAside(t.Context(), key, credits.Spend{Meter: "credits", Amount: 400, Key: "h"}, time.Hour)
		s.must(err)
		s.must(s.sim.RefundPurchase(id, true))
		s.settle()
		if status, detail := s.item(u, "refund_full"); status != "open" || !strings.Contains(detail,
			"100 of its 500") || !strings.Contains(detail, "400 are set aside") || strings.Contains(detail, "spent") {
			t.Errorf("%s: while they are held the item is %s and says %q", c.name, status, detail)
		}
		c.end(key, h)
		if list, err := d.Balances(t.Context(), key); err != nil || list[0].Available != 0 || list[0].Held != 0 {
			t.Errorf("%s: before anybody has settled it: %+v, %v; want nothing", c.name, list, err)
		}
		if x, err := d.Consume(t.Context(), key, credits.Spend{
			Meter: "credits", Amount: 1,
			Key: "c",
		}); credits.IsInsufficient(err) == nil {
			t.Errorf("%s: a refunded credit was spent: %+v, %v", c.name, x, err)
		}
		s.must(s.service.CheckAlerts(t.Context()))
		status, detail := s.item(u, "refund_full")
		if (status == "resolved") != c.closed || !strings.Contains(detail, c.says) ||
			strings.Contains(detail, "set aside") {
			t.Errorf("%s: in the end the item is %s and says %q", c.name, status, detail)
		}
		if n := s.credits(u); n != c.left {
			t.Errorf("%s: %d credits are left", c.name, n)
		}
	}
	s.booksAddUp()
}

// A lost dispute takes back as a refund does, once, and gives back when the bank thinks better of it.
func TestLostDisputeTakesCreditsBack(t *testing.T) {
	for _, provider := range both {
		t.Run(string(provider), func(t *testing.T) {
			s := setup(t)
			d := s.desk()
			u, key, _, payment := s.bought("buyer", provider, d)
			n := 0
			tell := func(status string) {
				t.Helper()
				n++
				if provider == facts.Stripe {
					s.postStripe(fmt.Sprint("evt_dispute_", n), "charge.dispute.closed", map[string]any{
						"id": "dp_1", "object": "dispute", "charge": "ch_1", "payment_intent": payment,
						"status": status, "amount": 500, "currency": "usd",
					})
					return
				}
				s.post("payment.dispute."+status,
					fmt.Sprintf(`{"dispute":{"entity":{"id":"disp_1","entity":"dispute","payment_id":%q,"amount":19900,"currency":"INR","status":%q,"created_at":1796000000}}}`, payment, status), fmt.Sprint("d", n))
			}
			_, err := d.Consume(t.Context(), key, credits.Spend{Meter: "credits", Amount: 50, Key: "c"})
			s.must(err)
			h, err := d.SetAside(t.Context(), key, credits.Spend{Meter: "credits", Amount: 100, Key: "h"}, time.Hour)
			s.must(err)
			tell("under_review")
			if n := s.credits(u); n != 450 {
				t.Errorf("before the bank has decided %d credits are left, want 450", n)
			}
			tell("lost")
			tell("lost")
			_, err = d.Release(t.Context(), key, h.ID)
			s.must(err)
			s.must(s.service.CheckAlerts(t.Context()))
			if n := s.credits(u); n != 0 {
				t.Errorf("the dispute is lost and %d credits are left to spend", n)
			}
			if status, detail := s.item(u, "dispute_lost"); status != "open" || !strings.Contains(detail,
				"450 of its 500") || !strings.Contains(detail, "50 were spent") {
				t.Errorf("the item is %s and says %q", status, detail)
			}
			tell("won")
			if n := s.credits(u); n != 450 {
				t.Errorf("the bank has thought better of it and %d credits are there, want 450", n)
			}
			if status, _ := s.item(u, "dispute"); status != "resolved" {
				t.Errorf("the dispute is won and its item is %s", status)
			}
			s.booksAddUp()
		})
	}
}

// Whatever is set aside, captured, released and refunded in whatever order: of a refunded purchase no credit is spent
// after the refund, but for those that were set aside then; and what was taken is what came back.
func TestRefundsAgainstHolds(t *testing.T) {
	s := setup(t)
	d := s.desk()
	for seed := range uint64(25) {
		r := rand.New(rand.NewPCG(seed, 1))
		u, key, id, _ := s.bought(fmt.Sprint("buyer ", seed), both[seed%2], d)
		_, err := d.Grant(t.Context(), credits.Grant{
			AccountID: u.AccountID, Meter: "credits",
			Kind: credits.Promotional, Amount: 100, Priority: 20 +
				20*r.IntN(2), Key: "g", Reason: "a gift", By: "test",
		})
		s.must(err)
		var holds []credits.Hold
		refunded, heldThen, capturedAfter := false, int64(0), int64(0)
		spentBefore := int64(0)
		for i := range 12 {
			switch r.IntN(5) {
			case 0:
				if h, err := d.SetAside(t.Context(), key, credits.Spend{
					Meter: "credits", Amount: 1 + r.Int64N(300),
					Key: fmt.Sprint("h", i),
				}, time.Hour); err == nil {
					holds = append(holds, h)
				}
			case 1:
				if len(holds) > 0 {
					_, err := d.Release(t.Context(), key, holds[0].ID)
					s.must(err)
					holds = holds[1:]
				}
			case 2:
				if len(holds) > 0 {
					got, err := d.Capture(t.Context(), key, holds[0].ID, 1+r.Int64N(holds[0].Amount))
					s.must(err)
					if holds = holds[1:]; refunded {
						capturedAfter += got.Captured
					} else {
						spentBefore += got.Captured
					}
				}
			case 3:
				n := 1 + r.Int64N(200)
				if _, err := d.Consume(t.Context(), key, credits.Spend{
					Meter: "credits", Amount: n,
					Key: fmt.Sprint("c", i),
				}); err == nil {
					if refunded {
						capturedAfter += n
					} else {
						spentBefore += n
					}
				}
			case 4:
				if !refunded {
					for _, h := range holds {
						heldThen += h.Amount
					}
					refunded = true
					s.must(s.sim.RefundPurchase(id, true))
					s.settle()
				}
			}
		}
		for _, h := range holds {
			_, err := d.Release(t.Context(), key, h.ID)
			s.must(err)
		}
		if refunded && capturedAfter > heldThen+100 {
			t.Errorf("seed %d: %d credits were spent after the refund; %d were set aside then and 100 were a gift",
				seed, capturedAfter, heldThen)
		}
		if left := int64(s.credits(u)); refunded && left > 100 || !refunded && left != 600-spentBefore {
			t.Errorf("seed %d: %d credits are left; refunded: %v, spent before: %d", seed, left, refunded, spentBefore)
		}
	}
	s.must(s.service.CheckAlerts(t.Context()))
	if n := s.count(`select count(*) from purchases where held_back > 0`); n != 0 {
		t.Errorf("%d purchases wait for holds that have ended", n)
	}
	s.booksAddUp()
}
