package account

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tijorihq/tijori/internal/fault"
)

func TestSignInRotatesTheSession(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	first := confirmed(t, s, db, "asha@example.com")
	second, err := s.SignIn(t.Context(), " ASHA@example.com", goodPassword, phone, first.Token)
	if err != nil {
		t.Fatalf("SignIn = %v", err)
	}
	if second.Token == first.Token || second.UserID != first.UserID || len(second.Token) != 43 {
		t.Errorf("SignIn = %+v after %+v", second, first)
	}
	if alive(t, db, first) || !alive(t, db, second) {
		t.Errorf("first session alive %v, second %v; want only the second", alive(t, db, first), alive(t, db, second))
	}
	if err := s.SignOut(t.Context(), second.Token); err != nil || alive(t, db, second) {
		t.Errorf("SignOut = %v, alive %v", err, alive(t, db, second))
	}
	if err := s.SignOut(t.Context(), second.Token); err != nil {
		t.Errorf("SignOut again = %v, want nil", err)
	}
	for name, n := range map[string]int{
		"token in a table": one[int](t, db,
			`select count(*) from credentials where encode(hash, 'escape') like '%' || $1 || '%'
				or hash = $1::text::bytea`, second.Token),
		"living sessions": one[int](t, db, `select count(*) from credentials where revoked_at is null`),
	} {
		if n != 0 {
			t.Errorf("%s: %d, want 0", name, n)
		}
	}
}

// A wrong password and an unknown address give the same answer after the same work.
func TestSignInTellsNothingAboutAnAddress(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	confirmed(t, s, db, "known@example.com")
	exec(t, db, `insert into users (id, email, name, password_hash)
		values (gen_random_uuid(), 'nohash@example.com', 'X', '!')`)
	type outcome struct {
		answer string
		runs   int64
	}
	try := func(email string) outcome {
		before := s.passwords.runs.Load()
		_, err := s.SignIn(t.Context(), email, "another-good-password", phone, "")
		return outcome{fmt.Sprint(err), s.passwords.runs.Load() - before}
	}
	want := outcome{"The email or the password is not right.", 1}
	for _, email := range []string{"known@example.com", "unknown@example.com", "nohash@example.com"} {
		if got := try(email); got != want {
			t.Errorf("SignIn(%q) with a wrong password: %+v, want %+v", email, got, want)
		}
	}
}

func TestSignInUpgradesAnOldHash(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	confirmed(t, s, db, "asha@example.com")
	salt := []byte("sixteen bytes ok")
	cheap := cost{memory: 64, passes: 1, threads: 1}
	key, err := s.passwords.key(t.Context(), goodPassword, salt, cheap, keyBytes)
	if err != nil {
		t.Fatal(err)
	}
	exec(t, db, `update users set password_hash = $1`, encode(cheap, salt, key))
	for range 2 {
		if _, err := s.SignIn(t.Context(), "asha@example.com", goodPassword, phone, ""); err != nil {
			t.Fatalf("SignIn = %v", err)
		}
	}
	if c, _, _, ok := decode(one[string](t, db, `select password_hash from users`)); !ok || c != today {
		t.Errorf("the stored hash costs %+v, want today's", c)
	}
}

func TestSignInThrottle(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	usual := confirmed(t, s, db, "asha@example.com")
	elsewhere := Device{Network: "203.0.113.7"}
	var wrong, refused, other atomic.Int64
	var wg sync.WaitGroup
	for range 40 { // at once, as if over several nodes: the database counts
		wg.Go(func() {
			_, err := s.SignIn(t.Context(), "asha@example.com", "not-the-password-1", elsewhere, "")
			switch {
			case fault.Is(err, fault.Invalid):
				wrong.Add(1)
			case fault.Is(err, fault.TooMany):
				refused.Add(1)
			default:
				other.Add(1)
				t.Log(err)
			}
		})
	}
	wg.Wait()
	if wrong.Load() != 10 || refused.Load() != 30 {
		t.Errorf("40 tries at once: %d checked, %d refused, %d other; want 10 and 30", wrong.Load(), refused.Load(),
			other.Load())
	}
	_, err := s.SignIn(t.Context(), "asha@example.com", goodPassword, elsewhere, "")
	wantKind(t, "SignIn with the right password from the throttled network", err, fault.TooMany)
	if _, err := s.SignIn(t.Context(), "asha@example.com", goodPassword, phone, ""); err != nil {
		t.Errorf("SignIn from the usual network = %v", err)
	}
	// Strangers on many networks use the address's own limit up.
	for i := range 60 {
		_, err = s.SignIn(t.Context(), "asha@example.com", "not-the-password-1",
			Device{Network: fmt.Sprintf("198.51.100.%d", i)}, "")
	}
	wantKind(t, "the 60th try from another network", err, fault.TooMany)
	if _, err = s.SignIn(t.Context(), "asha@example.com", goodPassword,
		on(Device{Network: "198.51.100.200"}, usual), ""); err != nil {
		t.Errorf("SignIn from the usual device = %v", err)
	}
	if _, err := s.SignIn(t.Context(), "asha@example.com", goodPassword, phone, ""); err != nil {
		t.Errorf("SignIn from the usual network while strangers try = %v", err)
	}
	exec(t, db, `update throttles set ends_at = now() - interval '1 second'`)
	if _, err := s.SignIn(t.Context(), "asha@example.com", goodPassword, elsewhere, ""); err != nil {
		t.Errorf("SignIn after the window = %v", err)
	}
	if n := one[int](t, db, `select count(*) from throttles where key like '%@%' or key like '%203.0%'`); n != 0 {
		t.Errorf("%d keys of throttles show an address", n)
	}
}

func TestThrottleCountsFailuresOnly(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	confirmed(t, s, db, "asha@example.com")
	for i := range 15 {
		if _, err := s.SignIn(t.Context(), "asha@example.com", goodPassword, phone, ""); err != nil {
			t.Fatalf("SignIn %d = %v", i, err)
		}
	}
}

func TestNetworkOf(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"192.0.2.10": "192.0.2.10", "::ffff:192.0.2.10": "192.0.2.10", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"2001:db8:1:2::9": "2001:db8:1:2::/64",
		"fe80::1%eth0":    "fe80::/64", "nonsense": "unknown", "": "unknown",
	} {
		if got := networkOf(in); got != want {
			t.Errorf("networkOf(%q) = %q, want %q", in, got, want)
		}
	}
}
