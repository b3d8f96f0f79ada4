package account

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/fault"
)

func TestSignUpMakesAnAccountOnceItIsConfirmed(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	id := signUp(t, s, db, form("  Asha@Example.COM "))
	if n := one[int](t, db, `select count(*) from users`); n != 0 {
		t.Fatalf("%d users before the confirmation, want none", n)
	}
	l, err := s.IssueSignUp(t.Context(), id)
	if err != nil || l.To != "asha@example.com" || l.Known || l.Locale != "hi" || l.Token == "" {
		t.Fatalf("IssueSignUp = %+v, %v", l, err)
	}
	for range 2 {
		p, err := s.SignUpByToken(t.Context(), l.Token)
		if err != nil || p != (PendingSignUp{"Asha Devi", "asha@example.com", "Asha Kirana", "hi"}) {
			t.Fatalf("SignUpByToken = %+v, %v", p, err)
		}
	}
	for _, weak := range []string{"", "short", "password123", "asha@example.com", "asha kirana"} {
		_, err = s.ConfirmSignUp(t.Context(), l.Token, weak, phone)
		wantKind(t, "ConfirmSignUp with a weak password", err, fault.Invalid)
	}
	session, err := s.ConfirmSignUp(t.Context(), l.Token, goodPassword, phone)
	if err != nil {
		t.Fatalf("ConfirmSignUp = %v", err)
	}
	if left := time.Until(session.ExpiresAt); left < 29*24*time.Hour || left > 31*24*time.Hour {
		t.Errorf("the session ends in %v, want 30 days", left)
	}
	p, err := person(t.Context(), db, caller(session))
	if err != nil {
		t.Fatal(err)
	}
	if p.UserID != session.UserID || p.Name != "Asha Devi" || p.Email != "asha@example.com" || p.Locale != "hi" ||
		p.Role != "owner" ||
		p.Plan != "free" || p.AccountName != "Asha Kirana" || p.AccountCurrency != "INR" || p.Business != nil ||
		len(p.Businesses) != 1 {
		t.Errorf("person = %+v", p)
	}
	c := caller(session)
	c.Business = p.Businesses[0].BusinessID
	if p, err = person(t.Context(), db, c); err != nil || p.Business == nil || p.Business.Name != "Asha Kirana" ||
		p.Business.TimeZone != "Asia/Kolkata" {
		t.Errorf("person in the business = %+v, %v", p, err)
	}
	_, err = s.ConfirmSignUp(t.Context(), l.Token, goodPassword, phone)
	wantKind(t, "ConfirmSignUp again", err, fault.NotFound)
	_, err = s.SignUpByToken(t.Context(), l.Token)
	wantKind(t, "SignUpByToken afterwards", err, fault.NotFound)
}

func TestSignUpsOfOneAddress(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	for round := range 5 {
		exec(t, db, `truncate throttles`)
		email := fmt.Sprintf("asha%d@example.com", round)
		first, err1 := s.IssueSignUp(t.Context(), signUp(t, s, db, form(email)))
		second, err2 := s.IssueSignUp(t.Context(), signUp(t, s, db, form(email)))
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		var mu sync.Mutex
		var wg sync.WaitGroup
		kinds := map[fault.Kind]int{}
		made := 0
		for i := range 20 {
			wg.Go(func() {
				_, err := s.ConfirmSignUp(t.Context(), []string{first.Token, second.Token}[i%2], goodPassword, phone)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					made++
				} else {
					kinds[fault.KindOf(err)]++
				}
			})
		}
		wg.Wait()
		if made != 1 || kinds[fault.NotFound]+kinds[fault.Conflict] != 19 {
			t.Errorf("20 confirmations at once: %d worked, refusals by kind %v; want 1, and 19 not found or conflict",
				made, kinds)
		}
		for sql, want := range map[string]int{
			`select count(*) from users`:    round + 1,
			`select count(*) from accounts`: round + 1, `select count(*) from signups`: 0,
		} {
			if n := one[int](t, db, sql); n != want {
				t.Errorf("%s = %d, want %d", sql, n, want)
			}
		}
	}
}

func TestConfirmWhenTheAddressWasTaken(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	l, err := s.IssueSignUp(t.Context(), signUp(t, s, db, form("asha@example.com")))
	if err != nil {
		t.Fatal(err)
	}
	exec(t, db, `insert into users (id, email, name, password_hash)
		values (gen_random_uuid(), 'asha@example.com', 'Asha', '!')`)
	_, err = s.ConfirmSignUp(t.Context(), l.Token, goodPassword, phone)
	wantKind(t, "ConfirmSignUp of a taken address", err, fault.Conflict)
	if n := one[int](t, db, `select count(*) from accounts`); n != 0 {
		t.Errorf("%d accounts, want none", n)
	}
}

