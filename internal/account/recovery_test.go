package account

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// recoveryLink asks for a recovery and returns the token of its mail.
func recoveryLink(t *testing.T, s *Service, db *pgtest.DB, email string) string {
	t.Helper()
	if err := s.RequestRecovery(t.Context(), email, phone.Network); err != nil {
		t.Fatalf("RequestRecovery = %v", err)
	}
	l, err := s.IssueRecovery(t.Context(),
		one[uuid.UUID](t, db, `select id from recoveries order by created_at desc limit 1`))
	if err != nil || l.To != email {
		t.Fatalf("IssueRecovery = %+v, %v", l, err)
	}
	return l.Token
}

func TestRecoverEndsEverythingElse(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	stolen := confirmed(t, s, db, "asha@example.com")
	binod := confirmed(t, s, db, "binod@example.com")
	other := recoveryLink(t, s, db, "asha@example.com")
	link := recoveryLink(t, s, db, "asha@example.com")
	// its mail is still to be sent
	if err := s.RequestRecovery(t.Context(), "asha@example.com", phone.Network); err != nil {
		t.Fatal(err)
	}
	waiting := one[uuid.UUID](t, db, `select id from recoveries where token_hash is null`)
	for range 3 {
		if err := s.RecoveryByToken(t.Context(), link); err != nil {
			t.Fatalf("RecoveryByToken = %v, opening must consume nothing", err)
		}
	}
	_, err := s.Recover(t.Context(), link, "password123", false, phone)
	wantKind(t, "Recover with an obvious password", err, fault.Invalid)
	session, err := s.Recover(t.Context(), link, "green-lantern-market", false, phone)
	if err != nil || !alive(t, db, session) {
		t.Fatalf("Recover = %+v, %v", session, err)
	}
	if alive(t, db, stolen) || !alive(t, db, binod) {
		t.Error("want the user's older sessions ended, and nobody else's")
	}
	for name, token := range map[string]string{"the used link": link, "the other link": other, "no link": "x"} {
		wantKind(t, "RecoveryByToken of "+name, s.RecoveryByToken(t.Context(), token), fault.NotFound)
		_, err := s.Recover(t.Context(), token, "green-lantern-market", false, phone)
		wantKind(t, "Recover by "+name, err, fault.NotFound)
	}
	_, err = s.IssueRecovery(t.Context(), waiting)
	wantKind(t, "IssueRecovery of the request that waited", err, fault.NotFound)
	_, err = s.SignIn(t.Context(), "asha@example.com", goodPassword, phone, "")
	wantKind(t, "SignIn with the old password", err, fault.Invalid)
	if _, err := s.SignIn(t.Context(), "asha@example.com", "green-lantern-market", phone, ""); err != nil {
		t.Errorf("SignIn with the new password = %v", err)
	}
}

func TestRecoverOnceAtTheSameTime(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	confirmed(t, s, db, "asha@example.com")
	links := []string{recoveryLink(t, s, db, "asha@example.com"), recoveryLink(t, s, db, "asha@example.com")}
	var worked, refused atomic.Int64
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			_, err := s.Recover(t.Context(), links[i%2], "green-lantern-market", false, phone)
			switch {
			case err == nil:
				worked.Add(1)
			case fault.Is(err, fault.NotFound):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if worked.Load() != 1 || refused.Load() != 19 {
		t.Errorf("20 at once by two links: %d worked, %d refused, want 1 and 19", worked.Load(), refused.Load())
	}
	if n := one[int](t, db, `select count(*) from credentials where revoked_at is null`); n != 1 {
		t.Errorf("%d living sessions, want the one of the recovery", n)
	}
}

func TestRecoveryLinkEndsAfterThirtyMinutes(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	confirmed(t, s, db, "asha@example.com")
	link := recoveryLink(t, s, db, "asha@example.com")
	if m := one[float64](t, db, `select extract(epoch from expires_at - now())::float8 / 60 from recoveries`); m < 29 ||
		m > 30 {
		t.Errorf("the link lasts %v minutes, want 30", m)
	}
	exec(t, db, `update recoveries set expires_at = now() - interval '1 second'`)
	wantKind(t, "RecoveryByToken too late", s.RecoveryByToken(t.Context(), link), fault.NotFound)
	_, err := s.Recover(t.Context(), link, "green-lantern-market", false, phone)
	wantKind(t, "Recover too late", err, fault.NotFound)
}

// One row and one job for every address; the worker finds nothing to send to an unknown one.
func TestRequestRecoveryTellsNothingAboutAnAddress(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	confirmed(t, s, db, "known@example.com")
	for _, email := range []string{"known@example.com", "unknown@example.com"} {
		runs, jobs := s.passwords.runs.Load(), one[int](t, db, `select count(*) from tijori_river.river_job`)
		if err := s.RequestRecovery(t.Context(), email, phone.Network); err != nil {
			t.Fatalf("RequestRecovery(%q) = %v", email, err)
		}
		jobs = one[int](t, db, `select count(*) from tijori_river.river_job`) - jobs
		rows := one[int](t, db, `select count(*) from recoveries where email = $1 and user_id is null`, email)
		if runs = s.passwords.runs.Load() - runs; runs != 0 || jobs != 1 || rows != 1 {
			t.Errorf("RequestRecovery(%q): %d hashes, %d jobs, %d rows; want 0, 1, 1", email, runs, jobs, rows)
		}
	}
	_, err := s.IssueRecovery(t.Context(),
		one[uuid.UUID](t, db, `select id from recoveries where email like 'unknown%'`))
	wantKind(t, "IssueRecovery for nobody", err, fault.NotFound)
	for range 4 {
		err = s.RequestRecovery(t.Context(), "unknown@example.com", phone.Network)
	}
	wantKind(t, "asking again and again", err, fault.TooMany)
}

// A sign-in that was checked before a recovery must not outlive it.
func TestRecoveryOvertakesASignIn(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	session := confirmed(t, s, db, "asha@example.com")
	stored := one[string](t, db, `select password_hash from users`)
	if _, err := s.Recover(t.Context(), recoveryLink(t, s, db, "asha@example.com"), "green-lantern-market",
		false, phone); err != nil {
		t.Fatal(err)
	}
	_, err := s.signedIn(t.Context(), "asha@example.com", session.UserID, stored, stored,
		signInLimits("asha@example.com", phone.Network), phone, "")
	wantKind(t, "a sign-in by the password from before", err, fault.Invalid)
}

func TestExpire(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	confirmed(t, s, db, "asha@example.com")
	recoveryLink(t, s, db, "asha@example.com")
	signUp(t, s, db, form("binod@example.com"))
	if err := s.RequestRecovery(t.Context(), "nobody@example.com", phone.Network); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Expire(t.Context()); n != 0 || err != nil {
		t.Errorf("Expire = %d, %v while all is alive, want 0", n, err)
	}
	for _, sql := range []string{
		`update signups set expires_at = now() - interval '1 second'`,
		`update recoveries set expires_at = now() - interval '25 hours'`,
		`update throttles set ends_at = now() - interval '1 second'`,
		`update credentials set expires_at = now() - interval '91 days'`,
		`update devices set expires_at = now() - interval '1 second'`,
	} {
		exec(t, db, sql)
	}
	if _, err := s.Expire(t.Context()); err != nil {
		t.Fatalf("Expire = %v", err)
	}
	for _, table := range []string{"signups", "recoveries", "throttles", "credentials", "devices"} {
		if n := one[int](t, db, `select count(*) from `+table); n != 0 {
			t.Errorf("%d rows left in %s", n, table)
		}
	}
}
