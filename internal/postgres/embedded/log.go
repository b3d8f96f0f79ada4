//go:build linux

package embedded

import (
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

// logLimit is the size in bytes from which the log is set aside: at a start, and every logPause while the server runs.
const (
	logLimit = 10 << 20
	logPause = 10 * time.Second
)

// tailSize is how much of the log's end is read to say why a start failed.
const tailSize = 8 << 10

// serverLog is where the server writes: our file, straight, so that it goes on
// after our death; or somebody's writer.
type serverLog struct {
	out   io.Writer
	file  *os.File
	start int64 // where this run begins in file
	tail  *tail
	st    *state
}

func openLog(w io.Writer, st *state) (*serverLog, error) {
	l := &serverLog{st: st}
	if w != nil {
		l.tail = &tail{to: w}
		l.out = l.tail
		return l, nil
	}
	if fi, err := st.root.Lstat(logName); err == nil && fi.Size() > logLimit {
		if err := st.root.Rename(logName, logName+".1"); err != nil {
			return nil, refused(st.dir, err)
		}
	}
	f, err := st.root.OpenFile(logName, os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return nil, refused(st.dir, err)
	}
	fi, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, refused(st.dir, err)
	}
	l.file, l.out, l.start = f, f, fi.Size()
	return l, nil
}

// keepSmall sets the log aside whenever it has grown too large, until ended is closed: what strangers can make the
// server say must not fill the disk that its data is on.
func (l *serverLog) keepSmall(ended <-chan struct{}) {
	if l.file == nil {
		return
	}
	tick := time.NewTicker(logPause)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return
		case <-tick.C:
		}
		_ = l.setAside() // it is tried again soon; the server needs no log to run
	}
}

// setAside keeps the end of a log that is too large as its predecessor, and empties it. The server goes on writing to
// the same file, at its new end.
func (l *serverLog) setAside() error {
	fi, err := l.file.Stat()
	if err != nil || fi.Size() <= logLimit {
		return err
	}
	old, err := l.st.root.OpenFile(logName+".1", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(old, io.NewSectionReader(l.file, fi.Size()-logLimit, logLimit))
	return errors.Join(err, old.Close(), l.file.Truncate(0))
}

func (l *serverLog) close() {
	if l.file != nil {
		l.file.Close()
	}
}

// hint says where the rest of the log is.
func (l *serverLog) hint() string {
	if l.file == nil {
		return "the lines before it in the log say more"
	}
	return "see " + l.st.path(logName)
}

// lastFailure is what the server said last about its own end.
func (l *serverLog) lastFailure() string {
	const silent = "it ended without a word"
	if l.tail != nil {
		return lastFailure(l.tail.text(), silent)
	}
	f, err := l.st.root.Open(logName)
	if err != nil {
		return silent
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return silent
	}
	from := max(l.start, fi.Size()-tailSize)
	if fi.Size() < l.start { // it was set aside meanwhile
		from = max(0, fi.Size()-tailSize)
	}
	b, err := io.ReadAll(io.NewSectionReader(f, from, tailSize))
	if err != nil {
		return silent
	}
	return lastFailure(string(b), silent)
}

// tail passes on what is written and remembers the end of it. A failing writer
// never fails the server.
type tail struct {
	to  io.Writer
	mu  sync.Mutex
	end []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end = append(t.end, p...)
	if n := len(t.end) - tailSize; n > 0 {
		t.end = append(t.end[:0], t.end[n:]...)
	}
	_, _ = t.to.Write(p)
	return len(p), nil
}

func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.end)
}
