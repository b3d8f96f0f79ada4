package account

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/account/passkeytest"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// asked begins a change of address and returns the tokens of both ends.
func asked(t *testing.T, s *Service, db *pgtest.DB, session Session, to string) (former, next EmailChangeLetter) {
	t.Helper()
	if err := s.AskEmailChange(t.Context(), caller(session), to, goodPassword); err != nil {
		t.Fatalf("AskEmailChange = %v", err)
	}
	id := one[uuid.UUID](t, db, `select id from email_changes order by created_at desc limit 1`)
	return issued(t, s, id, FormerEnd), issued(t, s, id, NewEnd)
}

func issued(t *testing.T, s *Service, id uuid.UUID, end string) EmailChangeLetter {
	t.Helper()
	l, err := s.IssueEmailChange(t.Context(), id, end)
	if err != nil {
		t.Fatalf("IssueEmailChange to the %s end = %v", end, err)
	}
	return l
}

func emailOf(t *testing.T, db *pgtest.DB, session Session) string {
	t.Helper()
	return one[string](t, db, `select email from users where id = $1`, session.UserID)
}

func TestEmailChangesWhenBothEndsConfirm(t *testing.T) {
	t.Parallel()
	for name, formerFirst := range map[string]bool{"the former end first": true, "the new end first": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, db := setup(t)
			session := confirmed(t, s, db, "asha@example.com")
			err := s.AskEmailChange(t.Context(), caller(session), "new@example.com", "not-the-password-1")
			if f := fault.Of(err); f == nil || f.Field != "password" {
				t.Errorf("AskEmailChange with a wrong password = %v", err)
			}
			wantKind(t, "the same address", s.AskEmailChange(t.Context(), caller(session), "Asha@example.com",
				goodPassword), fault.Invalid)
			former, next := asked(t, s, db, session, "New@Example.com")
			if former.To != "asha@example.com" || next.To != "new@example.com" || former.New != "new@example.com" {
				t.Fatalf("letters = %+v and %+v", former, next)
			}
			first, second := former, next
			if !formerFirst {
				first, second = next, former
			}
			v, err := s.EmailChangeByToken(t.Context(), first.Token)
			if err != nil || v.Former != formerFirst || v.Email != first.To || v.Locale != "hi" {
				t.Errorf("EmailChangeByToken = %+v, %v", v, err)
			}
			if done, err := s.ConfirmEmailChange(t.Context(), first.Token, phone); done || err != nil {
				t.Fatalf("the first end = %t, %v", done, err)
			}
			if got := emailOf(t, db, session); got != "asha@example.com" {
				t.Errorf("one end changed the address to %s", got)
			}
			_, err = s.ConfirmEmailChange(t.Context(), first.Token, phone)
			wantKind(t, "the first end twice", err, fault.NotFound)
			if done, err := s.ConfirmEmailChange(t.Context(), second.Token, phone); !done || err != nil {
				t.Fatalf("the second end = %t, %v", done, err)
			}
			if got := emailOf(t, db, session); got != "new@example.com" || !alive(t, db, session) {
				t.Errorf("both ends: address %s, session alive %t", got, alive(t, db, session))
			}
			if _, err := s.SignIn(t.Context(), "new@example.com", goodPassword, phone, ""); err != nil {
				t.Errorf("SignIn with the new address = %v", err)
			}
			_, err = s.SignIn(t.Context(), "asha@example.com", goodPassword, phone, "")
			wantKind(t, "SignIn with the former address", err, fault.Invalid)
		})
	}
}

