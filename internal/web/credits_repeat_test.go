package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/client"
)

// A job counts how often the work under its key was begun, and how often it was brought to an end.
type job struct {
	mu          sync.Mutex
	begun, done int
}

func (j *job) work(cost int64, fails bool) (int64, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.begun++
	if fails {
		return 0, errors.New("the model is down")
	}
	j.done++
	return cost, nil
}

// naiveGate is a gate as programs write it that know of neither attempts nor statuses: it works whenever its hold is
// answered with success.
func (w *world) naiveGate(key, once string, work func() (int64, error)) error {
	post := func(path string, body map[string]any) (map[string]any, error) {
		got := w.send("POST", ask{path: path, json: body}, key)
		var out map[string]any
		if err := json.Unmarshal([]byte(got.body), &out); err != nil {
			return nil, err
		}
		if got.status/100 != 2 {
			return out, fmt.Errorf("%d %v", got.status, out["code"])
		}
		return out, nil
	}
	h, err := post("/api/credits/holds", map[string]any{
		"meter": "credits", "amount": 10, "idempotency_key": once,
		"expires_in": 600,
	})
	if err != nil {
		return err
	}
	cost, err := work()
	if err != nil {
		_, _ = post(fmt.Sprintf("/api/credits/holds/%v/release", h["id"]), map[string]any{})
		return err
	}
	_, err = post(fmt.Sprintf("/api/credits/holds/%v/capture", h["id"]), map[string]any{"amount": cost})
	return err
}

// The customer submits the same form five times: by the program of docs/credits.md before attempts were known, and by
// the
// client. The work is done once and paid once.
func TestWorkUnderOneKeyIsDoneOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, gate := range map[string]func(c *client.Client, once string, work func() (int64, error)) error{
		"the client": func(c *client.Client, once string, work func() (int64, error)) error {
			return c.Gate(t.Context(), client.Spend{Meter: "credits", Amount: 10, Key: once},
				func(context.Context) (int64, error) { return work() })
		},
		"a program that knows no attempts": func(c *client.Client, once string, work func() (int64, error)) error {
			return w.naiveGate(c.Key, once, work)
		},
	} {
		for what, fails := range map[string]bool{"captured": false, "released": true} {
			c := w.spender(100)
			j, delivered := &job{}, 0
			for range 5 {
				if err := gate(c, "click", func() (int64, error) { return j.work(4, fails) }); err == nil {
					delivered++
				} else if h := client.Repeated(err); h != nil && h.Status != what {
					t.Errorf("%s: told of a hold that is %s, want %s", name, h.Status, what)
				}
			}
			list, err := c.Balances(t.Context())
			w.ok(err)
			want := map[bool]int64{false: 96, true: 100}[fails]
			if j.begun != 1 || delivered != j.done || list[0].Balance != want || list[0].Held != 0 {
				t.Errorf("%s, %s: worked %d times, delivered %d, %+v left; want once, %d", name, what, j.begun,
					delivered, list[0], want)
			}
		}
	}
	w.creditsAddUp()
}

// A lossy line carries requests to their end and loses some of the answers, but not more than two in a row.
type lossy struct {
	mu   sync.Mutex
	r    *rand.Rand
	lost map[string]int // in a row, by request
}

func (l *lossy) RoundTrip(r *http.Request) (*http.Response, error) {
	got, err := http.DefaultTransport.RoundTrip(r)
	l.mu.Lock()
	defer l.mu.Unlock()
	if at := r.URL.Path; err == nil && l.lost[at] < 2 && l.r.IntN(3) == 0 {
		l.lost[at]++
		return nil, errors.Join(errors.New("the answer was lost"), got.Body.Close())
	} else if err == nil {
		l.lost[at] = 0
	}
	return got, err
}

