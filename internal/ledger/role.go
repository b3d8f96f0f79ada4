package ledger

import (
	"time"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// The roles, as the database names them. The policies decide; these functions
// say the same so that a refusal has a sentence and a page shows no dead button.
const (
	Owner      = "owner"
	Manager    = "manager"
	Accountant = "accountant"
	Counter    = "counter"
)

// correctionTime is how long a counter may correct an entry of his own.
const correctionTime = 24 * time.Hour

var (
	errRole       = fault.New(fault.Forbidden, "Your role does not allow this.")
	errNoParty    = fault.New(fault.NotFound, "There is no such party.")
	errNoEntry    = fault.New(fault.NotFound, "There is no such entry.")
	errTooLate    = fault.New(fault.Forbidden, "You can correct your own entries for 24 hours. Please ask the owner.")
	errChanged    = fault.New(fault.Conflict, "Somebody changed this meanwhile. Look at it again before you save.")
	errUsedID     = fault.New(fault.Conflict, "This form was already sent with other content. Please open it again.")
	errPartyInBin = fault.New(fault.Conflict, "The party is in the bin. Restore it first.")
	errNoID       = fault.New(fault.Invalid, "This form is incomplete. Please open it again.")
)

// SeesTotals reports whether the caller may see balances, totals and everybody's
// entries. A counter may not: show PartyNames and OwnEntries instead.
func SeesTotals(s postgres.Scope) bool {
	return s.Role == Owner || s.Role == Manager || s.Role == Accountant
}

// KeepsParties reports whether the caller may add, edit, delete and restore parties.
func KeepsParties(s postgres.Scope) bool { return s.Role == Owner || s.Role == Manager }

// AddsEntries reports whether the caller may add entries.
func AddsEntries(s postgres.Scope) bool { return KeepsParties(s) || s.Role == Counter }

// Corrects reports whether the caller may edit, delete or restore an entry at a time.
func Corrects(s postgres.Scope, e Entry, now time.Time) bool {
	return KeepsParties(s) || s.Role == Counter && e.CreatedBy == s.UserID && e.CreatedAt.After(now.Add(-correctionTime))
}

func allow(ok bool) error {
	if !ok {
		return errRole
	}
	return nil
}
