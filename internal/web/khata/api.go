package khata

import (
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
)

// partyJSON is a party as the API tells it. Balance is in minor units; positive
// is what the party owes the business. A counter sees no balance.
type partyJSON struct {
	ID       uuid.UUID `json:"id"`
	Kind     string    `json:"kind"`
	Name     string    `json:"name"`
	Phone    string    `json:"phone,omitempty"`
	Note     string    `json:"note,omitempty"`
	Balance  *int64    `json:"balance,omitempty"`
	LastDate string    `json:"last_date,omitempty"`
}

type partiesJSON struct {
	Currency string      `json:"currency"`
	Get      *int64      `json:"get,omitempty"`
	Give     *int64      `json:"give,omitempty"`
	Parties  []partyJSON `json:"parties"`
	Next     string      `json:"next,omitempty"`
}

func dateText(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.DateOnly)
}

func (h *Handlers) APIParties(w http.ResponseWriter, r *frame.Request) error {
	_, filter := filterOf(r.URL.Query())
	list, names, err := readParties(r, filter)
	if err != nil {
		return err
	}
	body := partiesJSON{Currency: r.Person.Business.Currency, Parties: []partyJSON{}, Next: string(list.Next)}
	if !r.Rights.SeesTotals {
		body.Next = string(names.Next)
		for _, p := range names.Rows {
			body.Parties = append(body.Parties, partyJSON{ID: p.ID, Kind: string(p.Kind), Name: p.Name})
		}
		return h.WriteJSON(w, r, http.StatusOK, body)
	}
	body.Get, body.Give = &list.Get, &list.Give
	for _, p := range list.Rows {
		body.Parties = append(body.Parties, partyJSON{
			ID: p.ID, Kind: string(p.Kind), Name: p.Name, Phone: p.Phone,
			Balance: &p.Balance, LastDate: dateText(p.LastDate),
		})
	}
	return h.WriteJSON(w, r, http.StatusOK, body)
}

type entryJSON struct {
	ID      uuid.UUID `json:"id"`
	PartyID uuid.UUID `json:"party_id"`
	Side    string    `json:"side"`
	Amount  int64     `json:"amount"` // minor units
	Date    string    `json:"date"`
	Note    string    `json:"note,omitempty"`
	Mode    string    `json:"mode,omitempty"`    // cash, upi, bank, cheque or goods; none where nobody said so
	Balance *int64    `json:"balance,omitempty"` // of the party after this entry; none while it lies ahead
	Ahead   bool      `json:"ahead,omitempty"`   // its day is yet to come: it counts in no balance
}

func entryBody(e ledger.Entry, balance *int64) entryJSON {
	return entryJSON{
		ID: e.ID, PartyID: e.PartyID, Side: string(e.Side), Amount: e.AmountMinor,
		Date: e.Date.Format(time.DateOnly), Note: e.Note, Mode: string(e.Mode), Balance: balance,
	}
}

func aheadBody(e ledger.Entry) entryJSON {
	body := entryBody(e, nil)
	body.Ahead = true
	return body
}

type partyPageJSON struct {
	partyJSON
	Entries []entryJSON `json:"entries"`
	Next    string      `json:"next,omitempty"`
}

func (h *Handlers) APIParty(w http.ResponseWriter, r *frame.Request) error {
	page, own, err := readParty(r, func(postgres.Scope, *pgx.Batch) {})
	if err != nil {
		return err
	}
	body := partyPageJSON{Entries: []entryJSON{}}
	if !r.Rights.SeesTotals {
		body.partyJSON, body.Next = partyJSON{ID: own.ID, Kind: string(own.Kind), Name: own.Name}, string(own.Next)
		for _, e := range own.Rows {
			one := entryBody(e, nil)
			one.Ahead = e.Date.After(r.Today)
			body.Entries = append(body.Entries, one)
		}
		return h.WriteJSON(w, r, http.StatusOK, body)
	}
	body.partyJSON = partyJSON{
		ID: page.ID, Kind: string(page.Kind), Name: page.Name, Phone: page.Phone,
		Note: page.Note, Balance: &page.Balance,
	}
	body.Next = string(page.Next)
	for _, e := range page.Rows {
		if e.Ahead {
			body.Entries = append(body.Entries, aheadBody(e.Entry))
		} else {
			body.Entries = append(body.Entries, entryBody(e.Entry, &e.Balance))
		}
	}
	return h.WriteJSON(w, r, http.StatusOK, body)
}

// openingJSON is the opening balance of a new party.
type openingJSON struct {
	Side   string `json:"side"`
	Amount int64  `json:"amount"`
	Date   string `json:"date"`
}

// fields is an opening balance as an entry; without one there is none.
func (o *openingJSON) fields() (ledger.EntryFields, error) {
	if o == nil {
		return ledger.EntryFields{}, nil
	}
	date, err := ledger.ParseDate(o.Date)
	return ledger.EntryFields{Side: ledger.Side(o.Side), AmountMinor: o.Amount, Date: date, Opening: true}, err
}

// addParty adds a party, and its opening balance where there is one. Both ids come of the client's, so that a
// repetition is one party and one balance.
func addParty(
	r *frame.Request, tx *postgres.Tx, id uuid.UUID, fields ledger.PartyFields, opening ledger.EntryFields,
) (ledger.Party, error) {
	p, err := ledger.AddParty(r.Context(), tx, id, fields)
	if err == nil && opening.Opening {
		_, err = ledger.AddOpening(r.Context(), tx, ledger.OpeningIDOf(id), id, opening)
	}
	return p, err
}

