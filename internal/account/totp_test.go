package account

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"hash"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/account/passkeytest"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// The vectors of RFC 6238, appendix B.
func TestTOTPVectors(t *testing.T) {
	t.Parallel()
	digits := "1234567890"
	seed := func(n int) []byte { return []byte(strings.Repeat(digits, 7)[:n]) }
	for _, v := range []struct {
		time                 int64
		sha1, sha256, sha512 string
	}{
		{59, "94287082", "46119246", "90693936"},
		{1111111109, "07081804", "68084774", "25091201"},
		{1111111111, "14050471", "67062674", "99943326"},
		{1234567890, "89005924", "91819424", "93441116"},
		{2000000000, "69279037", "90698825", "38618901"},
		{20000000000, "65353130", "77737706", "47863826"},
	} {
		for _, c := range []struct {
			hash func() hash.Hash
			size int
			want string
		}{{sha1.New, 20, v.sha1}, {sha256.New, 32, v.sha256}, {sha512.New, 64, v.sha512}} {
			if got := totp(c.hash, seed(c.size), v.time/totpPeriod, 8); got != c.want {
				t.Errorf("at %d with %d bytes: %s, want %s", v.time, c.size, got, c.want)
			}
		}
		if step, ok := acceptTOTP(seed(20), v.sha1[2:], v.time, 0); !ok || step != v.time/totpPeriod {
			t.Errorf("the six digits of %d are not accepted: %d, %t", v.time, step, ok)
		}
	}
}

// A clock may be one step away in either direction, no more, and no code counts twice.
func TestTOTPClocks(t *testing.T) {
	t.Parallel()
	secret := []byte("12345678901234567890")
	const now = 1_700_000_015
	for away := int64(-4); away <= 4; away++ {
		code := totp(sha1.New, secret, now/totpPeriod+away, totpDigits)
		step, ok := acceptTOTP(secret, code, now, 0)
		if want := away >= -totpSkew && away <= totpSkew; ok != want || ok && step != now/totpPeriod+away {
			t.Errorf("%d steps away: %d, %t", away, step, ok)
		}
		if _, ok := acceptTOTP(secret, code, now, now/totpPeriod+away); ok {
			t.Errorf("%d steps away: a code counts twice", away)
		}
	}
}

