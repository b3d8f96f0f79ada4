package account

import (
	"fmt"
	"testing"

	"github.com/tijorihq/tijori/internal/fault"
)

// What is refused makes no row: made-up addresses do not fill the table.
func TestRefusedTriesAreNotWritten(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	exec(t, db, `insert into throttles (key, ends_at, count)
		values ($1, now() + interval '10 minutes', 200), ($2, now() + interval '10 minutes', 40), ($3, now() + interval '10 minutes', 40)`,
		signInLimits("", phone.Network)[1].key(), signUpLimits("", phone.Network)[1].key(), recoveryLimits("",
			phone.Network)[1].key())
	for i := range 5 {
		email := fmt.Sprintf("made-up-%d@example.com", i)
		_, err := s.SignIn(t.Context(), email, goodPassword, phone, "")
		wantKind(t, "SignIn", err, fault.TooMany)
		wantKind(t, "SignUp", s.SignUp(t.Context(), form(email)), fault.TooMany)
		wantKind(t, "RequestRecovery", s.RequestRecovery(t.Context(), email, phone.Network), fault.TooMany)
	}
	if n := one[int](t, db, `select count(*) from throttles`); n != 3 {
		t.Errorf("%d rows of throttles after refused tries, want the 3 there were", n)
	}
}

// Who knows a password cannot make the server hash, and keep sessions, without end.
func TestSuccessIsThrottledToo(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	session := confirmed(t, s, db, "asha@example.com")
	most := signedInLimits("")[0].max
	exec(t, db, `insert into throttles (key, ends_at, count) values ($1, now() + interval '10 minutes', $2)`,
		signedInLimits("asha@example.com")[0].key(), most-1)
	if _, err := s.SignIn(t.Context(), "asha@example.com", goodPassword, phone, ""); err != nil {
		t.Fatalf("SignIn %d = %v", most, err)
	}
	runs := s.passwords.runs.Load()
	_, err := s.SignIn(t.Context(), "asha@example.com", goodPassword, phone, "")
	wantKind(t, "one more SignIn", err, fault.TooMany)
	if s.passwords.runs.Load() != runs {
		t.Error("a refused sign-in was hashed")
	}
	old, next := goodPassword, "green-lantern-market"
	for range passwordLimits("")[0].max {
		if err := s.ChangePassword(t.Context(), caller(session), old, next); err != nil {
			t.Fatalf("ChangePassword = %v", err)
		}
		old, next = next, old
	}
	wantKind(t, "one more ChangePassword", s.ChangePassword(t.Context(), caller(session), old, next), fault.TooMany)
}

// A link that works is good for a few tries, not for as many hashes as requests fit in beside each other.
func TestLinksAreThrottled(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	confirmed(t, s, db, "asha@example.com")
	if err := s.RequestRecovery(t.Context(), "asha@example.com", phone.Network); err != nil {
		t.Fatal(err)
	}
	l, err := s.IssueRecovery(t.Context(), one[[16]byte](t, db, `select id from recoveries`))
	if err != nil {
		t.Fatal(err)
	}
	exec(t, db, `insert into throttles (key, ends_at, count) values ($1, now() + interval '10 minutes', 10)`,
		linkLimits("recovery", Hash(l.Token))[0].key())
	runs := s.passwords.runs.Load()
	_, err = s.Recover(t.Context(), l.Token, "green-lantern-market", false, phone)
	wantKind(t, "Recover", err, fault.TooMany)
	if s.passwords.runs.Load() != runs {
		t.Error("a refused recovery was hashed")
	}
}

// A bazaar behind one address: when its tries are used up, a device that the user signed in on still signs in.
func TestKnownDevicePassesAUsedUpNetwork(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	session := confirmed(t, s, db, "asha@example.com")
	exec(t, db, `insert into throttles (key, ends_at, count) values ($1, now() + interval '10 minutes', 200)`,
		signInLimits("", phone.Network)[1].key())
	_, err := s.SignIn(t.Context(), "asha@example.com", goodPassword, phone, "")
	wantKind(t, "SignIn on an unknown device", err, fault.TooMany)
	if _, err := s.SignIn(t.Context(), "asha@example.com", goodPassword, on(phone, session), ""); err != nil {
		t.Errorf("SignIn on a known device = %v", err)
	}
}
