package bulk

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/ledger/intake"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
	intakepage "github.com/tijorihq/tijori/internal/web/page/intake"
	"github.com/tijorihq/tijori/internal/web/ui"
)

var (
	errReading = fault.New(fault.Unavailable, "Other files are being read. Please try again in a minute.")
	errOwnTurn = fault.New(fault.TooMany,
		"Another file of your account is being imported. Please try again in a minute.")
)

// shown is how many parties, twins and problems of a dry run are on the page.
const shown = 100

// mostPicks is of how many parties a page lets some be chosen. What is chosen stands in an address.
const mostPicks = 2000

// inLine runs what a large file takes long for: in its turn, one of an account at a time.
func (h *Handlers) inLine(r *frame.Request, fn func() error) error {
	leave, err := h.reading.Acquire(r.Context(), r.Person.AccountID, time.Minute)
	if err != nil {
		return err
	}
	defer leave()
	return fn()
}

func (h *Handlers) ImportPage(w http.ResponseWriter, r *frame.Request) error {
	return h.showImport(w, r, http.StatusOK, intakepage.View{})
}

func (h *Handlers) showImport(w http.ResponseWriter, r *frame.Request, status int, v intakepage.View) error {
	var batches []ledger.BatchInfo
	err := r.AsPage(func(tx *postgres.Tx) (err error) {
		b := &pgx.Batch{}
		ledger.QueueBatches(tx.Scope, b, ledger.ImportBatch, &batches)
		if err := tx.SendBatch(r.Context(), b).Close(); err != nil {
			return err
		}
		v.Undone, err = undoneOf(r, tx)
		return err
	})
	if err != nil {
		return err
	}
	v.Shell, v.MaxMB, v.MaxRows = r.Shell(), intake.MaxFile>>20, intake.MaxRows
	for _, b := range batches {
		v.Batches = append(v.Batches, intakepage.Batch{
			ID: b.ID.String(), Name: fileName(r, b.Name), By: b.ByName,
			At: b.At, Entries: b.Entries, Parties: b.Parties, Undone: b.UndoneAt != nil,
		})
	}
	h.Render(w, r, status, intakepage.Page(v))
	return nil
}

// pasted is the file name of rows that were pasted.
const pasted = "✎"

func fileName(r *frame.Request, name string) string {
	if name == pasted {
		return r.T("Pasted rows")
	}
	return name
}

// SendFile reads a file, and keeps it for its dry run when it can be read.
func (h *Handlers) SendFile(w http.ResponseWriter, r *frame.Request) error {
	if err := r.Read(nil); err != nil { // authorize before reading the body
		return err
	}
	upload := frame.NewUUID()
	f, err := h.arrive(w, r)
	defer func() {
		if err := f.close(); err != nil {
			h.Log.Warn("close a file that has arrived", "request", r.ID, "error", err)
		}
	}()
	if err == nil {
		err = r.Long(frame.ImportLimit, func() error {
			return h.inLine(r, func() error {
				body, err := f.read()
				if err != nil {
					return err
				}
				if _, err := intake.Read(body); err != nil {
					return err
				}
				return r.As(func(tx *postgres.Tx) error { return intake.Store(r.Context(), tx, upload, f.name, body) })
			})
		})
	}
	if err == nil {
		return h.Redirect(w, r, ui.BusinessPath(r.Caller.Business.String())+"/import/"+upload.String())
	}
	var cut *http.MaxBytesError
	if errors.As(err, &cut) || !frame.Mendable(err) && !fault.Is(err, fault.TooLarge) {
		return err
	}
	reason := fault.Of(err)
	view := intakepage.View{Form: ui.Form{Errors: map[string]string{"file": r.T(reason.Text, reason.Args...)}}}
	if len(f.text) < 1<<16 && frame.Storable(url.Values{"text": {f.text}}) {
		view.Text = f.text
	}
	status := http.StatusUnprocessableEntity
	if reason.Kind == fault.TooLarge {
		status = http.StatusRequestEntityTooLarge
	}
	return h.showImport(w, r, status, view)
}

