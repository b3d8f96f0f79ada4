package web

import (
	"bufio"
	"io"
	"mime"
	"net/http"
	"time"
)

// send lets a file out in its turn, as work that can be watched. An error after the first byte breaks the connection.
func (s *Server) send(r *request, t *task, file *download, write func(io.Writer) error) error {
	err := r.long(exportLimit, func() error {
		return r.work(t, func() error {
			leave, err := s.enterExport(r)
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
	if err != nil && file.begun {
		s.Log.Warn("a file broken off", "request", r.id, "error", err)
		panic(http.ErrAbortHandler)
	}
	return err
}

// enterExport waits a little for a place among the files on their way, of which an account has a share: who reads slowly
// keeps no other account waiting, and who asks for too many is told so.
func (s *Server) enterExport(r *request) (leave func(), err error) {
	own, _ := s.exporting.LoadOrStore(r.person.AccountID, make(chan struct{}, maxOwnExports))
	return r.enter(5*time.Second, seat{own.(chan struct{}), errBusyOwn}, seat{s.exports, errBusy})
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