// TestRepeatsAreNeverFreeWork: random sequences of programs that ask for the same few keys again and again, at the same
// time, through two servers, over lines that lose answers. Work is begun at most once for each key, and as often as it
// was done it was paid.
func TestRepeatsAreNeverFreeWork(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	second := httptest.NewServer(w.another())
	t.Cleanup(second.Close)
	for seed := range uint64(6) {
		c := w.spender(60) // not enough for all
		jobs := make([]job, 12)
		var group sync.WaitGroup
		for program := range 6 {
			group.Go(func() {
				r := rand.New(rand.NewPCG(seed, uint64(program)))
				mine := client.New([]string{w.url, second.URL}[program%2], c.Key)
				mine.HTTP = &http.Client{Transport: &lossy{
					r:    rand.New(rand.NewPCG(seed, uint64(100+program))),
					lost: map[string]int{},
				}}
				for range 10 {
					n := r.IntN(len(jobs))
					once, cost, fails := fmt.Sprint("job ", n), 1+r.Int64N(10), r.IntN(4) == 0
					work := func() (int64, error) { return jobs[n].work(cost, fails) }
					if program == 5 {
						_ = w.naiveGate(c.Key, once, work)
						continue
					}
					err := mine.Gate(t.Context(), client.Spend{Meter: "credits", Amount: 10, Key: once},
						func(context.Context) (int64, error) { return work() })
					if e := (*client.Error)(nil); errors.As(err, &e) && client.Repeated(err) == nil &&
						client.Insufficient(err) == nil {
						t.Errorf("seed %d: %v", seed, err)
					}
				}
			})
		}
		group.Wait()
		done := 0
		for i := range jobs {
			if jobs[i].begun > 1 {
				t.Errorf("seed %d: job %d was begun %d times", seed, i, jobs[i].begun)
			}
			done += jobs[i].done
		}
		entries, _, err := c.Entries(t.Context(), "credits", "", 200)
		w.ok(err)
		paid := 0
		for _, e := range entries {
			if e.Kind == "capture" {
				paid++
			}
		}
		if done == 0 || done != paid {
			t.Errorf("seed %d: work was done %d times and paid %d times", seed, done, paid)
		}
	}
	w.creditsAddUp()
}

// What the API answers to a hold that was asked for before, and to keys and attempts that are none.
func TestAnswersToRepeats(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.spender(100)
	mine := uuid.NewString()
	hold := func(more map[string]any) answer {
		body := map[string]any{"meter": "credits", "amount": 10, "idempotency_key": "job", "expires_in": 300}
		for k, v := range more {
			body[k] = v
		}
		return w.send("POST", ask{path: "/api/credits/holds", json: body}, c.Key)
	}
	says := func(what string, got answer, status int, words ...string) {
		t.Helper()
		if got.status != status {
			t.Errorf("%s: %d, want %d: %s", what, got.status, status, got.body)
		}
		for _, word := range words {
			if !strings.Contains(got.body, word) {
				t.Errorf("%s does not say %s: %s", what, word, got.body)
			}
		}
	}
	first := hold(map[string]any{"attempt": mine})
	says("the first", first, 201, `"status":"held"`, `"balance":90`)
	var h struct{ ID string }
	w.ok(json.Unmarshal([]byte(first.body), &h))
	says("the same attempt", hold(map[string]any{"attempt": mine}), 201, `"status":"held"`, h.ID)
	says("another attempt", hold(map[string]any{"attempt": uuid.NewString()}), 409, `"hold_held"`, `"status":"held"`,
		h.ID)
	says("no attempt", hold(nil), 409, `"hold_held"`)
	says("another body", hold(map[string]any{"attempt": mine, "amount": 9}), 409, `"idempotency_key_reused"`)
	got := w.send("POST", ask{path: "/api/credits/holds/" + h.ID + "/capture", json: map[string]any{"amount": 4}},
		c.Key)
	says("the capture", got, 200, `"captured":4`)
	says("the same attempt after it was captured", hold(map[string]any{"attempt": mine}), 409, `"hold_captured"`,
		`"status":"captured"`, `"captured":4`)

	for _, attempt := range []string{
		"x", "00000000-0000-0000-0000-000000000000", "{" + mine + "}",
		strings.ReplaceAll(mine, "-", ""),
	} {
		says("the attempt "+attempt, hold(map[string]any{"attempt": attempt}), 422, `"field":"attempt"`)
	}
	for _, key := range []string{"", "  ", "\u3000\u00a0"} {
		says("a blank key", hold(map[string]any{"idempotency_key": key}), 422, `"field":"idempotency_key"`)
	}
	consume := map[string]any{"meter": "credits", "amount": 1, "idempotency_key": "page"}
	says("a consume", w.send("POST", ask{path: "/api/credits/consume", json: consume}, c.Key), 200, `"repeated":false`)
	says("the same again", w.send("POST", ask{path: "/api/credits/consume", json: consume}, c.Key), 200,
		`"repeated":true`)
}
