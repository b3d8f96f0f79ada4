package web

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/ledger/intake"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/page/grid"
	intakepage "github.com/tijorihq/tijori/internal/web/page/intake"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// maxImport is how much is listened to, so that a file that is somewhat too large gets a kind
// answer rather than a broken connection.
const maxImport = 3 * intake.MaxFile

// importing holds a place for each file that is being read: each may need a hundred megabytes for a moment.
var importing = make(chan struct{}, 2)

// shown is how many parties and problems of a dry run are on the page.
const shown = 100

// inLine runs what a large file takes long for: in its turn, and with time to answer.
func (r *request) inLine(fn func() error) error {
	if err := r.takesLong(); err != nil {
		return err
	}
	select {
	case importing <- struct{}{}:
		defer func() { <-importing }()
		return fn()
	case <-time.After(10 * time.Second):
		return fault.New(fault.Unavailable, "Other files are being read. Please try again in a minute.")
	case <-r.Context().Done():
		return r.Context().Err()
	}
}

// importLimit is how long a file of 50,000 rows may take to go in, or out again.
const importLimit = 5 * time.Minute

func (r *request) takesLong() error {
	return http.NewResponseController(r.w).SetWriteDeadline(time.Now().Add(importLimit))
}

func (s *Server) importPage(w http.ResponseWriter, r *request) error {
	return s.showImport(w, r, http.StatusOK, intakepage.View{})
}

func (s *Server) showImport(w http.ResponseWriter, r *request, status int, v intakepage.View) error {
	var batches []ledger.BatchInfo
	if err := r.read(func(scope postgres.Scope, b *pgx.Batch) { ledger.QueueBatches(scope, b, ledger.ImportBatch, &batches) }); err != nil {
		return err
	}
	if undone, err := uuid.Parse(r.URL.Query().Get("undone")); err == nil && r.Method == http.MethodGet {
		kept, err := s.keptRows(r, undone)
		if err != nil {
			return err
		}
		v.Undone = &grid.Undone{Kept: kept}
	}
	v.Shell, v.MaxMB, v.MaxRows = r.shell(), intake.MaxFile>>20, intake.MaxRows
	for _, b := range batches {
		v.Batches = append(v.Batches, intakepage.Batch{ID: b.ID.String(), Name: r.fileName(b.Name), By: b.ByName, At: b.At, Entries: b.Entries, Parties: b.Parties, Undone: b.UndoneAt != nil})
	}
	s.render(w, r, status, intakepage.Page(v))
	return nil
}

// A sentFile is what the form brought.
type sentFile struct {
	name, text string
	body       []byte
}

// pasted is the file name of rows that were pasted.
const pasted = "✎"

func (r *request) fileName(name string) string {
	if name == pasted {
		return r.t("Pasted rows")
	}
	return name
}

var errNoFile = fault.InvalidField("file", "Choose a file, or paste the rows.")

// readFile streams the form; no part of it is held beyond what a file may have.
func readFile(r *request) (f sentFile, err error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		if err := r.ParseForm(); err != nil {
			return f, fault.New(fault.Invalid, "This form is broken. Open it again.").Because(err)
		}
		f.text = r.PostFormValue("text")
		return f.settled()
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return f, errNoFile.Because(err)
	}
	for n := 0; n < 20; n++ {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return f, brokenUpload(err)
		}
		body, err := io.ReadAll(io.LimitReader(part, intake.MaxFile+1))
		if err == nil && len(body) > intake.MaxFile { // listen to the rest, so that the answer is heard
			_, err = io.Copy(io.Discard, part)
		}
		if err != nil {
			return f, brokenUpload(err)
		}
		switch part.FormName() {
		case "text":
			f.text = string(body)
		case "file":
			f.name, f.body = part.FileName(), body
		}
	}
	return f.settled()
}

func brokenUpload(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return err
	}
	return fault.InvalidField("file", "The file did not arrive whole. Please send it again.").Because(err)
}

