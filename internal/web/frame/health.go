package frame

import (
	"context"
	"net/http"
	"time"

	"github.com/tijorihq/tijori/internal/fault"
)

func (f *Frame) nothingHere(w http.ResponseWriter, r *Request) error {
	if !r.wantsJSON() {
		if err := r.Look(); err != nil {
			return err
		}
	}
	return fault.New(fault.NotFound, "There is nothing here.")
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

// Readyz says whether the database answers and this program may run on its schema.
func (f *Frame) Readyz(w http.ResponseWriter, r *Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
	defer cancel()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if err := f.config.DB.CheckMigrations(ctx); err != nil {
		f.Log.Warn("not ready", "error", err)
		w.WriteHeader(http.StatusServiceUnavailable)
		_, err := w.Write([]byte("not ready\n"))
		return err
	}
	_, err := w.Write([]byte("ready\n"))
	return err
}
