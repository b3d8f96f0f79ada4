package billing

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
	"github.com/tijorihq/tijori/internal/billing/stripe"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/postgres"
)

// Where customers come back to. Package web serves these.
const (
	ReturnPath         = "/billing/return"          // GET, from Stripe: ?provider=stripe&session_id=…
	RazorpayReturnPath = "/billing/return/razorpay" // POST, from Razorpay's site, so without our session cookie
	CancelPath         = "/billing"
	PayPath            = "/pay/" // and a token: a customer of an app goes from there to Razorpay's page, and comes back
)

// checkoutLife is how long a checkout can be paid.
const checkoutLife = 12 * time.Hour

// cycles is how many periods a Razorpay subscription runs at most: ten years,
// which is what Razorpay lets anybody charge for.
var cycles = map[string]int{Month: 120, Year: 10}

// A Checkout leads the customer to the provider's page.
type Checkout struct {
	ID       uuid.UUID
	Provider facts.Provider
	Price    Price
	URL      string    // the provider's hosted page, to redirect to (GET)
	Expires  time.Time // when it can no longer be paid
	Starts   time.Time // Razorpay: when it begins and is charged for, zero for at once
	// Razorpay: the hosted checkout that comes back to us; the browser posts it instead of following URL
	Form    *Form
	Account string // the name of the account that will pay, for the page
}

// A Form is posted by the customer's browser to the provider.
type Form struct {
	Action string
	Fields []Field
}

// A Field is a hidden input.
type Field struct{ Name, Value string }

// Faults of a checkout.
var (
	errNoSeats    = fault.InvalidField("seats", "This plan is not sold by the seat.").Coded("no_seats")
	errNotForSale = fault.New(fault.Invalid, "This plan is not for sale that way.")
	errOwnersOnly = fault.New(fault.Forbidden, "Only the owner of the account can do this.")
	errSubscribed = fault.New(fault.Conflict,
		"This account has a subscription already. Cancel it or wait for its end before you buy another.").
		Coded("already_subscribed")
	errProviderDown = fault.New(fault.Unavailable,
		"The payment provider does not respond. Nothing was charged; please try again in a minute.").
		Coded("provider_unreachable")
	errProviderSays = fault.New(fault.Unavailable,
		"The payment provider refused to open a checkout. Nothing was charged.").Coded("provider_refused")
	errProviderRefused = fault.New(fault.Unavailable,
		"The payment provider refused this. Nothing was changed; please try again in a minute.").Coded("provider_refused")
)

// A Payer is whose account pays, as the database has said it.
type Payer struct {
	user    uuid.UUID // zero: the program of an app asks for its customer
	account uuid.UUID
	email   string
	name    string // of the account
	back    string // where an app's customer goes from the provider's page, "" for our own pages
}

// CustomerOf is the customer of an app, whose account tijori_access.customer_account has named. back is an address of
// the app, which has been held against its origins.
func CustomerOf(account uuid.UUID, name, email, back string) Payer {
	return Payer{account: account, email: email, name: name, back: back}
}

// from is where a payer goes from a provider's page: our own, or the app's with what has come of it.
func (p Payer) from(own, result string) string {
	if p.back == "" {
		return own
	}
	u, err := url.Parse(p.back)
	if err != nil {
		return own
	}
	q := u.Query()
	q.Set("tijori", result)
	u.RawQuery = q.Encode()
	return u.String()
}

// BackWith is where a customer of an app goes from a provider's page, with what has come of it.
func (p Payer) BackWith(result string) string { return p.from(CancelPath, result) }

// payer looks up who pays; only an owner may.
func (s *Service) payer(ctx context.Context, c postgres.Caller) (p Payer, err error) {
	err = s.db.As(ctx, c, func(tx *postgres.Tx) error {
		if !tx.Scope.Rights.Owns {
			return errOwnersOnly
		}
		p.user, p.account = tx.Scope.UserID, tx.Scope.AccountID
		if err := tx.QueryRow(ctx, `select email from tijori_access.team() where user_id = $1 limit 1`, p.user).
			Scan(&p.email); err != nil {
			return fmt.Errorf("look up the payer: %w", err)
		}
		return tx.QueryRow(ctx, `select name from accounts where account_id = $1`, p.account).Scan(&p.name)
	})
	return p, err
}

