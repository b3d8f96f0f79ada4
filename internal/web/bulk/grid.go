package bulk

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/grid"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// MaxGrid is how much a grid may send: a thousand rows with short notes, or some hundred with the longest.
const MaxGrid = 2 << 20

// gridRows is how many rows the page has at least.
const gridRows = 10

// deskOf is how typed text is read for the business of the request, which must be known.
func deskOf(r *frame.Request) ledger.Desk {
	return ledger.Desk{Currency: r.Person.Business.Currency, Today: r.Today}
}

// inGrid runs fn in the transaction of a request of the grid, and refuses plans without it; the database does so again.
func (h *Handlers) inGrid(r *frame.Request, fn func(*postgres.Tx, ledger.Desk) error) error {
	return r.AsPage(func(tx *postgres.Tx) error {
		if !r.Plan().Has(billing.BatchEntry) {
			return billing.NeedsPlan(billing.BatchEntry)
		}
		return fn(tx, deskOf(r))
	})
}

// around is what stands around the rows of the grid.
type around struct {
	batches []ledger.BatchInfo
	names   ledger.PartyNames
	undone  *grid.Undone // what an undo has left, when the page says so
}

func (a *around) queue(s postgres.Scope, b *pgx.Batch) {
	ledger.QueueBatches(s, b, ledger.GridBatch, &a.batches)
	ledger.QueuePartyNames(b, "", "", &a.names)
}

func (h *Handlers) GridPage(w http.ResponseWriter, r *frame.Request) error {
	var draft ledger.Draft
	var a around
	var result ledger.BatchResult
	err := h.inGrid(r, func(tx *postgres.Tx, desk ledger.Desk) (err error) {
		b := &pgx.Batch{}
		ledger.QueueDraft(tx.Scope, b, &draft)
		a.queue(tx.Scope, b)
		if err := tx.SendBatch(r.Context(), b).Close(); err != nil {
			return err
		}
		if a.undone, err = undoneOf(r, tx); err != nil {
			return err
		}
		result, err = ledger.CheckBatch(r.Context(), tx, draft.Batch, draft.Rows, desk)
		return err
	})
	if err != nil {
		return err
	}
	h.showGrid(w, r, http.StatusOK, grid.View{Version: draft.Version}, draft.Batch, result, a)
	return nil
}

// showGrid fills in the page around the rows and writes it.
func (h *Handlers) showGrid(
	w http.ResponseWriter, r *frame.Request, status int, v grid.View, batch uuid.UUID, result ledger.BatchResult,
	a around,
) {
	v.Undone = a.undone
	v.Shell, v.ID, v.Max = r.Shell(), batch.String(), ledger.MaxBatchRows
	if batch == uuid.Nil {
		v.ID = frame.NewID()
	}
	for _, p := range a.names.Rows {
		v.Names = append(v.Names, p.Name)
	}
	var given, received int64
	for _, c := range result.Rows {
		v.Rows = append(v.Rows, rowView(r, c))
		if c.Entry.Side == ledger.Received {
			received += c.Entry.AmountMinor
		} else {
			given += c.Entry.AmountMinor
		}
	}
	v.Given, v.Received, v.Some = r.Amount(given), r.Amount(received),
		result.Wrong > 0 && result.Wrong < len(result.Rows)
	for len(v.Rows) < gridRows {
		v.Rows = append(v.Rows, grid.Row{ID: frame.NewID(), Date: v.Now.Format("02/01/2006")})
	}
	for _, b := range a.batches {
		v.Batches = append(v.Batches, grid.Batch{
			ID: b.ID.String(), By: b.ByName, At: b.At, Entries: b.Entries,
			Parties: b.Parties, Undone: b.UndoneAt != nil,
		})
	}
	h.Render(w, r, status, grid.Page(v))
}

// undoneOf is what an undo has left in place, of the batch that the address names; nil when it names none.
func undoneOf(r *frame.Request, tx *postgres.Tx) (*grid.Undone, error) {
	batch, err := uuid.Parse(r.URL.Query().Get("undone"))
	if err != nil || r.Method != http.MethodGet {
		return nil, nil //nolint:nilerr,nilnil // nothing was undone
	}
	rows, err := ledger.KeptOfBatch(r.Context(), tx, batch)
	out := &grid.Undone{}
	for _, k := range rows {
		row := grid.Kept{
			Party: k.PartyName, PartyID: k.PartyID.String(), Side: string(k.Entry.Side),
			Amount: r.Amount(k.Entry.AmountMinor), Date: k.Entry.Date,
		}
		if k.EntryID != uuid.Nil {
			row.EntryID = k.EntryID.String()
		}
		out.Kept = append(out.Kept, row)
	}
	return out, err
}

