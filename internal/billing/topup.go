package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
	"github.com/tijorihq/tijori/internal/billing/stripe"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/postgres"
)

// TopUpPath is where a customer comes back to from a one-time purchase.
const TopUpPath = "/billing/usage"

// TopUpPriority is when bought credits burn: after those that were given.
const TopUpPriority = 30

// ReviewUnmappedPurchase is a one-time payment that nobody here has begun.
const ReviewUnmappedPurchase = "unmapped_purchase"

// A purchase is a row of purchases.
type purchase struct {
	account, id uuid.UUID
	provider    facts.Provider
	topUp       TopUp
	price       Price
	status      string
	url         string
	created     time.Time
	expires     time.Time
	found       bool // it was there, in creation, before this call
}

// StartTopUp opens a one-time purchase of credits for the caller's account and
// returns the provider's page. What it costs and brings comes from the plan file
// alone. Asking again for the same while it is unpaid returns the same page. The
// credits come with the provider's webhook. Faults as of StartCheckout.
func (s *Service) StartTopUp(
	ctx context.Context, c postgres.Caller, topUp string, provider facts.Provider,
) (string, error) {
	p, err := s.payer(ctx, c)
	if err != nil {
		return "", err
	}
	return s.TopUpFor(ctx, p, topUp, provider)
}

// TopUpFor is StartTopUp for a payer who is known.
func (s *Service) TopUpFor(ctx context.Context, p Payer, topUp string, provider facts.Provider) (string, error) {
	t, ok := s.plans.TopUp(topUp)
	price, priced := t.Price(provider)
	if !ok || !priced || !s.Sells(provider) {
		return "", errNotForSale
	}
	defer s.buying.lock(p.account)()
	row, err := s.reservePurchase(ctx, p, t, price)
	if err != nil {
		return "", err
	}
	if row.status == "open" {
		return row.url, nil
	}
	if err := s.openPurchase(ctx, p, row); err != nil {
		s.log.WarnContext(ctx, "open top-up", "provider", provider, "account", p.account, "error", err)
		var e *facts.APIError
		if errors.As(err, &e) && e.Status/100 == 4 && e.Status != 429 {
			return "", errors.Join(errProviderSays.Because(err), s.closePurchase(ctx, row))
		}
		return "", errProviderDown.Because(err)
	}
	return row.url, nil
}

// reservePurchase returns the account's unpaid purchase of the same at the same
// price, or writes a new one.
func (s *Service) reservePurchase(ctx context.Context, p Payer, t TopUp, price Price) (*purchase, error) {
	row := &purchase{account: p.account, provider: price.Provider, topUp: t, price: price, status: "creating"}
	err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		now := s.clock.Now()
		if err := claimCustomer(ctx, tx, p.account, price.Provider, now); err != nil {
			return err
		}
		var link *string
		err := tx.QueryRow(ctx, `
			select id, status, url, created_at, expires_at from purchases
			 where account_id = $1 and status in ('creating',
			     'open') and connection_id = $2 and top_up_id = $3 and credits = $4
			     and amount_minor = $5 and currency = $6
			   and expires_at > $7 order by created_at desc limit 1 for update`,
			p.account, price.Provider, t.ID, t.Credits, price.Amount.Minor, price.Amount.Currency,
			now.Add(time.Hour)).Scan(&row.id, &row.status, &link, &row.created, &row.expires)
		if err == nil {
			row.found = row.status == "creating"
			if link != nil {
				row.url = *link
			}
			return nil
		}
		if !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		if row.id, err = uuid.NewV7(); err != nil {
			return err
		}
		row.created, row.expires = now, now.Add(checkoutLife)
		_, err = tx.Exec(ctx, `
			insert into purchases (account_id, id, user_id, app_id, connection_id, provider, top_up_id, meter,
			    credits, days,
			    amount_minor, currency, status, created_at, expires_at)
			values ($1, $2, $3, current_setting('tijori.app'), $4, substring($4::text from '[a-z]+$'),
			    $5, $6, $7, $8, $9, $10,
			    'creating', $11, $12)`,
			p.account, row.id, p.user, price.Provider, t.ID, t.Meter, t.Credits, t.Days, price.Amount.Minor,
			price.Amount.Currency, row.created, row.expires)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reserve a top-up: %w", err)
	}
	return row, nil
}

