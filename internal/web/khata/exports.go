package khata

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/ledger/export"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
)

// A format is a kind of file that the ledger leaves as.
type format struct {
	ending, kind string
	party        func(context.Context, *postgres.Tx, io.Writer, uuid.UUID, ledger.Range, export.Options) error
	book         func(context.Context, *postgres.Tx, io.Writer, export.Options) error
	table        func(context.Context, *postgres.Tx, io.Writer, export.Table, export.Options) error
}

var (
	CSV  = format{".csv", "text/csv; charset=utf-8", export.PartyCSV, export.BookCSV, export.TableCSV}
	XLSX = format{
		".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", export.PartyXLSX,
		export.BookXLSX, export.TableXLSX,
	}
	PDF = format{".pdf", "application/pdf", export.PartyPDF, export.BookPDF, export.TablePDF}
)

// ExportParty is the statement of a party as a file, of the days that the query names.
func (h *Handlers) ExportParty(f format) frame.Handler {
	return func(w http.ResponseWriter, r *frame.Request) error {
		id := r.PathID("party")
		days, err := readRange(r)
		if err != nil {
			return err
		}
		var name string
		err = r.As(func(tx *postgres.Tx) error {
			p, err := ledger.PartyByID(r.Context(), tx, id)
			name = p.Name
			return err
		})
		if err != nil {
			return err
		}
		total := func(ctx context.Context, tx *postgres.Tx) (int64, error) {
			return ledger.CountEntries(ctx, tx, id, days)
		}
		return h.export(w, r, f, name, total, func(tx *postgres.Tx, w io.Writer, o export.Options) error {
			return f.party(r.Context(), tx, w, id, days, o)
		})
	}
}

// ExportBusiness is the whole book as a file.
func (h *Handlers) ExportBusiness(f format) frame.Handler {
	return func(w http.ResponseWriter, r *frame.Request) error {
		total := func(ctx context.Context, tx *postgres.Tx) (int64, error) {
			return ledger.CountEntries(ctx, tx, uuid.Nil, ledger.Range{})
		}
		return h.export(w, r, f, "", total, func(tx *postgres.Tx, w io.Writer, o export.Options) error {
			return f.book(r.Context(), tx, w, o)
		})
	}
}

// export answers with a file. The plan is asked for in the transaction that reads the rows. The query may name a
// task, by which the page that asked sees how far the file is, and stops it.
func (h *Handlers) export(w http.ResponseWriter, r *frame.Request, f format, of string, total func(context.Context,
	*postgres.Tx) (int64, error), write func(*postgres.Tx, io.Writer, export.Options) error,
) error {
	if err := r.Read(nil); err != nil {
		return err
	}
	t := &frame.Task{ID: taskID(r), Kind: ledger.ExportTask, Total: total}
	name := r.Person.Business.Name
	if of != "" {
		name += " - " + of
	}
	err := h.SendFile(r, frame.File{
		Name: name + " " + r.Shell().Today() + f.ending, Kind: f.kind, Task: t,
		Make: func(w io.Writer) error {
			return r.As(func(tx *postgres.Tx) error {
				kind := strings.TrimPrefix(f.ending, ".")
				if err := account.LogExport(r.Context(), tx, account.DataExported, kind); err != nil {
					return err
				}
				return write(t.Counted(tx), w, exportOptions(r))
			})
		},
	})
	if errors.Is(err, frame.ErrStopped) { // the page that asked stays where it is
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return err
}

// taskID is the id under which the visitor wants to watch the work; zero when nobody does.
func taskID(r *frame.Request) uuid.UUID {
	id, err := uuid.Parse(r.URL.Query().Get("task"))
	if err != nil {
		return uuid.Nil
	}
	return id
}

func allowExport(ctx context.Context, tx *postgres.Tx) error {
	rights, err := billing.EntitlementsOf(ctx, tx)
	if err != nil {
		return err
	}
	return rights.Require(billing.Export)
}

// exportOptions are the words of a file in the reader's language, and the shop's name on it.
func exportOptions(r *frame.Request) export.Options {
	shell := r.Shell()
	return export.Options{
		Allow: allowExport, Currency: r.Person.Business.Currency, Business: r.Person.Business.Name,
		Lang: shell.Locale, Date: shell.Date,
		Labels: export.English.In(func(word string) string { return r.T(word) }),
		Made:   r.T("Made with Tijori on %s", shell.Moment(shell.Now)),
	}
}
