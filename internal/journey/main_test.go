package journey

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var (
	update = flag.Bool("update", false, "write the goldens of the command transcripts")
	long   = flag.Bool("long", os.Getenv("TIJORI_LONG") != "",
		"kill the server sixty times during 20,000 writes, not eight times during 1,000")
)

// program is the path of the real binary, built once, with tags where a drill needs them.
var (
	program string
	tags    string
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) (code int) {
	dir, err := os.MkdirTemp("", "tijori-journey")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	program = filepath.Join(dir, "tijori")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-tags", tags, "-ldflags",
		"-X github.com/tijorihq/tijori/internal/cli.version=test", "-o", program, "github.com/tijorihq/tijori")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the program: %v\n%s", err, out)
		return 1
	}
	defer closeBrowser()
	return m.Run()
}

// stateDir is an empty folder that the database's user can walk through.
func stateDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "tijori-state")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// environment is what a program inherits: nothing that would set it up differently from a fresh machine.
func environment(extra ...string) []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "TMPDIR=" + os.TempDir(), "LANG=C.UTF-8"}
	for _, name := range []string{"XDG_CACHE_HOME", "TIJORI_PG_BIN"} {
		if v := os.Getenv(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	return append(env, extra...)
}

// A server is a running `tijori serve`.
type server struct {
	t              testing.TB
	cmd            *exec.Cmd
	data, url, sim string
	greeting       string
	stderr         *lockedBuffer
	done           chan struct{}
	err            error // of the process, after done
}

var (
	listening = regexp.MustCompile(`listens on (http://\S+)`)
	control   = regexp.MustCompile(`control page (http://[^\s/]+)`)
)

// serve starts the program on a state directory and waits until it greets.
func serve(t testing.TB, data string, extra ...string) *server {
	t.Helper()
	s := &server{t: t, data: data, stderr: &lockedBuffer{}, done: make(chan struct{})}
	s.cmd = exec.Command(program, "serve")
	s.cmd.Env = environment(append([]string{
		"TIJORI_DATA=" + data, "TIJORI_ADDR=127.0.0.1:0",
		"TIJORI_SIMULATOR_ADDR=127.0.0.1:0",
	}, extra...)...)
	s.cmd.Stderr = s.stderr
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	greeted := make(chan string, 1)
	go func() {
		var text strings.Builder
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			text.WriteString(lines.Text() + "\n")
			if strings.Contains(lines.Text(), "outbox:") {
				greeted <- text.String()
			}
		}
		s.err = s.cmd.Wait()
		close(s.done)
	}()
	select {
	case s.greeting = <-greeted:
	case <-s.done:
		t.Fatalf("tijori serve ended: %v\n%s", s.err, s.stderr)
	case <-time.After(60 * time.Second):
		t.Fatalf("tijori serve did not greet in a minute\n%s", s.stderr)
	}
	s.url, s.sim = listening.FindStringSubmatch(s.greeting)[1], control.FindStringSubmatch(s.greeting)[1]
	return s
}

// stop ends the program as Ctrl-C does, and fails when it does not end cleanly.
func (s *server) stop() {
	select {
	case <-s.done:
		return
	default:
	}
	if err := s.cmd.Process.Signal(syscall.SIGINT); err != nil {
		s.t.Error(err)
	}
	select {
	case <-s.done:
		if s.err != nil {
			s.t.Errorf("tijori serve ended by an interrupt: %v\n%s", s.err, s.stderr)
		}
	case <-time.After(30 * time.Second):
		s.t.Errorf("tijori serve did not end in half a minute\n%s", s.stderr)
		s.kill()
	}
}

// kill ends the program as a power cut does.
func (s *server) kill() {
	if err := s.cmd.Process.Kill(); err != nil {
		s.t.Error(err)
	}
	<-s.done
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

var _ io.Writer = (*lockedBuffer)(nil)

// within is a context that ends with the test or after d.
func within(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