// fieldWords are the names of the fields that a column may be.
func fieldWords(r *frame.Request) []ui.Option {
	words := map[intake.Field]string{
		intake.Ignore: r.T("skip"), intake.Name: r.T("Name of the party"), intake.Phone: r.T("Phone"),
		intake.Kind: r.T("Customer or supplier"), intake.Note: r.T("Note about the party"),
		intake.Opening: r.T("Opening balance (positive: they owe you)"), intake.Date: r.T("Date of the entry"),
		intake.Given: r.T("Gave (debit)"), intake.Received: r.T("Got (credit)"),
		intake.Amount: r.T("Amount (positive: you gave)"), intake.Side: r.T("Dr or Cr, gave or got"),
		intake.Details: r.T("Note of the entry"), intake.Paid: r.T("How it was paid"),
		intake.Company: r.T("Firm (the name where there is no other)"), intake.Owes: r.T("You'll get (they owe you)"),
		intake.Owed:        r.T("You'll give (you owe them)"),
		intake.Running:     r.T("Balance after the entry (only compared)"),
		intake.RunningSide: r.T("Dr or Cr of that balance"),
	}
	var out []ui.Option
	for _, f := range intake.Fields {
		out = append(out, ui.Option{Value: string(f), Label: words[f]})
	}
	return out
}

// mappingOf reads what the form says of the columns; without it they are guessed.
func mappingOf(r *frame.Request, t *intake.Table) intake.Mapping {
	if err := r.ParseForm(); err != nil {
		return intake.Guess(t)
	}
	return intake.ReadMapping(r.Form, t)
}

// A dryRun is a file with what it would do.
type dryRun struct {
	name   string
	body   []byte
	table  *intake.Table
	o      intake.Options
	plan   *intake.Plan
	room   int
	left   int            // entries left out, because they are there already
	former *intake.Former // an import of the same file
}

// open reads a kept file. The connection goes back before the file is taken apart.
func (h *Handlers) open(r *frame.Request, upload uuid.UUID) (d *dryRun, err error) {
	d = &dryRun{}
	err = r.As(func(tx *postgres.Tx) (err error) {
		d.name, d.body, err = intake.Load(r.Context(), tx, upload)
		return err
	})
	if err != nil {
		return d, err
	}
	if d.table, err = intake.ReadSheet(d.body, r.FormValue("sheet")); err != nil {
		return d, err
	}
	desk := deskOf(r)
	d.o = intake.Options{
		Upload: upload, Mapping: mappingOf(r, d.table), Desk: desk, OpeningDate: desk.Today,
		OpeningNote: r.T("Opening balance"),
	}
	if d.o.Zone, err = time.LoadLocation(r.Person.Business.TimeZone); err != nil {
		return d, err
	}
	if day, err := ledger.ReadDate(r.FormValue("day")); err == nil {
		d.o.OpeningDate = day
	}
	return d, nil
}

// dry plans the import of a file in a transaction of the caller.
func (d *dryRun) dry(r *frame.Request, tx *postgres.Tx) (err error) {
	if d.plan, err = intake.Make(r.Context(), tx, d.table, d.o); err != nil {
		return err
	}
	if err := d.plan.FindTwins(r.Context(), tx); err != nil {
		return err
	}
	if r.FormValue("twins") == "leave" {
		d.left = d.plan.LeaveOut()
	}
	d.room = -1
	if most := r.Plan().PartiesMax; most > 0 && tx.Scope.Rights.Owns {
		n, err := ledger.CountParties(r.Context(), tx)
		if err != nil {
			return err
		}
		if n+d.plan.New > most {
			d.room = max(0, most-n)
		}
	}
	return nil
}

func (h *Handlers) PreviewImport(w http.ResponseWriter, r *frame.Request) error {
	upload := r.PathID("upload")
	if err := r.Read(nil); err != nil {
		return err
	}
	var d *dryRun
	err := r.Long(frame.ImportLimit, func() error {
		return h.inLine(r, func() (err error) {
			if d, err = h.open(r, upload); err != nil {
				return err
			}
			return r.As(func(tx *postgres.Tx) error {
				former, found, err := intake.Same(r.Context(), tx, d.body)
				if err != nil {
					return err
				}
				if found {
					d.former = &former
				}
				return d.dry(r, tx)
			})
		})
	})
	if err != nil {
		return err
	}
	return r.Page(intakepage.Preview(dryView(r, d)))
}