func rowView(r *frame.Request, c *ledger.CheckedRow) grid.Row {
	row := grid.Row{
		ID: c.ID.String(), Date: c.Date, Party: c.Party, Given: c.Given, Received: c.Received, Note: c.Note,
		Mode:     c.Mode,
		NewParty: c.NewParty, Twin: c.Twin, Problems: problemsOf(r, c),
	}
	if c.PartyID != uuid.Nil {
		row.PartyID = c.PartyID.String()
	}
	return row
}

// problemsOf are the sentences of a row's cells in the reader's language.
func problemsOf(r *frame.Request, c *ledger.CheckedRow) map[string]string {
	if len(c.Problems) == 0 {
		return nil
	}
	out := map[string]string{}
	for column, f := range c.Problems {
		out[column] = r.T(f.Text, f.Args...)
	}
	return out
}

// gridForm reads the rows that the page's form posts.
func gridForm(r *frame.Request) (rows []ledger.BatchRow, err error) {
	if err := r.ParseForm(); err != nil {
		return nil, fault.New(fault.Invalid, "This form is out of date. Reload the page.").Because(err)
	}
	if !frame.Storable(r.PostForm) {
		return nil, fault.New(fault.Invalid, "This form is out of date. Reload the page.")
	}
	addNew := r.PostFormValue("add_new") != ""
	for n := 0; n < ledger.MaxBatchRows && r.PostForm.Has(fmt.Sprintf("row-%d", n)); n++ {
		get := func(name string) string { return r.PostFormValue(name + "-" + strconv.Itoa(n)) }
		row := ledger.BatchRow{
			Date: get("date"), Party: get("party"), Given: get("given"), Received: get("received"),
			Note: get("note"), Mode: get("mode"), NewParty: addNew || get("new") != "",
		}
		if row.ID, err = uuid.Parse(get("row")); err != nil {
			return nil, fault.New(fault.Invalid, "This form is out of date. Reload the page.").Because(err)
		}
		// Without script the name is what counts: the id may be of what stood there before.
		rows = append(rows, row)
	}
	return rows, nil
}

// SaveGrid is the form without script.
func (h *Handlers) SaveGrid(w http.ResponseWriter, r *frame.Request) error {
	rows, err := gridForm(r)
	if err != nil {
		return err
	}
	batch, err := r.FormID()
	if err != nil {
		return err
	}
	var a around
	var result ledger.BatchResult
	err = h.inGrid(r, func(tx *postgres.Tx, desk ledger.Desk) (err error) {
		if result, err = ledger.SaveBatch(r.Context(), tx, batch, rows, desk,
			r.PostFormValue("then") == "good"); err != nil {
			return err
		}
		if result.Kept {
			b := &pgx.Batch{}
			a.queue(tx.Scope, b)
			return tx.SendBatch(r.Context(), b).Close()
		}
		_, err = ledger.SaveDraft(r.Context(), tx, uuid.Nil, ledger.Draft{Batch: frame.NewUUID(), Rows: result.Left()})
		return err
	})
	if err != nil {
		return err
	}
	if !result.Kept {
		code := "batch_saved"
		if result.Wrong > 0 {
			code = "batch_some"
		}
		h.SetFlash(w, code, ui.BusinessPath(r.Caller.Business.String())+"/batches/"+batch.String()+"/undo")
		return h.Redirect(w, r, ui.BusinessPath(r.Caller.Business.String())+"/grid")
	}
	view := grid.View{AddNew: r.PostFormValue("add_new") != ""}
	view.Error = r.T("Nothing was saved. Please check the marked cells.")
	if result.Wrong == 0 {
		view.Error = r.T("There is nothing to save yet.")
	}
	h.showGrid(w, r, http.StatusUnprocessableEntity, view, batch, result, a)
	return nil
}

// UndoBatch moves what a batch added to the bin, and leads to the page that says what is left.
func (h *Handlers) UndoBatch(w http.ResponseWriter, r *frame.Request) error {
	batch := r.PathID("batch")
	var kind string
	err := r.Long(frame.ImportLimit, func() error {
		return r.As(func(tx *postgres.Tx) (err error) {
			_, kind, err = ledger.UndoBatch(r.Context(), tx, batch)
			return err
		})
	})
	if err != nil {
		return err
	}
	page := "/grid"
	if kind == ledger.ImportBatch {
		page = "/import"
	}
	return h.Redirect(w, r, ui.BusinessPath(r.Caller.Business.String())+page+"?undone="+batch.String())
}

