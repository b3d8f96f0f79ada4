package bench

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// An endpoint is a request to measure.
type endpoint struct {
	name, figure string // for people, and in figures
	accept       string
	path         func(n, p int) string // of business n and its party p
	body         func(n, p int) string // nil for GET
}

// endpoints are what the benchmark is about.
var endpoints = []endpoint{
	{"party list, JSON", "party_list", "application/json", listPath, nil},
	{"party list, page", "party_list_page", "text/html", func(n, _ int) string {
		return "/b/" + seededID(businessKind,
			n).String()
	}, nil},
	{
		"party page, JSON", "party_page", "application/json",
		func(n, p int) string { return listPath(n, p) + "/" + seededID(partyKind, n*1000+p).String() }, nil,
	},
	{"billing/me", "me", "application/json", func(int, int) string { return "/api/billing/me" }, nil},
	{
		"add entry", "write_entry", "application/json",
		func(n, _ int) string { return "/api/businesses/" + seededID(businessKind, n).String() + "/entries" },
		entryBody,
	},
}

func listPath(n, _ int) string {
	return "/api/businesses/" + seededID(businessKind, n).String() + "/parties"
}

// fresh numbers the entries of this run. freshID(1) is the one that is captured.
var fresh atomic.Int64

var runID = rand.Uint32()

func freshID(k int64) uuid.UUID {
	return uuid.MustParse(fmt.Sprintf("01a00000-%04x-7%03x-8000-%012x", runID>>16, runID&0xfff, k))
}

func entryBody(n, p int) string {
	k := fresh.Add(1)
	return fmt.Sprintf(`{"id":"%s","party_id":"%s","side":"given","amount":12500,"date":"2025-12-30","note":"sugar"}`,
		freshID(k), seededID(partyKind, n*1000+p))
}

func (e endpoint) request(n, p int) []byte {
	var b bytes.Buffer
	method, body := http.MethodGet, ""
	if e.body != nil {
		method, body = http.MethodPost, e.body(n, p)
	}
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: %s\r\nCookie: session=%s\r\n",
		method, e.path(n, p), e.accept, token(n))
	if e.accept == "text/html" {
		b.WriteString("Accept-Encoding: gzip\r\n") // as browsers do
	}
	if e.body != nil {
		fmt.Fprintf(&b, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n" + body)
	return b.Bytes()
}

// A client is one connection that is kept open. It is as thin as it can be: what
// it costs is taken from the server on the same machine.
type client struct {
	conn net.Conn
	r    *bufio.Reader
}

func dial(addr string) (*client, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &client{conn, bufio.NewReaderSize(conn, 64<<10)}, nil
}

func (c *client) close() { _ = c.conn.Close() }

// A statusError is an answer that is no success.
type statusError struct {
	status int
	body   string
}

func (e *statusError) Error() string {
	return fmt.Sprintf("%d %s: %s", e.status, http.StatusText(e.status), e.body)
}

// do sends a request and returns the size of the answer; anything but success is an error.
func (c *client) do(request []byte) (int64, error) {
	if _, err := c.conn.Write(request); err != nil {
		return 0, err
	}
	resp, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		body, err := io.ReadAll(io.LimitReader(resp.Body, 500))
		return 0, errors.Join(&statusError{resp.StatusCode, string(body)}, err)
	}
	return io.Copy(io.Discard, resp.Body)
}

// load sends what next makes from several clients for a while, and at least once from each. The first error ends it.
func (r *run) load(ctx context.Context, clients int, d time.Duration, next func() []byte) (sample, error) {
	end, err := r.turn()
	if err != nil {
		return sample{}, err
	}
	defer end()
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	var mu sync.Mutex
	var total sample
	var failure error
	var wg sync.WaitGroup
	before, err := processCPU(r.server.cmd.Process.Pid, false)
	if err != nil {
		return sample{}, err
	}
	start := time.Now()
	for range clients {
		wg.Go(func() {
			mine, err := r.client(ctx, next)
			mu.Lock()
			defer mu.Unlock()
			total.latencies = append(total.latencies, mine...)
			if err != nil && failure == nil {
				failure = err
				cancel()
			}
		})
	}
	wg.Wait()
	total.took = time.Since(start)
	after, err := processCPU(r.server.cmd.Process.Pid, false)
	total.cpu = after - before
	return total, cmp.Or(failure, err)
}

// client is one of them: a connection that is kept, one request after the other.
func (r *run) client(ctx context.Context, next func() []byte) (took []time.Duration, err error) {
	c, err := dial(r.server.addr)
	if err != nil {
		return nil, err
	}
	defer c.close()
	for ctx.Err() == nil || took == nil {
		request := next()
		start := time.Now()
		if _, err := c.do(request); err != nil {
			return took, err
		}
		took = append(took, time.Since(start))
	}
	return took, nil
}

// warm opens a page of every business once, as a server that has been up for a while has.
func (r *run) warm(e endpoint) error {
	c, err := dial(r.server.addr)
	if err != nil {
		return err
	}
	defer c.close()
	for n := 1; n <= r.Businesses; n++ {
		if _, err := c.do(e.request(n, 1)); err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
	}
	return nil
}