func dryView(r *frame.Request, d *dryRun) intakepage.Dry {
	v := intakepage.Dry{
		Shell: r.Shell(), Upload: d.o.Upload.String(), File: fileName(r, d.name), Encoding: d.table.Encoding,
		Fields: fieldWords(r), Head: d.o.Mapping.Head, Contacts: d.table.Kind == "vcard",
		Kind: string(d.o.Mapping.Kind), Day: d.o.OpeningDate.Format(time.DateOnly), Lines: len(d.table.Rows),
		All: len(d.plan.Parties), New: d.plan.New, Entries: len(d.plan.Entries),
		Left: d.left, Sheet: d.table.Sheet, Cut: d.table.Cut, MaxColumns: intake.MaxColumns,
		Given: r.Amount(d.plan.Given), Received: r.Amount(d.plan.Received), Room: d.room, Roomier: r.Roomier(),
		Skip: r.FormValue("skip") == "yes",
	}
	if v.Head || v.Contacts {
		v.Lines--
	}
	for i, f := range d.o.Mapping.Columns {
		v.HasOpening = v.HasOpening || f == intake.Opening
		c := intakepage.Column{Field: string(f)}
		for n, row := range d.table.Rows {
			if i >= len(row.Cells) || n > 4 {
				continue
			}
			if n == 0 && v.Head {
				c.Head = strings.TrimSpace(row.Cells[i])
			} else if text := strings.TrimSpace(row.Cells[i]); text != "" && len(c.Samples) < 3 {
				c.Samples = append(c.Samples, text)
			}
		}
		v.Columns = append(v.Columns, c)
	}
	if !slices.Contains(d.o.Mapping.Columns, intake.Date) {
		putPicks(&v, d)
	}
	for _, p := range d.plan.Parties[:min(shown, len(d.plan.Parties))] {
		v.Parties = append(v.Parties, intakepage.Party{
			Name: p.Name, Phone: p.Phone, New: p.New, Entries: p.Entries,
			Before: r.Amount(p.Before), After: r.Amount(p.After),
		})
	}
	if d.former != nil {
		v.Former = &intakepage.Former{Name: fileName(r, d.former.Name), At: d.former.At, Undone: d.former.Undone}
	}
	putTwins(r, &v, d.plan)
	putQuestions(r, &v, d.plan)
	last := -1
	for _, p := range d.plan.Problems {
		if p.Ask != "" && p.Line == 0 { // asked above
			continue
		}
		if p.Line != last {
			v.Wrong++
			last = p.Line
		}
		if len(v.Problems) < shown {
			v.Problems = append(v.Problems, intakepage.Problem{
				Line: p.Line, Column: p.Column,
				Reason: r.T(p.Reason.Text, p.Reason.Args...),
			})
		}
	}
	return v
}

// putPicks puts the new parties of a list on the page to choose from: each stands in a line of its own.
func putPicks(v *intakepage.Dry, d *dryRun) {
	v.Picked = len(d.o.Mapping.Pick) > 0
	if v.Picked || d.plan.New < 2 || d.room < 0 && !v.Contacts {
		return
	}
	for _, p := range d.plan.Parties {
		if p.New && len(v.Picks) < mostPicks {
			v.Picks = append(v.Picks, intakepage.Pick{Line: p.Line, Name: p.Name, Phone: p.Phone})
		}
	}
}

// putQuestions puts what the file leaves open on the page, what was answered, and the lines that are not taken.
func putQuestions(r *frame.Request, v *intakepage.Dry, p *intake.Plan) {
	for _, q := range p.Asks() {
		ask := intakepage.Ask{Name: q.Ask, Reason: r.T(q.Reason.Text, q.Reason.Args...), Value: r.FormValue(q.Ask)}
		if q.Ask == "party" && ask.Value == "" {
			ask.Value = p.Suggest
		}
		if len(q.Options) > 0 {
			ask.Options = []ui.Option{{Value: "", Label: r.T("Choose")}}
		}
		for _, o := range q.Options {
			ask.Options = append(ask.Options, ui.Option{Value: o, Label: answerWord(r, o)})
		}
		v.Asks = append(v.Asks, ask)
	}
	for _, name := range []string{
		"party", "party_id", "sides", "days", "figures", "below", "headline", "sheet", "take",
		"pick",
	} {
		for _, value := range r.Form[name] {
			if value != "" {
				v.Answers = append(v.Answers, intakepage.Answer{Name: name, Value: value})
			}
		}
	}
	line := func(p intake.Problem) intakepage.Problem {
		return intakepage.Problem{Line: p.Line, Column: p.Column, Reason: r.T(p.Reason.Text, p.Reason.Args...)}
	}
	v.OutAll, v.Nothing = len(p.Left), p.Nothing()
	for _, out := range p.Left[:min(shown, len(p.Left))] {
		v.Out = append(v.Out, line(out))
	}
	for _, note := range p.Notes[:min(shown, len(p.Notes))] {
		v.Notes = append(v.Notes, line(note))
	}
}