// StartCheckout opens a purchase of a plan for the caller's account and returns
// where to send the browser. The account and its address come from the
// caller's credential alone. Calling it again returns the checkout that is
// open; asking for another plan closes it first. The providers are asked first about
// what the account has, so that nothing is bought by what an event has not told yet.
// Faults: Invalid for what is not sold, Forbidden for all but owners, Conflict with a living subscription,
// Unavailable when the provider does not answer.
func (s *Service) StartCheckout(
	ctx context.Context, c postgres.Caller, plan, interval string, provider facts.Provider,
) (*Checkout, error) {
	p, err := s.payer(ctx, c)
	if err != nil {
		return nil, err
	}
	return s.CheckoutFor(ctx, p, plan, interval, provider, 1)
}

// CheckoutFor is StartCheckout for a payer who is known, of as many seats as they want: 1 where a plan is not sold by
// the seat.
func (s *Service) CheckoutFor(
	ctx context.Context, p Payer, plan, interval string, provider facts.Provider, seats int64,
) (*Checkout, error) {
	price, ok := s.plans.Price(plan, interval, provider)
	if !ok || !s.Sells(provider) {
		return nil, errNotForSale
	}
	if err := s.checkSeats(plan, seats); err != nil {
		return nil, err
	}
	defer s.buying.lock(p.account)() // on this node; other nodes meet in the database
	if err := s.catchUp(ctx, p.account); err != nil {
		return nil, err
	}
	return s.purchase(ctx, p, wish{price: price, seats: seats})
}

// checkSeats refuses a number of seats that a plan is not sold for.
func (s *Service) checkSeats(plan string, seats int64) error {
	p, _ := s.plans.ByID(plan)
	switch most := p.MostSeats(); {
	case seats >= 1 && seats <= most:
		return nil
	case !p.PerSeat:
		return errNoSeats
	default:
		return fault.InvalidField("seats", "From 1 to %d seats of this plan can be bought.", most).Coded("seats")
	}
}

// A wish is what an owner wants to buy.
type wish struct {
	price Price
	seats int64
	// Razorpay: the subscription that it follows and that ends when it is paid, "" for none, and when its first
	// period begins then, zero for at once
	replaces string
	starts   time.Time
	gone     []string // subscriptions that the provider does not know any more, so that they charge nobody
}

// catchUp brings every subscription of an account that may still charge to the provider's present
// state. An event may be late or lost, and whoever buys, changes or cancels decides about money.
func (s *Service) catchUp(ctx context.Context, account uuid.UUID) error {
	var subs []Subscription
	err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) (err error) {
		subs, err = subscriptionsOf(ctx, tx, account)
		return err
	})
	if err != nil {
		return err
	}
	for _, sub := range subs {
		if !sub.Live() || s.gateways[sub.Provider] == nil {
			continue
		}
		if _, err := s.bring(ctx, sub.Provider, sub.ID, account, nil); err != nil && !facts.IsMissing(err) {
			return errProviderDown.Because(err)
		}
	}
	return nil
}

// look is catchUp for a page that changes nothing: where a provider does not answer it shows what is known.
func (s *Service) look(ctx context.Context, account uuid.UUID) {
	if err := s.catchUp(ctx, account); err != nil {
		s.log.WarnContext(ctx, "ask what is paid", "account", account, "error", err)
	}
}

// Ahead is what an account has paid for already when it buys a plan again.
type Ahead struct {
	Plan   string    // that is paid for, "" for none
	Until  time.Time // until when
	Starts time.Time // when the new one begins, so that no day is paid twice; zero is at once
}

// PaidAhead says what the caller's account has paid for beyond now, by a subscription that
// ends or has ended, and when a purchase of a plan would begin. The providers are asked first, as a
// purchase does; where one does not answer it says what is known. Forbidden for all but owners.
func (s *Service) PaidAhead(
	ctx context.Context, c postgres.Caller, plan, interval string, provider facts.Provider,
) (Ahead, error) {
	price, ok := s.plans.Price(plan, interval, provider)
	if !ok {
		return Ahead{}, errNotForSale
	}
	const seats = 1 // an account's own plans are not sold by the seat
	p, err := s.payer(ctx, c)
	if err != nil {
		return Ahead{}, err
	}
	defer s.buying.lock(p.account)()
	s.look(ctx, p.account)
	var out Ahead
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		now := s.clock.Now()
		subs, err := subscriptionsOf(ctx, tx, p.account)
		subs = slices.DeleteFunc(subs, func(sub Subscription) bool { // beside it nothing can be bought
			return sub.Blocks(now) && !sub.CancelAtPeriodEnd
		})
		out = s.ahead(subs, price, seats, now)
		return err
	})
	return out, err
}

