package account

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tijorihq/tijori/internal/fault"
)

// Whatever strangers try, behind the same address or elsewhere, a known device signs in, also after it signed out.
func TestStrangersLockNoKnownDeviceOut(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	session := confirmed(t, s, db, "asha@example.com")
	if err := s.SignOut(t.Context(), session.Token); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 200 { // at once: half from the shop's own address
		d := phone
		if i%2 == 0 {
			d.Network = fmt.Sprintf("198.51.100.%d", i)
		}
		wg.Go(func() {
			if _, err := s.SignIn(t.Context(), "asha@example.com", "not-the-password-1", d, ""); err == nil {
				t.Error("a wrong password signed in")
			}
		})
	}
	for i := range 200 { // the address's whole limit, with other users' addresses
		wg.Go(func() {
			_, _ = s.SignIn(t.Context(), fmt.Sprintf("nobody%d@example.com", i), "not-the-password-1", phone, "")
		})
	}
	wg.Wait()
	_, err := s.SignIn(t.Context(), "asha@example.com", goodPassword, phone, "")
	wantKind(t, "the right password on an unknown device behind the same address", err, fault.TooMany)
	for range 3 { // each time with the token that the last time left
		next, err := s.SignIn(t.Context(), "asha@example.com", goodPassword, on(phone, session), "")
		if err != nil {
			t.Fatalf("SignIn on the known device = %v", err)
		}
		if next.Device == session.Device || len(next.Device) != 43 {
			t.Errorf("the device's token %q follows %q, want a new one", next.Device, session.Device)
		}
		session = next
	}
}

// A known device may try as often as any other, by itself and for its own user only.
func TestAKnownDeviceIsNoMasterKey(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	asha, binod := confirmed(t, s, db, "asha@example.com"), confirmed(t, s, db, "binod@example.com")
	var wrong, refused atomic.Int64
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			_, err := s.SignIn(t.Context(), "asha@example.com", "not-the-password-1", on(phone, asha), "")
			switch {
			case fault.Is(err, fault.Invalid):
				wrong.Add(1)
			case fault.Is(err, fault.TooMany):
				refused.Add(1)
			default:
				t.Errorf("a wrong password = %v", err)
			}
		})
	}
	wg.Wait()
	if wrong.Load() != 10 || refused.Load() != 190 {
		t.Errorf("200 tries at once on a known device: %d checked, %d refused; want 10 and 190", wrong.Load(),
			refused.Load())
	}
	if _, err := s.SignIn(t.Context(), "asha@example.com", goodPassword, phone, ""); err != nil {
		t.Errorf("SignIn elsewhere while a known device is refused = %v", err)
	}
	for range 15 { // another user's device is a stranger's
		d := on(Device{Network: "203.0.113.9"}, binod)
		_, _ = s.SignIn(t.Context(), "asha@example.com", "not-the-password-1", d, "")
	}
	_, err := s.SignIn(t.Context(), "asha@example.com", goodPassword, on(Device{Network: "203.0.113.9"}, binod), "")
	wantKind(t, "another user's device", err, fault.TooMany)
	exec(t, db, `truncate throttles`)
	exec(t, db, `update devices set expires_at = now() - interval '1 second'`)
	_, err = s.SignIn(t.Context(), "binod@example.com", goodPassword, on(phone, binod), "")
	if err != nil {
		t.Fatal(err)
	}
	if n := one[int](t, db, `select count(*) from throttles where key like 'sign-in device%'`); n != 0 {
		t.Error("a device whose year is over is still known")
	}
}

// One browser may know several users.
// A token that somebody else planted or kept is worth nothing after the next sign-in.
func TestDevicesMoveOn(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	asha := confirmed(t, s, db, "asha@example.com")
	confirmed(t, s, db, "binod@example.com")
	binod, err := s.SignIn(t.Context(), "binod@example.com", goodPassword, on(phone, asha), "")
	if err != nil {
		t.Fatal(err)
	}
	knows := func(email, token string) bool {
		hash := Hash(token)
		return one[bool](t, db, `select exists (select 1 from devices d join users u on u.id = d.user_id
			where d.hash = $1 and u.email = $2)`, hash[:], email)
	}
	if knows("asha@example.com", asha.Device) || knows("binod@example.com", asha.Device) {
		t.Error("the token from before is still worth something")
	}
	if !knows("asha@example.com", binod.Device) || !knows("binod@example.com", binod.Device) {
		t.Error("the browser does not know both")
	}
	if _, err := s.Recover(t.Context(), recoveryLink(t, s, db, "binod@example.com"), "green-lantern-market", false,
		Device{Network: "192.0.2.99"}); err != nil {
		t.Fatal(err)
	}
	if knows("binod@example.com", binod.Device) || !knows("asha@example.com", binod.Device) {
		t.Error("a recovery forgets the user's devices, and nobody else's")
	}
	if n := one[int](t, db, `select count(*) from devices where encode(hash, 'escape') = $1`, binod.Device); n != 0 {
		t.Error("a token stands in the table")
	}
}