// The former address takes back what a thief changed, however often they changed it and whatever they hold.
func TestFormerAddressTakesTheLoginBack(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	thief := confirmed(t, s, db, "asha@example.com")
	change := func(to string) (back string) {
		former, next := asked(t, s, db, thief, to)
		for _, token := range []string{former.Token, next.Token} {
			if _, err := s.ConfirmEmailChange(t.Context(), token, phone); err != nil {
				t.Fatal(err)
			}
		}
		l := issued(t, s, one[uuid.UUID](t, db, `select id from email_changes order by created_at desc limit 1`),
			BackEnd)
		if l.To == to {
			t.Errorf("the way back went to %s", l.To)
		}
		return l.Token
	}
	back := change("thief@example.com")
	thiefsBack := change("thief2@example.com")
	if email, err := s.EmailBackByToken(t.Context(), back); err != nil || email != "asha@example.com" {
		t.Errorf("EmailBackByToken = %q, %v", email, err)
	}
	// nobody gets the address meanwhile
	l, err := s.IssueSignUp(t.Context(), signUp(t, s, db, form("asha@example.com")))
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.ConfirmSignUp(t.Context(), l.Token, goodPassword, phone)
	wantKind(t, "a sign-up with an address that may be taken back", err, fault.Conflict)
	var worked atomic.Int64
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if s.TakeEmailBack(t.Context(), back, false, phone) == nil {
				worked.Add(1)
			}
		})
	}
	wg.Wait()
	if worked.Load() != 1 {
		t.Errorf("the way back worked %d times of 20, want once", worked.Load())
	}
	if got := emailOf(t, db, thief); got != "asha@example.com" || alive(t, db, thief) {
		t.Errorf("after the way back: address %s, the thief's session alive %t", got, alive(t, db, thief))
	}
	wantKind(t, "the thief's own way back", s.TakeEmailBack(t.Context(), thiefsBack, false, phone), fault.NotFound)
	_, err = s.SignIn(t.Context(), "asha@example.com", goodPassword, phone, "")
	wantKind(t, "the password that the thief knew", err, fault.Invalid)
	if n := one[int](t, db,
		`select count(*) from recoveries where email = 'asha@example.com' and used_at is null`); n != 1 {
		t.Errorf("%d recoveries wait, want one", n)
	}
}

// With the address comes what signs in: a passkey that the thief has made opens nothing, whether it was made before
// the change or after it, and what its owner had long before stays.
func TestTheWayBackTakesTheThiefsPasskeysAway(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ownersAge string
		stays     bool
	}{"an old passkey of the owner": {"15 days", true}, "a new one": {"1 day", false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, db := equipped(t)
			session := confirmed(t, s, db, "asha@example.com")
			owners := withPasskey(t, s, session, 0)
			if _, err := s.SetTwoStep(t.Context(), caller(session), true); err != nil {
				t.Fatal(err)
			}
			for _, table := range []string{"passkeys", "recovery_codes"} {
				exec(t, db, `update `+table+` set created_at = now() - $1::interval`, c.ownersAge)
			}
			thiefs := []*passkeytest.Authenticator{withPasskey(t, s, session, 0)}
			former, next := asked(t, s, db, session, "thief@example.com")
			for _, token := range []string{former.Token, next.Token} {
				if _, err := s.ConfirmEmailChange(t.Context(), token, phone); err != nil {
					t.Fatal(err)
				}
			}
			thiefs = append(thiefs, withPasskey(t, s, session, 0))
			back := issued(t, s, one[uuid.UUID](t, db, `select id from email_changes`), BackEnd)
			if err := s.TakeEmailBack(t.Context(), back.Token, false, phone); err != nil {
				t.Fatal(err)
			}
			for i, a := range thiefs {
				_, err := signInBy(t, s, a)
				wantCode(t, fmt.Sprintf("the thief's passkey %d", i+1), err, "passkey_refused")
			}
			if _, err := signInBy(t, s, owners); (err == nil) != c.stays {
				t.Errorf("the owner's passkey: %v", err)
			}
			if got := one[bool](t, db, `select two_step from users where id = $1`, session.UserID); got != c.stays {
				t.Errorf("two steps are on: %t, want %t", got, c.stays)
			}
			if !slices.Contains(told(t, db), "asha@example.com factor_removed") {
				t.Errorf("notices wait for %v", told(t, db))
			}
		})
	}
}

// What guards the ways in asks of somebody who signs in by two steps for both.
func TestWaysInAreGuardedByBothSteps(t *testing.T) {
	t.Parallel()
	s, db := equipped(t)
	session := confirmed(t, s, db, "asha@example.com")
	codes := withTOTP(t, s, db, session)
	c, account := caller(session), one[uuid.UUID](t, db, `select account_id from accounts`)
	for _, fresh := range []bool{false, true} {
		if stale(t, db, session); fresh {
			if err := s.StepUp(t.Context(), c, Proof{Code: codes[0]}); err != nil {
				t.Fatal(err)
			}
		}
		for what, do := range map[string]func(password string) error{
			"change the address": func(p string) error {
				return s.AskEmailChange(t.Context(), c, "new@example.com", p)
			},
			"change the password": func(p string) error {
				return s.ChangePassword(t.Context(), c, p, goodPassword)
			},
			"delete the account": func(p string) error {
				_, err := s.LeaveAccount(t.Context(), c, account, p)
				return err
			},
		} {
			if !fresh {
				wantCode(t, what+" with the password alone", do(goodPassword), fault.StepUp)
				continue
			}
			wantKind(t, what+" with the code alone", do("not-the-password-1"), fault.Invalid)
			if err := do(goodPassword); err != nil {
				t.Errorf("%s with both: %v", what, err)
			}
		}
	}
}

