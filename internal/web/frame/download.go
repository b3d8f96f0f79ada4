package frame

import (
	"bufio"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/tijorihq/tijori/internal/fault"
)

// How many files may be on their way at once, in all and of one account: each holds a
// connection of the pool for as long as its reader takes.
const (
	maxExports    = 3
	maxOwnExports = 2
)

var (
	errBusy    = fault.New(fault.Unavailable, "Other downloads are under way. Please try again in a minute.")
	errBusyOwn = fault.New(fault.TooMany,
		"Your account has %d downloads under way. Wait for one, or stop it.", maxOwnExports).Coded("downloads.max")
)

// Send lets a file out in its turn, as work that can be watched. An error after the first byte breaks the connection.
func (f *Frame) Send(r *Request, t *Task, file *Download, write func(io.Writer) error) error {
	err := r.Long(exportLimit, func() error {
		return r.Work(t, func() error {
			leave, err := f.enterExport(r)
			if err != nil {
				return err
			}
			defer leave()
			buffer := bufio.NewWriterSize(file, 32<<10)
			if err := write(buffer); err != nil {
				return err
			}
			return buffer.Flush()
		})
	})
	return f.BreakOff(r, file, err)
}

// BreakOff returns the error with which a file ended, nil when it is whole. After the first byte it
// breaks the connection instead: half a file must not look like a whole one.
func (f *Frame) BreakOff(r *Request, file *Download, err error) error {
	if err != nil && file.begun {
		f.Log.Warn("a file broken off", "request", r.ID, "error", err)
		panic(http.ErrAbortHandler)
	}
	return err
}

// enterExport waits a little for a place among the files on their way, of which an account has a share: who reads
// slowly keeps no other account waiting, and who asks for too many is told so.
func (f *Frame) enterExport(r *Request) (leave func(), err error) {
	own, _ := f.exporting.LoadOrStore(r.Person.AccountID, make(chan struct{}, maxOwnExports))
	return r.Acquire(5*time.Second, Slot{own.(chan struct{}), errBusyOwn}, Slot{f.exports, errBusy})
}

// A Download is a file on its way to the visitor. The headers go out with the first byte.
type Download struct {
	w     http.ResponseWriter
	name  string
	kind  string
	begun bool
}

// NewDownload returns a file of a name and a media type that has not begun.
func NewDownload(w http.ResponseWriter, name, kind string) *Download {
	return &Download{w: w, name: name, kind: kind}
}

func (d *Download) Write(b []byte) (int, error) {
	if !d.begun {
		d.begun = true
		h := d.w.Header()
		h.Set("Content-Type", d.kind)
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": d.name}))
	}
	return d.w.Write(b)
}
