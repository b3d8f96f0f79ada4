package bulk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger/intake"
	"github.com/tijorihq/tijori/internal/spool"
	"github.com/tijorihq/tijori/internal/web/frame"
)

// MaxImport is how much is listened to, so that a file that is somewhat too large gets a kind
// answer rather than a broken connection.
const MaxImport = 3 * intake.MaxFile

// MaxOwnArrivals is how many files of one account may be arriving at once, and maxArrivals how many in all.
const (
	MaxOwnArrivals = 2
	maxArrivals    = 100
)

var (
	errArriving    = fault.New(fault.Unavailable, "Other files are arriving. Please try again in a minute.")
	errOwnArriving = fault.New(fault.TooMany,
		"Other files of your account are arriving. Please try again in a minute.")
	errNoFile = fault.InvalidField("file", "Choose a file, or paste the rows.")
)

// A sentFile is what the form brought. It waits in the spool: many may be arriving at once, slowly.
type sentFile struct {
	name, text string // text is the beginning of what was pasted
	spool      *spool.File
	size       int64
}

// close forgets the file.
func (f *sentFile) close() error {
	if f.spool == nil {
		return nil
	}
	return f.spool.Close()
}

// read is the file as a whole.
func (f *sentFile) read() ([]byte, error) {
	body := make([]byte, f.size)
	if _, err := io.ReadFull(f.spool.Reader(), body); err != nil {
		return nil, fmt.Errorf("read a file that has arrived: %w", err)
	}
	return body, nil
}

// take puts what arrives into the spool, as far as a file may be large; the rest is drained, so that the client
// can read the error.
func (f *sentFile) take(from io.Reader) error {
	if err := f.spool.Reset(); err != nil {
		return fmt.Errorf("keep a file that arrives: %w", err)
	}
	var err error
	if f.size, err = io.Copy(f.spool, io.LimitReader(from, intake.MaxFile+1)); err != nil {
		return brokenUpload(frame.SpoolFault(err))
	}
	if _, err = io.Copy(io.Discard, from); err != nil {
		return brokenUpload(err)
	}
	return nil
}

// arrive streams the form into the spool, in a slot of the account's own. No connection to the database waits for it,
// and when others need its room, a file that is slow gives way.
func (h *Handlers) arrive(w http.ResponseWriter, r *frame.Request) (f *sentFile, err error) {
	f = &sentFile{}
	leave, err := h.arriving.Acquire(r.Context(), r.Person.AccountID, 5*time.Second)
	if err != nil {
		return f, err
	}
	defer leave()
	if f.spool, err = h.OpenSpool(r); err != nil {
		return f, err
	}
	err = r.Receive(f.spool, func() error { return f.receive(w, r) })
	return f, err
}

// receive reads the form as it comes.
func (f *sentFile) receive(w http.ResponseWriter, r *frame.Request) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return f.receiveForm(http.MaxBytesReader(w, r.Body, MaxGrid))
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return errNoFile.Because(err)
	}
	for range 20 {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return brokenUpload(err)
		}
		if err := f.part(part); err != nil {
			return err
		}
	}
	return f.settled(nil)
}

// receiveForm reads a form without a file. It is parsed when it has arrived: in memory it would be at the sender's
// pace.
func (f *sentFile) receiveForm(body io.Reader) error {
	if _, err := io.Copy(f.spool, body); err != nil {
		return brokenForm(frame.SpoolFault(err))
	}
	text, err := io.ReadAll(f.spool.Reader())
	if err != nil {
		return fmt.Errorf("read a form that has arrived: %w", frame.SpoolFault(err))
	}
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return brokenForm(err)
	}
	f.name, f.text = pasted, form.Get("text")
	return f.settled(f.take(strings.NewReader(f.text)))
}

// part takes one part of a form: the file, which goes before what was pasted.
func (f *sentFile) part(p *multipart.Part) error {
	named := f.size > 0 && f.name != pasted
	switch {
	case p.FormName() == "file" && p.FileName() != "":
		before, name := f.size, f.name
		f.name = p.FileName()
		first := make([]byte, 1)
		if _, err := io.ReadFull(p, first); errors.Is(err, io.EOF) { // an empty file is none
			f.size, f.name = before, name
			return nil
		} else if err != nil {
			return brokenUpload(err)
		}
		return f.take(io.MultiReader(bytes.NewReader(first), p))
	case p.FormName() == "text":
		head := make([]byte, 1<<16)
		n, err := io.ReadFull(p, head)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return brokenUpload(err)
		}
		f.text = string(head[:n])
		if named || strings.TrimSpace(f.text) == "" {
			return nil
		}
		f.name = pasted
		return f.take(io.MultiReader(bytes.NewReader(head[:n]), p))
	}
	return nil
}

func brokenForm(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) || fault.Of(err) != nil {
		return err
	}
	return fault.New(fault.Invalid, "This form is out of date. Reload the page.").Because(err)
}

func brokenUpload(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) || fault.Of(err) != nil {
		return err
	}
	return fault.InvalidField("file", "The file did not arrive whole. Please send it again.").Because(err)
}

func (f *sentFile) settled(err error) error {
	switch {
	case err != nil:
		return err
	case f.size == 0 || f.name == pasted && strings.TrimSpace(f.text) == "":
		return errNoFile
	case f.size > intake.MaxFile:
		return intake.ErrTooLarge
	}
	return nil
}