func TestConfirmAfterTheLinkEnded(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	id := signUp(t, s, db, form("asha@example.com"))
	old, err := s.IssueSignUp(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	l, err := s.IssueSignUp(t.Context(), id) // the mail is sent again
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.ConfirmSignUp(t.Context(), old.Token, goodPassword, phone)
	wantKind(t, "ConfirmSignUp by the older mail", err, fault.NotFound)
	exec(t, db, `update signups set expires_at = now() - interval '1 second'`)
	_, err = s.ConfirmSignUp(t.Context(), l.Token, goodPassword, phone)
	wantKind(t, "ConfirmSignUp too late", err, fault.NotFound)
	_, err = s.IssueSignUp(t.Context(), id)
	wantKind(t, "IssueSignUp too late", err, fault.NotFound)
}

// The same work for an address that is known: as many rows and jobs, and no hash.
func TestSignUpTellsNothingAboutAnAddress(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	confirmed(t, s, db, "known@example.com")
	work := func(email string) [3]int64 {
		before := [3]int64{
			s.passwords.runs.Load(), one[int64](t, db, `select count(*) from signups`),
			one[int64](t, db, `select count(*) from tijori_river.river_job`),
		}
		if err := s.SignUp(t.Context(), form(email)); err != nil {
			t.Fatalf("SignUp(%q) = %v", email, err)
		}
		return [3]int64{
			s.passwords.runs.Load() - before[0],
			one[int64](t, db, `select count(*) from signups`) - before[1], one[int64](t, db,
				`select count(*) from tijori_river.river_job`) - before[2],
		}
	}
	for _, email := range []string{"known@example.com", "unknown@example.com"} {
		if got := work(email); got != [3]int64{0, 1, 1} {
			t.Errorf("SignUp(%q) made %v hashes, rows and jobs, want 0, 1 and 1", email, got)
		}
	}
	l, err := s.IssueSignUp(t.Context(),
		one[[16]byte](t, db, `select id from signups where email = 'known@example.com'`))
	if err != nil || !l.Known || l.Token != "" {
		t.Errorf("the letter to a known address = %+v, %v, want a note without a token", l, err)
	}
}

func TestSignUpRefusals(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	for field, f := range map[string]func(*SignUpForm){
		"name":     func(f *SignUpForm) { f.Name = " \t " },
		"email":    func(f *SignUpForm) { f.Email = "asha" },
		"business": func(f *SignUpForm) { f.BusinessName = "Shop\r\nBcc: x" },
		"locale":   func(f *SignUpForm) { f.Locale = "xx" },
		"currency": func(f *SignUpForm) { f.Currency = "rupee" },
	} {
		bad := form("asha@example.com")
		f(&bad)
		err := s.SignUp(t.Context(), bad)
		if ft := fault.Of(err); ft == nil || ft.Kind != fault.Invalid || ft.Field != field {
			t.Errorf("SignUp with a bad %s = %v, want Invalid about that field", field, err)
		}
	}
	if n := one[int](t, db, `select count(*) from signups`); n != 0 {
		t.Errorf("%d sign-ups stored, want none", n)
	}
}

// A link that many hold at once costs no more hashes than its limit.
func TestConfirmSignUpIsThrottled(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	l, err := s.IssueSignUp(t.Context(), signUp(t, s, db, form("asha@example.com")))
	if err != nil {
		t.Fatal(err)
	}
	before := s.passwords.runs.Load()
	var opened, refused atomic.Int64
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			_, err := s.ConfirmSignUp(t.Context(), l.Token, fmt.Sprintf("blue-lantern-market-%d", i), phone)
			switch {
			case err == nil:
				opened.Add(1)
			case fault.Is(err, fault.TooMany), fault.Is(err, fault.NotFound), fault.Is(err, fault.Conflict):
				refused.Add(1)
			default:
				t.Errorf("one of 200 at once = %v", err)
			}
		})
	}
	wg.Wait()
	if opened.Load() != 1 || refused.Load() != 199 {
		t.Errorf("%d of 200 at once opened, %d were refused; want 1 and 199", opened.Load(), refused.Load())
	}
	if runs := s.passwords.runs.Load() - before; runs > 10 {
		t.Errorf("200 at once cost %d hashes, want 10 at most", runs)
	}
}

// Whoever signs up with somebody else's address has chosen no password, and none that they know opens anything.
func TestNobodyPreparesAnAccountForAnother(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	stranger := form("asha@example.com")
	stranger.Name, stranger.BusinessName = "Your KYC is blocked", "Call 98 76 54 32 10"
	l, err := s.IssueSignUp(t.Context(), signUp(t, s, db, stranger))
	if err != nil || l.Name != "" {
		t.Fatalf("the letter = %+v, %v, want no name in it", l, err)
	}
	if n := one[int](t, db, `select count(*) from signups where password_hash <> ''`); n != 0 {
		t.Errorf("%d sign-ups carry a password", n)
	}
	if _, err := s.ConfirmSignUp(t.Context(), l.Token, goodPassword, phone); err != nil {
		t.Fatal(err)
	}
	_, err = s.SignIn(t.Context(), "asha@example.com", "the-strangers-word", phone, "")
	wantKind(t, "a stranger's password", err, fault.Invalid)
	if _, err := s.SignIn(t.Context(), "asha@example.com", goodPassword, phone, ""); err != nil {
		t.Errorf("the password chosen behind the link = %v", err)
	}
}
