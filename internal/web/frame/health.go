package frame

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

func (f *Frame) nothingHere(w http.ResponseWriter, r *Request) error {
	if !r.wantsJSON() {
		if err := r.Look(); err != nil {
			return err
		}
	}
	return fault.New(fault.NotFound, "Page not found.")
}

func (f *Frame) crossOrigin(http.ResponseWriter, *Request) error {
	return fault.New(fault.Forbidden, "This came from another site. Open the page here and try again.")
}

// Healthz says that the program runs.
func (f *Frame) Healthz(w http.ResponseWriter, _ *Request) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err := w.Write([]byte("ok\n"))
	return err
}

// Readyz says whether requests can be served, and where they cannot, why.
func (f *Frame) Readyz(w http.ResponseWriter, r *Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
	defer cancel()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if err := f.config.DB.CheckReady(ctx); err != nil {
		f.Log.Warn("not ready", "error", err)
		why := "the database does not answer"
		if setup, ok := errors.AsType[*postgres.SetupError](err); ok {
			why = setup.Problem
		}
		w.Header().Set("Retry-After", "5")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, err := w.Write([]byte("not ready: " + why + "\n"))
		return err
	}
	_, err := w.Write([]byte("ready\n"))
	return err
}
