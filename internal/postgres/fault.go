package postgres

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tijorihq/tijori/internal/fault"
)

const rollbackTimeout = 5 * time.Second

var (
	nameLength  = fault.InvalidField("name", "Enter a name of up to 120 characters.").Coded("name_length")
	ownsAll     = fault.InvalidField("role", "An owner owns the whole account.").Coded("owner_of_one_business")
	unknownRole = fault.InvalidField("role", "Choose a role.").Coded("unknown_role")
	noteLength  = fault.InvalidField("note", "A note has at most %d characters.", 500).Coded("note_length")
	noParty     = fault.New(fault.NotFound, "There is no such party.")
	noBusiness  = fault.New(fault.NotFound, "There is no such business.")
	noAccount   = fault.New(fault.NotFound, "There is no such account.")
	tryAgain    = fault.New(fault.Unavailable, "Please try again.").Coded("try_again")

	// Frozen refuses what operators have stopped for a while.
	Frozen = fault.New(fault.Unavailable, "We have paused this part of Tijori while we check something.").
		Coded(fault.Frozen).After(10 * time.Minute)
)

// constraintFaults is the one table from constraint names to what a user may
// read. Names are API: see the migrations.
var constraintFaults = map[string]*fault.Fault{
	"batch_entry_plan":      fault.Upgrade(fault.BatchEntryNeedsPlan, "The grid is not in your plan."),
	"accounts_name_check":   nameLength,
	"businesses_name_check": nameLength,
	"accounts_leaving": fault.New(fault.Conflict,
		"This account is being deleted, so nothing can be written in it. An owner can keep it.").
		Coded("account_leaving"),
	"accounts_renewing": fault.New(fault.Conflict,
		"Your plan renews. Cancel it first, then delete the account.").Coded("plan_renews"),
	"members_last_owner": fault.New(fault.Conflict,
		"The last owner cannot be removed.").Coded("last_owner"),
	"members_owner_check":   ownsAll,
	"members_role_fkey":     unknownRole,
	"invitations_role_fkey": unknownRole,
	"invitations_pending_key": fault.New(fault.Conflict,
		"This address is invited already.").Coded("already_invited"),
	"members_once_key": fault.New(fault.Conflict,
		"This person is a member already.").Coded("already_member"),
	"invitations_owner_check": ownsAll,
	"parties_name_check": fault.InvalidField("name",
		"Enter the party's name.").Coded("party_name_missing"),
	"parties_note_check": noteLength,
	"parties_phone_check": fault.InvalidField("phone",
		"This does not look like a phone number.").Coded("not_a_phone"),
	"entries_amount_check": fault.InvalidField("amount",
		"This amount is too large.").Coded("amount_too_large"),
	"entries_date_check": fault.InvalidField("date",
		"The date must lie between 2000 and 2099.").Coded("date_out_of_range"),
	"entries_far_date_check": fault.InvalidField("date",
		"This date is more than a year ahead.").Coded("date_far_ahead"),
	"entries_note_check":    noteLength,
	"entries_party_fkey":    noParty,
	"members_business_fkey": noBusiness,
	"api_keys_limit": fault.New(fault.Conflict,
		"An account has at most %d API keys. Revoke one first.", 50).Coded("api_keys.max"),
	"webhooks_limit": fault.New(fault.Conflict,
		"An app has at most %d webhook endpoints. Remove one first.", 10).Coded("webhooks.max"),
	"customer_tokens_origin": fault.InvalidField("origin",
		"This is none of the app's origins. tijori app origins says which there are.").Coded("origin_not_allowed"),
	"credit_grants_key": fault.New(fault.Conflict,
		"Another grant has this key.").Coded("grant_key_used"),
	"credit_grants_balance_fkey":   noAccount,
	"credit_balances_account_fkey": noAccount,
	"entries_opening_key": fault.New(fault.Conflict,
		"This party has an opening balance already. Change that one.").Coded("opening_exists"),
	"entries_locked_check": fault.New(fault.Conflict,
		"This entry is in a locked period and cannot be changed. The owner can open the period.").
		Coded("period_locked"),
	"entries_locked_date_check": fault.InvalidField("date",
		"This day is locked. Choose a later one, or ask the owner to open the period.").Coded("date_locked"),
	"parties_locked_check": fault.New(fault.Conflict,
		"This party has entries in a locked period, so it cannot go to the bin or come back. The owner can open the period.").
		Coded("period_locked"),
	"period_locks_order_check": fault.New(fault.Conflict,
		"Somebody changed this meanwhile. Check it again before you save.").Coded("changed_meanwhile"),
	"period_locks_reason_check": fault.InvalidField("reason",
		"Say why you open the period again.").Coded("reason_missing"),
	"period_locks_date_check": fault.InvalidField("until",
		"The date must lie between 2000 and 2099.").Coded("date_out_of_range"),
	"payees_upi_check": fault.InvalidField("upi",
		"This is not a UPI ID. It looks like name@bank.").Coded("not_a_upi_id"),
	"shares_party_fkey":    noParty,
	"reminders_party_fkey": noParty,
	"users_email_key": fault.New(fault.Conflict,
		"This address has an account already. Please sign in."),
	"users_demonstration_check": fault.InvalidField("email",
		"This address belongs to the demo shop.").Coded("demonstration_address"),
	"invitations_business_fkey": noBusiness,
	"step_up":                   fault.New(fault.Forbidden, "Please confirm that it is you.").Coded(fault.StepUp),
	"incidents_frozen": fault.New(fault.Conflict,
		"Something is still frozen in this incident. Thaw it first.").Coded("still_frozen"),
	"passkeys_credential_key": fault.New(fault.Conflict,
		"This passkey is registered already.").Coded("passkey_known"),
}

