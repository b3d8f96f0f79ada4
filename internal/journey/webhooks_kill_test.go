package journey

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A courier is an app whose events are delivered to a receiver while the server is killed.
type courier struct {
	*testing.T
	data string
	key  string
	hook string
	now  atomic.Pointer[server]
	left atomic.Int64

	mu    sync.Mutex
	said  map[int64]bool             // numbers of events that were acknowledged
	got   map[string][]time.Time     // when each webhook-id arrived
	delay map[string]time.Duration   // of the first arrival, after the event's own time
	body  map[string]map[string]bool // what came under one id
}

const courierPlans = `app = "acme-test"

[[plan]]
id = "starter"
name = "Starter"
default = true
rank = 0
entitlements = []
`

func newCourier(t *testing.T) *courier {
	t.Helper()
	c := &courier{
		T: t, data: stateDir(t), said: map[int64]bool{}, got: map[string][]time.Time{},
		delay: map[string]time.Duration{},
		body:  map[string]map[string]bool{},
	}
	first := serve(t, c.data)
	c.command("app", "create", "acme", "--mode", "test")
	c.key = strings.TrimSpace(c.command("app", "key", "create", "acme-test", "--name", "server"))
	first.stop()
	if err := os.WriteFile(c.plans(), []byte(courierPlans), 0o644); err != nil {
		t.Fatal(err)
	}
	c.start()
	receiver := httptest.NewServer(http.HandlerFunc(c.receive))
	t.Cleanup(receiver.Close)
	var made struct{ ID string }
	if status := c.ask("POST", "/api/v1/webhooks", map[string]string{"url": receiver.URL + "/hook"},
		&made); status != 201 {
		t.Fatalf("add an endpoint: %d", status)
	}
	c.hook = made.ID
	return c
}

func (c *courier) plans() string { return filepath.Join(c.data, "acme.toml") }

func (c *courier) start() {
	c.Helper()
	c.now.Store(serve(c, c.data, "TIJORI_APP_PLANS="+c.plans()))
}

func (c *courier) command(args ...string) string {
	c.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = environment("TIJORI_DATA=" + c.data)
	var problem bytes.Buffer
	cmd.Stderr = &problem
	out, err := cmd.Output()
	if err != nil {
		c.Fatalf("tijori %s: %v\n%s", strings.Join(args, " "), err, &problem)
	}
	return string(out)
}

// ask returns the status of an answer, 0 for none.
func (c *courier) ask(method, path string, in, out any) int {
	b, err := json.Marshal(in)
	if err != nil {
		c.Error(err)
		return 0
	}
	r, err := http.NewRequestWithContext(c.Context(), method, c.now.Load().url+path, bytes.NewReader(b))
	if err != nil {
		c.Error(err)
		return 0
	}
	r.Header.Set("Authorization", "Bearer "+c.key)
	r.Header.Set("Content-Type", "application/json")
	res, err := (&http.Client{Timeout: 20 * time.Second}).Do(r)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(out); err != nil {
		return 0
	}
	return res.StatusCode
}

func (c *courier) receive(w http.ResponseWriter, r *http.Request) {
	at := time.Now()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return // the server died while it sent: it will send again
	}
	var event struct {
		ID        string
		Timestamp time.Time
	}
	if err := json.Unmarshal(b, &event); err != nil || event.ID != r.Header.Get("Webhook-Id") {
		c.Errorf("%q under the id %q: %v", b, r.Header.Get("Webhook-Id"), err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.got[event.ID]) == 0 {
		c.delay[event.ID] = at.Sub(event.Timestamp)
		c.body[event.ID] = map[string]bool{}
	}
	c.got[event.ID] = append(c.got[event.ID], at)
	c.body[event.ID][string(b)] = true
	w.WriteHeader(http.StatusNoContent)
}

