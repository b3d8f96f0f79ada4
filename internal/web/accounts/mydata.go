package accounts

import (
	"io"
	"net/http"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger/export"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
)

// MyData answers with everything that the session's account has. Each business is
// read as itself, so that the database decides about each.
func (h *Handlers) MyData(_ http.ResponseWriter, r *frame.Request) error {
	if err := r.Read(nil); err != nil {
		return err
	}
	if err := r.RequireFresh(); err != nil {
		return err
	}
	return h.SendFile(r, frame.File{
		Name: r.Person.AccountName + " " + r.Shell().Today() + ".zip", Kind: "application/zip", Task: &frame.Task{},
		Make: func(w io.Writer) error { return pack(r, export.NewArchive(w, h.Clock.Now())) },
	})
}

// pack writes the account and each of its businesses.
func pack(r *frame.Request, a *export.Archive) error {
	var home uuid.UUID
	err := r.As(func(tx *postgres.Tx) error {
		home = tx.Scope.AccountID
		if err := account.LogExport(r.Context(), tx, account.DataTaken, ""); err != nil {
			return err
		}
		return a.Account(r.Context(), tx)
	})
	if err != nil {
		return err
	}
	for _, b := range r.Person.Businesses {
		if b.AccountID != home {
			continue
		}
		err := r.AsOf(b.BusinessID, func(tx *postgres.Tx) error {
			if tx.Scope.AccountID != home || !tx.Scope.Rights.Owns {
				return fault.New(fault.Conflict, "Your account changed meanwhile. Please try again.").
					Coded("account_changed")
			}
			return a.Business(r.Context(), tx, b.Name, b.Currency)
		})
		if err != nil {
			return err
		}
	}
	return a.Close()
}
