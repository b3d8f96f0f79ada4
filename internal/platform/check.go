package platform

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// Kinds of what can be asked about.
const (
	Feature = "feature" // an entitlement of plans
	Limit   = "limit"   // how much of something a plan has room for
	Meter   = "meter"   // credits
)

// Why a check says what it says.
const (
	Included     = "included"               // the plan has the feature, or the room
	NotInPlan    = "not_in_plan"            // it lacks the feature
	OverLimit    = "over_limit"             // it has room for less
	Enough       = "enough_credits"         // there are as many
	Insufficient = "insufficient_credits"   // there are not
	MaxNeed      = int64(1_000_000_000_000) // of credits, or of what a plan limits
)

// A Check is the answer to whether a customer may do something now. Nothing was written, and nothing is set aside: what
// costs credits is decided by Consume or a hold alone.
type Check struct {
	Allowed   bool
	Reason    string
	Kind      string
	Plan      string // in force now
	Limit     *int64 // of a limit: how much the plan has room for; nil is without limit
	Balance   *int64 // of a meter: what can be spent
	UpgradeTo string // the lowest plan on sale with which it would be allowed, "" for none
	Revision  int64
}

type question struct {
	holder  postgres.Holder
	feature string
	need    int64
	refused string
	Check
}

var (
	errFeature = fault.InvalidField("feature", "No plan of this app names this, and no meter does.").
			Coded("unknown_feature")
	errNeed = fault.InvalidField("need", "This must be a whole number from 1 to %d.", MaxNeed)
)

// Check answers whether a customer may use a feature, has room for need of what the plan limits (all of it, not what
// is added), or has need credits of a meter. Faults: Invalid for what the app does not know, NotFound for a customer
// that it does not have, Unauthorized, Forbidden.
func (s *Service) Check(ctx context.Context, h postgres.Holder, feature string, need int64) (Check, error) {
	if need < 1 || need > MaxNeed {
		return Check{}, errNeed
	}
	if !plain(feature) || feature == "" || len(feature) > 100 {
		return Check{}, errFeature
	}
	app, err := s.appOf(ctx, h, ReadCustomers)
	if err != nil {
		return Check{}, err
	}
	q, err := s.asking.ask(ctx, question{holder: h, feature: feature, need: need})
	if err != nil {
		return Check{}, err
	}
	switch q.refused {
	case "":
	case "22023":
		return Check{}, errFeature
	case "28000":
		return Check{}, errNoKey
	case "42501":
		return Check{}, errScope
	default:
		return Check{}, errNoCustomer
	}
	q.explain(app.Plans, feature, need)
	return q.Check, nil
}

// explain says why, and what would change it.
func (c *Check) explain(plans *billing.Plans, feature string, need int64) {
	switch {
	case c.Kind == Meter && c.Allowed:
		c.Reason = Enough
	case c.Kind == Meter:
		c.Reason = Insufficient
	case c.Allowed:
		c.Reason = Included
	case c.Kind == Limit:
		c.Reason = OverLimit
	default:
		c.Reason = NotInPlan
	}
	if c.Allowed || c.Kind == Meter {
		return
	}
	present, _ := plans.ByID(c.Plan)
	for _, p := range plans.Sold() {
		most, limited := p.Limits[feature]
		if p.Rank > present.Rank && (p.Has(feature) || c.Kind == Limit && (!limited || most >= need)) {
			c.UpgradeTo = p.ID
			return
		}
	}
}

const (
	checkSQL = `
		select c.i, c.refused, c.allowed, coalesce(c.kind, ''), coalesce(c.plan, ''), c.most, c.balance,
		    coalesce(c.revision, 0)
		  from tijori_plans.check_customers($1::bytea[], $2::text[], $3::text[], $4::text[], $5::bigint[]) c`
	checkTime = 5 * time.Second // of one round trip
)

// answer asks the database about a batch: one statement, one round trip.
func (s *Service) answer(ctx context.Context, batch []*request[question]) {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	n := len(batch)
	hashes, needs := make([][]byte, n), make([]int64, n)
	customers, origins, features := make([]string, n), make([]string, n), make([]string, n)
	for i, r := range batch {
		h := &r.it.holder
		hashes[i], customers[i], origins[i] = h.Credential[:], h.Customer, h.Origin
		features[i], needs[i] = r.it.feature, r.it.need
	}
	answered := 0
	err := s.db.ReadQuestions(ctx, func(b *pgx.Batch) {
		b.Queue(checkSQL, hashes, customers, origins, features, needs).Query(func(rows pgx.Rows) error {
			for rows.Next() {
				var i int
				var c question
				err := rows.Scan(&i, &c.refused, &c.Allowed, &c.Kind, &c.Plan, &c.Limit, &c.Balance, &c.Revision)
				if err != nil {
					return err
				}
				if i < 1 || i > n {
					return fmt.Errorf("the database answered question %d of %d", i, n)
				}
				batch[i-1].it.refused, batch[i-1].it.Check = c.refused, c.Check
				answered++
			}
			return rows.Err()
		})
	})
	if err == nil && answered != n {
		err = fmt.Errorf("the database answered %d of %d questions", answered, n)
	}
	if err != nil { // it denies
		for _, r := range batch {
			r.err = fmt.Errorf("check: %w", err)
		}
	}
}