func TestSealOpensForItsUserOnly(t *testing.T) {
	t.Parallel()
	s, err := newSeal([]byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	other, err := newSeal([]byte(strings.Repeat("K", 32)))
	if err != nil {
		t.Fatal(err)
	}
	asha, bela := uuid.New(), uuid.New()
	sealed := s.close(asha, []byte("a secret of twenty b"))
	if got, err := s.open(asha, sealed); err != nil || string(got) != "a secret of twenty b" {
		t.Errorf("open = %q, %v", got, err)
	}
	if strings.Contains(string(sealed), "secret") {
		t.Error("the secret stands in what is stored")
	}
	if _, err := s.open(bela, sealed); err == nil {
		t.Error("another user's row opens")
	}
	if _, err := other.open(asha, sealed); !errors.Is(err, errOtherKey) {
		t.Errorf("with another key: %v", err)
	}
	for i := range sealed {
		bad := append([]byte{}, sealed...)
		bad[i] ^= 1
		if _, err := s.open(asha, bad); err == nil {
			t.Errorf("with byte %d changed it opens", i)
		}
	}
	if _, err := newSeal([]byte("short")); err == nil {
		t.Error("a short key is taken")
	}
}

// codeAt is what a user's app shows some steps from now.
func codeAt(t *testing.T, s *Service, db *pgtest.DB, user uuid.UUID, away int64) string {
	t.Helper()
	secret, err := s.seal.open(user, one[[]byte](t, db, `select sealed from totps where user_id = $1`, user))
	if err != nil {
		t.Fatal(err)
	}
	now := one[int64](t, db, `select extract(epoch from clock_timestamp())::bigint`)
	return totp(sha1.New, secret, now/totpPeriod+away, totpDigits)
}

// earlier makes the last code that was accepted one of long ago, so that the test need not wait for the next.
func earlier(t *testing.T, db *pgtest.DB, user uuid.UUID) {
	t.Helper()
	exec(t, db, `update totps set last_step = 1 where user_id = $1`, user)
}

// withTOTP sets up an authenticator app and returns the recovery codes.
func withTOTP(t *testing.T, s *Service, db *pgtest.DB, session Session) []string {
	t.Helper()
	secret, err := s.BeginTOTP(t.Context(), caller(session))
	if err != nil || !strings.HasPrefix(secret.Address, "otpauth://totp/Tijori:") ||
		!strings.Contains(secret.Address, "secret="+secret.Text) {
		t.Fatalf("BeginTOTP = %+v, %v", secret, err)
	}
	pending, err := s.PendingTOTP(t.Context(), caller(session))
	if err != nil || pending != secret {
		t.Fatalf("PendingTOTP = %+v, %v, want %+v", pending, err, secret)
	}
	codes, err := s.ConfirmTOTP(t.Context(), caller(session), codeAt(t, s, db, session.UserID, 0))
	if err != nil || len(codes) != codeCount {
		t.Fatalf("ConfirmTOTP = %v, %v", codes, err)
	}
	earlier(t, db, session.UserID)
	return codes
}

// halfIn signs in with the password and returns the token of the second step.
func halfIn(t *testing.T, s *Service, email string) string {
	t.Helper()
	session, err := s.SignIn(t.Context(), email, goodPassword, phone, "")
	half, ok := errors.AsType[*HalfWay](err)
	if !ok || session.Token != "" {
		t.Fatalf("SignIn = %+v, %v, want a second step and no session", session, err)
	}
	return half.Token
}

func TestSecondStep(t *testing.T) {
	t.Parallel()
	s, db := equipped(t)
	first := confirmed(t, s, db, "asha@example.com")
	other, err := s.SignIn(t.Context(), "asha@example.com", goodPassword, phone, "")
	if err != nil {
		t.Fatal(err)
	}
	codes := withTOTP(t, s, db, first)
	if alive(t, db, other) || !alive(t, db, first) {
		t.Error("a session of one step goes on elsewhere, or the one that turned two steps on has ended")
	}
	try := func(token string, p Proof) (Session, error) {
		return s.FinishSignIn(t.Context(), token, p, phone, "")
	}
	token := halfIn(t, s, "asha@example.com")
	if alive(t, db, Session{Token: token}) {
		t.Error("half way is a session")
	}
	for _, wrong := range []Proof{
		{},
		{Code: "000"},
		{Code: "abcdef"},
		{Password: goodPassword},
		{Code: "AAAA-AAAA-AAAA-AAAA"},
	} {
		_, err := try(token, wrong)
		wantCode(t, "a wrong code", err, "wrong_code")
	}
	code := codeAt(t, s, db, first.UserID, 0)
	session, err := try(token, Proof{Code: code[:3] + " " + code[3:]})
	if err != nil || !alive(t, db, session) {
		t.Fatalf("FinishSignIn = %v", err)
	}
	_, err = try(token, Proof{Code: codes[0]})
	wantCode(t, "the same sign-in again", err, "sign_in_ended")
	_, err = try(halfIn(t, s, "asha@example.com"), Proof{Code: code})
	wantCode(t, "the same code again", err, "wrong_code")
	// Recovery codes: each once, also in small letters without dashes.
	for i, c := range codes {
		if i%2 == 1 {
			c = strings.ToLower(strings.ReplaceAll(c, "-", ""))
		}
		token := halfIn(t, s, "asha@example.com")
		if _, err := try(token, Proof{Code: c}); err != nil {
			t.Fatalf("recovery code %d: %v", i, err)
		}
		_, err := try(halfIn(t, s, "asha@example.com"), Proof{Code: codes[i]})
		wantCode(t, "a recovery code again", err, "wrong_code")
	}
	if n := one[int](t, db, `select count(*) from recovery_codes where used_at is null`); n != 0 {
		t.Errorf("%d recovery codes are left", n)
	}
	_, err = try("no-token", Proof{Code: codes[0]})
	wantCode(t, "no token", err, "sign_in_ended")
	token = halfIn(t, s, "asha@example.com")
	exec(t, db, `update challenges set expires_at = now() - interval '1 second'`)
	_, err = try(token, Proof{Code: codeAt(t, s, db, first.UserID, 1)})
	wantCode(t, "too late", err, "sign_in_ended")
}

func TestSecondStepByPasskey(t *testing.T) {
	t.Parallel()
	s, db := equipped(t)
	first := confirmed(t, s, db, "asha@example.com")
	a := withPasskey(t, s, first, 0)
	stranger := withPasskey(t, s, confirmed(t, s, db, "bela@example.com"), 0)
	if _, err := s.SetTwoStep(t.Context(), caller(first), true); err != nil {
		t.Fatal(err)
	}
	for who, c := range map[string]struct {
		by   *passkeytest.Authenticator
		code string
	}{"another user's": {stranger, "passkey_refused"}, "their own": {a, ""}} {
		token := halfIn(t, s, "asha@example.com")
		question, err := s.AskSecondStep(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		answer := c.by.Sign(t, question)
		_, err = s.FinishSignIn(t.Context(), halfIn(t, s, "asha@example.com"), Proof{Passkey: answer}, phone, "")
		wantCode(t, who+" passkey for another sign-in", err, "passkey_refused")
		session, err := s.FinishSignIn(t.Context(), token, Proof{Passkey: answer}, phone, "")
		if c.code != "" {
			wantCode(t, who+" passkey", err, c.code)
		} else if err != nil || !alive(t, db, session) {
			t.Errorf("%s passkey: %v", who, err)
		}
	}
}

// Of two hundred guesses at once ten are looked at, and then even the right code waits. A recovery code, which nobody
// guesses, does not.
func TestTwoHundredGuessesAtOnce(t *testing.T) {
	t.Parallel()
	s, db := equipped(t)
	first := confirmed(t, s, db, "asha@example.com")
	codes := withTOTP(t, s, db, first)
	exec(t, db, `delete from throttles`)
	token := halfIn(t, s, "asha@example.com")
	right := codeAt(t, s, db, first.UserID, 0)
	guess := "000000"
	for guess == right || guess == codeAt(t, s, db, first.UserID, 1) || guess == codeAt(t, s, db, first.UserID, -1) {
		guess = guess[1:] + "7"
	}
	var looked, refused atomic.Int64
	var all sync.WaitGroup
	for range 200 {
		all.Go(func() {
			switch _, err := s.FinishSignIn(t.Context(), token, Proof{Code: guess}, phone, ""); fault.CodeOf(err) {
			case "wrong_code":
				looked.Add(1)
			case fault.TooMany.String():
				refused.Add(1)
			default:
				t.Errorf("a guess: %v", err)
			}
		})
	}
	all.Wait()
	if looked.Load() != 10 || refused.Load() != 190 {
		t.Errorf("%d guesses were looked at and %d refused, want 10 and 190", looked.Load(), refused.Load())
	}
	_, err := s.FinishSignIn(t.Context(), token, Proof{Code: right}, phone, "")
	wantKind(t, "the right code after that", err, fault.TooMany)
	if _, err := s.FinishSignIn(t.Context(), token, Proof{Code: codes[0]}, phone, ""); err != nil {
		t.Errorf("a recovery code after that: %v", err)
	}
}

// The same right code, sent many times at once, opens one session; so does the same recovery code.
func TestOneCodeOneSession(t *testing.T) {
	t.Parallel()
	s, db := equipped(t)
	first := confirmed(t, s, db, "asha@example.com")
	codes := withTOTP(t, s, db, first)
	for what, code := range map[string]string{
		"a code": codeAt(t, s, db, first.UserID, 0), "a recovery code": codes[0],
	} {
		var opened atomic.Int64
		var all sync.WaitGroup
		for range 8 {
			token := halfIn(t, s, "asha@example.com") // a sign-in of its own each
			all.Go(func() {
				if _, err := s.FinishSignIn(t.Context(), token, Proof{Code: code}, phone, ""); err == nil {
					opened.Add(1)
				}
			})
		}
		all.Wait()
		if opened.Load() != 1 {
			t.Errorf("%s opened %d sessions", what, opened.Load())
		}
	}
}

// A mailbox alone is no way around the second step, and a new password ends sign-ins that were half way.
func TestRecoveryKeepsTheSecondStep(t *testing.T) {
	t.Parallel()
	s, db := equipped(t)
	first := confirmed(t, s, db, "asha@example.com")
	codes := withTOTP(t, s, db, first)
	before := halfIn(t, s, "asha@example.com")
	if err := s.RequestRecovery(t.Context(), "asha@example.com", phone.Network); err != nil {
		t.Fatal(err)
	}
	l, err := s.IssueRecovery(t.Context(), one[uuid.UUID](t, db, `select id from recoveries`))
	if err != nil {
		t.Fatal(err)
	}
	session, err := s.Recover(t.Context(), l.Token, "another-good-lantern", false, phone)
	half, ok := errors.AsType[*HalfWay](err)
	if !ok || session.Token != "" {
		t.Fatalf("Recover = %+v, %v", session, err)
	}
	_, err = s.FinishSignIn(t.Context(), before, Proof{Code: codes[0]}, phone, "")
	wantCode(t, "a sign-in with the old password", err, "sign_in_ended")
	if _, err := s.FinishSignIn(t.Context(), half.Token, Proof{Code: codes[0]}, phone, ""); err != nil {
		t.Errorf("FinishSignIn = %v", err)
	}
}

// A recovery code has more bits than anybody tries, so that its plain hash tells nothing; no two are alike, and one is
// read however it is typed. Codes of eighty bits that somebody has written down are still taken.
func TestRecoveryCodesAreLong(t *testing.T) {
	t.Parallel()
	s, db := equipped(t)
	first := confirmed(t, s, db, "asha@example.com")
	codes := withTOTP(t, s, db, first)
	seen := map[string]bool{}
	for _, c := range codes {
		bits, err := secretText.DecodeString(strings.ReplaceAll(c, "-", ""))
		if err != nil || len(bits)*8 < 112 || seen[c] {
			t.Errorf("%s: %d bits, %v", c, len(bits)*8, err)
		}
		seen[c] = true
		if codeOf(" "+strings.ToLower(strings.ReplaceAll(c, "-", " "))) != strings.ReplaceAll(c, "-", "") {
			t.Errorf("%s is not read as it is typed", c)
		}
	}
	for _, wrong := range []string{"", codes[0] + "A", codes[0][1:], "123456", strings.Repeat("A", 101)} {
		if got := codeOf(wrong); got != "" {
			t.Errorf("codeOf(%q) = %q", wrong, got)
		}
	}
	const old = "ABCDEFGHIJKLMNOP"
	hash := codeHash(first.UserID, old)
	exec(t, db, `insert into recovery_codes (user_id, hash) values ($1, $2)`, first.UserID, hash[:])
	if _, err := s.FinishSignIn(t.Context(), halfIn(t, s, "asha@example.com"), Proof{Code: inGroups(old)}, phone,
		""); err != nil {
		t.Errorf("a code of before = %v", err)
	}
}

func TestResetFactors(t *testing.T) {
	t.Parallel()
	s, db := equipped(t)
	first := confirmed(t, s, db, "asha@example.com")
	bela := confirmed(t, s, db, "bela@example.com")
	withTOTP(t, s, db, first)
	withTOTP(t, s, db, bela)
	withPasskey(t, s, first, 0)
	token := halfIn(t, s, "asha@example.com")
	wantKind(t, "an address that nobody has", s.ResetFactors(t.Context(), "no@example.com"), fault.NotFound)
	if err := s.ResetFactors(t.Context(), " Asha@example.com"); err != nil {
		t.Fatalf("ResetFactors = %v", err)
	}
	_, err := s.FinishSignIn(t.Context(), token, Proof{Code: "123456"}, phone, "")
	wantCode(t, "half way before", err, "sign_in_ended")
	if alive(t, db, first) || !alive(t, db, bela) {
		t.Error("the wrong sessions have ended")
	}
	if _, err := s.SignIn(t.Context(), "asha@example.com", goodPassword, phone, ""); err != nil {
		t.Errorf("SignIn = %v", err)
	}
	halfIn(t, s, "bela@example.com")
}
