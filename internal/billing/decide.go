package billing

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/strictjson"
)

// What a resolution can do beside closing its item.
const (
	DoTakeBack = "take_back" // take the credits back that are left of what the money was for
	DoGiveBack = "give_back" // give back what was taken so
	DoEnd      = "end"       // end a subscription at once
)

// A Choice is something that can be done about an item as part of resolving it.
type Choice struct {
	Do           string
	Subscription string // of DoEnd: the provider's id
	Label        string

	lots []lot
}

// A lot is what is left of one grant, and what was taken back of it.
type lot struct {
	meter        string
	grant        uuid.UUID
	amount, left int64
	taken        int64
}

// Choices lists what can be done about an open item from here. When there is
// nothing, why says so. NotFound when there is no such item.
func (s *Service) Choices(ctx context.Context, handle string) (list []Choice, why string, err error) {
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		item, err := reviewByHandle(ctx, tx, handle)
		if err != nil || item.Status != "open" {
			return err
		}
		list, why, err = s.choices(ctx, tx, item)
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("what can be done about a review item: %w", err)
	}
	return list, why, nil
}

func (s *Service) choices(ctx context.Context, tx pgx.Tx, item *ReviewItem) (list []Choice, why string, err error) {
	if item.Assignable() {
		return nil, "Say whose it is, or end and refund it at the provider.", nil
	}
	ends, credits := false, false
	switch item.Reason {
	case ReviewMultipleActive:
		ends = true
	case ReviewRefundFull, ReviewRefundPartial, ReviewDispute:
		ends, credits = true, true
	case ReviewDisputeLost:
		return nil, "What was left of its credits is taken back already; what was spent is spent.", nil
	default:
		return nil, "Nothing can be done about it from here but to decide and to close it.", nil
	}
	if item.AccountID == uuid.Nil {
		return nil, "Nobody here is known to have paid this.", nil
	}
	if ends {
		subs, err := subscriptionsOf(ctx, tx, item.AccountID)
		if err != nil {
			return nil, "", err
		}
		list = s.endings(item, subs)
	}
	if credits {
		lots, err := s.lotsOf(ctx, tx, item)
		if err != nil {
			return nil, "", err
		}
		list = append(list, creditChoices(lots)...)
	}
	if len(list) == 0 {
		why = "Nothing is left to be ended or taken back here."
		if item.Reason == ReviewMultipleActive {
			why = "Its subscriptions can be ended at the provider only, or have ended."
		}
	}
	return list, why, nil
}

// endings are the subscriptions of an item that still charge and that can be ended here.
func (s *Service) endings(item *ReviewItem, subs []Subscription) (list []Choice) {
	for _, sub := range subs {
		named := sub.ID == item.SubscriptionID && sub.Provider == item.Provider
		if item.Reason == ReviewMultipleActive {
			named = slices.Contains(strings.Fields(item.Key)[1:], sub.ID)
		}
		if !named || !sub.Live() || s.gateways[sub.Provider] == nil {
			continue
		}
		label := fmt.Sprintf("End %s at %s now", sub.ID, sub.Provider.Name())
		if p, ok := s.plans.ByID(sub.PlanID); ok {
			label += ", plan " + p.Name
		}
		if !sub.PaidThrough.IsZero() {
			label += ", paid until " + moment(sub.PaidThrough)
		}
		list = append(list, Choice{
			Do: DoEnd, Subscription: sub.ID,
			Label: label + "; a refund is made at the provider",
		})
	}
	return list
}

func creditChoices(lots []lot) (list []Choice) {
	var left, taken int64
	for _, l := range lots {
		left, taken = left+l.left, taken+l.taken
	}
	if left > 0 {
		list = append(list, Choice{Do: DoTakeBack, Label: fmt.Sprintf("Take back the %d credits that are left of it",
			left), lots: lots})
	}
	if taken > 0 {
		list = append(list, Choice{Do: DoGiveBack, Label: fmt.Sprintf("Give back the %d credits that were taken for it",
			taken), lots: lots})
	}
	return list
}