// ahead is what subscriptions that give a plan are paid for beyond now: the one that reaches
// furthest of those that give at least what a price is for, or else the highest plan. At Razorpay
// a plan that is no higher than one that is paid for begins when that has run out. A higher one
// begins at once, and so does one at Stripe.
func (s *Service) ahead(subs []Subscription, price Price, seats int64, now time.Time) (out Ahead) {
	for _, sub := range subs {
		if !sub.Grants(now) || !sub.PaidThrough.After(now.Add(leastAhead)) {
			continue
		}
		switch enough := !s.more(price.Plan, seats, sub); {
		case enough && sub.PaidThrough.After(out.Starts):
			out = Ahead{sub.PlanID, sub.PaidThrough, sub.PaidThrough}
		case !enough && out.Starts.IsZero() && (out.Plan == "" || s.higher(sub.PlanID, out.Plan)):
			out = Ahead{sub.PlanID, sub.PaidThrough, time.Time{}}
		}
	}
	if price.Provider == facts.Stripe {
		out.Starts = time.Time{}
	}
	return out
}

// leastAhead is how much paid time is worth waiting for.
const leastAhead = 2 * time.Hour

// india is the zone in which Razorpay's cycles begin at midnight.
var india = time.FixedZone("IST", 5*3600+1800)

// startMargin is how long before its beginning a plan that begins later must be approved.
const startMargin = time.Hour

// purchase opens or finds the account's checkout of what is wished for. The caller holds the account's lock
// and has caught up with the providers.
func (s *Service) purchase(ctx context.Context, p Payer, w wish) (*Checkout, error) {
	for range 5 {
		row, stale, others, err := s.reserve(ctx, p, w)
		if err != nil {
			return nil, err
		}
		if len(others) > 0 { // they give nothing: whoever buys again does not want them revived and charged
			for _, sub := range others {
				if _, err := s.end(ctx, p.account, sub, true); facts.IsMissing(err) {
					w.gone = append(w.gone, sub.ID)
				} else if err != nil {
					return nil, err
				}
			}
			continue
		}
		if stale != nil {
			if err := s.close(ctx, stale); err != nil {
				return nil, err
			}
		}
		if row == nil {
			continue
		}
		if row.status == "open" {
			paid, err := s.paidMeanwhile(ctx, row)
			if err != nil {
				return nil, err
			}
			if paid {
				return nil, errSubscribed
			}
		} else if err := s.open(ctx, p, row); errors.Is(err, errElsewhere) {
			continue
		} else if err != nil {
			return nil, err
		}
		if p.back != "" && row.provider == facts.Razorpay {
			if row.url, err = s.leadBack(ctx, p, row); err != nil {
				return nil, err
			}
		}
		return s.checkout(p, row, w.price), nil
	}
	return nil, errProviderSays
}

// reserved is a row of checkouts.
type reserved struct {
	account, id    uuid.UUID
	provider       facts.Provider
	price          string
	status         string
	session        string
	subscription   string
	url            string
	created        time.Time
	expires        time.Time
	starts         time.Time // Razorpay: of the first period, zero for at once
	replaces       string    // Razorpay: the subscription that ends when this is paid, "" for none
	seats          int64
	priceOf        Price
	foundUnstarted bool // it was there, in creation, before this call
}

