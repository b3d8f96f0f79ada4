package ledger

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// A Mode is how an entry was paid, or that it was not.
type Mode string

// The modes. Goods moves no money: what was given on credit, or taken back.
const (
	Cash   Mode = "cash"
	UPI    Mode = "upi"
	Bank   Mode = "bank"
	Cheque Mode = "cheque"
	Goods  Mode = "goods"
)

// Modes are all of them, in the order of pages.
var Modes = [...]Mode{Cash, UPI, Bank, Cheque, Goods}

func (m Mode) clean(opening bool) (Mode, error) {
	if m == "" || opening {
		return "", nil
	}
	for _, known := range Modes {
		if m == known {
			return m, nil
		}
	}
	return m, fault.InvalidField("mode", "Choose how it was paid.")
}

// PaidBy is the mode of an entry, also where nobody said so: what was received is cash then, and what was given goods.
// The database says the same (paidBy).
func (f EntryFields) PaidBy() Mode {
	switch {
	case f.Mode != "" || f.Opening:
		return f.Mode
	case f.Side == Received:
		return Cash
	}
	return Goods
}

// paidBy is PaidBy of an entry e that is no opening balance.
const paidBy = `coalesce(e.mode, case e.side when 'received' then 'cash' else 'goods' end)`

// UsualModeSQL is how the latest entries of a side were mostly paid. Parameters: account, business, today, side.
const UsualModeSQL = `
select coalesce(mode() within group (order by u.mode), '') from (
	select ` + paidBy + ` as mode
	from tijori.entries e
	where e.account_id = $1 and e.business_id = $2 and e.deleted_at is null and e.business_date <= $3
		and e.side = $4 and not e.opening
	order by e.business_date desc
	limit 20
) u`

// UsualMode is how the business is mostly paid, or pays; before the first entry, what PaidBy assumes. Members who see
// only their own entries are told their own habit.
func UsualMode(ctx context.Context, tx *postgres.Tx, side Side) (mode Mode, err error) {
	err = tx.QueryRow(ctx, UsualModeSQL, tx.Scope.AccountID, tx.Scope.BusinessID, tx.Scope.Today, side).Scan(&mode)
	if err != nil {
		return "", fmt.Errorf("the usual mode: %w", err)
	}
	if mode == "" {
		mode = EntryFields{Side: side}.PaidBy()
	}
	return mode, nil
}

// modeWords are the words for how an entry was paid, as our files, khata apps, banks and people write them.
var modeWords = map[Mode][]string{
	Cash: {"cash", "cash payment", "by cash", "in cash", "hand", "nakad", "नकद", "नगद", "रोकड़", "रोख", "રોકડ"},
	UPI: {
		"upi", "gpay", "g pay", "google pay", "googlepay", "phonepe", "phone pe", "paytm", "bhim", "bhim upi", "qr",
		"amazon pay", "यूपीआई", "यूपीआइ",
	},
	Bank: {
		"bank", "bank transfer", "transfer", "neft", "rtgs", "imps", "net banking", "netbanking", "online",
		"online transfer", "card", "credit card", "debit card", "बैंक", "ऑनलाइन", "બેંક",
	},
	Cheque: {"cheque", "check", "chq", "cheque/dd", "dd", "चेक", "चैक", "ચેક"},
	Goods:  {"goods", "goods on credit", "on credit", "udhaar", "udhar", "माल", "उधार", "माल उधार"},
}

// ReadMode is how an entry was paid, as it is typed or stands in a file; "" when the words do not say.
func ReadMode(said string) Mode {
	said = strings.Join(strings.Fields(strings.ToLower(said)), " ")
	for _, m := range Modes {
		if slices.Contains(modeWords[m], said) {
			return m
		}
	}
	return ""
}
