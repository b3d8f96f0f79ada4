package journey

import (
	"errors"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
)

// A crowd writes entries from several clients, each with an id of its own, and repeats what was not
// acknowledged until it is.
type crowd struct {
	*testing.T
	who     *person
	base    atomic.Pointer[string] // where the server listens now
	parties []string
	mu      sync.Mutex
	said    map[string]int64 // amount by id: acknowledged
	left    atomic.Int64
	failed  atomic.Int64
}

type entry struct {
	ID      string `json:"id"`
	PartyID string `json:"party_id"`
	Side    string `json:"side"`
	Amount  int64  `json:"amount"`
	Date    string `json:"date"`
}

// TestKill kills the server, and once its database, at random moments while entries are written. All that
// was acknowledged is there after each start, once; then it goes on.
func TestKill(t *testing.T) {
	t.Parallel()
	writes, kills := 1000, 8
	if *long {
		writes, kills = 20000, 60
	}
	data := stateDir(t)
	s := serve(t, data)
	c := &crowd{T: t, who: register(t, s, "asha@example.com"), said: map[string]int64{}}
	c.base.Store(&s.url)
	for range 3 {
		id := newID()
		if status := c.who.api(s.url, "POST", "/api/businesses/"+c.who.business+"/parties", map[string]string{
			"id":   id,
			"kind": "customer", "name": "Party " + id[30:],
		}, nil); status != http.StatusCreated {
			t.Fatalf("add a party: %d", status)
		}
		c.parties = append(c.parties, id)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	c.left.Store(int64(writes))
	var clients sync.WaitGroup
	for i := range 6 {
		clients.Go(func() { c.write(rand.New(rand.NewPCG(seed, uint64(i+1)))) })
	}
	for i := range kills + 1 {
		part := writes / (kills + 1)
		at := i*part + 1 + random.IntN(part-1)
		c.wait(at)
		time.Sleep(time.Duration(random.IntN(20)) * time.Millisecond)
		before := c.acknowledged()
		if i == kills/2 {
			killDatabase(t, s)
		} else {
			s.kill()
			s = serve(t, data)
		}
		c.holds(s, before)
		c.base.Store(&s.url)
	}
	clients.Wait()
	t.Logf("%d writes acknowledged, %d tries were not", len(c.said), c.failed.Load())
	if c.failed.Load() == 0 {
		t.Error("no write was under way at any kill: the test proves nothing")
	}
	c.exactly(s)
	s.stop()
	s = serve(t, data)
	c.exactly(s)
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// write adds entries until none is left to write.
func (c *crowd) write(random *rand.Rand) {
	for c.left.Add(-1) >= 0 {
		e := entry{
			ID: newID(), PartyID: c.parties[random.IntN(len(c.parties))], Side: "given",
			Amount: 1 + random.Int64N(1e9), Date: "2026-04-01",
		}
		repeat := random.IntN(10) == 0 // a double tap, although it was acknowledged
		for end := time.Now().Add(90 * time.Second); ; {
			status := c.who.api(*c.base.Load(), "POST", "/api/businesses/"+c.who.business+"/entries", e, nil)
			if status == http.StatusCreated {
				c.mu.Lock()
				c.said[e.ID] = e.Amount
				c.mu.Unlock()
				if !repeat {
					break
				}
				repeat = false
				continue
			}
			c.failed.Add(1)
			if status >= 400 && status < 500 {
				c.Errorf("an entry is answered with %d", status)
				return
			}
			if time.Now().After(end) {
				c.Error("an entry was not taken for a minute and a half")
				return
			}
			time.Sleep(30 * time.Millisecond)
		}
	}
}

// wait returns when so many are acknowledged.
func (c *crowd) wait(n int) {
	for end := time.Now().Add(90 * time.Second); len(c.acknowledged()) < n; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			c.Fatalf("only %d writes were acknowledged, waiting for %d", len(c.acknowledged()), n)
		}
	}
}

func (c *crowd) acknowledged() map[string]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.said)
}

// stored reads every entry, and fails for an id that is there twice.
func (c *crowd) stored(s *server) map[string]int64 {
	c.Helper()
	all := map[string]int64{}
	for _, party := range c.parties {
		for after := ""; ; {
			var page struct {
				Balance int64   `json:"balance"`
				Entries []entry `json:"entries"`
				Next    string  `json:"next"`
			}
			if status := c.who.api(s.url, "GET", "/api/businesses/"+c.who.business+"/parties/"+party+"?after="+after,
				nil, &page); status != http.StatusOK {
				c.Fatalf("read a party: %d\n%s", status, s.stderr)
			}
			for _, e := range page.Entries {
				if _, twice := all[e.ID]; twice {
					c.Errorf("the entry %s is there twice", e.ID)
				}
				all[e.ID] = e.Amount
			}
			if after = page.Next; after == "" {
				break
			}
		}
	}
	return all
}

// holds fails unless all of want is stored as it was acknowledged.
func (c *crowd) holds(s *server, want map[string]int64) {
	c.Helper()
	have := c.stored(s)
	for id, amount := range want {
		if have[id] != amount {
			c.Errorf("acknowledged entry %s of %d is stored as %d", id, amount, have[id])
		}
	}
}

// exactly fails unless what is stored is what was acknowledged, and the totals are its sum.
func (c *crowd) exactly(s *server) {
	c.Helper()
	want, have := c.acknowledged(), c.stored(s)
	var sum int64
	for _, amount := range want {
		sum += amount
	}
	if !maps.Equal(want, have) {
		c.Errorf("%d entries are stored, %d were acknowledged", len(have), len(want))
	}
	var list struct {
		Get int64 `json:"get"`
	}
	if status := c.who.api(s.url, "GET", "/api/businesses/"+c.who.business+"/parties", nil,
		&list); status != http.StatusOK || list.Get != sum {
		c.Errorf("the total is %d (status %d), want %d", list.Get, status, sum)
	}
	for id, amount := range want { // the same id with another body is no second entry
		if status := c.who.api(s.url, "POST", "/api/businesses/"+c.who.business+"/entries",
			entry{
				ID: id, PartyID: c.parties[0], Side: "received", Amount: amount + 1,
				Date: "2026-04-01",
			}, nil); status != http.StatusConflict {
			c.Errorf("an id with another body: %d, want 409", status)
		}
		break
	}
}

// killDatabase kills the private PostgreSQL and returns when the server has started another and is ready again.
func killDatabase(t *testing.T, s *server) {
	t.Helper()
	pid := databaseProcess(t, s)
	if pid < 2 {
		t.Fatal("the database's process is not known")
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		select {
		case <-s.done:
			t.Fatalf("the database was killed and the server has ended\n%s", s.stderr)
		default:
		}
		if now := databaseProcess(t, s); now > 1 && now != pid {
			res, err := http.Get(s.url + "/readyz")
			if err == nil {
				res.Body.Close()
				if res.StatusCode == http.StatusOK {
					break
				}
			}
		}
		if time.Now().After(end) {
			t.Fatalf("the database was killed and the server is not ready again\n%s", s.stderr)
		}
	}
	if said := s.stderr.String(); !strings.Contains(said, "the database has stopped by itself") ||
		strings.Contains(said, "goroutine ") {
		t.Errorf("the database was killed: %s", said)
	}
}

// databaseProcess is the process of the private PostgreSQL, 0 while there is none.
func databaseProcess(t *testing.T, s *server) int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(s.data, "postgres", "data", "postmaster.pid"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		return 0 // it is being written
	}
	return pid
}