// reserve returns the account's one living checkout if it is for what is wished,
// makes one if there is none, and returns a different one as stale. With
// neither it is to be called again. others are subscriptions that give nothing and stand in the
// way: they are to be ended first. A purchase that is open already keeps what it replaces while that is
// not ended. When the first period begins is decided here, under the lock of the account's
// purchases and by what is paid at this moment.
func (s *Service) reserve(
	ctx context.Context, p Payer, w wish,
) (row, stale *reserved, others []Subscription, err error) {
	price := w.price
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		row, stale, others = nil, nil, nil
		now := s.clock.Now()
		if err := claimCustomer(ctx, tx, p.account, price.Provider, now); err != nil {
			return err
		}
		subs, err := subscriptionsOf(ctx, tx, p.account)
		if err != nil {
			return err
		}
		have, err := livingCheckout(ctx, tx, p.account)
		if err != nil {
			return err
		}
		same := have != nil && have.price == price.ProviderPrice && have.provider == price.Provider &&
			have.seats == w.seats &&
			have.expires.After(now.Add(5*time.Minute))
		starts, replaced := w.starts, w.replaces
		if same && replaced == "" && slices.ContainsFunc(subs, func(sub Subscription) bool {
			return sub.Provider == have.provider && sub.ID == have.replaces && sub.Live()
		}) {
			starts, replaced = have.starts, have.replaces
		}
		for _, sub := range subs {
			switch {
			case sub.ID == replaced && sub.Provider == price.Provider:
			case sub.Blocks(now):
				return errSubscribed
			case sub.idle(now) && s.gateways[sub.Provider] != nil && !slices.Contains(w.gone, sub.ID):
				others = append(others, sub)
			}
		}
		if len(others) > 0 {
			return nil
		}
		if replaced == "" {
			starts = s.ahead(subs, price, w.seats, now).Starts
		} else if starts.Before(s.ahead(subs, price, w.seats, now).Starts) {
			return errAmountChanged // what it follows has been paid for since
		}
		switch {
		case same && replaced == have.replaces && starts.Equal(have.starts):
			have.priceOf, have.foundUnstarted = price, have.status == "creating"
			row = have
			return nil
		case have != nil:
			stale = have
			return nil
		}
		id, err := uuid.NewV7()
		if err != nil {
			return err
		}
		row = &reserved{
			account: p.account, id: id, provider: price.Provider, price: price.ProviderPrice, status: "creating",
			created: now, expires: now.Add(checkoutLife), starts: starts, replaces: replaced, priceOf: price,
			seats: w.seats,
		}
		if !starts.IsZero() { // later it would be paid at once, and what it follows may have renewed
			row.expires = earliest(row.expires, starts.Add(-startMargin))
		}
		tag, err := tx.Exec(ctx, `
			insert into checkouts (account_id, id, user_id, app_id, connection_id, provider, plan_id, period,
			    price_id, status,
			    created_at, expires_at, starts_at, replaces, quantity)
			values ($1, $2, $3, current_setting('tijori.app'), $4, substring($4::text from '[a-z]+$'),
			    $5, $6, $7, 'creating', $8, $9, $10, $11, $12)
			on conflict do nothing`,
			row.account, row.id, p.user, row.provider, price.Plan, price.Interval, row.price, row.created, row.expires,
			null(row.starts), nullText(row.replaces), row.seats)
		if err == nil && tag.RowsAffected() == 0 {
			row = nil // another node was first, at the other provider
		}
		return err
	})
	if err != nil {
		return nil, nil, nil, fmt.Errorf("reserve a checkout: %w", err)
	}
	return row, stale, others, nil
}

func livingCheckout(ctx context.Context, tx pgx.Tx, account uuid.UUID) (*reserved, error) {
	r := &reserved{account: account}
	var session, subscription, url, replaces *string
	var starts *time.Time
	err := tx.QueryRow(ctx, `
		select id, provider, price_id, status, session_id, subscription_id, url, created_at, expires_at,
		    starts_at, replaces, quantity
		  from checkouts where account_id = $1 and status in ('creating', 'open') for update`, account).
		Scan(&r.id, &r.provider, &r.price, &r.status, &session, &subscription, &url, &r.created, &r.expires, &starts,
			&replaces, &r.seats)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look up the living checkout: %w", err)
	}
	for to, from := range map[*string]*string{
		&r.session: session, &r.subscription: subscription, &r.url: url,
		&r.replaces: replaces,
	} {
		if from != nil {
			*to = *from
		}
	}
	r.starts = value(starts)
	return r, nil
}

