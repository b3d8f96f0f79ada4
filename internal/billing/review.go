package billing

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/fault"
)

// A ReviewItem is something that only a person may decide.
type ReviewItem struct {
	Handle         string // short name, made from provider and key
	Provider       facts.Provider
	Key            string
	Reason         string
	Detail         string
	AccountID      uuid.UUID // zero when nobody is known
	SubscriptionID string
	EventID        string
	Status         string // open or resolved
	Times          int    // how often it was found
	OpenedAt       time.Time
	SeenAt         time.Time
	ResolvedAt     time.Time
	ResolvedBy     string
	Resolution     string
	SnoozedUntil   time.Time // until when no alert tells of it
}

// Assignable reports whether the item can be resolved by saying whose it is.
func (r ReviewItem) Assignable() bool {
	return r.Status == "open" && (r.Reason == ReviewUnmappedCustomer || r.Reason == ReviewUnmappedSubscription)
}

const handleSQL = `left(encode(sha256(convert_to(provider || ' ' || key, 'UTF8')), 'hex'), 16)`

// reviewsWhere lists items, newest first. The condition is a literal of this file's callers.
func reviewsWhere(ctx context.Context, tx pgx.Tx, condition string, args ...any) ([]ReviewItem, error) {
	rows, err := tx.Query(ctx, `
		select `+handleSQL+`, provider, key, reason, detail, account_id, subscription_id, event_id,
		   status, times, opened_at,
		    seen_at, resolved_at, resolved_by, resolution, snoozed_until
		  from review_items where `+condition+` order by opened_at desc, key limit 500`, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (ReviewItem, error) {
		var r ReviewItem
		var account *uuid.UUID
		var resolved, snoozed *time.Time
		err := row.Scan(&r.Handle, &r.Provider, &r.Key, &r.Reason, &r.Detail, &account, &r.SubscriptionID, &r.EventID,
			&r.Status, &r.Times, &r.OpenedAt, &r.SeenAt, &resolved, &r.ResolvedBy, &r.Resolution, &snoozed)
		if account != nil {
			r.AccountID = *account
		}
		r.ResolvedAt, r.SnoozedUntil = value(resolved), value(snoozed)
		return r, err
	})
}

// ListReviews lists the review queue, newest first: the open items, or those
// that were resolved.
func (s *Service) ListReviews(ctx context.Context, resolved bool) (list []ReviewItem, err error) {
	status := "open"
	if resolved {
		status = "resolved"
	}
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) (err error) {
		list, err = reviewsWhere(ctx, tx, `status = $1`, status)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the review queue: %w", err)
	}
	return list, nil
}

var errNoReview = fault.New(fault.NotFound, "There is no such review item.")

// ReviewByHandle returns one item with what was done about it. NotFound when
// there is none.
func (s *Service) ReviewByHandle(ctx context.Context, handle string) (item *ReviewItem, acts []Act, err error) {
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		item, err = reviewByHandle(ctx, tx, handle)
		if err != nil {
			return err
		}
		acts, err = actsOn(ctx, tx, item.subject())
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read review item: %w", err)
	}
	return item, acts, nil
}

func reviewByHandle(ctx context.Context, tx pgx.Tx, handle string) (*ReviewItem, error) {
	list, err := reviewsWhere(ctx, tx, handleSQL+` = $1`, handle)
	if err != nil {
		return nil, err
	}
	if len(list) != 1 {
		return nil, errNoReview
	}
	return &list[0], nil
}

// openItem returns an item and locks it. Conflict when it is resolved.
func openItem(ctx context.Context, tx pgx.Tx, handle string) (*ReviewItem, error) {
	item, err := reviewByHandle(ctx, tx, handle)
	if err != nil {
		return nil, err
	}
	var status string
	if err := tx.QueryRow(ctx, `select status from review_items where provider = $1 and key = $2 for update`,
		item.Provider, item.Key).Scan(&status); err != nil {
		return nil, err
	}
	if status != "open" {
		return nil, fault.New(fault.Conflict, "This item is resolved already.")
	}
	return item, nil
}

func (r ReviewItem) subject() string { return "review " + r.Handle }

// A Resolution is what a person decided about an item.
type Resolution struct {
	Handle string
	Who    string
	Reason string
	Assign uuid.UUID // the account that an unmapped customer or subscription belongs to; zero changes no mapping

	Do           string // one of the item's Choices; "" does nothing but close it
	Subscription string // of DoEnd
}

