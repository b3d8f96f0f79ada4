// Package client asks Tijori from Go: it spends the credits of an account, with a key of the account, and sells to the
// customers of an app, with a server key of the app (see Customer).
//
//	c := client.New("https://tijori.example.com", os.Getenv("TIJORI_KEY"))
//	spend := client.Spend{Meter: "credits", Amount: 5, Key: job.ID}
//	err := c.Gate(ctx, spend, func(ctx context.Context) (int64, error) {
//		return 5, renderVideo(ctx) // costs five credits when it works, nothing when it fails
//	})
//
// Gate does the work for a key once, however often and from wherever it is
// called. Methods may be called from many goroutines. They ask again by themselves
// when the answer was lost on the way: the idempotency key makes that safe.
package client

import (
	"bytes"
	"context"
	crand "crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A Client asks one Tijori with one API key.
type Client struct {
	URL     string       // of the server, without a path
	Key     string       // the API key
	HTTP    *http.Client // nil is a client that waits 30 seconds
	Retries int          // how often a request without an answer is repeated; New sets 4
}

// New returns a client.
func New(url, key string) *Client {
	return &Client{
		URL: strings.TrimSuffix(url, "/"), Key: key, HTTP: &http.Client{Timeout: 30 * time.Second},
		Retries: 4,
	}
}

// A Spend asks for credits. Key is made by your server, once for what is paid
// once: the id of a job, never what a browser sends. It may not be blank.
type Spend struct {
	Meter  string `json:"meter,omitempty"` // credits where it is empty, for a customer of an app
	Amount int64  `json:"amount"`
	Key    string `json:"idempotency_key"`
	Note   string `json:"note,omitempty"`
	// Feature is one that the plan of an app's customer must have: plan and balance are decided at one moment.
	Feature string `json:"feature,omitempty"`
}

// A Spent says what was taken.
type Spent struct {
	Entry    int64  `json:"entry"`
	Meter    string `json:"meter"`
	Amount   int64  `json:"amount"`
	Balance  int64  `json:"balance"`  // what could be spent after it
	Repeated bool   `json:"repeated"` // by an earlier request with this key; nothing was taken now
}

// What became of a hold.
const (
	Held     = "held"     // its work may be under way; if nobody is at it, the hold expires
	Captured = "captured" // its work was done and paid
	Released = "released" // its work failed; the credits are back
	Expired  = "expired"  // nobody ended it in time; the credits are back
)

// A Hold is credits set aside.
type Hold struct {
	ID        string    `json:"id"`
	Meter     string    `json:"meter"`
	Amount    int64     `json:"amount"`
	Status    string    `json:"status"`
	Captured  int64     `json:"captured"` // of one that was captured
	ExpiresAt time.Time `json:"expires_at"`
	Balance   int64     `json:"balance"` // of one that was made: what could be spent after it
}

// A Settled says how a hold ended.
type Settled struct {
	Hold     string `json:"hold"`
	Meter    string `json:"meter"`
	Captured int64  `json:"captured"`
	Entry    int64  `json:"entry"`
	Balance  int64  `json:"balance"`
}

// An Allowance comes by itself.
type Allowance struct {
	At     time.Time `json:"at"`
	Amount int64     `json:"amount"`
}

// A Balance is what there is of a meter.
type Balance struct {
	Meter         string     `json:"meter"`
	Name          string     `json:"name"`
	Balance       int64      `json:"balance"` // what can be spent
	Held          int64      `json:"held"`
	NextAllowance *Allowance `json:"next_allowance"` // nil when none is to come
}

// An Entry is one change of a balance.
type Entry struct {
	Number    int64     `json:"number"`
	Kind      string    `json:"kind"`
	Amount    int64     `json:"amount"`
	Balance   int64     `json:"balance"`
	Key       string    `json:"idempotency_key"`
	Note      string    `json:"note"`
	Hold      string    `json:"hold"`
	Grant     string    `json:"grant"`
	CreatedAt time.Time `json:"created_at"`
}

// An Error is a refusal. Code is stable: insufficient_credits, conflict,
// unauthorized, forbidden, not_found, invalid, unavailable. Reason is stable too
// and says which refusal of that kind it is, such as idempotency_key_reused or
// hold_captured; it is the same as Code where there is nothing more to say.
type Error struct {
	Status        int        `json:"status"`
	Code          string     `json:"error"`
	Reason        string     `json:"code"`
	Detail        string     `json:"detail"`
	Field         string     `json:"field"`
	RequestID     string     `json:"request_id"`
	Meter         string     `json:"meter"`          // of insufficient_credits
	Balance       int64      `json:"balance"`        // likewise: what is there
	NextAllowance *Allowance `json:"next_allowance"` // likewise: nil when none is to come
	Hold          *Hold      `json:"hold"`           // of a hold that was asked for before: what became of it
}

func (e *Error) Error() string {
	text := e.Detail
	if text == "" {
		text = e.Code
	}
	return fmt.Sprintf("tijori: %s (%s, request %s)", text, e.Code, e.RequestID)
}

// Insufficient returns the refusal when an error is that there are not enough
// credits, and nil for every other error.
func Insufficient(err error) *Error {
	var e *Error
	if errors.As(err, &e) && e.Code == "insufficient_credits" {
		return e
	}
	return nil
}

// Repeated returns what became of a hold when an error is that it was asked for
// before, and nil for every other error. The work must not be done again.
func Repeated(err error) *Hold {
	var e *Error
	if errors.As(err, &e) {
		return e.Hold
	}
	return nil
}

// Balances lists what there is, by meter.
func (c *Client) Balances(ctx context.Context) ([]Balance, error) {
	var out struct {
		Credits []Balance `json:"credits"`
	}
	return out.Credits, c.do(ctx, http.MethodGet, "/api/credits", nil, &out)
}

// Entries lists entries of a meter, the newest first, and the cursor of the next
// page, "" at the end. The first page has the cursor "".
func (c *Client) Entries(ctx context.Context, meter, cursor string, limit int) ([]Entry, string, error) {
	q := url.Values{"meter": {meter}, "limit": {strconv.Itoa(limit)}}
	if cursor != "" {
		q.Set("cursor", cursor)
	}
	var out entryPage
	err := c.do(ctx, http.MethodGet, "/api/credits/entries?"+q.Encode(), nil, &out)
	return out.Entries, out.next(), err
}

type entryPage struct {
	Entries []Entry `json:"entries"`
	Next    *string `json:"next_cursor"`
}

func (p entryPage) next() string {
	if p.Next == nil {
		return ""
	}
	return *p.Next
}

// Consume takes credits at once, for what is done already. To be paid for work
// that is still to be done, use Gate.
func (c *Client) Consume(ctx context.Context, s Spend) (Spent, error) {
	var out Spent
	return out, c.do(ctx, http.MethodPost, "/api/credits/consume", s, &out)
}

// Hold sets credits aside; they come back by themselves after life. When it
// returns no error the caller may do the work, and nobody else may: every other
// call with the same key is refused (see Repeated), also after the hold has ended.
func (c *Client) Hold(ctx context.Context, s Spend, life time.Duration) (Hold, error) {
	var out Hold
	in, err := newHold(s, life)
	if err != nil {
		return out, err
	}
	return out, c.do(ctx, http.MethodPost, "/api/credits/holds", in, &out)
}

type holdRequest struct {
	Spend
	ExpiresIn int64  `json:"expires_in"`
	Attempt   string `json:"attempt"`
}

func newHold(s Spend, life time.Duration) (holdRequest, error) {
	attempt, err := newAttempt()
	return holdRequest{s, int64(life / time.Second), attempt}, err
}

// newAttempt is a random UUID: it tells this call, sent again because its answer
// was lost, from a call by somebody else.
func newAttempt() (string, error) {
	var b [16]byte
	if _, err := crand.Read(b[:]); err != nil {
		return "", fmt.Errorf("tijori: name an attempt: %w", err)
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), nil
}

// Capture takes amount of a hold; the rest comes back.
func (c *Client) Capture(ctx context.Context, hold string, amount int64) (Settled, error) {
	var out Settled
	return out, c.do(ctx, http.MethodPost, "/api/credits/holds/"+url.PathEscape(hold)+"/capture",
		map[string]int64{"amount": amount}, &out)
}

// Release gives a hold back.
func (c *Client) Release(ctx context.Context, hold string) (Settled, error) {
	var out Settled
	return out, c.do(ctx, http.MethodPost, "/api/credits/holds/"+url.PathEscape(hold)+"/release", nil, &out)
}

// How long Gate sets credits aside, and how much of that is left for the capture.
const (
	gateFor     = 10 * time.Minute
	captureTime = 30 * time.Second
)

// Gate sets credits aside, does the work, and takes what the work says it has
// cost, at most s.Amount. Work that fails costs nothing.
//
// For one key the work is begun once, however often and from wherever Gate is
// called. Every other call returns an error of which Repeated says what became of
// the work: it may be under way, it was paid, or it failed, and then trying again
// takes a new key. Deliver what the work has made only when Gate returns nil.
//
// The work's context ends in time for its credits to be taken before the hold
// expires, after nine and a half minutes; work that goes on for longer is not paid.
// When this program dies on the way, the hold expires by itself.
func (c *Client) Gate(ctx context.Context, s Spend, work func(context.Context) (cost int64, err error)) error {
	return gate(ctx, c, s, work)
}

// A till is where holds are made and ended: the account of a key, or a customer of an app.
type till interface {
	Hold(ctx context.Context, s Spend, life time.Duration) (Hold, error)
	Capture(ctx context.Context, hold string, amount int64) (Settled, error)
	Release(ctx context.Context, hold string) (Settled, error)
}

func gate(ctx context.Context, c till, s Spend, work func(context.Context) (cost int64, err error)) error {
	began := time.Now()
	h, err := c.Hold(ctx, s, gateFor)
	if err != nil {
		return err
	}
	giveBack := true
	defer func() {
		if giveBack {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			defer cancel()
			_, _ = c.Release(ctx, h.ID) // if it fails, the hold expires
		}
	}()
	working, cancel := context.WithDeadline(ctx, began.Add(gateFor-captureTime))
	defer cancel()
	if err := working.Err(); err != nil { // the hold's answer was too long on its way
		return err
	}
	cost, err := work(working)
	if err != nil || cost <= 0 {
		return err
	}
	giveBack = false
	_, err = c.Capture(context.WithoutCancel(ctx), h.ID, min(cost, s.Amount))
	return err
}

// do sends a request until it is answered. All of them may be sent twice: those
// that spend carry a key, or end a hold once.
func (c *Client) do(ctx context.Context, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = b
	}
	pause := 100 * time.Millisecond
	for try := 0; ; try++ {
		err := c.once(ctx, method, path, body, out)
		var e *Error
		if err == nil || try >= c.Retries || errors.As(err, &e) && e.Status != http.StatusServiceUnavailable &&
			e.Status != http.StatusTooManyRequests && e.Status != http.StatusBadGateway &&
			e.Status != http.StatusGatewayTimeout {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(pause + rand.N(pause)):
		}
		pause = min(2*pause, 2*time.Second)
	}
}

func (c *Client) once(ctx context.Context, method, path string, body []byte, out any) error {
	r, err := http.NewRequestWithContext(ctx, method, c.URL+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+c.Key)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	hc := c.HTTP
	if hc == nil {
		hc = &http.Client{Timeout: 30 * time.Second}
	}
	resp, err := hc.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 4<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode/100 == 2 {
		return json.Unmarshal(answer, out)
	}
	e := &Error{}
	if json.Unmarshal(answer, e) != nil || e.Code == "" {
		e.Code = "http_" + strconv.Itoa(resp.StatusCode)
	}
	e.Status = resp.StatusCode
	return e
}
