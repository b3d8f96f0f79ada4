package frame

import (
	"bufio"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/spool"
)

// How many files may be made at once, in all and of one account, and how many bytes of
// files may wait for clients.
const (
	maxMaking    = 3
	maxOwnMaking = 1
	makingWait   = 15 * time.Second // for a slot

	spoolSize    = 1 << 30
	ownSpoolSize = 256 << 20
)

// How long a client may take. Both are generous to a poor line; neither keeps anybody waiting.
const (
	chunkSize  = 64 << 10
	chunkLimit = 30 * time.Second // for one chunk to leave
	sendLimit  = 15 * time.Minute // for the whole file
	makeLimit  = 5 * time.Minute  // for the file to be made
)

var (
	errMaking = fault.New(fault.Unavailable,
		"Other downloads are being prepared. Please try again in a minute.")
	errOwnMaking = fault.New(fault.TooMany,
		"Another download of your account is being prepared. Wait for it, or stop it.").Coded("downloads.max")
	errSpoolFull = fault.New(fault.Unavailable,
		"There is no room for this file at the moment. Please try again in a minute.")
	errOwnSpoolFull = fault.New(fault.TooMany,
		"Your account has too many large files under way. Wait for one, or stop it.").Coded("files.max")
	errGaveWay = fault.New(fault.Unavailable, "The line was too slow, and the room was needed. Please try again.")
)

// A File leaves as a download.
type File struct {
	Name, Kind string
	Task       *Task                 // by which it can be watched and stopped
	Make       func(io.Writer) error // writes it, in transactions of the request
	Packed     bool                  // Make writes gzip, which the client has said that it reads: see AcceptsGzip
}

// AcceptsGzip reports whether the client reads what is packed by gzip.
func (r *Request) AcceptsGzip() bool { return accepts(r.Header.Get("Accept-Encoding"), "gzip") }

// SendFile answers with a file. It is made first, at the database's pace; then connections and slots are given back,
// and only then it is sent, at the client's pace. An error before the first byte is returned, to be rendered; one
// after it breaks the connection, since half a file must not look like a whole one.
func (f *Frame) SendFile(r *Request, file File) error {
	spooled, err := f.OpenSpool(r)
	if err != nil {
		return err
	}
	defer func() {
		if err := spooled.Close(); err != nil {
			f.Log.Warn("close a spool file", "request", r.ID, "error", err)
		}
	}()
	begun := false
	err = r.Long(makeLimit+sendLimit, func() error {
		return r.Work(file.Task, func() error {
			if err := f.makeFile(r, file, spooled); err != nil {
				return err
			}
			begun = true
			return f.send(r, file, spooled)
		})
	})
	if err != nil && begun {
		f.Log.Warn("a file broken off", "request", r.ID, "error", err)
		panic(http.ErrAbortHandler)
	}
	return err
}

// OpenSpool opens a file in the account's share of the spool. It must be closed.
func (f *Frame) OpenSpool(r *Request) (*spool.File, error) {
	spooled, err := f.spool.Open(r.Person.AccountID)
	return spooled, SpoolFault(err)
}

// SpoolFault returns the fault for an error of the spool, or err itself.
func SpoolFault(err error) error {
	switch {
	case errors.Is(err, spool.ErrOwnFull):
		return errOwnSpoolFull.Because(err)
	case errors.Is(err, spool.ErrFull):
		return errSpoolFull.Because(err)
	case errors.Is(err, spool.ErrEvicted):
		return errGaveWay.Because(err)
	}
	return err
}

// makeFile writes the file into the spool, in a slot.
func (f *Frame) makeFile(r *Request, file File, spooled *spool.File) error {
	return r.within(makeLimit, func() error {
		leave, err := f.making.Acquire(r.Context(), r.Person.AccountID, makingWait)
		if err != nil {
			return err
		}
		defer leave()
		buffer := bufio.NewWriterSize(spooled, chunkSize)
		if err := file.Make(buffer); err != nil {
			return SpoolFault(err)
		}
		return SpoolFault(buffer.Flush())
	})
}

// send is the only place from which a file goes to a client. It holds nothing but the file.
func (f *Frame) send(r *Request, file File, spooled *spool.File) error {
	file.Task.sending.Store(true)
	spooled.Wait(func() { file.Task.halt(errGaveWay) })
	h := r.w.Header()
	h.Set("Content-Type", file.Kind)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": file.Name}))
	if file.Packed {
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.FormatInt(spooled.Size(), 10))
	out := &pacedWriter{r: r, until: time.Now().Add(sendLimit)}
	if spooled.Size() == 0 {
		r.w.WriteHeader(http.StatusOK)
		return nil
	}
	_, err := io.CopyBuffer(out, struct{ io.Reader }{spooled.Reader()}, make([]byte, chunkSize))
	return err
}

// A pacedWriter writes to a client, each chunk with a deadline of its own.
type pacedWriter struct {
	r     *Request
	until time.Time
}

func (p *pacedWriter) Write(b []byte) (int, error) {
	end := time.Now().Add(p.r.f.chunk)
	if end.After(p.until) {
		end = p.until
	}
	out := http.NewResponseController(p.r.w)
	if err := out.SetWriteDeadline(end); err != nil {
		return 0, err
	}
	if err := context.Cause(p.r.Context()); err != nil { // after the deadline, which may have undone that of Task.halt
		return 0, err
	}
	n, err := p.r.w.Write(b)
	if err == nil {
		err = out.Flush() // else it waits in a buffer, for which no deadline counts
	}
	return n, err
}

// FilesUnderWay is how many files are being made, and how many bytes the spool has reserved.
func (f *Frame) FilesUnderWay() (making int, reserved int64) { return f.making.Held(), f.spool.Held() }