func (f sentFile) settled() (sentFile, error) {
	if len(f.body) == 0 && strings.TrimSpace(f.text) != "" {
		f.name, f.body = pasted, []byte(f.text)
	}
	if len(f.body) == 0 {
		return f, errNoFile
	}
	return f, nil
}

// sendFile reads a file, and keeps it for its dry run when it can be read.
func (s *Server) sendFile(w http.ResponseWriter, r *request) error {
	upload := newUUID()
	f, err := readFile(r)
	if err == nil {
		err = r.inLine(func() error {
			_, err := intake.Read(f.body)
			return err
		})
	}
	if err == nil {
		err = r.as(func(tx *postgres.Tx) error { return intake.Store(r.Context(), tx, upload, f.name, f.body) })
	}
	if err == nil {
		return s.redirect(w, r, ui.BusinessPath(r.caller.Business.String())+"/import/"+upload.String())
	}
	var cut *http.MaxBytesError
	if errors.As(err, &cut) || !mendable(err) && !fault.Is(err, fault.TooLarge) {
		return err
	}
	reason := fault.Of(err)
	view := intakepage.View{Form: ui.Form{Errors: map[string]string{"file": r.t(reason.Text, reason.Args...)}}}
	if len(f.text) < 1<<16 && storable(url.Values{"text": {f.text}}) {
		view.Text = f.text
	}
	status := http.StatusUnprocessableEntity
	if reason.Kind == fault.TooLarge {
		status = http.StatusRequestEntityTooLarge
	}
	if err := r.read(nil); err != nil {
		return err
	}
	return s.showImport(w, r, status, view)
}

// fieldWords are the names of the fields that a column may be.
func (r *request) fieldWords() []ui.Option {
	words := map[intake.Field]string{
		intake.Ignore: r.t("leave out"), intake.Name: r.t("Name of the party"), intake.Phone: r.t("Phone"), intake.Kind: r.t("Customer or supplier"), intake.Note: r.t("Note about the party"),
		intake.Opening: r.t("Opening balance (plus: they owe you)"), intake.Date: r.t("Date of the entry"), intake.Given: r.t("Gave (debit)"), intake.Received: r.t("Got (credit)"),
		intake.Amount: r.t("Amount (plus: gave)"), intake.Side: r.t("Dr or Cr, gave or got"), intake.Details: r.t("Note of the entry"),
	}
	var out []ui.Option
	for _, f := range intake.Fields {
		out = append(out, ui.Option{Value: string(f), Label: words[f]})
	}
	return out
}

// mapping reads what the form says of the columns; without it they are guessed.
func (r *request) mapping(t *intake.Table) intake.Mapping {
	if err := r.ParseForm(); err != nil || !r.Form.Has("c0") {
		return intake.Guess(t)
	}
	m := intake.Mapping{Kind: ledger.Kind(r.Form.Get("kind"))}
	for i := range t.Width() {
		m.Columns = append(m.Columns, intake.Field(r.Form.Get(fmt.Sprintf("c%d", i))))
	}
	for _, v := range r.Form["head"] {
		m.Head = v == "yes"
	}
	return m.Clean(t)
}

// A dryRun is a file with what it would do.
type dryRun struct {
	name  string
	table *intake.Table
	o     intake.Options
	plan  *intake.Plan
	room  int
}

// dry reads a kept file and plans its import in a transaction of the caller.
func (s *Server) dry(r *request, tx *postgres.Tx, upload uuid.UUID) (d dryRun, err error) {
	var body []byte
	if d.name, body, err = intake.Load(r.Context(), tx, upload); err != nil {
		return d, err
	}
	if d.table, err = intake.Read(body); err != nil {
		return d, err
	}
	desk, err := r.desk()
	if err != nil {
		return d, err
	}
	d.o = intake.Options{Upload: upload, Mapping: r.mapping(d.table), Desk: desk, OpeningDate: desk.Today, OpeningNote: r.t("Opening balance")}
	if day, err := ledger.ReadDate(r.FormValue("day")); err == nil {
		d.o.OpeningDate = day
	}
	if d.plan, err = intake.Make(r.Context(), tx, d.table, d.o); err != nil {
		return d, err
	}
	d.room = -1
	if most := s.plan(r).PartiesMax; most > 0 && tx.Scope.Role == ledger.Owner {
		n, err := ledger.CountParties(r.Context(), tx)
		if err != nil {
			return d, err
		}
		if n+d.plan.New > most {
			d.room = max(0, most-n)
		}
	}
	return d, nil
}