// openPurchase asks the provider for the page. It may be repeated after a crash:
// Stripe answers the same by the idempotency key, Razorpay is searched first.
func (s *Service) openPurchase(ctx context.Context, p Payer, row *purchase) error {
	back := p.from(s.publicURL+TopUpPath+"?bought="+row.id.String(), "paid")
	bought := facts.Bought{
		UserID: p.user.String(), TopUpID: row.topUp.ID, Meter: row.topUp.Meter,
		Credits: row.topUp.Credits, Days: row.topUp.Days,
	}
	kind, id := "", ""
	if row.provider == facts.Stripe {
		var session *facts.Session
		err := s.withCustomer(ctx, p, func(customer, keySuffix string) (err error) {
			session, err = s.stripe.CreatePayment(ctx, stripe.SessionRequest{
				Key: "topup_" + row.id.String() + keySuffix, CustomerID: customer, AccountID: row.account.String(),
				CheckoutID: row.id.String(), PriceID: row.price.ProviderPrice, SuccessURL: back,
				CancelURL: p.from(s.publicURL+TopUpPath, "cancelled"),
				ExpiresAt: row.expires, Bought: bought,
			})
			return err
		})
		if err != nil {
			return err
		}
		kind, id, row.url = "session", session.ID, session.URL
	} else {
		var link *facts.Link
		var err error
		if row.found {
			if link, err = s.razorpay.FindLink(ctx, row.id.String()); err != nil {
				return err
			}
		}
		if link == nil {
			link, err = s.razorpay.CreateLink(ctx, razorpay.LinkRequest{
				AccountID: row.account.String(), PurchaseID: row.id.String(), Amount: row.price.Amount.Minor,
				Description: "Tijori, " + row.topUp.Name, CallbackURL: back, ExpireBy: row.expires, Bought: bought,
			})
			if err != nil {
				return err
			}
		}
		kind, id, row.url = "payment_link", link.ID, link.URL
	}
	return s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		if err := claimOwn(ctx, tx, row.provider, kind, id, row.account, s.clock.Now()); err != nil {
			return err
		}
		// Another node may have opened it meanwhile, or closed it because the provider makes one page only.
		if _, err := tx.Exec(ctx, `
			update purchases set status = 'open', provider_id = $3, url = $4
			 where account_id = $1 and id = $2 and provider_id is null and status <> 'paid'`,
			row.account, row.id, id, row.url); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `select url from purchases where account_id = $1 and id = $2`, row.account, row.id).
			Scan(&row.url)
	})
}

func (s *Service) closePurchase(ctx context.Context, row *purchase) error {
	return s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx,
			`update purchases set status = 'closed' where account_id = $1 and id = $2 and status = 'creating'`,
			row.account,
			row.id)
		return err
	})
}

// purchaseOf is the object of a one-time purchase that an event is about, "" for
// every other event.
func purchaseOf(ev *facts.Event) (kind, id string) {
	switch {
	case ev.Session != nil && ev.Session.Mode == "payment":
		return "session", ev.Session.ID
	case ev.Link != nil:
		return "payment_link", ev.Link.ID
	}
	return "", ""
}

// applyPurchase asks the provider how a one-time purchase stands, and grants what
// was bought when it is paid: once, under the lock of its directory row, by a key.
// One that nobody began here is parked for a person, unless nothing on it is ours:
// then it is of another product on the same provider account.
func (s *Service) applyPurchase(
	ctx context.Context, tx pgx.Tx, g gateway, kind, id string, ev *facts.Event,
) (uuid.UUID, *Review, error) {
	provider := g.Provider()
	account, err := lockOwner(ctx, tx, provider, kind, id)
	if err != nil {
		return uuid.Nil, nil, err
	}
	if account == uuid.Nil {
		if bears, err := s.bearsOurs(ctx, tx, provider, ev); err != nil || !bears {
			return uuid.Nil, &Review{notOurs, "", "payment " + id +
				" is of another product: nobody here began it, and nothing on it is ours"}, err
		}
		return uuid.Nil, &Review{ReviewUnmappedPurchase, "unmapped purchase " + id, "payment " + id +
			" was not begun by a purchase of ours"}, nil
	}
	paid, over, got, payment, err := s.paidOnce(ctx, kind, id)
	if err != nil {
		return uuid.Nil, nil, err
	}
	var row struct {
		id              uuid.UUID
		status          string
		meter, currency string
		credits, amount int64
		days            int
	}
	err = tx.QueryRow(ctx, `
		select id, status, meter, credits, days, amount_minor, currency from purchases
		    where account_id = $1 and connection_id = $2 and provider_id = $3 for update`,
		account, provider, id).Scan(
		&row.id, &row.status, &row.meter, &row.credits, &row.days, &row.amount, &row.currency)
	if err != nil {
		return uuid.Nil, nil, fmt.Errorf("look up purchase %s: %w", id, err)
	}
	now := s.clock.Now()
	switch {
	case row.status == "paid":
		return account, nil, nil
	case paid && (got.Minor != row.amount || got.Currency != row.currency):
		b := &pgx.Batch{}
		saveReview(b, provider, Review{ReviewAmountMismatch, "purchase " + id, "paid " + got.Format() +
			" for credits that cost another amount; nothing was granted"}, account, "", "", now)
		return account, nil, tx.SendBatch(ctx, b).Close()
	case paid:
		gone, err := erased(ctx, tx, account)
		if err != nil {
			return uuid.Nil, nil, err
		}
		if gone {
			b := &pgx.Batch{}
			saveReview(b, provider, Review{ReviewUnmappedPurchase, "erased purchase " + id, "paid " + got.Format() +
				" after the account was erased; nothing was granted. Give the money back"}, account, "", "", now)
			b.Queue(`update purchases set status = 'paid', paid_at = $3 where account_id = $1 and id = $2`,
				account, row.id, now)
			return account, nil, tx.SendBatch(ctx, b).Close()
		}
		if err := s.grantPurchase(ctx, tx, account, provider, id, row.id, row.meter, row.credits, row.days,
			now); err != nil || payment == "" {
			return account, nil, err
		}
		if err := claimOwn(ctx, tx, provider, "payment", payment, account, now); err != nil {
			return uuid.Nil, nil, err
		}
		if _, err := tx.Exec(ctx, `update purchases set payment_id = $3 where account_id = $1 and id = $2`,
			account, row.id,
			payment); err != nil {
			return uuid.Nil, nil, fmt.Errorf("settle purchase %s: %w", id, err)
		}
		// it may have been given back before we heard that it was paid
		return account, nil, s.takeBack(ctx, tx, g, account, payment)
	case over:
		_, err := tx.Exec(ctx, `update purchases set status = 'closed' where account_id = $1 and id = $2`,
			account, row.id)
		return account, nil, err
	}
	return account, nil, nil
}

