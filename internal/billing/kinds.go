package billing

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/money"
)

// Reasons of items about stored events.
const (
	ReviewDeadEvent   = "dead_event"
	ReviewUndecodable = "undecodable"
)

// A kind is one kind of review item. It states when an item of it has settled,
// so that nobody has to close what needs no decision any more; or, in person,
// why only a person can tell.
type kind struct {
	means string // what the item means and what there is to decide

	// settled says why nobody need decide any more, "" while somebody must. It is
	// asked after each step that may have changed the matter, and by the comparison.
	settled func(matter) string
	person  string

	// returns says that the same thing found again, after it had settled, is a
	// new occurrence. Where false, repeats of the old news find it again.
	returns bool
}

// A matter is what is known, now, of what an item is about.
type matter struct {
	item  ReviewItem
	about string // the last word of the item's key: the provider's id, nearly always
	plans *Plans
	now   time.Time

	subs     []Subscription  // of the item's account
	openKeys map[string]bool // the open items of the account, by key
	owned    bool            // an account here owns the object, or the item's subscription
	event    string          // the state of the stored event that about names
	purchase *reversed       // the purchase that about names, by the provider's id or by its charge
	refunded bool            // the whole payment that about names was given back

	explained bool // the comparison has asked the provider, and the amount is accounted for
}

// reversed is a one-time purchase and what went back of it.
type reversed struct {
	status                         string
	credits, amount                int64
	refunded, lost, taken, expects int64
}

// sub is the item's subscription as it is held, nil when it is not.
func (m matter) sub() *Subscription {
	for i := range m.subs {
		if s := &m.subs[i]; s.Provider == m.item.Provider && s.ID == m.item.SubscriptionID {
			return s
		}
	}
	return nil
}

// quietWeek is after how long without an event of another mode or account the
// matter is over.
const quietWeek = 7 * 24 * time.Hour

// kinds lists every reason for which a person is asked.
var kinds = map[string]kind{
	ReviewUnmappedCustomer: {
		means: "A subscription of a customer whom no account here owns. " +
			"Find out whose it is and assign it, or cancel and refund it at the provider.",
		settled: foundOwner, returns: true,
	},
	ReviewUnmappedSubscription: {
		means:   "A subscription that no checkout of ours made. Assign it, or cancel and refund it at the provider.",
		settled: foundOwner, returns: true,
	},
	ReviewUnmappedPurchase: {
		means:   "A one-time payment that no purchase of ours began. Refund it at the provider.",
		settled: purchaseCompleted, returns: true,
	},
	ReviewCustomerChanged: {
		means:   "A subscription has come to stand under another customer. Nothing was moved.",
		settled: customerAgrees, returns: true,
	},
	ReviewUnknownPrice: {
		means: "A price that is in no plan here. Who had a plan keeps it; a new subscription gives nothing. " +
			"Add it to the plan file, or move the subscription at the provider.",
		settled: priceKnown, returns: true,
	},
	ReviewUnknownStatus: {
		means:   "A status that this program does not know; the last one known stays in force.",
		settled: toldOtherwise("the provider tells a status that is known"), returns: true,
	},
	ReviewAmountMismatch: {
		means:   "An amount was paid that no price asks, perhaps with a coupon or tax.",
		settled: amountExplained,
	},
	ReviewCurrencyMismatch: {
		means:   "Paid in a currency in which nothing is sold.",
		settled: currencySold, returns: true,
	},
	ReviewRefundFull: {
		means:   "All was given back. The plan stays until the subscription is cancelled: decide whether to.",
		settled: refundDone,
	},
	ReviewRefundPartial: {means: "Part was given back. The plan stays.", settled: refundDone},
	ReviewRefundFailed: {
		means:   "A refund did not go through; the customer still waits for the money.",
		settled: givenBackAfterAll,
	},
	ReviewDispute: {
		means: "The customer's bank disputes a payment. Answer at the provider in time.",
		person: "The answer to a dispute is given at the provider, and a lost one must be seen by somebody. " +
			"The event of a dispute that is won closes its item (turn.go).",
	},
	ReviewDisputeLost: {
		means: "The bank has given a payment for credits back to the customer. " +
			"What was left of them is taken back.",
		settled: creditsTaken,
	},
	ReviewPaymentAfterEnd: {
		means: "Paid after the subscription had ended; it does not come back by that. " +
			"Refund, or let them buy again.",
		settled: wholeGivenBack,
	},
	ReviewMultipleActive: {
		means:   "More than one subscription charges for one account. Cancel and refund one at the provider.",
		settled: oneLeft, returns: true,
	},
	ReviewLivemode: {
		means:   "Events of the other mode arrive: a webhook of test leads to live, or the other way round.",
		settled: quiet, returns: true,
	},
	ReviewAccount: {
		means:   "Events of another provider account arrive at this webhook.",
		settled: quiet, returns: true,
	},
	ReviewCustomerDeleted: {
		means:   "A customer was deleted at the provider, which ended its subscriptions.",
		settled: boughtAgain,
	},
	ReviewMissingThere: {
		means:   "We hold a subscription that the provider does not know. The key may be of another account or mode.",
		settled: toldOtherwise("the provider knows the subscription"), returns: true,
	},
	ReviewReopened: {
		means: "A subscription that had ended is alive at the provider. " +
			"Ended ones are never reopened by themselves.",
		settled: toldOtherwise("the subscription has ended at the provider, too"), returns: true,
	},
	ReviewDeadEvent: {
		means:   "An event could not be applied in all its attempts. See why, mend it, and retry the event.",
		settled: eventDone, returns: true,
	},
	ReviewUndecodable: {
		means:   "A signed event could not be read. Tell whoever maintains the program; the event is kept.",
		settled: eventDone, returns: true,
	},
}

