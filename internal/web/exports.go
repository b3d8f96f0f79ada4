package web

import (
	"bufio"
	"context"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/ledger/export"
	"github.com/tijorihq/tijori/internal/postgres"
)

// exportLimit is how long one file may take to leave.
const exportLimit = 15 * time.Minute

// maxExports is how many files may be on their way at once: each holds a
// connection of the pool for as long as its reader takes.
const maxExports = 3

var errBusy = fault.New(fault.Unavailable, "Other downloads are under way. Please try again in a minute.")

var errExport = fault.New(fault.UpgradeRequired, "Downloads as PDF or spreadsheet come with Pro.")

// A format is a kind of file that the ledger leaves as.
type format struct {
	ending, kind string
	party        func(context.Context, *postgres.Tx, io.Writer, uuid.UUID, ledger.Range, export.Options) error
	book         func(context.Context, *postgres.Tx, io.Writer, export.Options) error
}

var (
	csvFile  = format{".csv", "text/csv; charset=utf-8", export.PartyCSV, export.BookCSV}
	xlsxFile = format{".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", export.PartyXLSX, export.BookXLSX}
	pdfFile  = format{".pdf", "application/pdf", export.PartyPDF, export.BookPDF}
)

type handler = func(*Server, http.ResponseWriter, *request) error

// exportParty is the statement of a party as a file, of the days that the query names.
func exportParty(f format) handler {
	return func(s *Server, w http.ResponseWriter, r *request) error {
		id, err := r.pathID("party")
		if err != nil {
			return err
		}
		days, err := readRange(r)
		if err != nil {
			return err
		}
		var name string
		err = r.as(func(tx *postgres.Tx) error {
			p, err := ledger.PartyByID(r.Context(), tx, id)
			name = p.Name
			return err
		})
		if err != nil {
			return err
		}
		return s.export(w, r, f, name, func(tx *postgres.Tx, w io.Writer, o export.Options) error {
			return f.party(r.Context(), tx, w, id, days, o)
		})
	}
}

// exportBusiness is the whole book as a file.
func exportBusiness(f format) handler {
	return func(s *Server, w http.ResponseWriter, r *request) error {
		return s.export(w, r, f, "", func(tx *postgres.Tx, w io.Writer, o export.Options) error {
			return f.book(r.Context(), tx, w, o)
		})
	}
}

// export streams a file. The plan is asked for in the transaction that reads
// the rows; nothing is sent before it has agreed. What fails later breaks the connection: half
// a file must not look like a whole one.
func (s *Server) export(w http.ResponseWriter, r *request, f format, of string, write func(*postgres.Tx, io.Writer, export.Options) error) error {
	if err := r.read(nil); err != nil {
		return err
	}
	leave, err := s.enterExport(r)
	if err != nil {
		return err
	}
	defer leave()
	ctx, cancel := context.WithTimeout(r.Context(), exportLimit)
	defer cancel()
	asked := r.Request
	defer func() { r.Request = asked }() // a refusal is rendered after ctx has ended
	r.Request = r.WithContext(ctx)
	if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(exportLimit)); err != nil {
		return err
	}
	name := r.person.Business.Name
	if of != "" {
		name += " - " + of
	}
	file := &download{w: w, name: name + " " + r.shell().Today() + f.ending, kind: f.kind}
	buffer := bufio.NewWriterSize(file, 32<<10)
	err = r.as(func(tx *postgres.Tx) error {
		if _, err := tx.Exec(ctx, "set local statement_timeout = '15min'"); err != nil { // exportLimit
			return err
		}
		return write(tx, buffer, r.exportOptions())
	})
	if err == nil {
		err = buffer.Flush()
	}
	if err != nil && file.begun {
		s.Log.Warn("export broken off", "request", r.id, "error", err)
		panic(http.ErrAbortHandler)
	}
	return err
}

// enterExport waits a little for a place among the files on their way, one for an account: who reads slowly keeps no
// other account waiting.
func (s *Server) enterExport(r *request) (leave func(), err error) {
	own, _ := s.exporting.LoadOrStore(r.person.AccountID, make(chan struct{}, 1))
	var taken []chan struct{}
	leave = func() {
		for _, place := range taken {
			<-place
		}
	}
	enough := time.After(5 * time.Second)
	for _, place := range []chan struct{}{own.(chan struct{}), s.exports} {
		select {
		case place <- struct{}{}:
			taken = append(taken, place)
		case <-enough:
			leave()
			return nil, errBusy
		case <-r.Context().Done():
			leave()
			return nil, r.Context().Err()
		}
	}
	return leave, nil
}

func allowExport(ctx context.Context, tx *postgres.Tx) error {
	rights, err := billing.EntitlementsOf(ctx, tx)
	if err != nil {
		return err
	}
	if !rights.Has(billing.Export) {
		return errExport
	}
	return nil
}

// exportOptions are the words of a file in the reader's language, and the shop's name on it.
func (r *request) exportOptions() export.Options {
	shell := r.shell()
	return export.Options{
		Allow: allowExport, Currency: r.person.Business.Currency, Business: r.person.Business.Name, Lang: shell.Locale, Date: shell.Date,
		Labels: export.English.In(func(word string) string { return r.t(word) }), Made: r.t("Made with Tijori on %s", shell.Moment(shell.Now)),
	}
}

// download is a file on its way to the visitor. The headers go out with the first byte.
type download struct {
	w     http.ResponseWriter
	name  string
	kind  string
	begun bool
}

func (d *download) Write(b []byte) (int, error) {
	if !d.begun {
		d.begun = true
		h := d.w.Header()
		h.Set("Content-Type", d.kind)
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": d.name}))
	}
	return d.w.Write(b)
}
