package jobs

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/mail"
	"github.com/tijorihq/tijori/internal/mail/mailtest"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const password = "blue-lantern-market"

var phone = account.Device{UserAgent: "Phone", Network: "192.0.2.10"}

// A bench is a database, the service on it, a mail server and a log.
type bench struct {
	db       *pgtest.DB
	accounts *account.Service
	sink     *mailtest.Sink
	log      *lockedBuffer
	config   Config
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

func setup(t *testing.T) *bench {
	t.Helper()
	b := &bench{db: pgtest.New(t), log: &lockedBuffer{}, sink: &mailtest.Sink{Security: "starttls"}}
	log := slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	if b.accounts, err = account.New(b.db.DB, log); err != nil {
		t.Fatal(err)
	}
	public, err := url.Parse("http://127.0.0.1:8080")
	if err != nil {
		t.Fatal(err)
	}
	b.config = Config{DB: b.db.DB, Accounts: b.accounts, Links: mail.Links{Public: public}, Log: log}
	return b
}

// sender returns an SMTP sender for the sink, which must be serving or have its port.
func (b *bench) sender(t *testing.T) mail.Sender {
	t.Helper()
	s, err := mail.NewSMTP(mail.SMTPConfig{
		Host: "127.0.0.1", Port: b.sink.Port, Security: mail.StartTLS, From: "Tijori <no-reply@example.com>",
		Timeout:   3 * time.Second,
		TLSConfig: &tls.Config{RootCAs: b.sink.Roots, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (b *bench) start(t *testing.T) {
	t.Helper()
	r, err := Start(t.Context(), b.config)
	if err != nil {
		t.Fatalf("Start = %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := r.Stop(ctx); err != nil {
			t.Errorf("Stop = %v", err)
		}
	})
}

func (b *bench) serve(t *testing.T) {
	t.Helper()
	b.sink.Serve(t)
	b.config.Sender = b.sender(t)
}

func (b *bench) signUp(t *testing.T, email string) {
	t.Helper()
	err := b.accounts.SignUp(t.Context(), account.SignUpForm{
		Name: "Asha", Email: email,
		BusinessName: "Asha Kirana", Locale: "hi", Currency: "INR", Network: phone.Network,
	})
	if err != nil {
		t.Fatalf("SignUp = %v", err)
	}
}

func one[T any](t *testing.T, b *bench, sql string, args ...any) (v T) {
	t.Helper()
	if err := b.db.Super.QueryRow(t.Context(), sql, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

func (b *bench) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := b.db.Super.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// holds reports in which tables of the database a text stands.
func (b *bench) holds(t *testing.T, text string) (tables []string) {
	t.Helper()
	names := one[[]string](t, b,
		`select array_agg(quote_ident(schemaname) || '.' || quote_ident(tablename)) from pg_tables
			where schemaname in ('tijori', 'river')`)
	if len(names) < 15 {
		t.Fatalf("only %d tables", len(names))
	}
	for _, name := range names {
		// As text, and as the bytes of a text in a bytea.
		if one[bool](t, b,
			`select exists (select 1 from `+name+
				` r where r::text like '%' || $1 || '%' or r::text like '%' || encode($1::bytea, 'hex') || '%')`, text) {
			tables = append(tables, name)
		}
	}
	return tables
}

// The way of a person, by the mails alone; and no secret of it stands in a table or the log.
func TestMailsLeadToAnAccount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.serve(t)
	b.start(t)
	var secrets []string
	b.signUp(t, "asha@example.com")
	m := b.sink.Wait(t, 1)[0].Read(t)
	if m.Subject != "अपना पता पक्का करें" {
		t.Errorf("subject %q", m.Subject)
	}
	_, token := m.Link(t, "http://127.0.0.1:8080/confirm/")
	session, err := b.accounts.ConfirmSignUp(t.Context(), token, password, phone)
	if err != nil {
		t.Fatalf("ConfirmSignUp by the mail's link = %v", err)
	}
	secrets = append(secrets, token, session.Token)

	b.signUp(t, "asha@example.com")
	if m := b.mail(t, "asha@example.com", "login"); m.Subject != "आपका अकाउंट पहले से है" ||
		strings.Contains(m.Text, "/confirm/") {
		t.Errorf("the second sign-up's mail: %q\n%s", m.Subject, m.Text)
	}

	for _, email := range []string{"nobody@example.com", "asha@example.com"} {
		if err := b.accounts.RequestRecovery(t.Context(), email, phone.Network); err != nil {
			t.Fatal(err)
		}
	}
	_, token = b.mail(t, "asha@example.com", "recover/").Link(t, "http://127.0.0.1:8080/recover/")
	session, err = b.accounts.Recover(t.Context(), token, "green-lantern-market", false, phone)
	if err != nil {
		t.Fatalf("Recover by the mail's link = %v", err)
	}
	secrets = append(secrets, token, session.Token)

	owner := b.db.User(t, "Owner")
	if err := b.accounts.Invite(t.Context(), owner.Account(), uuid.New(), "dev@example.com", "manager",
		&owner.BusinessID); err != nil {
		t.Fatal(err)
	}
	_, token = b.mail(t, "dev@example.com", "invite/").Link(t, "http://127.0.0.1:8080/invite/")
	session, err = b.accounts.SignUpByInvitation(t.Context(), token, "Dev", password, "en", phone)
	if err != nil {
		t.Fatalf("SignUpByInvitation by the mail's link = %v", err)
	}
	secrets = append(secrets, token, session.Token, password, "green-lantern-market")

	for _, secret := range secrets {
		if tables := b.holds(t, secret); len(tables) > 0 || strings.Contains(b.log.String(), secret) {
			t.Errorf("the secret %q stands in %v, or in the log", secret, tables)
		}
	}
	if tables := b.holds(t, "asha@example.com"); len(tables) == 0 {
		t.Error("the scan of the tables finds nothing at all")
	}
	for _, address := range []string{"asha@example.com", "nobody@example.com", "dev@example.com"} {
		if one[bool](t, b, `select exists (select 1 from tijori_river.river_job j where j::text like '%' || $1 || '%')`,
			address) || strings.Contains(b.log.String(), address) {
			t.Errorf("the address %q stands in the queue or the log", address)
		}
	}
}

// mail waits for a letter to an address that leads to a page, whatever else is sent meanwhile.
func (b *bench) mail(t *testing.T, to, page string) mailtest.Mail {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for time.Now().Before(deadline) {
		for _, m := range b.sink.Messages() {
			if m.To != to {
				continue
			}
			if l := m.Read(t); strings.Contains(l.Text, "http://127.0.0.1:8080/"+page) {
				return l
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("no mail to %s leads to %s", to, page)
	return mailtest.Mail{}
}

// A change of address mails both ends, then tells the former one how to take it back; what concerns an account's
// safety is told without a word of anybody else. Tokens and addresses stand in no job and no log.
func TestSafetyIsToldByMail(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.serve(t)
	b.start(t)
	b.signUp(t, "asha@example.com")
	_, token := b.mail(t, "asha@example.com", "confirm/").Link(t, "http://127.0.0.1:8080/confirm/")
	session, err := b.accounts.ConfirmSignUp(t.Context(), token, password, phone)
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{token, session.Token, session.Device}
	hostile := account.Device{UserAgent: "Your KYC is blocked. Call Chrome/ Android", Network: "203.0.113.7"}
	if _, err := b.accounts.SignIn(t.Context(), "asha@example.com", password, hostile, ""); err != nil {
		t.Fatal(err)
	}
	m := b.mail(t, "asha@example.com", "settings")
	if !strings.Contains(m.Text, "Chrome · Android") || !strings.Contains(m.Text, "203.0.113.7") ||
		strings.Contains(m.Text+m.HTML, "KYC") {
		t.Errorf("the notice of a new device:\n%s", m.Text)
	}
	caller := postgres.Caller{Credential: account.Hash(session.Token)}
	if err := b.accounts.AskEmailChange(t.Context(), caller, "new@example.com", password); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{"asha@example.com", "new@example.com"} {
		_, token := b.mail(t, to, "email/").Link(t, "http://127.0.0.1:8080/email/")
		if _, err := b.accounts.ConfirmEmailChange(t.Context(), token, phone); err != nil {
			t.Fatalf("ConfirmEmailChange by the mail to %s = %v", to, err)
		}
		secrets = append(secrets, token)
	}
	_, token = b.mail(t, "asha@example.com", "email/back/").Link(t, "http://127.0.0.1:8080/email/back/")
	if err := b.accounts.TakeEmailBack(t.Context(), token, false, phone); err != nil {
		t.Fatalf("TakeEmailBack by the mail's link = %v", err)
	}
	_, reset := b.mail(t, "asha@example.com", "recover/").Link(t, "http://127.0.0.1:8080/recover/")
	if _, err := b.accounts.Recover(t.Context(), reset, "green-lantern-market", false, phone); err != nil {
		t.Fatalf("Recover by the mail's link = %v", err)
	}
	for _, secret := range append(secrets, token, reset) {
		if tables := b.holds(t, secret); len(tables) > 0 || strings.Contains(b.log.String(), secret) {
			t.Errorf("the secret %q stands in %v, or in the log", secret, tables)
		}
	}
	if one[bool](t, b, `select exists (select 1 from tijori_river.river_job j where j::text like '%@example.com%')`) ||
		strings.Contains(b.log.String(), "@example.com") {
		t.Error("an address stands in the queue or the log")
	}
}

// A mail server that is away delays a mail and neither loses nor doubles it.
func TestMailServerDown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	l, err := net.Listen("tcp", "127.0.0.1:0") // a port that nobody serves yet
	if err != nil {
		t.Fatal(err)
	}
	b.sink.Port = l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	down := b.sender(t)
	var sender atomic.Value
	sender.Store(down)
	b.config.Sender = senderFunc(func(ctx context.Context,
		m mail.Message,
	) error {
		return sender.Load().(mail.Sender).Send(ctx, m)
	})
	b.start(t)
	b.signUp(t, "asha@example.com")
	deadline := time.Now().Add(2 * time.Minute)
	for one[int](t, b, `select coalesce(max(cardinality(errors)), 0) from tijori_river.river_job
		where kind = 'confirmation_mail'`) == 0 {
		if time.Now().After(deadline) {
			t.Fatal("no try failed")
		}
		time.Sleep(50 * time.Millisecond)
	}
	b.sink.Serve(t)
	sender.Store(b.sender(t))
	_, token := b.sink.Wait(t, 1)[0].Read(t).Link(t, "/confirm/")
	if _, err := b.accounts.ConfirmSignUp(t.Context(), token, password, phone); err != nil {
		t.Errorf("ConfirmSignUp by the delayed mail = %v", err)
	}
	if state := one[string](t, b,
		`select state::text from tijori_river.river_job where kind = 'confirmation_mail'`); state != "completed" {
		t.Errorf("the job is %s, want completed", state)
	}
}

type senderFunc func(context.Context, mail.Message) error

func (f senderFunc) Send(ctx context.Context, m mail.Message) error { return f(ctx, m) }

func TestRefusedAddressEndsTheJob(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.sink.Refuse = &smtp.SMTPError{
		Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1},
		Message: "asha@example.com is unknown",
	}
	b.serve(t)
	b.start(t)
	b.signUp(t, "asha@example.com")
	b.waitFor(t, `select count(*) from tijori_river.river_job where kind = 'confirmation_mail' and state = 'cancelled'`,
		1)
	if strings.Contains(b.log.String(), "asha@example.com") ||
		one[bool](t, b, `select exists (select 1 from tijori_river.river_job j where j::text like '%asha@%')`) {
		t.Error("the refused address stands in the log or the queue")
	}
}

func (b *bench) waitFor(t *testing.T, sql string, want int) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		n := one[int](t, b, sql)
		if n == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s = %d, want %d", sql, n, want)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// The job of a process that was killed in the middle is taken up by the next.
func TestKilledJobIsRescued(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.signUp(t, "asha@example.com")
	b.exec(t, `update tijori_river.river_job
		set state = 'running', attempt = 1, attempted_at = now() - interval '2 minutes', attempted_by = array['gone']`)
	b.serve(t)
	b.start(t)
	b.sink.Wait(t, 1)
}

// An invitation whose job was never inserted gets its one mail by the sweep; one that has its job, no second.
func TestSweepFindsUnmailedInvitations(t *testing.T) {
	t.Parallel()
	b := setup(t)
	owner := b.db.User(t, "Owner")
	b.exec(t, `insert into invitations (account_id, id, email, role, invited_by, created_at, expires_at)
		select $1, gen_random_uuid(), e, 'manager', $2, now() - age, now() + interval '1 day'
		  from (values ('lost@example.com', interval '1 hour'), ('fresh@example.com', interval '1 second')) v(e, age)`, owner.AccountID, owner.UserID)
	if err := b.accounts.Invite(t.Context(), owner.Account(), uuid.New(), "queued@example.com", "manager",
		nil); err != nil {
		t.Fatal(err)
	}
	b.exec(t, `update invitations set created_at = now() - interval '1 hour' where email = 'queued@example.com'`)
	b.serve(t)
	b.start(t)
	to := map[string]int{}
	b.waitFor(t, `select count(*) from tijori_river.river_job where kind = 'invitation_sweep' and state = 'completed'`,
		1)
	b.waitFor(t, `select count(*) from tijori_river.river_job where kind = 'invitation_mail' and state <> 'completed'`,
		0)
	for _, d := range b.sink.Wait(t, 2) {
		to[d.To]++
	}
	if to["lost@example.com"] != 1 || to["queued@example.com"] != 1 {
		t.Errorf("mails went to %v, want one each to lost and queued", to)
	}
	b.waitFor(t, `select count(*) from tijori_river.river_job where kind = 'expiry' and state = 'completed'`, 1)
}

func TestStopFinishesWhatIsAtWork(t *testing.T) {
	t.Parallel()
	b := setup(t)
	begun, release := make(chan struct{}), make(chan struct{})
	var sent, canceled atomic.Int64
	b.config.Sender = senderFunc(func(ctx context.Context, m mail.Message) error {
		begun <- struct{}{}
		select {
		case <-release:
			sent.Add(1)
			return nil
		case <-ctx.Done():
			canceled.Add(1)
			return ctx.Err()
		}
	})
	r, err := Start(t.Context(), b.config)
	if err != nil {
		t.Fatal(err)
	}
	b.signUp(t, "asha@example.com")
	<-begun
	time.AfterFunc(200*time.Millisecond, func() { close(release) })
	if err := r.Stop(t.Context()); err != nil || sent.Load() != 1 {
		t.Errorf("Stop = %v with %d mails sent, want nil and 1", err, sent.Load())
	}
	if state := one[string](t, b,
		`select state::text from tijori_river.river_job where kind = 'confirmation_mail'`); state != "completed" {
		t.Errorf("the job is %s, want completed", state)
	}

	release = make(chan struct{})
	if r, err = Start(t.Context(), b.config); err != nil {
		t.Fatal(err)
	}
	b.signUp(t, "binod@example.com")
	<-begun
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := r.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) || canceled.Load() != 1 {
		t.Errorf("Stop without time = %v with %d canceled, want deadline exceeded and 1", err, canceled.Load())
	}
	if n := one[int](t, b,
		`select count(*) from tijori_river.river_job where kind = 'confirmation_mail'
			and state in ('retryable', 'available')`); n != 1 {
		t.Errorf("%d jobs wait for the next start, want 1", n)
	}
}

func TestLoops(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.config.Sender = senderFunc(func(context.Context, mail.Message) error { return nil })
	wake := make(chan struct{}, 1)
	var calls, woken atomic.Int64
	finish := make(chan struct{})
	var finished atomic.Bool
	inWork := make(chan struct{})
	b.config.Loops = []Loop{
		{Name: "inbox", Wake: wake, Poll: time.Hour, Do: func(context.Context) (int, error) {
			if calls.Add(1) <= 3 {
				return 1, nil // more may wait
			}
			woken.Add(1)
			return 0, nil
		}},
		{Name: "broken", Poll: 10 * time.Millisecond, Do: func(context.Context) (int, error) { panic("bad row") }},
		{Name: "slow", Do: func(ctx context.Context) (int, error) {
			close(inWork)
			<-finish
			finished.Store(ctx.Err() == nil)
			return 0, nil
		}},
	}
	r, err := Start(t.Context(), b.config)
	if err != nil {
		t.Fatal(err)
	}
	<-inWork
	for want := int64(1); want <= 3; want++ {
		deadline := time.Now().Add(2 * time.Minute)
		for woken.Load() < want && time.Now().Before(deadline) {
			time.Sleep(5 * time.Millisecond)
		}
		if got := woken.Load(); got != want {
			t.Fatalf("the loop found nothing %d times, want %d", got, want)
		}
		wake <- struct{}{}
	}
	time.AfterFunc(200*time.Millisecond, func() { close(finish) })
	if err := r.Stop(t.Context()); err != nil || !finished.Load() {
		t.Errorf("Stop = %v, the batch under way finished: %v", err, finished.Load())
	}
	if log := b.log.String(); !strings.Contains(log, "panic: bad row") || strings.Count(log, "panic: bad row") > 20 {
		t.Errorf("the broken loop was logged %d times, want some and not many", strings.Count(log, "panic: bad row"))
	}
}

// Of two nodes one does work that goes by turns; its failure does not give the turn away.
func TestTurns(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.config.Sender = senderFunc(func(context.Context, mail.Message) error { return nil })
	var done, asked atomic.Int64
	var runners []*Runner
	for range 2 {
		config := b.config
		config.Loops = []Loop{
			{Name: "verify", Turn: time.Hour, Poll: time.Millisecond, Do: func(context.Context) (int, error) {
				if done.Add(1) == 1 {
					return 0, errors.New("it broke")
				}
				return 0, nil
			}},
			{Name: "counted", Turn: time.Nanosecond, Poll: time.Millisecond, Do: func(context.Context) (int, error) {
				asked.Add(1)
				return 0, nil
			}},
		}
		r, err := Start(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		runners = append(runners, r)
	}
	for end := time.Now().Add(2 * time.Minute); (done.Load() < 2 || asked.Load() < 100) && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
	for _, r := range runners {
		if err := r.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if done.Load() != 2 || asked.Load() < 100 {
		t.Errorf("the work was done %d times, want twice: once it failed; the other turn was taken %d times", done.Load(), asked.Load())
	}
}

// The role that works the queue touches the queue alone; those that enqueue read nothing of it.
func TestRolesOfTheQueue(t *testing.T) {
	t.Parallel()
	b := setup(t)
	granted := one[[]string](t, b, `
		select coalesce(array_agg(c.relname::text order by 1), '{}') from pg_class c
		    join pg_namespace n on n.oid = c.relnamespace
		 where n.nspname = 'tijori' and c.relkind in ('r', 'v', 'p') and c.relname <> 'service_clock'
		   and has_any_column_privilege('tijori_jobs', c.oid, 'select, insert, update') `)
	if len(granted) != 0 {
		t.Errorf("tijori_jobs may touch %v", granted)
	}
	for _, role := range []string{"tijori_auth", "tijori_billing", "tijori_app", "tijori_support"} {
		rights := one[string](t, b, `select concat_ws(' ',
			case when has_any_column_privilege($1, 'tijori_river.river_job', 'select') then 'select' end, case
			    when has_table_privilege($1, 'tijori_river.river_job', 'insert') then 'insert' end,
			case when has_any_column_privilege($1, 'tijori_river.river_job', 'update') then 'update' end, case when has_table_privilege($1, 'tijori_river.river_job', 'delete') then 'delete' end)`, role)
		want := map[string]string{"tijori_auth": "insert", "tijori_billing": "insert"}[role]
		if rights != want {
			t.Errorf("%s may %q on the queue, want %q", role, rights, want)
		}
	}
}

// NOTIFY cannot be revoked: one injected select must not stop the mail of everybody.
func TestStrangersCannotPauseTheQueue(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.serve(t)
	b.start(t)
	b.signUp(t, "first@example.com")
	b.sink.Wait(t, 1)
	listener, err := b.db.Super.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Release()
	if _, err := listener.Exec(t.Context(), `listen "tijori_river.river_control"`); err != nil {
		t.Fatal(err)
	}
	if _, err := b.db.App.Exec(t.Context(),
		`select pg_notify('tijori_river.river_control', '{"action":"pause","queue":"*"}')`); err != nil {
		t.Fatal(err)
	}
	if _, err := listener.Conn().WaitForNotification(t.Context()); err != nil { // so it went out to whoever listens
		t.Fatal(err)
	}
	b.signUp(t, "second@example.com")
	b.sink.Wait(t, 2)
}
