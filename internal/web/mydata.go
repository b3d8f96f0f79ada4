package web

import (
	"bufio"
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/ledger/export"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/page/mydata"
)

// myDataPage offers an owner the account's data, whatever the plan.
func (s *Server) myDataPage(w http.ResponseWriter, r *request) error {
	if err := r.read(nil); err != nil {
		return err
	}
	view := mydata.View{Shell: r.shell(), Account: r.person.AccountName}
	for _, b := range r.person.Businesses {
		if b.AccountID == r.person.AccountID {
			view.Shops = append(view.Shops, b.Name)
		}
	}
	s.render(w, r, http.StatusOK, mydata.Page(view))
	return nil
}

// myData streams everything that the session's account has. Each business is
// read as itself, so that the database decides about each; what fails after the
// first byte breaks the connection, as with every export.
func (s *Server) myData(w http.ResponseWriter, r *request) error {
	if err := r.read(nil); err != nil {
		return err
	}
	select {
	case s.exports <- struct{}{}:
		defer func() { <-s.exports }()
	case <-time.After(5 * time.Second):
		return errBusy
	case <-r.Context().Done():
		return r.Context().Err()
	}
	ctx, cancel := context.WithTimeout(r.Context(), exportLimit)
	defer cancel()
	if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(exportLimit)); err != nil {
		return err
	}
	file := &download{w: w, name: r.person.AccountName + " " + r.shell().Today() + ".zip", kind: "application/zip"}
	buffer := bufio.NewWriterSize(file, 32<<10)
	err := s.pack(ctx, r, export.NewArchive(buffer, r.s.Clock.Now()))
	if err == nil {
		err = buffer.Flush()
	}
	if err != nil && file.begun {
		s.Log.Warn("download of an account broken off", "request", r.id, "error", err)
		panic(http.ErrAbortHandler)
	}
	return err
}

// pack writes the account and each of its businesses.
func (s *Server) pack(ctx context.Context, r *request, a *export.Archive) error {
	var account uuid.UUID
	err := s.DB.As(ctx, r.caller, func(tx *postgres.Tx) error {
		if err := r.admit(tx.Scope); err != nil {
			return err
		}
		account = tx.Scope.AccountID
		return a.Account(ctx, tx)
	})
	if err != nil {
		return err
	}
	for _, b := range r.person.Businesses {
		if b.AccountID != account {
			continue
		}
		caller := r.caller
		caller.Business = b.BusinessID
		err := s.DB.As(ctx, caller, func(tx *postgres.Tx) error {
			if tx.Scope.AccountID != account || tx.Scope.Role != ledger.Owner {
				return fault.New(fault.Conflict, "Your account changed meanwhile. Please try again.")
			}
			return a.Business(ctx, tx, b.Name, b.Currency)
		})
		if err != nil {
			return err
		}
	}
	return a.Close()
}
