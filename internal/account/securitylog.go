package account

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/postgres"
)

// An Event is something that concerns the safety of a user or an account. It is
// written into the security log in the transaction of the act, and told by mail
// where the table tijori.security_kinds says so.
type Event string

// All events there are. The table tijori.security_kinds has the same list, and whom each is told.
const (
	SignedIn            Event = "signed_in"
	DeviceAdded         Event = "device_added" // signed in from a device for the first time
	SignInFailed        Event = "sign_in_failed"
	SignedOutEverywhere Event = "signed_out_everywhere"
	PasswordChanged     Event = "password_changed"
	PasswordRecovered   Event = "password_recovered"
	EmailChangeAsked    Event = "email_change_asked"
	EmailChanged        Event = "email_changed"
	EmailTakenBack      Event = "email_taken_back"
	FactorAdded         Event = "factor_added"
	FactorRemoved       Event = "factor_removed"
	RecoveryCodesMade   Event = "recovery_codes_made"
	RecoveryCodeUsed    Event = "recovery_code_used"
	MemberInvited       Event = "member_invited"
	OwnerInvited        Event = "owner_invited"
	MemberAdded         Event = "member_added"
	OwnerAdded          Event = "owner_added"
	RoleChanged         Event = "role_changed"
	MemberRemoved       Event = "member_removed"
	OwnerRemoved        Event = "owner_removed"
	KeyMade             Event = "key_made"
	KeyEnded            Event = "key_ended"
	PayeeChanged        Event = "payee_changed"
	DataExported        Event = "data_exported"
	DataTaken           Event = "data_taken"
	DeletionBegun       Event = "deletion_begun"
	DeletionEnded       Event = "deletion_ended"
)

// logUser writes what a user did, or what happened to the user, into the log of every account that the user belongs
// to, and leaves the notice that the event asks for. The transaction is the act's own, of the sign-in role.
func logUser(ctx context.Context, tx pgx.Tx, e Event, user uuid.UUID) error {
	if _, err := tx.Exec(ctx, `select tijori_access.log_user($1, $2)`, string(e), user); err != nil {
		return fmt.Errorf("log %s: %w", e, err)
	}
	return nil
}

func logUserFrom(ctx context.Context, tx pgx.Tx, e Event, user uuid.UUID, d Device) error {
	if err := comeFrom(ctx, tx, d); err != nil {
		return err
	}
	return logUser(ctx, tx, e, user)
}

// comeFrom tells the transaction from where its acts come: what the log says of them.
func comeFrom(ctx context.Context, tx pgx.Tx, d Device) error {
	_, err := tx.Exec(ctx,
		`select set_config('tijori.network', $1, true), set_config('tijori.user_agent', $2, true)`,
		shown(d.Network, 64), shown(d.UserAgent, 300))
	return err
}

// LogExport writes down that the caller's account is being downloaded: DataTaken of everything, DataExported of a
// part that detail names in our own words.
func LogExport(ctx context.Context, tx *postgres.Tx, e Event, detail string) error {
	if _, err := tx.Exec(ctx, `select tijori_access.log_export($1, $2)`, string(e), detail); err != nil {
		return fmt.Errorf("log %s: %w", e, err)
	}
	return nil
}

// A LogLine is one row of an account's security log.
type LogLine struct {
	ID                 uuid.UUID
	At                 time.Time
	Event              Event
	Who, About         string // addresses; "" where nobody is known, or the user is erased
	Detail             string // a role, the first letters of a key, a UPI id, or ""
	Network, UserAgent string
}

// A LogPlace is where a page of the log begins; the zero value is its newest line.
type LogPlace struct {
	At time.Time
	ID uuid.UUID
}

// SecurityLog returns a page of the log of the caller's account, the newest first; owners only.
func SecurityLog(ctx context.Context, tx *postgres.Tx, from LogPlace, most int) ([]LogLine, error) {
	var at *time.Time
	if !from.At.IsZero() {
		at = &from.At
	}
	rows, err := tx.Query(ctx, `
		select id, at, kind, who, about, detail, network, user_agent
		  from tijori_access.security_log($1, $2, $3)`, at, from.ID, most)
	if err != nil {
		return nil, fmt.Errorf("read the security log: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[LogLine])
	if err != nil {
		return nil, fmt.Errorf("read the security log: %w", err)
	}
	return list, nil
}
