package billing

import (
	"fmt"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// Classes of differences.
const (
	DiffMissingHere  = "missing_here"  // the provider has it, we do not
	DiffMissingThere = "missing_there" // we have it, the provider does not
	DiffUnmapped     = "unmapped"      // nobody here owns it
	DiffCustomer     = "customer"      // it stands under another customer
	DiffReopened     = "reopened"      // it had ended here
	DiffUnknown      = "unknown"       // a status or price that we do not know
	DiffStatus       = "status"
	DiffPrice        = "price"
	DiffPeriod       = "period"
	DiffEnding       = "ending" // when or whether it ends
	DiffAccess       = "access" // until when it gives its plan
	DiffPayment      = "payment"
	DiffInvoice      = "invoice"  // it stands otherwise
	DiffPurchase     = "purchase" // paid once, and not granted
	DiffRefund       = "refund"
	DiffDispute      = "dispute"
	DiffEvent        = "event" // never delivered
)

// decides says which classes only a person may decide.
func decides(class string) bool {
	switch class {
	case DiffMissingThere, DiffUnmapped, DiffCustomer, DiffReopened, DiffUnknown:
		return true
	}
	return false
}

// differences compares what we hold with what the provider says, and names
// each class in which they differ. It is pure: it asks the reducer what would be held.
func differences(ours Subscription, theirs *facts.Subscription, plans *Plans,
	now time.Time,
) (classes []string, detail string) {
	if ours.Status == "" {
		return []string{DiffMissingHere}, "the provider says " + theirs.Status
	}
	var said []string
	add := func(class, format string, args ...any) {
		classes = append(classes, class)
		said = append(said, fmt.Sprintf(format, args...))
	}
	if moved(ours, theirs) {
		add(DiffCustomer, "customer %s here, %s there", ours.CustomerID, theirs.CustomerID)
		return classes, strings.Join(said, "; ")
	}
	if ours.Ended() && rawEnds(theirs.Status) != rawEnds(ours.ProviderStatus) {
		add(DiffReopened, "%s here, %s there", ours.ProviderStatus, theirs.Status)
		return classes, strings.Join(said, "; ")
	}
	if _, known := statusOf(ours.Provider, theirs, now); !known {
		add(DiffUnknown, "%s here, %q there", ours.ProviderStatus, theirs.Status)
		return classes, strings.Join(said, "; ")
	}
	next, _ := Reduce(ours, Facts{Subscription: theirs, Fetched: true}, plans, now)
	if _, known := plans.PriceByID(ours.Provider, theirs.PriceID); !known && !next.Ended() {
		add(DiffUnknown, "price %s is not in the plan file", theirs.PriceID)
	}
	if ours.ProviderStatus != next.ProviderStatus {
		add(DiffStatus, "%s here, %s there", ours.ProviderStatus, next.ProviderStatus)
	}
	if ours.PriceID != next.PriceID || ours.PlanID != next.PlanID {
		add(DiffPrice, "price %s here, %s there", ours.PriceID, next.PriceID)
	}
	if !ours.PeriodStart.Equal(next.PeriodStart) || !ours.PeriodEnd.Equal(next.PeriodEnd) {
		add(DiffPeriod, "period until %s here, %s there", moment(ours.PeriodEnd), moment(next.PeriodEnd))
	}
	if ours.CancelAtPeriodEnd != next.CancelAtPeriodEnd || !ours.CancelAt.Equal(next.CancelAt) ||
		!ours.EndedAt.Equal(next.EndedAt) || !ours.TrialEnd.Equal(next.TrialEnd) {
		add(DiffEnding, "ends %s here, %s there", ending(ours), ending(next))
	}
	if ours.NextPriceID != next.NextPriceID || !ours.NextAt.Equal(next.NextAt) {
		add(DiffPrice, "changes to %q here, %q there", ours.NextPriceID, next.NextPriceID)
	}
	if len(classes) == 0 && (!ours.PaidThrough.Equal(next.PaidThrough) || !ours.AccessUntil.Equal(next.AccessUntil)) {
		add(DiffAccess, "access until %s here, %s there", moment(ours.AccessUntil), moment(next.AccessUntil))
	}
	return classes, strings.Join(said, "; ")
}

func ending(s Subscription) string {
	switch {
	case !s.EndedAt.IsZero():
		return "at " + moment(s.EndedAt)
	case !s.CancelAt.IsZero():
		return "at " + moment(s.CancelAt)
	case s.CancelAtPeriodEnd:
		return "with its period"
	}
	return "never"
}