// limitFaults are the faults of what a plan limits. The database says the limit as the error's detail.
var limitFaults = map[string]func(most int64) *fault.Fault{
	"party_limit": func(most int64) *fault.Fault {
		return fault.Upgrade(fault.PartiesMax, "Your plan has room for %d parties.", most)
	},
	"plan_member_limit": func(most int64) *fault.Fault {
		return fault.Upgrade(fault.MembersMax, "Your plan has room for %d people.", most)
	},
}

var errTryAgain = tryAgain

// faults is the one table from errors of the database, without a known constraint, to what a user may read. The first
// line that fits counts.
var faults = []struct {
	fits  func(error) bool
	fault *fault.Fault
}{
	{notConnected, errTryAgain}, // before the states: the server refuses a connection with 28000 and 53300 as well
	{state("28000"), fault.New(fault.Unauthorized, "Please sign in.")},
	{state("P0002"), fault.New(fault.NotFound, "Page not found.")},
	// Insufficient privilege, and a policy's WITH CHECK.
	{state("42501"), fault.New(fault.Forbidden, "Your role does not allow this.")},
	{state("TJ503"), Frozen},
	{state("40001"), errTryAgain}, // serialization failure
	{state("40P01"), errTryAgain}, // deadlock
	{state("55P03"), errTryAgain}, // lock_timeout
	{state("57014"), errTryAgain}, // statement_timeout, or canceled by hand
	{state("57P"), errTryAgain},   // the server ends the session, or does not begin one
	{state("53"), errTryAgain},    // out of connections, memory or disk
	{state("08"), errTryAgain},    // the connection, as a pooler tells it
	{state(""), nil},              // every other answer of the server is a mistake of ours
	{broken, errTryAgain},
}

// state fits what the server answered with an SQLSTATE that begins so.
func state(prefix string) func(error) bool {
	return func(err error) bool {
		var pg *pgconn.PgError
		return errors.As(err, &pg) && strings.HasPrefix(pg.Code, prefix)
	}
}

// notConnected fits a connection that could not be made.
func notConnected(err error) bool {
	var connect *pgconn.ConnectError
	return errors.As(err, &connect)
}

// broken fits a connection that ended, and work whose time had ended: whether it was done is not known. That who asked
// has gone is neither.
func broken(err error) bool {
	if errors.Is(err, context.Canceled) {
		return false
	}
	for _, end := range []error{
		context.DeadlineExceeded, os.ErrDeadlineExceeded, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed,
		syscall.ECONNRESET, syscall.ECONNREFUSED, syscall.EPIPE, syscall.ETIMEDOUT,
	} {
		if errors.Is(err, end) {
			return true
		}
	}
	return pgconn.SafeToRetry(err)
}

// translate returns the fault for a database error, or err itself.
func translate(err error) error {
	if err == nil || fault.Of(err) != nil {
		return err
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		if f, ok := constraintFaults[pg.ConstraintName]; ok {
			return f.Because(err)
		}
		if most, e := strconv.ParseInt(pg.Detail, 10, 64); e == nil && limitFaults[pg.ConstraintName] != nil {
			return limitFaults[pg.ConstraintName](most).Because(err)
		}
	}
	for _, line := range faults {
		if line.fits(err) {
			if line.fault == nil {
				return err
			}
			return line.fault.Because(err)
		}
	}
	return err
}