// gridIn is what the grid sends. rows are as typed: amounts and dates as people write them, in the
// business's currency and with the day before the month.
type gridIn struct {
	ID      uuid.UUID         `json:"id"`      // of the batch
	Writer  uuid.UUID         `json:"writer"`  // of the browser's tab; zero for other programs
	Version int               `json:"version"` // of the draft
	Some    bool              `json:"some"`    // save the good rows, keep the others
	Rows    []ledger.BatchRow `json:"rows"`
}

type gridRowOut struct {
	ID        uuid.UUID         `json:"id"`
	Saved     bool              `json:"saved"`
	Party     string            `json:"party,omitempty"`
	PartyID   uuid.UUID         `json:"party_id,omitzero"`
	NewParty  bool              `json:"new_party,omitempty"`
	Unknown   bool              `json:"unknown_party,omitempty"`
	Duplicate bool              `json:"duplicate,omitempty"`
	Problems  map[string]string `json:"problems,omitempty"`
}

type gridOut struct {
	Batch   uuid.UUID    `json:"batch"`
	Saved   int          `json:"saved"`
	Parties int          `json:"parties_added"`
	Wrong   int          `json:"wrong"`
	Version int          `json:"draft_version"`
	Next    uuid.UUID    `json:"next_batch,omitzero"` // for the rows that are left
	Rows    []gridRowOut `json:"rows"`
}

func newGridOut(r *frame.Request, batch uuid.UUID, version int, result ledger.BatchResult) gridOut {
	out := gridOut{
		Batch: batch, Saved: result.Entries, Parties: result.Parties, Wrong: result.Wrong, Version: version,
		Rows: []gridRowOut{},
	}
	for _, c := range result.Rows {
		if c.Blank() {
			continue
		}
		out.Rows = append(out.Rows, gridRowOut{
			ID: c.ID, Saved: c.Saved, Party: c.Party, PartyID: c.PartyID,
			NewParty: c.NewParty, Unknown: c.Unknown, Duplicate: c.Twin, Problems: problemsOf(r, c),
		})
	}
	return out
}

func (in *gridIn) read(r *frame.Request) error {
	if err := frame.DecodeJSON(r, in); err != nil {
		return err
	}
	for _, row := range in.Rows {
		if strings.ContainsRune(row.Date+row.Party+row.Given+row.Received+row.Note+row.Mode, 0) {
			return fault.New(fault.Invalid, "This text has a character that cannot be shown. Please type it again.")
		}
	}
	return nil
}

// APIBatch saves rows as one batch: 201 when some were saved, else 422; what is wrong stands beside each cell.
func (h *Handlers) APIBatch(w http.ResponseWriter, r *frame.Request) error {
	var in gridIn
	if err := in.read(r); err != nil {
		return err
	}
	var result ledger.BatchResult
	version, next := in.Version, frame.NewUUID()
	err := h.inGrid(r, func(tx *postgres.Tx, desk ledger.Desk) (err error) {
		if result, err = ledger.SaveBatch(r.Context(), tx, in.ID, in.Rows, desk, in.Some); err != nil ||
			result.Kept || in.Writer == uuid.Nil {
			return err
		}
		saved, err := ledger.SaveDraft(r.Context(), tx, in.Writer, ledger.Draft{
			Batch: next, Rows: result.Left(),
			Version: in.Version,
		})
		if fault.Is(err, fault.Conflict) { // the draft of another tab stays; its rows that are saved here count once
			return nil
		}
		version = saved
		return err
	})
	if err != nil {
		return err
	}
	status, out := http.StatusCreated, newGridOut(r, in.ID, version, result)
	if result.Kept {
		status = http.StatusUnprocessableEntity
	} else {
		out.Next = next
	}
	return h.WriteJSON(w, r, status, out)
}

// APIDraft keeps what was typed into the grid, and says what is wrong with it so far.
func (h *Handlers) APIDraft(w http.ResponseWriter, r *frame.Request) error {
	var in gridIn
	if err := in.read(r); err != nil {
		return err
	}
	var result ledger.BatchResult
	var version int
	err := h.inGrid(r, func(tx *postgres.Tx, desk ledger.Desk) (err error) {
		if result, err = ledger.CheckBatch(r.Context(), tx, in.ID, in.Rows, desk); err != nil {
			return err
		}
		version, err = ledger.SaveDraft(r.Context(), tx, in.Writer, ledger.Draft{
			Batch: in.ID, Rows: in.Rows,
			Version: in.Version,
		})
		return err
	})
	if err != nil {
		return err
	}
	return h.WriteJSON(w, r, http.StatusOK, newGridOut(r, in.ID, version, result))
}
