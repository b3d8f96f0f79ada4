package ledger

import (
	"time"

	"github.com/tijorihq/tijori/internal/term"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// correctionTime is how long a member who adds entries may correct their own.
const correctionTime = term.Correction

var (
	errRole    = fault.New(fault.Forbidden, "Your role does not allow this.")
	errNoParty = fault.New(fault.NotFound, "There is no such party.")
	errNoEntry = fault.New(fault.NotFound, "There is no such entry.")
	errTooLate = fault.New(fault.Forbidden, "You can correct your own entries for %d hours. Please ask the owner.",
		term.Hours(term.Correction)).
		Coded("too_late_to_correct")
	errChanged = fault.New(fault.Conflict, "Somebody changed this meanwhile. Check it again before you save.").
			Coded("changed_meanwhile")
	errUsedID = fault.New(fault.Conflict, "This form was already sent with other content. Please open it again.").
			Coded("form_used")
	errPartyInBin = fault.New(fault.Conflict, "The party is in the bin. Restore it first.").Coded("party_in_bin")
	errNoID       = fault.New(fault.Invalid, "This form is incomplete. Please open it again.")
)

// Corrects reports whether the caller may edit, delete or restore an entry at a time.
func Corrects(s postgres.Scope, e Entry, now time.Time) bool {
	mine := e.CreatedBy == s.UserID && e.CreatedAt.After(now.Add(-correctionTime))
	return s.Rights.RunsKhata || s.Rights.AddsEntries && mine
}

func allow(ok bool) error {
	if !ok {
		return errRole
	}
	return nil
}
