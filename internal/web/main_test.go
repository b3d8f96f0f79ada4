package web

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
	"github.com/tijorihq/tijori/internal/billing/stripe"
	"github.com/tijorihq/tijori/internal/clock"
	"github.com/tijorihq/tijori/internal/credits"
	"github.com/tijorihq/tijori/internal/demo"
	"github.com/tijorihq/tijori/internal/mail"
	"github.com/tijorihq/tijori/internal/platform"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
	"github.com/tijorihq/tijori/internal/role"
	"github.com/tijorihq/tijori/internal/web/frame"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const (
	razorpaySecret = "rzp-key-secret-of-the-test"
	webhookSecret  = "whsec_secret_of_the_webhook_test"
)

// routes is the list that every server mounts.
var routes = (&parts{Frame: &frame.Frame{}}).routes()

// A world is a server on a database of its own, with two accounts that must
// never learn of each other: A, whose every text holds a canary, and B, the stranger.
type world struct {
	*testing.T
	db       *pgtest.DB
	url      string
	config   Config
	server   *Server      // another may be put in its place before the first request
	client   *http.Client // follows nothing
	till     *till
	accounts *account.Service
	credits  *credits.Service
	platform *platform.Service
	apps     map[string]*platform.App // by the word of the side
	outbox   *mail.Outbox
	log      *journal
	a, b     *side
	people   map[string]*pgtest.User // of account A, by role and place: "manager of account"
}

// A side is one account and the ids of what is in it.
type side struct {
	*pgtest.User
	ids  map[string]string
	word string
	key  string // an API key

	app      *platform.App
	appKey   string    // a server key of the side's app
	customer uuid.UUID // the account of the app's customer
}

// roleNames are the roles that do not own the account, each for the whole account and for one business.
var (
	roleNames  = otherRoles()
	rolePlaces = []string{"account", "business"}
)

func otherRoles() (names []string) {
	for _, r := range role.All() {
		if !r.Rights.Owns {
			names = append(names, r.Name)
		}
	}
	return names
}

func newWorld(t *testing.T) *world {
	t.Helper()
	plans, err := billing.LoadPlans("", nil)
	if err != nil {
		t.Fatal(err)
	}
	return worldOf(t, plans)
}

// worldOf is a world in which other plans are sold.
func worldOf(t *testing.T, plans *billing.Plans) *world {
	t.Helper()
	w := &world{T: t, db: pgtest.New(t), till: newTill(t), log: &journal{}, people: map[string]*pgtest.User{}}
	w.exec(`update service_clock set simulated = true`)
	log := slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	secrets := []facts.Secret{{Label: "test", Key: webhookSecret}}
	s, err := stripe.New(stripe.Config{Key: "sk_test_of_the_test", Secrets: secrets, URL: w.till.stripe})
	w.ok(err)
	r, err := razorpay.New(razorpay.Config{
		KeyID: "rzp_test_of_the_test", KeySecret: razorpaySecret, Secrets: secrets,
		URL: w.till.razorpay,
	})
	w.ok(err)
	w.accounts, err = account.New(w.db.DB, log)
	w.ok(err)
	w.outbox, err = mail.NewOutbox(t.TempDir())
	w.ok(err)
	front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, hr *http.Request) {
		w.server.ServeHTTP(rw, hr)
	}))
	t.Cleanup(front.Close)
	w.url = front.URL
	public, err := url.Parse(front.URL)
	w.ok(err)
	now := clock.New()
	bill, err := billing.New(billing.Config{
		DB: w.db.DB, Plans: plans, Clock: now, Stripe: s, Razorpay: r,
		PublicURL: front.URL, Log: log,
	})
	w.ok(err)
	w.ok(bill.SyncPlans(t.Context()))
	w.credits = credits.New(credits.Config{DB: w.db.DB, Plans: plans, Clock: now, Log: log})
	w.openApps(now, s, r, log)
	w.config = Config{
		DB: w.db.DB, Accounts: w.accounts, Billing: bill, Credits: w.credits, Platform: w.platform,
		Plans: plans, Clock: now,
		Outbox: w.outbox, PublicURL: public,
		PayOrigins: bill.FormOrigins(), Simulated: true, Operators: make([]string, 1), Log: log,
		Demo: demo.Shop{DB: w.db.DB, Accounts: w.accounts, Buy: w.give, Now: now.Now}.Fill,
	}
	w.equip()
	w.server = New(w.config)
	w.client = &http.Client{Timeout: 3 * time.Minute, CheckRedirect: func(*http.Request,
		[]*http.Request,
	) error {
		return http.ErrUseLastResponse
	}}
	t.Cleanup(w.client.CloseIdleConnections)
	return w
}

// give gives the caller's account Pro, as a payment would.
func (w *world) give(ctx context.Context, c postgres.Caller) (demo.Room, error) {
	return demo.Room{}, w.db.As(ctx, c, func(tx *postgres.Tx) error {
		if one[bool](w, `select exists (select 1 from subscriptions where account_id = $1)`, tx.Scope.AccountID) {
			return nil
		}
		w.db.Pro(w, &pgtest.User{AccountID: tx.Scope.AccountID})
		return nil
	})
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// journal keeps what the server logs.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}
