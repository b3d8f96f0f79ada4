package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A child is the server that is measured, as a process of its own.
type child struct {
	addr   string
	cmd    *exec.Cmd
	ended  chan struct{}
	output *tail
}

// startServer starts argv on the benchmark's database and waits until it is ready.
func startServer(ctx context.Context, argv []string, dsn, scratch string) (*child, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	provider, err := freeAddr()
	if err != nil {
		return nil, err
	}
	c := &child{addr: addr, ended: make(chan struct{}), output: &tail{}}
	c.cmd = exec.Command(argv[0], argv[1:]...)
	c.cmd.Env = append(os.Environ(), "DATABASE_URL="+dsn, "TIJORI_ADDR="+addr, "TIJORI_SIMULATOR_ADDR="+provider,
		"TIJORI_DATA="+filepath.Join(scratch, "state"))
	c.cmd.Stdout, c.cmd.Stderr = c.output, c.output
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	go func() {
		_ = c.cmd.Wait() // the output says more than the error
		close(c.ended)
	}()
	for deadline := time.Now().Add(30 * time.Second); ; {
		if resp, err := http.Get("http://" + addr + "/readyz"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return c, nil
			}
		}
		select {
		case <-c.ended:
			return nil, fmt.Errorf("the server ended before it was ready: %s", c.output)
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), c.stop())
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return nil, errors.Join(fmt.Errorf("the server was not ready after 30 s: %s", c.output), c.stop())
		}
	}
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// stop interrupts the server and waits for its end.
func (c *child) stop() error {
	select {
	case <-c.ended:
		return fmt.Errorf("the server ended by itself: %s", c.output)
	default:
	}
	if err := c.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	select {
	case <-c.ended:
		return nil
	case <-time.After(20 * time.Second):
		return errors.Join(errors.New("the server did not stop"), c.cmd.Process.Kill())
	}
}

// memory returns the most that the server ever had resident, and what it has now, in bytes.
func (c *child) memory() (peak, now int64, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	if err != nil {
		return 0, 0, fmt.Errorf("read the server's memory: %w", err)
	}
	read := func(name string) int64 {
		for line := range strings.Lines(string(b)) {
			if rest, ok := strings.CutPrefix(line, name+":"); ok {
				n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
				if err == nil {
					return n << 10
				}
			}
		}
		return 0
	}
	if peak, now = read("VmHWM"), read("VmRSS"); peak == 0 || now == 0 {
		return 0, 0, errors.New("the server's memory cannot be read on this system")
	}
	return peak, now, nil
}

// processCPU is the processor time that a process, or the children of it that have ended, have used.
func processCPU(pid int, children bool) (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// After the name in brackets come state and parent; user and system time are fields 14 and 15, those of children 16
	// and 17.
	_, rest, _ := strings.Cut(string(b), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 15 {
		return 0, fmt.Errorf("read the processor time of process %d: %q", pid, b)
	}
	if fields = fields[11:15]; children {
		fields = fields[2:]
	}
	const tick = 10 * time.Millisecond // Linux counts in hundredths of a second
	var total time.Duration
	for _, f := range fields[:2] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read the processor time of process %d: %w", pid, err)
		}
		total += time.Duration(n) * tick
	}
	return total, nil
}

// A tail keeps the last that a process wrote.
type tail struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.b.Len() > 64<<10 {
		t.b.Next(t.b.Len() - 4<<10)
	}
	return t.b.Write(p)
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(t.b.String())
}