// APIAddParty takes id (made by the client: a repetition is one row), kind, name, phone, note, and opening (side,
// amount, date) where there is an opening balance.
func (h *Handlers) APIAddParty(w http.ResponseWriter, r *frame.Request) error {
	var in struct {
		ID      uuid.UUID    `json:"id"`
		Kind    string       `json:"kind"`
		Name    string       `json:"name"`
		Phone   string       `json:"phone"`
		Note    string       `json:"note"`
		Opening *openingJSON `json:"opening"`
	}
	if err := frame.DecodeJSON(r, &in); err != nil {
		return err
	}
	opening, err := in.Opening.fields()
	if err != nil {
		return openingField(err)
	}
	var p ledger.Party
	err = openingField(r.As(func(tx *postgres.Tx) (err error) {
		p, err = addParty(r, tx, in.ID, ledger.PartyFields{
			Kind: ledger.Kind(in.Kind), Name: in.Name,
			Phone: in.Phone, Note: in.Note,
		}, opening)
		return err
	}))
	if err != nil {
		return err
	}
	return h.WriteJSON(w, r, http.StatusCreated, partyBody(p))
}

func partyBody(p ledger.Party) partyJSON {
	return partyJSON{ID: p.ID, Kind: string(p.Kind), Name: p.Name, Phone: p.Phone, Note: p.Note}
}

// APIEditParty takes version (that the edit was made on), kind, name, phone, note. The same edit sent twice is one; on
// a party that has changed since it is a conflict.
func (h *Handlers) APIEditParty(w http.ResponseWriter, r *frame.Request) error {
	var in struct {
		Version int    `json:"version"`
		Kind    string `json:"kind"`
		Name    string `json:"name"`
		Phone   string `json:"phone"`
		Note    string `json:"note"`
	}
	if err := frame.DecodeJSON(r, &in); err != nil {
		return err
	}
	var p ledger.Party
	err := r.As(func(tx *postgres.Tx) (err error) {
		p, err = ledger.EditParty(r.Context(), tx, r.PathID("party"), in.Version, ledger.PartyFields{
			Kind: ledger.Kind(in.Kind), Name: in.Name, Phone: in.Phone, Note: in.Note,
		})
		return err
	})
	if err != nil {
		return err
	}
	return h.WriteJSON(w, r, http.StatusOK, partyBody(p))
}

// APIEditEntry takes version (that the edit was made on), side, amount in minor units, date, note, mode, and
// cheque_date of a cheque. The same edit sent twice is one; on an entry that has changed since it is a conflict.
func (h *Handlers) APIEditEntry(w http.ResponseWriter, r *frame.Request) error {
	var in struct {
		Version    int    `json:"version"`
		Side       string `json:"side"`
		Amount     int64  `json:"amount"`
		Date       string `json:"date"`
		Note       string `json:"note"`
		Mode       string `json:"mode"`
		ChequeDate string `json:"cheque_date"`
	}
	if err := frame.DecodeJSON(r, &in); err != nil {
		return err
	}
	fields := ledger.EntryFields{
		Side: ledger.Side(in.Side), AmountMinor: in.Amount, Note: in.Note, Mode: ledger.Mode(in.Mode),
	}
	var err error
	if fields.Date, err = ledger.ParseDate(in.Date); err != nil {
		return err
	}
	if err := chequeDate(&fields, in.ChequeDate); err != nil {
		return err
	}
	var e ledger.Entry
	err = r.As(func(tx *postgres.Tx) (err error) {
		e, err = ledger.EditEntry(r.Context(), tx, r.PathID("entry"), in.Version, fields)
		return err
	})
	if err != nil {
		return err
	}
	return h.WriteJSON(w, r, http.StatusOK, entryBody(e, nil))
}

// APIAddEntry takes id (made by the client), party_id, side, amount in minor units, date (yyyy-mm-dd), note, mode, and
// cheque_date of a cheque.
func (h *Handlers) APIAddEntry(w http.ResponseWriter, r *frame.Request) error {
	var in struct {
		ID      uuid.UUID `json:"id"`
		PartyID uuid.UUID `json:"party_id"`
		Side    string    `json:"side"`
		Amount  int64     `json:"amount"`
		Date    string    `json:"date"`
		Note    string    `json:"note"`
		Mode    string    `json:"mode"`
		Cheque  string    `json:"cheque_date"`
	}
	if err := frame.DecodeJSON(r, &in); err != nil {
		return err
	}
	date, err := ledger.ParseDate(in.Date)
	if err != nil {
		return err
	}
	fields := ledger.EntryFields{
		Side: ledger.Side(in.Side), AmountMinor: in.Amount,
		Date: date, Note: in.Note, Mode: ledger.Mode(in.Mode),
	}
	if err := chequeDate(&fields, in.Cheque); err != nil {
		return err
	}
	e, err := addEntry(r, in.ID, in.PartyID, fields)
	if err != nil {
		return err
	}
	return h.WriteJSON(w, r, http.StatusCreated, entryBody(e, nil))
}

// chequeDate reads the date on a cheque; of what is none, or has none, it reads nothing.
func chequeDate(f *ledger.EntryFields, text string) (err error) {
	if f.Mode != ledger.Cheque || text == "" {
		return nil
	}
	if f.ChequeDate, err = ledger.ParseDate(text); err != nil {
		return fault.Of(err).About("cheque_date")
	}
	return nil
}