// lotsOf are the grants that the item's money has brought: of a subscription its
// allowances that have not ended; of a disputed purchase what it bought. A refund of
// a purchase has taken its credits by itself.
func (s *Service) lotsOf(ctx context.Context, tx pgx.Tx, item *ReviewItem) ([]lot, error) {
	source, grant := "", ""
	switch {
	case item.SubscriptionID != "":
		source = string(item.Provider) + " " + item.SubscriptionID
	case item.Reason == ReviewDispute:
		payment, err := s.disputedPayment(ctx, tx, item)
		if err != nil || payment == "" {
			return nil, err
		}
		err = tx.QueryRow(ctx, `
			select 'top-up ' || id::text from purchases where account_id = $1 and connection_id = $2 and payment_id = $3`,
			item.AccountID, item.Provider, payment).Scan(&grant)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("look up the purchase of %s: %w", payment, err)
		}
	default:
		return nil, nil
	}
	rows, err := tx.Query(ctx, `
		select g.meter, g.id, g.amount,
		    coalesce(l.lot_left, 0) + case when b.lot_grant = g.id then b.lot_left else 0 end,
		    coalesce(r.taken, 0)
		  from credit_grants g
		  join credit_balances b on b.account_id = g.account_id and b.meter = g.meter
		  left join credit_lots l on l.account_id = g.account_id and l.meter = g.meter and l.grant_id = g.id
		  left join credit_reclaims r on r.account_id = g.account_id and r.meter = g.meter and r.grant_id = g.id
		 where g.account_id = $1 and g.expires_at > $4
		     and ($2 <> '' and (g.source = $2 or starts_with(g.source, $2 || ' ')) or $3 <> '' and g.key = $3)
		 order by g.created_at, g.id`, item.AccountID, source, grant, s.clock.Now())
	if err != nil {
		return nil, fmt.Errorf("look up credits: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l lot, err error) {
		return l, row.Scan(&l.meter, &l.grant, &l.amount, &l.left, &l.taken)
	})
	if err != nil {
		return nil, fmt.Errorf("look up credits: %w", err)
	}
	return list, nil
}

// disputedPayment is the payment of an item's dispute, by the event that told of it;
// "" when that is not kept.
func (s *Service) disputedPayment(ctx context.Context, tx pgx.Tx, item *ReviewItem) (string, error) {
	g := s.gateways[item.Provider]
	if g == nil {
		return "", nil
	}
	var raw, body []byte
	err := tx.QueryRow(ctx, `select headers, body from inbox where provider = $1 and event_id = $2`, item.Provider,
		item.EventID).Scan(&raw, &body)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read event %s: %w", item.EventID, err)
	}
	var kept map[string]string
	if err := strictjson.DecodeOpen(raw, &kept); err != nil {
		return "", fmt.Errorf("read event %s: %w", item.EventID, err)
	}
	h := http.Header{}
	for k, v := range kept {
		h.Set(k, v)
	}
	ev, err := g.Decode(h, body)
	if err != nil {
		return "", nil // it cannot be read any more: nothing is known of its payment
	}
	return paymentOf(ev), nil
}

// choose returns the choice that a resolution names. Invalid, with the reason, when
// that cannot be done.
func (s *Service) choose(ctx context.Context, tx pgx.Tx, item *ReviewItem, r Resolution) (Choice, error) {
	list, why, err := s.choices(ctx, tx, item)
	if err != nil {
		return Choice{}, err
	}
	for _, c := range list {
		if c.Do == r.Do && (r.Do != DoEnd || c.Subscription == r.Subscription) {
			return c, nil
		}
	}
	if why == "" {
		return Choice{}, fault.InvalidField("do", "This cannot be done about the item.")
	}
	return Choice{}, fault.InvalidField("do", "This cannot be done about the item: %s", why)
}

// moveCredits takes back what is left of a choice's lots, or gives back what was
// taken, and says how many credits that were.
func (s *Service) moveCredits(ctx context.Context, tx pgx.Tx, item *ReviewItem, c Choice, why string) (string, error) {
	var before, after int64
	for _, l := range c.lots {
		total := l.amount
		if c.Do == DoGiveBack {
			total = 0
		}
		var taken, held int64
		if err := tx.QueryRow(ctx,
			`select t.taken, t.held from tijori_credits.take_back_credits($1, $2, $3, $4, $5, $6) t`,
			item.AccountID, l.meter, l.grant, total, why, s.clock.Now()).Scan(&taken, &held); err != nil {
			return "", fmt.Errorf("take credits back: %w", err)
		}
		before, after = before+l.taken, after+taken
	}
	if c.Do == DoGiveBack {
		return fmt.Sprintf("%d credits given back", before-after), nil
	}
	return fmt.Sprintf("%d credits taken back", after-before), nil
}

// endOne ends the subscription that a resolution names, at once, and returns what
// was done. The item may have closed by that.
func (s *Service) endOne(ctx context.Context, r Resolution) (string, error) {
	if len(strings.TrimSpace(r.Reason)) < 3 {
		return "", errNoReason // before anything is ended
	}
	var sub Subscription
	err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		item, err := openItem(ctx, tx, r.Handle)
		if err != nil {
			return err
		}
		if _, err := s.choose(ctx, tx, item, r); err != nil {
			return err
		}
		subs, err := subscriptionsOf(ctx, tx, item.AccountID)
		for _, have := range subs {
			if have.ID == r.Subscription {
				sub = have
			}
		}
		return err
	})
	if err != nil {
		return "", err
	}
	defer s.buying.lock(sub.AccountID)()
	if _, err := s.end(ctx, sub.AccountID, sub, true); err != nil {
		return "", err
	}
	return "subscription " + sub.ID + " was ended", nil
}