// open asks the provider for the page of a reserved checkout. It may be
// repeated after a crash or on another node: Stripe answers the same again by
// the idempotency key, Razorpay is searched for the checkout's id first.
func (s *Service) open(ctx context.Context, p Payer, r *reserved) error {
	var err error
	if r.provider == facts.Stripe {
		err = s.openStripe(ctx, p, r)
	} else {
		err = s.openRazorpay(ctx, r)
	}
	if err == nil {
		r.status = "open"
		return nil
	}
	if errors.Is(err, errElsewhere) {
		if e := s.withdraw(ctx, r); e != nil {
			return e
		}
		return err
	}
	s.log.WarnContext(ctx, "open checkout", "provider", r.provider, "account", r.account, "error", err)
	var e *facts.APIError
	if errors.As(err, &e) && e.Status != 0 && e.Status != 429 {
		// The provider answered, and Stripe would repeat even a 500 for this key: the next try gets a checkout of its
		// own.
		if err := s.markClosed(ctx, r); err != nil {
			return err
		}
		if e.Status < 500 {
			return errProviderSays.Because(err)
		}
	}
	if fault.Of(err) != nil {
		return err
	}
	return errProviderDown.Because(err)
}

func (s *Service) openStripe(ctx context.Context, p Payer, r *reserved) error {
	var session *facts.Session
	err := s.withCustomer(ctx, p, func(customer, keySuffix string) (err error) {
		session, err = s.stripe.CreateSession(ctx, stripe.SessionRequest{
			Key: "checkout_" + r.id.String() + keySuffix, CustomerID: customer, AccountID: r.account.String(),
			CheckoutID: r.id.String(), PriceID: r.price, Quantity: r.seats,
			SuccessURL: p.from(s.publicURL+ReturnPath+"?provider=stripe&session_id={CHECKOUT_SESSION_ID}", "paid"),
			CancelURL:  p.from(s.publicURL+CancelPath, "cancelled"), ExpiresAt: r.expires,
		})
		return err
	})
	if err != nil {
		return err
	}
	r.session, r.url = session.ID, session.URL
	saved := false
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) (err error) {
		if err := claimOwn(ctx, tx, facts.Stripe, "session", session.ID, r.account, s.clock.Now()); err != nil {
			return err
		}
		saved, err = saveOpen(ctx, tx, r)
		return err
	})
	if err == nil && !saved {
		err = errElsewhere
	}
	return err
}

func (s *Service) openRazorpay(ctx context.Context, r *reserved) error {
	var sub *facts.Subscription
	var err error
	if r.foundUnstarted { // another try may have got through without our knowing
		if sub, err = s.razorpay.FindByCheckout(ctx, r.price, r.id.String(), r.created.Add(-time.Hour)); err != nil {
			return err
		}
	}
	if sub == nil {
		request := razorpay.SubscriptionRequest{
			PlanID: r.price, Quantity: r.seats, TotalCount: cycles[r.priceOf.Interval],
			AccountID: r.account.String(), CheckoutID: r.id.String(), ExpireBy: r.expires,
		}
		if !r.starts.IsZero() {
			request.StartAt, request.Follows = r.starts, true
		}
		sub, err = s.razorpay.CreateSubscription(ctx, request)
		if err != nil {
			return err
		}
	}
	r.subscription, r.url = sub.ID, sub.URL
	saved := false
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) (err error) {
		now := s.clock.Now()
		if err := claimOwn(ctx, tx, facts.Razorpay, "subscription", sub.ID, r.account, now); err != nil {
			return err
		}
		if saved, err = saveOpen(ctx, tx, r); err != nil || !saved {
			return err
		}
		next, effects := Reduce(Subscription{AccountID: r.account, Provider: facts.Razorpay, ID: sub.ID},
			Facts{Subscription: sub, Fetched: true}, s.plans, now)
		_, err = s.write(ctx, tx, next, effects, Facts{}, now)
		return err
	})
	if err == nil && !saved {
		err = errElsewhere
	}
	return err
}

// errElsewhere says that a checkout was opened or closed on another node while the
// provider made the page here: nobody may be led to it.
var errElsewhere = errors.New("the checkout went on elsewhere")

// saveOpen makes a reserved checkout the one that can be paid, and reports whether it
// has: it is still in creation.
func saveOpen(ctx context.Context, tx pgx.Tx, r *reserved) (bool, error) {
	tag, err := tx.Exec(ctx, `
		update checkouts set status = 'open', session_id = $3, subscription_id = $4, url = $5
		 where account_id = $1 and id = $2 and status = 'creating'`,
		r.account, r.id, nullText(r.session), nullText(r.subscription), r.url)
	if err != nil {
		return false, fmt.Errorf("save the checkout: %w", err)
	}
	return tag.RowsAffected() > 0, nil
}

