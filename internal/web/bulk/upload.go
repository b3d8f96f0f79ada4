package bulk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger/intake"
	"github.com/tijorihq/tijori/internal/web/frame"
)

// MaxImport is how much is listened to, so that a file that is somewhat too large gets a kind
// answer rather than a broken connection.
const MaxImport = 3 * intake.MaxFile

// MaxOwnArrivals is how many files of one account may be arriving at once.
const MaxOwnArrivals = 2

var (
	errArriving = fault.New(fault.TooMany, "Other files of your account are arriving. Please try again in a minute.")
	errNoFile   = fault.InvalidField("file", "Choose a file, or paste the rows.")
)

// A sentFile is what the form brought. It waits on disk: many may be arriving at once, slowly.
type sentFile struct {
	name, text string // text is the beginning of what was pasted
	spool      *os.File
	size       int64
}

// close forgets the file.
func (f *sentFile) close() {
	if f.spool != nil {
		f.spool.Close() // it has no name any more
	}
}

// read is the file as a whole.
func (f *sentFile) read() ([]byte, error) {
	body := make([]byte, f.size)
	if _, err := f.spool.ReadAt(body, 0); err != nil && !(errors.Is(err, io.EOF) && f.size == 0) {
		return nil, fmt.Errorf("read a file that has arrived: %w", err)
	}
	return body, nil
}

// take puts what arrives on disk, as far as a file may be large; more is listened to, so that the answer is heard.
func (f *sentFile) take(from io.Reader) error {
	if f.spool == nil {
		spool, err := os.CreateTemp("", "tijori-import-")
		if err != nil {
			return fmt.Errorf("keep a file that arrives: %w", err)
		}
		f.spool = spool
		if err := os.Remove(spool.Name()); err != nil {
			return fmt.Errorf("keep a file that arrives: %w", err)
		}
	}
	var err error
	if err = f.spool.Truncate(0); err != nil {
		return fmt.Errorf("keep a file that arrives: %w", err)
	}
	if _, err = f.spool.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("keep a file that arrives: %w", err)
	}
	if f.size, err = io.Copy(f.spool, io.LimitReader(from, intake.MaxFile+1)); err != nil {
		return brokenUpload(err)
	}
	if _, err = io.Copy(io.Discard, from); err != nil {
		return brokenUpload(err)
	}
	return nil
}

// arrive streams the form to disk, in a place of the account's own. No connection to the database waits for it.
func (h *Handlers) arrive(w http.ResponseWriter, r *frame.Request) (f *sentFile, err error) {
	f = &sentFile{}
	own, _ := h.arriving.LoadOrStore(r.Person.AccountID, make(chan struct{}, MaxOwnArrivals))
	leave, err := r.Acquire(5*time.Second, frame.Slot{Places: own.(chan struct{}), Full: errArriving})
	if err != nil {
		return f, err
	}
	defer leave()
	err = r.Receive(func() error { return f.receive(w, r) })
	return f, err
}

// receive reads the form as it comes.
func (f *sentFile) receive(w http.ResponseWriter, r *frame.Request) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		r.Body = http.MaxBytesReader(w, r.Body, MaxGrid)
		if err := r.ParseForm(); err != nil {
			return brokenForm(err)
		}
		f.name, f.text = pasted, r.PostFormValue("text")
		return f.settled(f.take(strings.NewReader(f.text)))
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
	if errors.As(err, &tooLarge) {
		return err
	}
	return fault.New(fault.Invalid, "This form is broken. Open it again.").Because(err)
}

func brokenUpload(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
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
