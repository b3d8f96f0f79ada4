package jobs

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/mail"
	"github.com/tijorihq/tijori/internal/postgres"
)

// leaver is a user with an account and entries, who deletes it.
func (b *bench) leaver(t *testing.T, email string, entries int) (id uuid.UUID, c postgres.Caller) {
	t.Helper()
	b.signUp(t, email)
	l, err := b.accounts.IssueSignUp(t.Context(), one[uuid.UUID](t, b, `select id from signups where email = $1`,
		email))
	if err != nil {
		t.Fatal(err)
	}
	session, err := b.accounts.ConfirmSignUp(t.Context(), l.Token, password, phone)
	if err != nil {
		t.Fatal(err)
	}
	b.exec(t, `delete from tijori_river.river_job where kind = 'confirmation_mail'`)
	id = one[uuid.UUID](t, b, `select account_id from members m join users u on u.id = m.user_id where u.email = $1`,
		email)
	b.exec(t, `
		insert into parties (account_id, business_id, id, kind, name, name_key, request_hash, created_by)
		select account_id, id, id, 'customer', 'Ramesh', 'ramesh', decode(repeat('00', 32), 'hex'), id from businesses where account_id = $1`, id)
	b.exec(t, `
		insert into entries (account_id, business_id, id, party_id, side, amount_minor, business_date, request_hash,
		    created_by)
		select account_id, id, gen_random_uuid(), id, 'given', 100, current_date, decode(repeat('00', 32), 'hex'), id
		  from businesses, generate_series(1, $2) where account_id = $1`, id, entries)
	return id, postgres.Caller{Credential: account.Hash(session.Token)}
}

func (b *bench) leave(t *testing.T, id uuid.UUID, c postgres.Caller) {
	t.Helper()
	if _, err := b.accounts.LeaveAccount(t.Context(), c, id, password); err != nil {
		t.Fatal(err)
	}
}

// advance moves the service clock, as the simulator does.
func (b *bench) advance(t *testing.T, days int) {
	t.Helper()
	b.exec(t, `update service_clock set simulated = true, offset_seconds = $1`, days*24*3600)
}

// The whole way by the clock: a letter at the start, one some days before the end, one at the end, and then nothing is
// left.
func TestAccountIsErasedAfterThirtyDays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id, c := b.leaver(t, "asha@example.com", 12_000)
	stays, _ := b.leaver(t, "other@example.com", 10)
	b.leave(t, id, c)
	b.serve(t)
	b.start(t)
	b.sink.Wait(t, 1)
	work := func() {
		b.exec(t, `insert into tijori_river.river_job (kind, args, max_attempts) values ('departure', '{}', 3)`)
	}
	settled := func() {
		t.Helper()
		b.waitFor(t, `select count(*) from tijori_river.river_job where kind in ('departure', 'leaving_mail')
			and state <> 'completed'`, 0)
	}
	b.advance(t, 26)
	work()
	settled()
	if n := len(b.sink.Wait(t, 1)); n != 1 {
		t.Fatalf("%d letters, four days before the end, want 1", n)
	}
	b.advance(t, 28)
	work()
	b.sink.Wait(t, 2)
	settled()
	if one[int](t, b, `select count(*) from entries where account_id = $1`, id) != 12_000 {
		t.Fatal("entries are gone before the end")
	}
	b.advance(t, 31)
	for range 3 { // several at once, as on several nodes
		work()
	}
	last := b.sink.Wait(t, 3)[2]
	if last.To != "asha@example.com" {
		t.Errorf("the last letter went to %s", last.To)
	}
	b.waitFor(t, `select count(*) from accounts where erased_at is not null`, 1)
	settled()
	for _, table := range []string{"entries", "parties", "businesses", "members", "party_sums"} {
		if n := one[int](t, b, `select count(*) from `+table+` where account_id = $1`, id); n != 0 {
			t.Errorf("%d rows of %s are left", n, table)
		}
		if n := one[int](t, b, `select count(*) from `+table+` where account_id = $1`, stays); n == 0 {
			t.Errorf("the other account has lost its %s", table)
		}
	}
	if tables := b.holds(t, "asha@example.com"); len(tables) > 0 {
		t.Errorf("the address stands in %v", tables)
	}
	if n := one[int](t, b, `select count(*) from users`); n != 1 {
		t.Errorf("%d users, want the other alone", n)
	}
}

// What a killed node began, another takes up, and no letter goes out again.
func TestErasingGoesOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id, c := b.leaver(t, "asha@example.com", 100)
	b.leave(t, id, c)
	b.exec(t, `delete from tijori_river.river_job`)
	b.advance(t, 31)
	if begun, err := b.accounts.BeginErasing(t.Context(), id); err != nil || !begun {
		t.Fatalf("BeginErasing = %t, %v", begun, err)
	}
	if more, err := b.accounts.EraseRows(t.Context(), id, 30); err != nil || !more {
		t.Fatalf("EraseRows = %t, %v", more, err)
	}
	if n := one[int](t, b, `select count(*) from entries`); n != 70 {
		t.Fatalf("%d entries are left, want 70", n)
	}
	var sent atomic.Int64
	b.config.Sender = senderFunc(func(context.Context, mail.Message) error { sent.Add(1); return nil })
	b.start(t)
	b.waitFor(t, `select count(*) from accounts where erased_at is not null`, 1)
	if n := sent.Load(); n != 0 {
		t.Errorf("%d letters after the address was erased", n)
	}
}

// A mail server that is away delays the end by a day, not for ever.
func TestErasingWaitsADayForMail(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id, c := b.leaver(t, "asha@example.com", 5)
	b.leave(t, id, c)
	b.exec(t, `delete from tijori_river.river_job`)
	b.config.Sender = senderFunc(func(context.Context, mail.Message) error { return errors.New("away") })
	due := func() account.DueErasure {
		t.Helper()
		list, err := b.accounts.DueErasures(t.Context())
		if err != nil || len(list) != 1 {
			t.Fatalf("DueErasures = %v, %v", list, err)
		}
		return list[0]
	}
	b.exec(t, `update accounts set erase_at = now() - interval '1 hour' where account_id = $1`, id)
	if done, err := b.config.erase(t.Context(), due(), time.Now().Add(time.Minute)); err == nil || done {
		t.Errorf("erase with the mail server away = %t, %v", done, err)
	}
	b.exec(t, `update accounts set erase_at = now() - interval '25 hours' where account_id = $1`, id)
	if done, err := b.config.erase(t.Context(), due(), time.Now().Add(time.Minute)); err != nil || !done {
		t.Errorf("erase a day later = %t, %v", done, err)
	}
}