// erased reports whether an account's rows are gone or going: nothing is written for it any more.
func erased(ctx context.Context, tx pgx.Tx, account uuid.UUID) (gone bool, err error) {
	if err := tx.QueryRow(ctx, `select erasing_at is not null from accounts where account_id = $1`, account).
		Scan(&gone); err != nil {
		return false, fmt.Errorf("whether account %s is erased: %w", account, err)
	}
	return gone, nil
}

func (s *Service) grantPurchase(ctx context.Context, tx pgx.Tx, account uuid.UUID, provider facts.Provider, id string,
	purchase uuid.UUID, meter string, credits int64, days int, now time.Time,
) error {
	grant, err := uuid.NewV7()
	if err != nil {
		return err
	}
	var expires *time.Time
	if days > 0 {
		end := now.AddDate(0, 0, days)
		expires = &end
	}
	if _, err := tx.Exec(ctx, `
		select tijori_credits.grant_credits($1, $2, $3, 'top_up', $4, $5, coalesce($6::timestamptz, 'infinity'),
		    $7, '', $8,
		    null, null, null, $9)`,
		account, meter, grant, credits, TopUpPriority, expires, "top-up "+purchase.String(),
		string(provider)+" "+id, now); err != nil {
		return fmt.Errorf("grant what was bought: %w", err)
	}
	if _, err := tx.Exec(ctx, `update purchases set status = 'paid', paid_at = $3 where account_id = $1 and id = $2`,
		account, purchase, now); err != nil {
		return fmt.Errorf("settle purchase %s: %w", id, err)
	}
	return nil
}

// paidOnce asks the provider whether a one-time purchase is paid, by which
// payment, or can be paid no more.
func (s *Service) paidOnce(
	ctx context.Context, kind, id string,
) (paid, over bool, got money.Amount, payment string, err error) {
	if kind == "session" {
		session, err := s.stripe.Session(ctx, id)
		if err != nil {
			return false, false, got, "", err
		}
		got = session.Total
		if session.Subtotal.Minor > 0 { // tax and a discount lie between
			got = session.Subtotal
		}
		return session.Status == "complete" &&
			session.PaymentStatus == "paid", session.Status == "expired", got, session.PaymentID, nil
	}
	link, err := s.razorpay.Link(ctx, id)
	if err != nil {
		return false, false, got, "", err
	}
	got = link.Amount
	got.Minor = link.Paid
	return link.Status == "paid", link.Status == "cancelled" || link.Status == "expired", got, link.PaymentID, nil
}

// QueuePurchaseOpen reads whether a purchase of the caller's account still waits for
// the provider's word.
func QueuePurchaseOpen(b *pgx.Batch, scope postgres.Scope, id uuid.UUID, into *bool) {
	*into = false
	b.Queue(`select exists (select from purchases where account_id = $1 and id = $2
		and status in ('creating', 'open'))`,
		scope.AccountID, id).
		QueryRow(func(row pgx.Row) error { return row.Scan(into) })
}