// send makes events until none is left to make, each repeated until it is acknowledged.
func (c *courier) send() {
	for c.left.Add(-1) >= 0 {
		for end := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
			var sent struct{ Number int64 }
			status := c.ask("POST", "/api/v1/webhooks/"+c.hook+"/test", struct{}{}, &sent)
			if status == http.StatusOK {
				c.mu.Lock()
				c.said[sent.Number] = true
				c.mu.Unlock()
				break
			}
			if status != 0 && status < 500 && status != http.StatusTooManyRequests || time.Now().After(end) {
				c.Errorf("an event was refused: %d", status)
				return
			}
		}
	}
}

func (c *courier) acknowledged() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.said)
}

// log is the app's events by number.
func (c *courier) log() map[int64]string {
	c.Helper()
	out, after := map[int64]string{}, int64(0)
	for {
		var page struct {
			Events []struct {
				ID     string
				Number int64
			}
			Next int64
		}
		if status := c.ask("GET", fmt.Sprintf("/api/v1/events?limit=200&after=%d", after), nil, &page); status != 200 {
			c.Fatalf("read the log: %d", status)
		}
		if len(page.Events) == 0 {
			return out
		}
		for _, e := range page.Events {
			out[e.Number] = e.ID
		}
		after = page.Next
	}
}

// missing are the events of the log that did not arrive.
func (c *courier) missing(log map[int64]string) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range log {
		if len(c.got[id]) == 0 {
			n++
		}
	}
	return n
}

// TestKillWebhooks kills the server while it delivers events. Each event that was acknowledged is in the log, each of
// the log arrives at least once, always under the same id and with the same body, and nothing else arrives.
func TestKillWebhooks(t *testing.T) {
	events, kills := 300, 3
	if *long {
		events, kills = 10_000, 20
	}
	c := newCourier(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	c.left.Store(int64(events))
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(c.send)
	}
	for i := range kills {
		at := (i + 1) * events / (kills + 1)
		for end := time.Now().Add(3 * time.Minute); c.acknowledged() < at; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("only %d of %d events were acknowledged", c.acknowledged(), at)
			}
		}
		time.Sleep(time.Duration(random.IntN(50)) * time.Millisecond)
		c.now.Load().kill()
		c.start()
	}
	clients.Wait()
	log := c.log()
	for number := range c.said {
		if log[number] == "" {
			t.Errorf("event %d was acknowledged and is not in the log", number)
		}
	}
	// What was under way at a kill is sent again when its minute has passed.
	for end := time.Now().Add(5 * time.Minute); c.missing(log) > 0; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d of %d events are lost", c.missing(log), len(log))
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	known := map[string]bool{}
	for _, id := range log {
		known[id] = true
	}
	again := 0
	for id, times := range c.got {
		if !known[id] || len(c.body[id]) != 1 {
			t.Errorf("%s arrived with %d bodies, and is in the log: %v", id, len(c.body[id]), known[id])
		}
		again += len(times) - 1
	}
	t.Logf("%d events, %d acknowledged, none lost, %d sent again after %d kills", len(log), len(c.said), again, kills)
}

// TestFirstDelivery prints how soon events arrive that come one after the other, as the receiver sees it. It fails for
// none that does not arrive; how fast is the machine's.
func TestFirstDelivery(t *testing.T) {
	c := newCourier(t)
	events := 60
	if *long {
		events = 1000
	}
	for range events {
		c.left.Store(1)
		c.send()
		time.Sleep(time.Duration(rand.IntN(100)) * time.Millisecond) // so that they meet the loop at any moment
	}
	log := c.log()
	for end := time.Now().Add(2 * time.Minute); c.missing(log) > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d events did not arrive", c.missing(log))
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []time.Duration
	for _, d := range c.delay {
		list = append(list, d)
	}
	slices.Sort(list)
	at := func(percent int) time.Duration { return list[(len(list)-1)*percent/100].Round(time.Millisecond) }
	t.Logf("first delivery of %d events: p50 %s, p99 %s, most %s", len(list), at(50), at(99), at(100))
	t.Logf("figure webhook-first-delivery-p99 %d ms", at(99).Milliseconds())
}
