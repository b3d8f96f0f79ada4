package export

import (
	"archive/zip"
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// An Archive is a ZIP of everything that an account has: each table once as CSV
// for people and once as JSON for programs. It streams. It needs no plan: it is
// the owner's own data.
type Archive struct {
	zip   *zip.Writer
	made  time.Time
	shops int
}

// NewArchive begins an archive on w.
func NewArchive(w io.Writer, made time.Time) *Archive {
	return &Archive{zip: zip.NewWriter(w), made: made}
}

const readme = `Everything that Tijori keeps for your account.

account/      who you are, your team, your plan, what you paid, your credits
01 SHOP/ ...  one folder for each of your businesses

Each table is there twice: .csv opens in a spreadsheet, .json is for programs.
parties and entries hold also what is in the bin (deleted_at is then filled), and
changes is the history of every edit, delete and restore.
Amounts in .csv are in the currency of the business; amount_minor in .json are its
smallest unit. Not in here: your password and tokens, of which we keep only hashes.
`

// Account writes the tables of the account as a whole. Owners only; the caller names no business.
func (a *Archive) Account(ctx context.Context, tx *postgres.Tx) error {
	if !tx.Scope.Rights.Owns {
		return fault.New(fault.Forbidden, "Your role does not allow this.")
	}
	w, err := a.begin("README.txt")
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, readme); err != nil {
		return err
	}
	for _, t := range accountTables {
		if err := a.table(ctx, tx, "account/", "", t, tx.Scope.AccountID); err != nil {
			return err
		}
	}
	return nil
}

// Business writes the tables of the caller's business, in a folder of its name. Owners only.
func (a *Archive) Business(ctx context.Context, tx *postgres.Tx, name, currency string) error {
	if !tx.Scope.Rights.Owns {
		return fault.New(fault.Forbidden, "Your role does not allow this.")
	}
	a.shops++
	folder := fmt.Sprintf("%02d %s/", a.shops, fileName(name))
	for _, t := range businessTables {
		if err := a.table(ctx, tx, folder, currency, t, tx.Scope.AccountID, tx.Scope.BusinessID); err != nil {
			return err
		}
	}
	return nil
}

// Close ends the archive; without it the file is broken.
func (a *Archive) Close() error { return a.zip.Close() }

func (a *Archive) begin(name string) (io.Writer, error) {
	return a.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: a.made})
}

func (a *Archive) table(
	ctx context.Context, tx *postgres.Tx, folder, currency string, t archiveTable, args ...any,
) error {
	w, err := a.begin(folder + t.name + ".csv")
	if err == nil {
		err = tableCSV(ctx, tx, w, currency, t, args)
	}
	if err == nil {
		w, err = a.begin(folder + t.name + ".json")
	}
	if err == nil {
		err = tableJSON(ctx, tx, w, t, args)
	}
	if err != nil {
		return fmt.Errorf("archive table %s: %w", t.name, err)
	}
	return nil
}

// tableCSV writes the rows as text; minor units of a business become plain decimals.
func tableCSV(ctx context.Context, tx *postgres.Tx, w io.Writer, currency string, t archiveTable, args []any) error {
	c, err := newCSVWriter(w)
	if err != nil {
		return err
	}
	rows, err := tx.Query(ctx, t.sql, append([]any{pgx.QueryResultFormats{pgx.TextFormatCode}}, args...)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	fields := rows.FieldDescriptions()
	amount := make([]bool, len(fields))
	for i, f := range fields {
		if amount[i] = currency != "" && (f.Name == "amount_minor" || f.Name == "balance"); f.Name == "amount_minor" {
			c.cell("amount")
		} else {
			c.cell(f.Name)
		}
	}
	err = c.endRow()
	for err == nil && rows.Next() {
		for i, raw := range rows.RawValues() {
			switch value := string(raw); {
			case amount[i] && raw != nil:
				minor, err := strconv.ParseInt(value, 10, 64)
				if err != nil {
					return err
				}
				c.amount(minor, currency)
			case fields[i].DataTypeOID == pgtype.TextOID:
				c.text(value)
			default:
				c.cell(value)
			}
		}
		err = c.endRow()
	}
	if err == nil {
		err = rows.Err()
	}
	if err != nil {
		return err
	}
	return c.end()
}

// tableJSON writes an array of objects, one a line.
func tableJSON(ctx context.Context, tx *postgres.Tx, w io.Writer, t archiveTable, args []any) error {
	b := bufio.NewWriterSize(w, bufferSize)
	rows, err := tx.Query(ctx, `select row_to_json(t)::text from (`+t.sql+`) t`, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	before := "[\n"
	for rows.Next() {
		b.WriteString(before)
		b.Write(rows.RawValues()[0])
		before = ",\n"
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if before == "[\n" {
		b.WriteString("[")
	}
	b.WriteString("\n]\n")
	return b.Flush()
}

// fileName is a name as every system takes it for a folder.
func fileName(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '-'
		}
		return r
	}, name)
	if runes := []rune(name); len(runes) > 60 {
		name = string(runes[:60])
	}
	return strings.Trim(name, " .")
}
