package ledger

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// Reminders go out from the owner's own phone. What is kept here is the log:
// who was reminded, when, by whom and of which balance.

// How a reminder leaves.
const (
	WhatsApp = "whatsapp"
	SMS      = "sms"
	Copy     = "copy"
)

var (
	errSettled = fault.New(fault.Conflict, "This party owes nothing, so there is nothing to remind of.")
	errChannel = fault.New(fault.Invalid, "Choose WhatsApp, SMS or copy.")
)

// A Reminder is one line of the log.
type Reminder struct {
	ID      uuid.UUID
	PartyID uuid.UUID
	Balance int64 // what the party owed then; positive
	Channel string
	Locale  string
	ByName  string
	At      time.Time
}

const reminderColumns = `id, party_id, balance, channel, locale, created_by_name, created_at`

func (r *Reminder) targets() []any {
	return []any{&r.ID, &r.PartyID, &r.Balance, &r.Channel, &r.Locale, &r.ByName, &r.At}
}

// Remind writes into the log that a living party is being reminded of what it
// owes now, and returns that line: its balance is the figure to name. The same
// id again returns the first line. A party that owes nothing is a Conflict fault. Owners and
// managers.
func Remind(ctx context.Context, tx *postgres.Tx, id, party uuid.UUID, channel, locale string) (Reminder, error) {
	if err := allow(tx.Scope.Rights.RunsKhata); err != nil {
		return Reminder{}, err
	}
	if channel != WhatsApp && channel != SMS && channel != Copy {
		return Reminder{}, errChannel
	}
	if id == uuid.Nil {
		return Reminder{}, errNoID
	}
	balance, err := BalanceOf(ctx, tx, party)
	if err != nil {
		return Reminder{}, err
	}
	var r Reminder
	err = tx.QueryRow(ctx,
		`select `+reminderColumns+` from tijori.reminders where account_id = $1 and business_id = $2 and id = $3`,
		tx.Scope.AccountID, tx.Scope.BusinessID, id).Scan(r.targets()...)
	switch {
	case err == nil && r.PartyID != party:
		return Reminder{}, errUsedID
	case err == nil:
		return r, nil
	case !errors.Is(err, pgx.ErrNoRows):
		return Reminder{}, fmt.Errorf("repeat reminder %s: %w", id, err)
	case balance <= 0:
		return Reminder{}, errSettled
	}
	err = tx.QueryRow(ctx, `
		insert into tijori.reminders (account_id, business_id, id, party_id, balance, channel, locale, created_by,
		    created_by_name)
		select $1, $2, $3, $4, $5, $6, $7, w.user_id, w.name from tijori_access.whoami() w
		returning `+reminderColumns,
		tx.Scope.AccountID, tx.Scope.BusinessID, id, party, balance, channel, locale).Scan(r.targets()...)
	if err != nil {
		return Reminder{}, fmt.Errorf("remind party %s: %w", party, err)
	}
	return r, nil
}

const remindersSQL = `
	select ` + reminderColumns + ` from tijori.reminders
	where account_id = $1 and business_id = $2 and party_id = $3
	order by created_at desc, id desc limit $4`

// QueueReminders puts the newest reminders of a party into a batch of
// postgres.Read and fills list with at most n; none for a counter.
func QueueReminders(s postgres.Scope, b *pgx.Batch, party uuid.UUID, n int, list *[]Reminder) {
	*list = nil
	b.Queue(remindersSQL, s.AccountID, s.BusinessID, party, n).Query(func(rows pgx.Rows) (err error) {
		*list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (r Reminder, err error) {
			err = row.Scan(r.targets()...)
			return r, err
		})
		return err
	})
}

// WhatsAppLink opens a chat with a phone number as parties have it, with the
// text typed in. Without a number that can be reached from abroad, WhatsApp asks whom to send it to.
func WhatsAppLink(phone, text string) string {
	digits, ok := strings.CutPrefix(phone, "+")
	if !ok || len(digits) < 8 {
		digits = ""
	}
	return "https://wa.me/" + digits + "?text=" + escape(text)
}

// SMSLink opens the phone's own messages with the text typed in; "" without a number.
func SMSLink(phone, text string) string {
	if phone == "" {
		return ""
	}
	return "sms:" + phone + "?body=" + escape(text)
}
