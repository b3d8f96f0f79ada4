package journey

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/client"
	"github.com/tijorihq/tijori/internal/postgres/embedded"
)

// A till is two servers on one database, all three of which are killed while programs spend.
type till struct {
	*testing.T
	pg      *embedded.Server
	config  embedded.Config
	servers [2]atomic.Pointer[server]
	data    [2]string
	keys    []string // API keys, one account each
	mu      sync.Mutex
	said    []map[string]bool // by account: idempotency keys that were acknowledged
	count   atomic.Int64
	left    atomic.Int64
	unsure  atomic.Int64
	gone    atomic.Int64 // acknowledged holds that are not there any more
	deaf    http.RoundTripper
}

func newTill(t *testing.T, accounts int, settings map[string]string) *till {
	t.Helper()
	k := &till{T: t, config: embedded.Config{
		Dir: stateDir(t) + "/pg", MaxConnections: 200, AnyUser: true,
		ExtraSettings: settings,
	}}
	k.startDatabase()
	t.Cleanup(func() { _ = k.pg.Stop() })
	for i := range k.servers {
		k.data[i] = stateDir(t)
		k.startServer(i)
	}
	for n := range accounts {
		k.keys = append(k.keys, k.account(n))
		k.said = append(k.said, map[string]bool{})
	}
	return k
}

func (k *till) startDatabase() {
	k.Helper()
	pg, err := embedded.Start(within(k, time.Minute), k.config)
	if err != nil {
		k.Fatal(err)
	}
	k.pg = pg
}

func (k *till) dsn() string { return k.pg.DSN("postgres", "postgres") }

func (k *till) startServer(i int) {
	k.Helper()
	k.servers[i].Store(serve(k, k.data[i], "DATABASE_URL="+k.dsn()))
}

// sql runs a statement as the superuser.
func (k *till) sql(sql string, args ...any) {
	k.Helper()
	ctx := within(k, 30*time.Second)
	conn, err := pgx.Connect(ctx, k.dsn())
	if err != nil {
		k.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, sql, args...); err != nil {
		k.Fatalf("%s: %v", sql, err)
	}
}

// account makes an account with an API key, and lets the command grant it credits.
func (k *till) account(n int) string {
	k.Helper()
	id := uuid.Must(uuid.NewV7())
	key := fmt.Sprintf("tijori_kill_%d_%s", n, id)
	hash := sha256.Sum256([]byte(key))
	k.sql(`insert into tijori.users (id, email, name, password_hash) values ($1, $2, 'Kill', '!')`, id,
		id.String()+"@example.com")
	k.sql(`select tijori_access.open_account($1, $1, $1, $1, 'Kill', 'INR')`, id)
	k.sql(`insert into tijori.credentials (hash, id, kind, user_id, account_id, name, scopes, expires_at)
		values ($1, $2, 'api_key', $2, $2, 'kill', '{credits:read,credits:spend}', 'infinity')`, hash[:], id)
	k.command("credits", "grant", id.String(), "10000000", "--reason=a test", "--by=test")
	return key
}