// ResolveReview closes an item with a reason, and writes down who did. With
// Assign it also says whose an unmapped customer or subscription is: from then
// on that holds for ever, and its parked events are applied. With Do it first does
// what the item offers as a choice. Nothing else about an account is changed by a
// resolution. Faults: NotFound, Conflict for what is resolved or belongs to another
// account already, Invalid without a reason, for an item that cannot be assigned and
// for what cannot be done about it.
func (s *Service) ResolveReview(ctx context.Context, r Resolution) error {
	ended := ""
	if r.Do == DoEnd {
		var err error
		if ended, err = s.endOne(ctx, r); err != nil {
			return fmt.Errorf("resolve review item: %w", err)
		}
	}
	err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		item, err := openItem(ctx, tx, r.Handle)
		if ended != "" && fault.Is(err, fault.Conflict) { // it has closed by itself with the end
			if item, err = reviewByHandle(ctx, tx, r.Handle); err != nil {
				return err
			}
			return saveAct(ctx, tx, Act{
				Who: r.Who, Act: "end", Provider: item.Provider, Subject: item.subject(),
				Reason: r.Reason, Detail: ended,
			})
		}
		if err != nil {
			return err
		}
		a := Act{
			Who: r.Who, Act: "resolve", Provider: item.Provider, Subject: item.subject(), Reason: r.Reason,
			Detail: item.Reason,
		}
		switch {
		case ended != "":
			a.Act, a.Detail = "end", ended
		case r.Do != "":
			c, err := s.choose(ctx, tx, item, r)
			if err != nil {
				return err
			}
			a.Act = "take_back"
			if a.Detail, err = s.moveCredits(ctx, tx, item, c, strings.TrimSpace(r.Reason)); err != nil {
				return err
			}
		case r.Assign != uuid.Nil:
			a.Act, a.Detail = "assign", "to account "+r.Assign.String()
			if err := s.assign(ctx, tx, item, r.Assign, s.clock.Now()); err != nil {
				return err
			}
		}
		if err := saveAct(ctx, tx, a); err != nil {
			return err
		}
		var account *uuid.UUID
		if r.Assign != uuid.Nil {
			account = &r.Assign
		}
		_, err = tx.Exec(ctx, `
			update review_items set status = 'resolved', resolved_at = $3, resolved_by = $4, resolution = $5,
			    snoozed_until = null, account_id = coalesce(account_id, $6)
			 where connection_id = $1 and key = $2`, item.Provider, item.Key, s.clock.Now(), r.Who,
			strings.TrimSpace(r.Reason),
			account)
		return err
	})
	if err != nil {
		return fmt.Errorf("resolve review item: %w", err)
	}
	s.Wake()
	return nil
}

// assign writes that the item's customer or subscription is an account's.
func (s *Service) assign(ctx context.Context, tx pgx.Tx, item *ReviewItem, account uuid.UUID, now time.Time) error {
	if !item.Assignable() {
		return fault.New(fault.Invalid, "Only an unmapped customer or subscription can be assigned to an account.")
	}
	if known, err := existingAccount(ctx, tx, account.String()); err != nil {
		return err
	} else if known == uuid.Nil {
		return fault.New(fault.NotFound, "There is no account with this ID.")
	}
	kind, id := "subscription", item.SubscriptionID
	if customer, ok := strings.CutPrefix(item.Key, "unmapped customer "); ok && customer != "" {
		kind, id = "customer", customer
	}
	if id == "" {
		return fault.New(fault.Invalid, "The item does not say which subscription it is about.")
	}
	whose, _, err := claim(ctx, tx, item.Provider, kind, id, account, now)
	if err != nil {
		return err
	}
	if whose != account {
		return fault.New(fault.Conflict, "It belongs to another account already.")
	}
	if kind == "customer" {
		if err := adoptCustomer(ctx, tx, item.Provider, id, account, now); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, `
		update inbox set status = 'received', attempts = 0, next_attempt_at = $3
		 where connection_id = $1 and status in ('parked', 'dead') and (event_id = $4 or subject <> '' and subject = $2)`,
		item.Provider, item.SubscriptionID, now, item.EventID)
	return err
}

// adoptCustomer lets an account check out with a customer that is its own now,
// unless it has one.
func adoptCustomer(
	ctx context.Context, tx pgx.Tx, provider facts.Provider, customer string, account uuid.UUID, now time.Time,
) error {
	_, err := tx.Exec(ctx, `
		insert into provider_customers (account_id, app_id, connection_id, provider, customer_id, claimed_at)
		values ($1, current_setting('tijori.app'), $2, substring($2::text from '[a-z]+$'), $3, $4)
		on conflict (account_id, connection_id) do update
		    set customer_id = coalesce(provider_customers.customer_id, excluded.customer_id)`,
		account, provider, customer, now)
	return err
}