// Another user's address is asked like any other, and told nothing but what a sign-up tells it.
func TestEmailChangeTellsNothingAboutAnAddress(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	session := confirmed(t, s, db, "asha@example.com")
	confirmed(t, s, db, "known@example.com")
	work := func(to string) [2]int64 {
		jobs := one[int64](t, db, `select count(*) from tijori_river.river_job`)
		runs := s.passwords.runs.Load()
		if err := s.AskEmailChange(t.Context(), caller(session), to, goodPassword); err != nil {
			t.Fatalf("AskEmailChange(%s) = %v", to, err)
		}
		return [2]int64{
			one[int64](t, db, `select count(*) from tijori_river.river_job`) - jobs, s.passwords.runs.Load() - runs,
		}
	}
	if a, b := work("unknown@example.com"), work("known@example.com"); a != b || a != [2]int64{2, 1} {
		t.Errorf("a change to an unknown address makes %v jobs and hashes, to a known one %v", a, b)
	}
	id := one[uuid.UUID](t, db, `select id from email_changes where ended_at is null`)
	if l := issued(t, s, id, NewEnd); !l.Known || l.Token != "" || l.To != "known@example.com" {
		t.Errorf("the letter to a user = %+v, want a note without a token", l)
	}
	for range 4 {
		_ = s.AskEmailChange(t.Context(), caller(session), "unknown@example.com", goodPassword)
	}
	wantKind(t, "letters to strangers again and again",
		s.AskEmailChange(t.Context(), caller(session), "unknown@example.com", goodPassword), fault.TooMany)
}

// Of two users who change to one address at once, one gets it.
func TestTwoChangeToOneAddress(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	var tokens []string
	for _, email := range []string{"asha@example.com", "binod@example.com"} {
		former, next := asked(t, s, db, confirmed(t, s, db, email), "both@example.com")
		if _, err := s.ConfirmEmailChange(t.Context(), former.Token, phone); err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, next.Token)
	}
	var done atomic.Int64
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			ok, err := s.ConfirmEmailChange(t.Context(), tokens[i%2], phone)
			if ok {
				done.Add(1)
			} else if !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.NotFound) {
				t.Errorf("one of 20 = %v", err)
			}
		})
	}
	wg.Wait()
	if n := one[int](t, db, `select count(*) from users where email = 'both@example.com'`); n != 1 || done.Load() != 1 {
		t.Errorf("%d changed, %d users have the address, want one", done.Load(), n)
	}
}

// A change ends with the next one, by its own user's wish, and after its time. Links of another change, made up or
// swapped, open nothing.
func TestEmailChangeEnds(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	session := confirmed(t, s, db, "asha@example.com")
	old, _ := asked(t, s, db, session, "first@example.com")
	former, next := asked(t, s, db, session, "second@example.com")
	_, err := s.ConfirmEmailChange(t.Context(), old.Token, phone)
	wantKind(t, "a link of the change before", err, fault.NotFound)
	if got, err := s.WaitingEmail(t.Context(), caller(session)); err != nil || got != "second@example.com" {
		t.Errorf("WaitingEmail = %q, %v", got, err)
	}
	again := issued(t, s, one[uuid.UUID](t, db, `select id from email_changes where ended_at is null`), FormerEnd)
	_, err = s.ConfirmEmailChange(t.Context(), former.Token, phone)
	wantKind(t, "a link that a newer mail replaced", err, fault.NotFound)
	if err := s.EndEmailChange(t.Context(), caller(session)); err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{again.Token, next.Token, "", "made-up"} {
		_, err := s.ConfirmEmailChange(t.Context(), token, phone)
		wantKind(t, "a link of a change that was given up", err, fault.NotFound)
		wantKind(t, "a way back that is none", s.TakeEmailBack(t.Context(), token, false, phone), fault.NotFound)
	}
	former, _ = asked(t, s, db, session, "third@example.com")
	exec(t, db, `update email_changes set expires_at = now() - interval '1 second'`)
	_, err = s.ConfirmEmailChange(t.Context(), former.Token, phone)
	wantKind(t, "a link after its time", err, fault.NotFound)
	if _, err := s.Expire(t.Context()); err != nil || one[int](t, db, `select count(*) from email_changes`) != 0 {
		t.Errorf("Expire = %v, and changes are left", err)
	}
	err = db.AsAuth(t.Context(), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `select tijori_access.forget_users(array[$1::uuid])`, session.UserID)
		return err
	})
	if err == nil {
		t.Error("the sign-in role may erase users by itself")
	}
}
