//go:build linux

package embedded

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// However much is written, the log and its predecessor stay small while the server runs, and the newest lines are kept.
func TestLogStaysSmall(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(tempDir(t), "state")
	st, err := openState(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer st.close()
	l, err := openLog(nil, st)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	write := func(b []byte) {
		t.Helper()
		if _, err := l.out.Write(b); err != nil {
			t.Fatal(err)
		}
		if err := l.setAside(); err != nil {
			t.Fatal(err)
		}
	}
	size := func(name string) int64 {
		t.Helper()
		fi, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return fi.Size()
	}
	write([]byte("a first line\n"))
	if size(logName) != 13 {
		t.Errorf("a small log has %d bytes", size(logName))
	}
	for range 3 {
		write(append(bytes.Repeat([]byte("ERROR: no credential\n"), logLimit/20), "FATAL:  the last line\n"...))
	}
	if size(logName) != 0 || size(logName+".1") != logLimit {
		t.Errorf("the log has %d bytes, its predecessor %d", size(logName), size(logName+".1"))
	}
	old, err := os.ReadFile(filepath.Join(dir, logName+".1"))
	if err != nil || !strings.HasSuffix(string(old), "the last line\n") {
		t.Errorf("the newest lines are lost (%v)", err)
	}
	if _, err := io.WriteString(l.out, "FATAL:  afterwards\n"); err != nil {
		t.Fatal(err)
	}
	if got := l.lastFailure(); size(logName) != 19 || !strings.Contains(got, "afterwards") {
		t.Errorf("%d bytes after it was set aside; the server said %q", size(logName), got)
	}
}