// command runs tijori on the till's database, and fails when it fails.
func (k *till) command(args ...string) string {
	k.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = environment("DATABASE_URL=" + k.dsn())
	out, err := cmd.CombinedOutput()
	if err != nil {
		k.Errorf("tijori %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// spend works until nothing is left to do: each piece with a key of its own, repeated until it is acknowledged.
func (k *till) spend(random *rand.Rand) {
	for k.left.Add(-1) >= 0 {
		n := random.IntN(len(k.keys))
		if random.IntN(2) == 0 {
			n = 0 // the hot one
		}
		once := fmt.Sprintf("%x-%x", random.Uint64(), random.Uint64())
		hold, repeat := random.IntN(4) == 0, random.IntN(10) == 0
		for end := time.Now().Add(2 * time.Minute); ; {
			c := client.Client{
				URL: k.servers[random.IntN(2)].Load().url, Key: k.keys[n],
				HTTP: &http.Client{Timeout: 20 * time.Second, Transport: k.deaf},
			}
			err := k.one(&c, once, hold)
			if err == nil {
				k.mu.Lock()
				k.said[n][once] = true
				k.mu.Unlock()
				k.count.Add(1)
				if !repeat {
					break
				}
				repeat = false
				continue
			}
			k.unsure.Add(1)
			var e *client.Error
			if errors.As(err, &e) && e.Status == http.StatusNotFound { // a hold that was acknowledged
				k.gone.Add(1)
				break
			}
			if errors.As(err, &e) && e.Status < 500 || time.Now().After(end) {
				k.Errorf("%s: %v", once, err)
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
}

func (k *till) one(c *client.Client, once string, hold bool) error {
	ctx := context.Background()
	if !hold {
		_, err := c.Consume(ctx, client.Spend{Meter: "credits", Amount: 1, Key: once})
		return err
	}
	h, err := c.Hold(ctx, client.Spend{Meter: "credits", Amount: 3, Key: once, Note: once}, time.Hour)
	var e *client.Error
	if errors.As(err, &e) && e.Hold != nil { // an earlier try has come so far, and its answer was lost
		switch e.Reason {
		case "hold_captured":
			return nil
		case "hold_held":
			h, err = *e.Hold, nil
		}
	}
	if err == nil {
		_, err = c.Capture(ctx, h.ID, 1)
	}
	return err
}

// killAll kills the database's processes with the postmaster, as a power cut does: those that live on would still
// write.
func (k *till) killAll() {
	k.Helper()
	if err := syscall.Kill(k.pg.PID(), syscall.SIGKILL); err != nil {
		k.Error(err)
	}
	<-k.pg.Done()
	_ = k.pg.Stop() // it has ended; this gives its directory back
	k.startDatabase()
}

// run spends so many pieces while everything is killed in turn, and returns how many acknowledged ones are not there.
func (k *till) run(pieces, kills int) (lost int) {
	k.Helper()
	seed := uint64(time.Now().UnixNano())
	k.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	k.left.Store(int64(pieces))
	k.deaf = &http.Transport{MaxIdleConnsPerHost: 32}
	var clients sync.WaitGroup
	for i := range 16 {
		clients.Go(func() { k.spend(rand.New(rand.NewPCG(seed, uint64(i+1)))) })
	}
	for i := range kills {
		at := int64((i + 1) * pieces / (kills + 1))
		for end := time.Now().Add(3 * time.Minute); k.count.Load() < at; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				k.Fatalf("only %d of %d were acknowledged", k.count.Load(), at)
			}
		}
		time.Sleep(time.Duration(random.IntN(30)) * time.Millisecond)
		if what := i % 3; what == 0 {
			k.killAll()
		} else {
			k.servers[what-1].Load().kill()
			k.startServer(what - 1)
		}
	}
	clients.Wait()
	if k.unsure.Load() == 0 {
		k.Error("nothing was under way at any kill: the test proves nothing")
	}
	return k.compare() + int(k.gone.Load())
}

// compare holds what was acknowledged against what is in the books.
func (k *till) compare() (lost int) {
	k.Helper()
	ctx := within(k, time.Minute)
	conn, err := pgx.Connect(ctx, k.dsn())
	if err != nil {
		k.Fatal(err)
	}
	defer conn.Close(ctx)
	total, twice := 0, 0
	for n, key := range k.keys {
		hash := sha256.Sum256([]byte(key))
		rows, err := conn.Query(ctx, `
			select coalesce(e.key, e.note) from tijori.credit_entries e
			    join tijori.credentials c on c.account_id = e.account_id
			 where c.hash = $1 and e.kind in ('consume', 'capture')`, hash[:])
		if err != nil {
			k.Fatal(err)
		}
		list, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			k.Fatal(err)
		}
		have := map[string]bool{}
		for _, once := range list {
			if have[once] {
				twice++
			}
			have[once] = true
		}
		for once := range k.said[n] {
			if !have[once] {
				lost++
			}
		}
		extra := slices.DeleteFunc(slices.Collect(maps.Keys(have)), func(once string) bool { return k.said[n][once] })
		if len(extra) > 0 {
			k.Errorf("%d pieces are in the books that nobody was told of, and all were repeated until they were told",
				len(extra))
		}
		total += len(k.said[n])
	}
	if twice > 0 {
		k.Errorf("%d pieces were taken twice", twice)
	}
	k.Logf("%d acknowledged, %d answers were lost, %d pieces lost, %d doubled", total, k.unsure.Load(), lost, twice)
	return lost
}

// TestKillCredits: two servers and their database are killed in turn while programs spend. What was acknowledged is in
// the books once, and they add up.
func TestKillCredits(t *testing.T) {
	pieces, kills := 1500, 4
	if *long {
		pieces, kills = 200_000, 20
	}
	k := newTill(t, 8, nil)
	if lost := k.run(pieces, kills); lost > 0 {
		t.Errorf("%d acknowledged pieces are lost", lost)
	}
	if said := k.command("credits", "verify"); !strings.Contains(said, "every balance is the sum") {
		t.Errorf("verify: %s", said)
	}
	if *long {
		t.Run("loss is seen", seesLoss)
	}
}

// seesLoss: with a database that acknowledges before it has written, the same proof must find what is lost. It takes
// many
// kills to catch a write in the air, so this runs in the long form only.
func seesLoss(t *testing.T) {
	k := newTill(t, 8, map[string]string{
		"synchronous_commit": "off", "wal_writer_delay": "10s",
		"wal_writer_flush_after": "1GB",
	})
	lost := 0
	for range 5 {
		k.left.Store(20_000)
		if lost += k.run(20_000, 6); lost > 0 {
			return
		}
	}
	t.Error("nothing was lost without synchronous commits: the test cannot see a loss")
}
