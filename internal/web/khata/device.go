package khata

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/role"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/device"
)

// DevicePage lets a user keep books on the device in use, for reading without a connection, and erase them.
func (h *Handlers) DevicePage(w http.ResponseWriter, r *frame.Request) error {
	if err := r.Read(nil); err != nil {
		return err
	}
	view := device.View{Shell: r.Shell()}
	for _, b := range view.Businesses {
		if role.Of(b.Role).SeesTotals {
			view.Books = append(view.Books, b)
		}
	}
	return r.Page(device.Page(view))
}

type readableJSON struct {
	Businesses []uuid.UUID `json:"businesses"`
}

// APIReadable names the businesses whose totals the user may see. A device asks before anything else: of the others,
// and of all when the answer is 401, it keeps nothing any longer.
func (h *Handlers) APIReadable(w http.ResponseWriter, r *frame.Request) error {
	if err := r.Read(nil); err != nil {
		return err
	}
	body := readableJSON{Businesses: []uuid.UUID{}}
	for _, b := range r.Person.Businesses {
		if role.Of(b.Role).SeesTotals {
			body.Businesses = append(body.Businesses, b.BusinessID)
		}
	}
	return h.WriteJSON(w, r, http.StatusOK, body)
}

// A deviceBookJSON is what stands above the parties of a book that a device keeps. Balances are sums up to Today.
type deviceBookJSON struct {
	Business string `json:"business"`
	Name     string `json:"name"`
	Symbol   string `json:"symbol"`
	Digits   int    `json:"digits"`
	Indian   bool   `json:"indian"`
	Edits    bool   `json:"edits"` // the user may edit entries and add parties
	Today    string `json:"today"`
	From     string `json:"from"` // the first day of which there are entries
}

type devicePartyJSON struct {
	ID      uuid.UUID         `json:"id"`
	Kind    string            `json:"kind"`
	Name    string            `json:"name"`
	Phone   string            `json:"phone,omitempty"`
	Note    string            `json:"note,omitempty"`
	Version int               `json:"version"`
	Before  int64             `json:"before"` // the balance before From
	Entries []deviceEntryJSON `json:"entries"`
}

type deviceEntryJSON struct {
	ID      uuid.UUID `json:"id"`
	Side    string    `json:"side"`
	Amount  int64     `json:"amount"`
	Date    string    `json:"date"`
	Note    string    `json:"note,omitempty"`
	Mode    string    `json:"mode,omitempty"`
	Opening bool      `json:"opening,omitempty"`
	Version int       `json:"version"`
}

// APIDeviceBook is a book as a device keeps it.
func (h *Handlers) APIDeviceBook(w http.ResponseWriter, r *frame.Request) error {
	if err := r.Read(nil); err != nil {
		return err
	}
	shell, currency := r.Shell(), r.Person.Business.Currency
	head := deviceBookJSON{
		Business: r.Caller.Business.String(), Name: r.Person.Business.Name, Symbol: shell.Symbol(),
		Digits: money.Digits(currency), Indian: currency == "INR", Edits: r.Rights.RunsKhata,
	}
	w.Header().Add("Vary", "Accept-Encoding")
	return h.SendFile(r, frame.File{
		Name: "book.json", Kind: "application/json", Task: &frame.Task{Kind: ledger.ExportTask},
		Packed: r.AcceptsGzip(),
		Make: func(w io.Writer) error {
			write := func(w io.Writer) error {
				return r.As(func(tx *postgres.Tx) error {
					head.Today = tx.Scope.Today.Format(time.DateOnly)
					return writeDeviceBook(r, tx, w, head)
				})
			}
			if !r.AcceptsGzip() {
				return write(w)
			}
			z := gzip.NewWriter(w)
			if err := write(z); err != nil {
				return err
			}
			return z.Close()
		},
	})
}

// writeDeviceBook writes head's object with one more field, the parties, as they are read.
func writeDeviceBook(r *frame.Request, tx *postgres.Tx, w io.Writer, head deviceBookJSON) error {
	out, between := json.NewEncoder(w), ""
	write := func(text string) error {
		_, err := io.WriteString(w, text)
		return err
	}
	begin := func(from time.Time) error {
		head.From = from.Format(time.DateOnly)
		if err := write(`{"book":`); err != nil {
			return err
		}
		if err := out.Encode(head); err != nil {
			return err
		}
		return write(`,"parties":[`)
	}
	err := ledger.WriteDevice(r.Context(), tx, ledger.MaxDeviceEntries, begin, func(p ledger.DeviceParty) error {
		if err := write(between); err != nil {
			return err
		}
		between = ","
		return out.Encode(devicePartyBody(p))
	})
	if err != nil {
		return err
	}
	return write("]}")
}

func devicePartyBody(p ledger.DeviceParty) devicePartyJSON {
	body := devicePartyJSON{
		ID: p.ID, Kind: string(p.Kind), Name: p.Name, Phone: p.Phone, Note: p.Note, Version: p.Version,
		Before: p.Before, Entries: make([]deviceEntryJSON, 0, len(p.Entries)),
	}
	for _, e := range p.Entries {
		body.Entries = append(body.Entries, deviceEntryJSON{
			ID: e.ID, Side: string(e.Side), Amount: e.AmountMinor, Date: e.Date.Format(time.DateOnly), Note: e.Note,
			Mode: string(e.Mode), Opening: e.Opening, Version: e.Version,
		})
	}
	return body
}