func (s *Server) previewImport(w http.ResponseWriter, r *request) error {
	upload, err := r.pathID("upload")
	if err != nil {
		return err
	}
	if err := r.read(nil); err != nil {
		return err
	}
	var d dryRun
	err = r.inLine(func() error {
		return r.as(func(tx *postgres.Tx) (err error) {
			if d, err = s.dry(r, tx, upload); err != nil {
				return err
			}
			return d.plan.CountTwins(r.Context(), tx)
		})
	})
	if err != nil {
		return err
	}
	s.render(w, r, http.StatusOK, intakepage.Preview(r.dryView(d)))
	return nil
}

func (r *request) dryView(d dryRun) intakepage.Dry {
	v := intakepage.Dry{
		Shell: r.shell(), Upload: d.o.Upload.String(), File: r.fileName(d.name), Encoding: d.table.Encoding, Fields: r.fieldWords(), Head: d.o.Mapping.Head, Contacts: d.table.Kind == "vcard",
		Kind: string(d.o.Mapping.Kind), Day: d.o.OpeningDate.Format(time.DateOnly), Lines: len(d.table.Rows), All: len(d.plan.Parties), New: d.plan.New, Entries: len(d.plan.Entries),
		Twins: d.plan.Twins, Given: r.amount(d.plan.Given), Received: r.amount(d.plan.Received), Room: d.room, Skip: r.FormValue("skip") == "yes",
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
	for _, p := range d.plan.Parties[:min(shown, len(d.plan.Parties))] {
		v.Parties = append(v.Parties, intakepage.Party{Name: p.Name, Phone: p.Phone, New: p.New, Entries: p.Entries, Before: r.amount(p.Before), After: r.amount(p.After)})
	}
	last := -1
	for _, p := range d.plan.Problems {
		if p.Line != last {
			v.Wrong++
			last = p.Line
		}
		if len(v.Problems) < shown {
			v.Problems = append(v.Problems, intakepage.Problem{Line: p.Line, Column: p.Column, Reason: r.t(p.Reason.Text, p.Reason.Args...)})
		}
	}
	return v
}

// applyImport writes what the dry run has shown. The same upload twice is once.
func (s *Server) applyImport(w http.ResponseWriter, r *request) error {
	upload, err := r.pathID("upload")
	if err != nil {
		return err
	}
	if err := r.read(nil); err != nil {
		return err
	}
	var d dryRun
	refused := false
	err = r.inLine(func() error {
		return r.as(func(tx *postgres.Tx) error {
			if done, err := intake.Done(r.Context(), tx, upload); err != nil || done {
				return err
			}
			if d, err = s.dry(r, tx, upload); err != nil {
				return err
			}
			if len(d.plan.Parties) == 0 || len(d.plan.Problems) > 0 && r.FormValue("skip") != "yes" {
				refused = true
				return nil
			}
			return d.plan.Apply(r.Context(), tx, upload, d.name)
		})
	})
	if err != nil {
		return err
	}
	if refused {
		v := r.dryView(d)
		v.Error = r.t("Nothing was brought in. Some lines have problems: mend the file, or say that they are to be left out.")
		s.render(w, r, http.StatusUnprocessableEntity, intakepage.Preview(v))
		return nil
	}
	business := ui.BusinessPath(r.caller.Business.String())
	s.setFlash(w, "imported", business+"/batches/"+upload.String()+"/undo")
	return s.redirect(w, r, business+"/import")
}
