package accounts

import (
	"io"
	"net/http"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger/export"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
)

// MyData streams everything that the session's account has. Each business is
// read as itself, so that the database decides about each; what fails after the
// first byte breaks the connection, as with every export.
func (h *Handlers) MyData(w http.ResponseWriter, r *frame.Request) error {
	if err := r.Read(nil); err != nil {
		return err
	}
	file := frame.NewDownload(w, r.Person.AccountName+" "+r.Shell().Today()+".zip", "application/zip")
	return h.Send(r, &frame.Task{}, file, func(w io.Writer) error {
		return pack(r, export.NewArchive(w, h.Clock.Now()))
	})
}

// pack writes the account and each of its businesses.
func pack(r *frame.Request, a *export.Archive) error {
	var account uuid.UUID
	err := r.As(func(tx *postgres.Tx) error {
		account = tx.Scope.AccountID
		return a.Account(r.Context(), tx)
	})
	if err != nil {
		return err
	}
	for _, b := range r.Person.Businesses {
		if b.AccountID != account {
			continue
		}
		err := r.AsOf(b.BusinessID, func(tx *postgres.Tx) error {
			if tx.Scope.AccountID != account || !tx.Scope.Rights.Owns {
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
