package platform

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// How answers of an app's own checks are counted against ours.
const (
	shadowEvery     = 2 * time.Second // counts are written together
	shadowCustomers = 1000            // of each feature that are kept by name
)

// A Shadow is how often both checks agreed about a feature.
type Shadow struct {
	Feature   string
	Agreed    int64
	OnlyHere  int64 // Tijori allowed it, the app's own check did not
	OnlyThere int64 // the other way round
	FirstAt   time.Time
	LastAt    time.Time
	Customers []Differing // with differences, those with most first, twenty at most
}

// A Differing is a customer about whom the two checks differed.
type Differing struct {
	Customer            string
	OnlyHere, OnlyThere int64
	LastAt              time.Time
}

type shadowKey struct{ app, feature, customer string }

type shadowCount struct{ agreed, onlyHere, onlyThere int64 }

// Shadow is Check, and counts whether the app's own check said the same. A customer whom the app has not brought here is
// one whom we allow nothing. Only a server key may count.
func (s *Service) Shadow(
	ctx context.Context, h postgres.Holder, feature string, need int64, theirs bool,
) (Check, error) {
	if h.Origin != "" { // a token: whoever holds one could count what they like
		return Check{}, errScope
	}
	c, err := s.Check(ctx, h, feature, need)
	unknown := fault.Is(err, fault.NotFound)
	if err != nil && !unknown {
		return c, err
	}
	app, e := s.appOf(ctx, h, ReadCustomers)
	if e != nil {
		return c, e
	}
	if len(h.Customer) > MaxCustomer || !customerID.MatchString(h.Customer) {
		return c, err
	}
	s.count(shadowKey{app.ID, feature, h.Customer}, c.Allowed && !unknown, theirs)
	return c, err
}

func (s *Service) count(k shadowKey, ours, theirs bool) {
	n := shadowCount{agreed: 1}
	switch {
	case ours && !theirs:
		n = shadowCount{onlyHere: 1}
	case theirs && !ours:
		n = shadowCount{onlyThere: 1}
	}
	s.shadowMu.Lock()
	defer s.shadowMu.Unlock()
	if s.shadows == nil {
		s.shadows = map[shadowKey]shadowCount{}
		time.AfterFunc(shadowEvery, func() {
			if err := s.flushShadows(context.Background()); err != nil {
				s.log.Warn("count checks", "error", err)
			}
		})
	}
	s.addShadow(shadowKey{app: k.app, feature: k.feature}, n)
	if n.agreed == 0 && len(s.shadows) < 10*shadowCustomers {
		s.addShadow(k, n)
	}
}

func (s *Service) addShadow(k shadowKey, n shadowCount) {
	have := s.shadows[k]
	s.shadows[k] = shadowCount{have.agreed + n.agreed, have.onlyHere + n.onlyHere, have.onlyThere + n.onlyThere}
}

// flushShadows adds what was counted to what is in the database. What cannot be written is lost: they are counts.
func (s *Service) flushShadows(ctx context.Context) error {
	s.shadowMu.Lock()
	counted := s.shadows
	s.shadows = nil
	s.shadowMu.Unlock()
	byApp := map[string]*pgx.Batch{}
	for k, n := range counted {
		if byApp[k.app] == nil {
			byApp[k.app] = &pgx.Batch{}
		}
		byApp[k.app].Queue(`
			insert into shadow_checks as c (app_id, feature, customer, agreed, only_here, only_there)
			select $1, $2, $3, $4, $5, $6
			 where $3 = '' or (select count(*) from shadow_checks o where o.app_id = $1 and o.feature = $2) <= $7
			on conflict on constraint shadow_checks_pkey do update
			   set agreed = c.agreed + excluded.agreed, only_here = c.only_here + excluded.only_here,
			       only_there = c.only_there + excluded.only_there, last_at = now()`,
			k.app, k.feature, k.customer, n.agreed, n.onlyHere, n.onlyThere, shadowCustomers)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for app, b := range byApp {
		err := s.db.AsBilling(ctx, postgres.Work{App: app},
			func(tx pgx.Tx) error { return tx.SendBatch(ctx, b).Close() })
		if err != nil {
			return fmt.Errorf("keep counts of %s: %w", app, err)
		}
	}
	return nil
}

// Shadows lists what was counted for the app of a server key.
func (s *Service) Shadows(ctx context.Context, h postgres.Holder) (list []Shadow, err error) {
	h.Customer = ""
	app, err := s.appOf(ctx, h, WriteCustomers)
	if err != nil {
		return nil, err
	}
	if err := s.flushShadows(ctx); err != nil {
		return nil, err
	}
	err = s.db.ReadHeld(ctx, app.ID, h, func(b *pgx.Batch) {
		b.Queue(`
			select c.feature, c.customer, c.agreed, c.only_here, c.only_there, c.first_at, c.last_at
			  from tijori_plans.shadow_list() c`).Query(func(rows pgx.Rows) (err error) {
			list, err = scanShadows(rows)
			return err
		})
	})
	return list, told(err)
}

// ShadowsHere is Shadows for who runs the server.
func ShadowsHere(ctx context.Context, db *postgres.DB, app string) (list []Shadow, err error) {
	err = db.AsBilling(ctx, postgres.Work{App: app}, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select r.feature, r.customer, r.agreed, r.only_here, r.only_there, r.first_at, r.last_at
			  from (select c.*, row_number() over (partition by c.feature
			               order by c.customer <> '', c.only_here + c.only_there desc, c.customer) as place
			          from shadow_checks c where c.app_id = $1) r
			 where r.place <= 21 order by r.feature, r.place`, app)
		if err != nil {
			return err
		}
		list, err = scanShadows(rows)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read counts of %s: %w", app, err)
	}
	return list, nil
}

// ForgetShadowsHere begins to count anew.
func ForgetShadowsHere(ctx context.Context, db *postgres.DB, app string) error {
	return db.AsBilling(ctx, postgres.Work{App: app}, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `delete from shadow_checks where app_id = $1`, app)
		return err
	})
}

func scanShadows(rows pgx.Rows) (list []Shadow, err error) {
	defer rows.Close()
	for rows.Next() {
		var one Shadow
		var customer string
		err := rows.Scan(&one.Feature, &customer, &one.Agreed, &one.OnlyHere, &one.OnlyThere, &one.FirstAt, &one.LastAt)
		if err != nil {
			return nil, err
		}
		if customer == "" {
			list = append(list, one)
			continue
		}
		if n := len(list); n > 0 && list[n-1].Feature == one.Feature {
			list[n-1].Customers = append(list[n-1].Customers,
				Differing{customer, one.OnlyHere, one.OnlyThere, one.LastAt})
		}
	}
	return list, rows.Err()
}
