package credits

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// WriteCSV writes the entries that a filter chooses, the newest first, for the
// owner of an account whose plan has exports. It streams; an error after the
// first byte means that the file is not whole.
func WriteCSV(ctx context.Context, tx *postgres.Tx, f Filter, w io.Writer) error {
	if !tx.Scope.Rights.Owns {
		return fault.New(fault.Forbidden, "Your role does not allow this.")
	}
	rights, err := billing.EntitlementsOf(ctx, tx)
	if err != nil {
		return err
	}
	if err := rights.Require(billing.Export); err != nil {
		return err
	}
	rows, err := tx.Query(ctx, `
		select number, kind, amount, balance, key, note, grant_id, hold_id, created_at from credit_entries
		 where account_id = $1 and meter = $2 and ($3 = '' or kind = $3)
		   and created_at >= coalesce($4::timestamptz, '-infinity') and created_at < coalesce($5::timestamptz,
		       'infinity')
		 order by number desc`, tx.Scope.AccountID, f.Meter, f.Kind, null(f.From), null(f.To))
	if err != nil {
		return fmt.Errorf("list entries: %w", err)
	}
	defer rows.Close()
	if _, err := io.WriteString(w, "\ufeff"); err != nil { // without it Excel reads Hindi as Latin letters
		return err
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write([]string{
		"number", "time", "kind", "amount", "balance", "note",
		"idempotency_key",
	}); err != nil {
		return err
	}
	for rows.Next() {
		e, err := scanEntry(rows)
		if err != nil {
			return err
		}
		if err := out.Write([]string{
			strconv.FormatInt(e.Number, 10), e.CreatedAt.UTC().Format(time.RFC3339), e.Kind,
			strconv.FormatInt(e.Amount, 10), strconv.FormatInt(e.Balance, 10), defused(e.Note), defused(e.Key),
		}); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("list entries: %w", err)
	}
	out.Flush()
	return out.Error()
}

// defused is text that no spreadsheet takes for a formula, in wide letters neither.
func defused(s string) string {
	if first, size := utf8.DecodeRuneInString(s); size > 0 && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
		return "'" + s
	}
	return s
}