// answerWord is an answer in words.
func answerWord(r *frame.Request, answer string) string {
	switch answer {
	case intake.SidesGot:
		return r.T("Got")
	case intake.SidesGave:
		return r.T("Gave")
	case intake.DayFirst:
		return r.T("The day first (31/12)")
	case intake.MonthFirst:
		return r.T("The month first (12/31)")
	}
	return r.T("Leave them out")
}

// putTwins puts the entries that are like others on the page, in the order of the file.
func putTwins(r *frame.Request, v *intakepage.Dry, p *intake.Plan) {
	names := map[uuid.UUID]string{}
	for _, party := range p.Parties {
		names[party.ID] = party.Name
	}
	for i, e := range p.Entries {
		where := p.Twins[i]
		if where == 0 {
			continue
		}
		if where == intake.InKhata {
			v.Twins++
		} else {
			v.Repeats++
		}
		if len(v.TwinRows) < shown {
			v.TwinRows = append(v.TwinRows, intakepage.Twin{
				Line: p.Lines[i], Party: names[e.PartyID], Date: e.Date,
				Side: string(e.Side), Amount: r.Amount(e.AmountMinor), InFile: where == intake.InFile,
			})
		}
	}
}

// ApplyImport writes what the dry run has shown. The same upload twice, from whichever page, is once.
func (h *Handlers) ApplyImport(w http.ResponseWriter, r *frame.Request) error {
	upload := r.PathID("upload")
	if err := r.Read(nil); err != nil {
		return err
	}
	t := &frame.Task{ID: upload, Kind: ledger.ImportTask}
	var d *dryRun
	refused := false
	err := r.Long(frame.ImportLimit, func() error {
		return r.Work(t, func() error {
			return h.inLine(r, func() error {
				var err error
				refused, d, err = h.bringIn(r, upload, t)
				return err
			})
		})
	})
	business := ui.BusinessPath(r.Caller.Business.String())
	switch {
	case errors.Is(err, frame.ErrStopped):
		h.SetFlash(w, "import_stopped", "")
		return h.Redirect(w, r, business+"/import/"+upload.String()+"?"+r.PostForm.Encode())
	case err != nil:
		return err
	case refused:
		v := dryView(r, d)
		v.Error = r.T("Nothing was imported. Some lines have problems: correct the file, or choose to skip them.")
		h.Render(w, r, http.StatusUnprocessableEntity, intakepage.Preview(v))
		return nil
	}
	h.SetFlash(w, "imported", business+"/batches/"+upload.String()+"/undo")
	return h.Redirect(w, r, business+"/import")
}

// bringIn writes what a dry run of a kept file says now, unless that has been done. It is refused when there is
// nothing to bring in, or lines have problems and were not said to be left out.
func (h *Handlers) bringIn(r *frame.Request, upload uuid.UUID, t *frame.Task) (refused bool, d *dryRun, err error) {
	if done, err := h.imported(r, upload); err != nil || done {
		return false, nil, err
	}
	if d, err = h.open(r, upload); err != nil {
		return false, d, err
	}
	err = r.As(func(tx *postgres.Tx) error {
		if done, err := intake.Hold(r.Context(), tx, upload); err != nil || done {
			return err
		}
		if err := d.dry(r, tx); err != nil {
			return err
		}
		if len(d.plan.Parties) == 0 || len(d.plan.Problems) > 0 && r.FormValue("skip") != "yes" {
			refused = true
			return nil
		}
		t.All.Store(int64(d.plan.Rows()))
		done := func(rows int) { t.Done.Store(int64(rows)) }
		return d.plan.Apply(r.Context(), tx, upload, d.name, d.body, done)
	})
	return refused, d, err
}

// imported reports an upload that is in the khata already.
func (h *Handlers) imported(r *frame.Request, upload uuid.UUID) (done bool, err error) {
	err = r.As(func(tx *postgres.Tx) (err error) {
		done, err = intake.Hold(r.Context(), tx, upload)
		return err
	})
	return done, err
}