// ReasonOf says what a review reason means and what there is to decide.
func ReasonOf(reason string) string {
	if k, ok := kinds[reason]; ok {
		return k.means
	}
	return "Look at the event and decide."
}

// settledNow says why an item has settled, "" while somebody must decide.
func settledNow(m matter) string {
	k := kinds[m.item.Reason]
	if k.settled == nil {
		return ""
	}
	return k.settled(m)
}

func foundOwner(m matter) string {
	if m.owned {
		return "it found its account"
	}
	return ""
}

// purchaseCompleted does not settle what was paid after its account was erased:
// whether that was given back is in no book here.
func purchaseCompleted(m matter) string {
	if strings.HasPrefix(m.item.Key, "unmapped ") && m.purchase != nil && m.purchase.status == "paid" {
		return "the purchase was completed"
	}
	return ""
}

// toldOtherwise is for what each word of the provider restates: a later one
// has been taken in that does not state it. One that does leaves the subscription
// as it was, and counts the item again.
func toldOtherwise(why string) func(matter) string {
	return func(m matter) string {
		if s := m.sub(); s != nil && s.SeenAt.After(m.item.SeenAt) {
			return why
		}
		return ""
	}
}

// customerAgrees is for a subscription that was one account's and has come under
// another customer, and for one that nobody had yet because two accounts were named.
func customerAgrees(m matter) string {
	if m.item.AccountID == uuid.Nil {
		return foundOwner(m)
	}
	return toldOtherwise("the provider names the known customer again")(m)
}

func priceKnown(m matter) string {
	s := m.sub()
	if s == nil {
		return ""
	}
	_, known := m.plans.PriceByID(s.Provider, m.about)
	switch {
	case known:
		return "the price is in the plan file"
	case s.PriceID != m.about:
		return "the subscription has another price"
	case s.Ended() && !s.Grants(m.now):
		return "the subscription has ended"
	}
	return ""
}

func amountExplained(m matter) string {
	switch {
	case m.explained:
		return "the invoice explains the amount"
	case strings.HasPrefix(m.item.Key, "purchase ") && m.purchase != nil && m.purchase.status == "paid":
		return "the purchase was completed"
	}
	return ""
}

func currencySold(m matter) string {
	if sold, _ := m.plans.Sells(m.item.Provider, money.Amount{Minor: 1, Currency: m.about}); sold {
		return "plans are sold in " + m.about
	}
	return ""
}

// refundDone is for a refund of a subscription, whose plan has ended since, and
// for one of credits, which are taken back.
func refundDone(m matter) string {
	if s := m.sub(); s != nil && s.Ended() && s.EndedAt.After(m.item.OpenedAt) && !s.Grants(m.now) {
		return "the subscription has ended since"
	}
	return creditsTaken(m)
}

func creditsTaken(m matter) string {
	if p := m.purchase; p != nil && p.refunded+p.lost > 0 && p.taken == p.expects {
		return "all credits that the money was for are taken back"
	}
	return ""
}

// givenBackAfterAll believes the provider's sum alone: the event of a refund that
// went through may be older than its failure.
func givenBackAfterAll(m matter) string {
	if p := m.purchase; p != nil && p.refunded >= p.amount {
		return "the whole payment was given back"
	}
	return ""
}

func wholeGivenBack(m matter) string {
	if m.refunded {
		return "the whole payment was given back"
	}
	return ""
}

// oneLeft closes an item when fewer than two of its subscriptions still charge, or
// when another item tells of those that do.
func oneLeft(m matter) string {
	now := Overlapping(m.subs, m.now)
	key := multipleKey(now)
	both := 0
	for _, id := range now {
		if strings.Contains(m.item.Key+" ", " "+id+" ") {
			both++
		}
	}
	switch {
	case both < 2:
		return "at most one of the subscriptions still charges"
	case key != m.item.Key && m.openKeys[key]:
		return "another item tells of those that still charge"
	}
	return ""
}

func multipleKey(ids []string) string { return "multiple " + strings.Join(ids, " ") }

func quiet(m matter) string {
	if m.now.Sub(m.item.SeenAt) > quietWeek {
		return "no such event has come for a week"
	}
	return ""
}

func boughtAgain(m matter) string {
	for _, s := range m.subs {
		if s.Provider == m.item.Provider && s.CustomerID != m.about && s.Live() && s.Grants(m.now) {
			return "the account has a subscription again"
		}
	}
	return ""
}

func eventDone(m matter) string {
	if m.event == "applied" || m.event == "ignored" {
		return "the event was applied by a later try"
	}
	return ""
}
