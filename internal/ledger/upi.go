package ledger

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/postgres"
)

// UPI is what a business is paid by: the payer's own app opens a link and the
// payer presses the button. Nothing here is ever marked paid by itself.

// MaxPayee is the number of letters of a payee's name.
const MaxPayee = 60

// A Payee is where a business takes money by UPI; the zero value is nowhere.
type Payee struct {
	UPI  string // name@handle, in small letters
	Name string
}

// upiID is NPCI's form of a virtual payment address: no dot behind the @, so no e-mail address is one.
var upiID = regexp.MustCompile(`^[a-z0-9._-]{2,190}@[a-z][a-z0-9]{1,63}$`)

// Clean returns the payee as it is stored, or an Invalid fault. No id is no payee.
func (p Payee) Clean() (Payee, error) {
	if !utf8.ValidString(p.UPI) || len(p.UPI) > 300 {
		return p, errUPI
	}
	p.UPI = strings.ToLower(strings.TrimSpace(p.UPI))
	if p.UPI == "" {
		return Payee{}, nil
	}
	if !upiID.MatchString(p.UPI) {
		return p, errUPI
	}
	name, err := cleanName(p.Name)
	if err != nil || utf8.RuneCountInString(name) > MaxPayee {
		return p,
			fault.InvalidField("payee", "Write the payee's name as your bank has it, at most %d characters.", MaxPayee)
	}
	p.Name = name
	return p, nil
}

var errUPI = fault.InvalidField("upi", "This is not a UPI ID. It looks like name@bank.").Coded("not_a_upi_id")

// Link is the address that opens the payer's UPI app with the amount filled in:
// what the party owes. It is "" without a payee, for another currency than INR, and
// when nothing is owed. A note of other letters than ASCII is left out: escaped, it would make a code of the link
// too fine for cameras.
func (p Payee) Link(owed money.Amount, note string) string {
	if p.UPI == "" || owed.Currency != "INR" || owed.Minor <= 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("upi://pay?pa=" + strings.ReplaceAll(escape(p.UPI), "%40", "@"))
	b.WriteString("&pn=" + escape(p.Name) + "&am=" + money.Plain(owed.Minor, "INR") + "&cu=INR")
	if note = short(note, 40); note != "" && !strings.ContainsFunc(note, func(r rune) bool { return r > '~' }) {
		b.WriteString("&tn=" + escape(note))
	}
	return b.String()
}

// escape writes text into a link's query, where apps take a plus for a plus.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

func short(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return strings.TrimSpace(string(r[:most]))
	}
	return s
}

// A PayeeChange is one decision about where a business is paid.
type PayeeChange struct {
	Payee
	ByName string
	At     time.Time
}

const payeeSQL = `
	select upi_id, payee_name, created_by_name, created_at
	from tijori.payees where account_id = $1 and business_id = $2
	order by created_at desc limit $3`

// QueuePayee puts the business's payee into a batch of postgres.Read and fills
// payee; the zero value for a counter, and where there is none.
func QueuePayee(s postgres.Scope, b *pgx.Batch, payee *Payee) {
	*payee = Payee{}
	b.Queue(payeeSQL, s.AccountID, s.BusinessID, 1).Query(func(rows pgx.Rows) error {
		all, err := pgx.CollectRows(rows, scanPayee)
		if err == nil && len(all) > 0 {
			*payee = all[0].Payee
		}
		return err
	})
}

// PayeeOf returns where the business is paid; zero without one.
func PayeeOf(ctx context.Context, tx *postgres.Tx) (p Payee, err error) {
	var b pgx.Batch
	QueuePayee(tx.Scope, &b, &p)
	err = tx.SendBatch(ctx, &b).Close()
	return p, err
}

// ListPayees returns the newest decisions about the payee, the one in force
// first; at most PageSize. Not for counters.
func ListPayees(ctx context.Context, tx *postgres.Tx) ([]PayeeChange, error) {
	if err := allow(tx.Scope.Rights.SeesTotals); err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, payeeSQL, tx.Scope.AccountID, tx.Scope.BusinessID, PageSize)
	if err != nil {
		return nil, fmt.Errorf("list payees: %w", err)
	}
	all, err := pgx.CollectRows(rows, scanPayee)
	if err != nil {
		return nil, fmt.Errorf("list payees: %w", err)
	}
	return all, nil
}

func scanPayee(row pgx.CollectableRow) (c PayeeChange, err error) {
	err = row.Scan(&c.UPI, &c.Name, &c.ByName, &c.At)
	return c, err
}

// SetPayee writes down where the business is paid from now on, under an id that
// the client made; owners only, since it says who gets the money. The same id
// again is no second one.
func SetPayee(ctx context.Context, tx *postgres.Tx, id uuid.UUID, p Payee) (Payee, error) {
	if err := allow(tx.Scope.Rights.Owns); err != nil {
		return Payee{}, err
	}
	p, err := p.Clean()
	if err != nil {
		return Payee{}, err
	}
	if id == uuid.Nil {
		return Payee{}, errNoID
	}
	tag, err := tx.Exec(ctx, `
		insert into tijori.payees (account_id, business_id, id, upi_id, payee_name, created_by, created_by_name)
		select $1, $2, $3, $4, $5, w.user_id, w.name from tijori_access.whoami() w
		on conflict (account_id, business_id, id) do nothing`,
		tx.Scope.AccountID, tx.Scope.BusinessID, id, p.UPI, p.Name)
	if err != nil {
		return Payee{}, fmt.Errorf("set the payee: %w", err)
	}
	if tag.RowsAffected() == 1 {
		return p, nil
	}
	var now Payee
	err = tx.QueryRow(ctx,
		`select upi_id, payee_name from tijori.payees where account_id = $1 and business_id = $2 and id = $3`,
		tx.Scope.AccountID, tx.Scope.BusinessID, id).Scan(&now.UPI, &now.Name)
	if err == nil && now != p {
		return Payee{}, errUsedID
	}
	if err != nil {
		return Payee{}, fmt.Errorf("repeat setting the payee: %w", err)
	}
	return p, nil
}