// withdraw ends what the provider has made for a checkout that went on elsewhere,
// unless it is what the checkout leads to. Nobody has seen its page.
func (s *Service) withdraw(ctx context.Context, r *reserved) error {
	var known bool
	err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `
			select exists (select from checkouts
			    where account_id = $1 and id = $2 and (session_id = $3 or subscription_id = $4))`,
			r.account, r.id, r.session, r.subscription).Scan(&known)
	})
	if err != nil || known {
		return err
	}
	if err := s.expire(ctx, r); facts.IsUnreachable(err) {
		return errProviderDown.Because(err)
	}
	return nil
}

// over reports whether the provider says that a checkout can be paid no more.
func (s *Service) over(ctx context.Context, r *reserved) (bool, error) {
	var over bool
	var err error
	if r.session != "" {
		var session *facts.Session
		if session, err = s.stripe.Session(ctx, r.session); err == nil {
			over = session.Status == "expired"
		}
	} else {
		var sub *facts.Subscription
		if sub, err = s.razorpay.Subscription(ctx, r.subscription); err == nil {
			over = rawEnds(sub.Status) != ""
		}
	}
	if facts.IsMissing(err) {
		return true, nil
	}
	return over, err
}

// expire makes the provider take no payment for a checkout any more.
func (s *Service) expire(ctx context.Context, r *reserved) error {
	switch {
	case r.session != "" && s.stripe != nil:
		return s.stripe.ExpireSession(ctx, r.session)
	case r.subscription != "" && s.razorpay != nil:
		return s.razorpay.Cancel(ctx, r.subscription, false)
	}
	return nil
}

// markClosed closes a checkout that is as it was read: one that was opened meanwhile
// on another node is left alone.
func (s *Service) markClosed(ctx context.Context, r *reserved) error {
	return s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `update checkouts set status = 'closed' where account_id = $1 and id = $2
			and status = $3`,
			r.account, r.id, r.status)
		return err
	})
}

// close makes sure that an older checkout can no longer be paid, so that two
// are never paid for one account. When it was paid meanwhile, that is applied
// and the new purchase refused.
func (s *Service) close(ctx context.Context, r *reserved) error {
	paid, err := s.paidMeanwhile(ctx, r)
	if err != nil {
		return err
	}
	if paid {
		return errSubscribed
	}
	err = s.expire(ctx, r)
	if err != nil && facts.IsUnreachable(err) {
		return errProviderDown.Because(err)
	}
	if err != nil { // refused: it may have been paid or have ended in this moment
		paid, again := s.paidMeanwhile(ctx, r)
		if again != nil || paid {
			return errors.Join(errSubscribed, again)
		}
		if s.clock.Now().Before(r.expires) {
			if over, again := s.over(ctx, r); again != nil || !over {
				return errProviderRefused.Because(errors.Join(err, again))
			}
		}
	}
	return s.markClosed(ctx, r)
}

// checkout is what the page needs of a reserved row.
func (s *Service) checkout(p Payer, r *reserved, price Price) *Checkout {
	c := &Checkout{
		ID: r.id, Provider: r.provider, Price: price, URL: r.url, Starts: r.starts, Account: p.name, Expires: r.expires,
	}
	if r.provider != facts.Razorpay || p.back != "" {
		return c
	}
	c.Form = s.formOf(r, price, "Tijori", p.email, s.publicURL+RazorpayReturnPath, s.publicURL+CancelPath)
	return c
}

// forSeats is what a number of seats costs.
func forSeats(a money.Amount, seats int64) money.Amount {
	a.Minor *= max(seats, 1)
	return a
}

// formOf is what a browser posts to Razorpay's hosted checkout, which comes back to one of two addresses of ours.
func (s *Service) formOf(r *reserved, price Price, seller, email, back, cancel string) *Form {
	plan, _ := s.plans.ByID(price.Plan)
	what := seller + " " + plan.Name + ", " + forSeats(price.Amount, r.seats).Short() + " per " + price.Interval
	if !r.starts.IsZero() {
		what += ", from " + r.starts.In(india).Format("2 January 2006")
	}
	return &Form{Action: s.razorpay.CheckoutURL(), Fields: []Field{
		{"key_id", s.razorpay.KeyID()},
		{"subscription_id", r.subscription},
		{"name", seller},
		{"description", what},
		{"prefill[email]", email},
		{"callback_url", back},
		{"cancel_url", cancel},
	}}
}
