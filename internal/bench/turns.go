package bench

import (
	"os"
	"syscall"
	"time"
)

// turn waits until no other program measures, and returns what ends the turn. Two versions that take short turns are
// measured on the same machine at the same time, however busy it is.
func (r *run) turn() (end func(), err error) {
	if r.Turns == "" {
		return func() {}, nil
	}
	f, err := os.OpenFile(r.Turns, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, err
	}
	return func() {
		f.Close()                         // and with it goes the lock
		time.Sleep(20 * time.Millisecond) // whoever waits for it is next
	}, nil
}
