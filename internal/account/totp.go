package account

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"net/url"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// Authenticator apps know one kind of TOTP well (RFC 6238): HMAC-SHA-1, six digits, thirty seconds.
const (
	totpDigits  = 6
	totpPeriod  = 30 // seconds
	totpSkew    = 1  // steps before and after, for clocks that differ
	totpSecret  = 20 // bytes
	totpIssuer  = "Tijori"
	codeLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
)

var secretText = base32.StdEncoding.WithPadding(base32.NoPadding)

// totp is the code of a time step, as RFC 4226 truncates it.
func totp(newHash func() hash.Hash, secret []byte, step int64, digits int) string {
	mac := hmac.New(newHash, secret)
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(step))
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 15
	number := binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff
	modulus := uint32(1)
	for range digits {
		modulus *= 10
	}
	return fmt.Sprintf("%0*d", digits, number%modulus)
}

// acceptTOTP finds the time step of a code around now that is later than last. All steps are compared, whatever fits.
func acceptTOTP(secret []byte, code string, now, last int64) (step int64, ok bool) {
	for s := now/totpPeriod - totpSkew; s <= now/totpPeriod+totpSkew; s++ {
		same := subtle.ConstantTimeCompare([]byte(totp(sha1.New, secret, s, totpDigits)), []byte(code)) == 1
		if same && s > last && !ok {
			step, ok = s, true
		}
	}
	return step, ok
}

// digitsOf is a code as typed, without the gaps that apps show; "" unless it has six digits.
func digitsOf(code string) string {
	code = strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(strings.TrimSpace(code))
	if len(code) != totpDigits || strings.IndexFunc(code, func(r rune) bool { return r < '0' || r > '9' }) >= 0 {
		return ""
	}
	return code
}

// A TOTPSecret is what an authenticator app is given, once: as text to type and as the address that a QR code holds.
type TOTPSecret struct{ Text, Address string }

func newTOTPSecret(email string, secret []byte) TOTPSecret {
	text := secretText.EncodeToString(secret)
	values := url.Values{"secret": {text}, "issuer": {totpIssuer}}
	return TOTPSecret{
		Text:    text,
		Address: "otpauth://totp/" + url.PathEscape(totpIssuer+":"+email) + "?" + values.Encode(),
	}
}

var (
	errWrongCode = fault.InvalidField("code", "This code is wrong or was already used.").Coded("wrong_code")
	errHasTOTP   = fault.New(fault.Conflict,
		"An authenticator app is set up already. Remove it first.").Coded("totp_exists")
	errNoTOTP = fault.New(fault.Conflict, "Set up the authenticator app again.").Coded("totp_missing")
	errNoKey  = fault.New(fault.Unavailable, "Authenticator apps are not set up on this server.").Coded("totp_off")
)

// BeginTOTP makes a new secret for the caller's authenticator app. It counts when ConfirmTOTP has seen a code of it.
func (s *Service) BeginTOTP(ctx context.Context, c postgres.Caller) (TOTPSecret, error) {
	if s.seal == nil {
		return TOTPSecret{}, errNoKey
	}
	secret := make([]byte, totpSecret)
	rand.Read(secret) // never fails
	var email string
	err := s.asFresh(ctx, c, func(tx pgx.Tx, user uuid.UUID) error {
		err := tx.QueryRow(ctx, `select email from users where id = $1 for no key update`, user).Scan(&email)
		if err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `
			insert into totps as t (user_id, sealed) values ($1, $2)
			on conflict (user_id) do update set sealed = excluded.sealed, created_at = now()
			 where t.confirmed_at is null`, user, s.seal.close(user, secret))
		if err == nil && tag.RowsAffected() == 0 {
			return errHasTOTP
		}
		return err
	})
	if err != nil {
		return TOTPSecret{}, fmt.Errorf("begin an authenticator app: %w", err)
	}
	return newTOTPSecret(email, secret), nil
}

// PendingTOTP is the secret that BeginTOTP made, while no code has confirmed it.
func (s *Service) PendingTOTP(ctx context.Context, c postgres.Caller) (t TOTPSecret, err error) {
	if s.seal == nil {
		return TOTPSecret{}, errNoKey
	}
	err = s.asFresh(ctx, c, func(tx pgx.Tx, user uuid.UUID) error {
		var email string
		var sealed []byte
		err := tx.QueryRow(ctx, `
			select u.email, t.sealed from totps t join users u on u.id = t.user_id
			 where t.user_id = $1 and t.confirmed_at is null`, user).Scan(&email, &sealed)
		if errors.Is(err, pgx.ErrNoRows) {
			return errNoTOTP
		}
		if err != nil {
			return err
		}
		secret, err := s.seal.open(user, sealed)
		if errors.Is(err, errOtherKey) {
			return errNoTOTP.Because(err)
		}
		t = newTOTPSecret(email, secret)
		return err
	})
	return t, err
}

// ConfirmTOTP turns the authenticator app on with a first code of it, and with it the second step of sign-in. It
// returns recovery codes when the user had none left.
func (s *Service) ConfirmTOTP(ctx context.Context, c postgres.Caller, code string) (codes []string, err error) {
	var who uuid.UUID
	err = s.asFresh(ctx, c, func(_ pgx.Tx, user uuid.UUID) error { who = user; return nil })
	if err != nil {
		return nil, err
	}
	if err := s.throttle(ctx, totpLimits(who.String())); err != nil {
		return nil, err
	}
	err = s.asFresh(ctx, c, func(tx pgx.Tx, user uuid.UUID) error {
		if err := s.takeTOTP(ctx, tx, user, code, false); err != nil {
			return err
		}
		if err := logUser(ctx, tx, FactorAdded, user); err != nil {
			return err
		}
		if codes, err = turnTwoStepOn(ctx, tx, user, c.Credential); err != nil {
			return err
		}
		return forgive(ctx, tx, totpLimits(user.String()))
	})
	if err != nil {
		return nil, fmt.Errorf("confirm an authenticator app: %w", err)
	}
	return codes, nil
}

// takeTOTP accepts a code of a user's app, whose time step counts from now on as used. The time is the database's: all
// nodes and the challenges go by it.
func (s *Service) takeTOTP(ctx context.Context, tx pgx.Tx, user uuid.UUID, code string, confirmed bool) error {
	if code = digitsOf(code); code == "" {
		return errWrongCode
	}
	if s.seal == nil {
		return errNoKey
	}
	var sealed []byte
	var last, now int64
	err := tx.QueryRow(ctx, `
		select sealed, last_step, extract(epoch from clock_timestamp())::bigint from totps
		 where user_id = $1 and (confirmed_at is not null) = $2 for update`, user, confirmed).Scan(&sealed, &last, &now)
	if errors.Is(err, pgx.ErrNoRows) {
		if confirmed {
			return errWrongCode
		}
		return errNoTOTP
	}
	if err != nil {
		return err
	}
	secret, err := s.seal.open(user, sealed)
	if err != nil {
		s.log.Error("a user's authenticator app cannot be used", "error", err)
		return errWrongCode.Because(err)
	}
	step, ok := acceptTOTP(secret, code, now, last)
	if !ok {
		return errWrongCode
	}
	_, err = tx.Exec(ctx, `
		update totps set last_step = $2, confirmed_at = coalesce(confirmed_at, now()) where user_id = $1`, user, step)
	return err
}

// RemoveTOTP takes the authenticator app away. Without another factor, sign-in has one step again.
func (s *Service) RemoveTOTP(ctx context.Context, c postgres.Caller) error {
	return s.removeFactor(ctx, c, func(tx pgx.Tx, user uuid.UUID) error {
		tag, err := tx.Exec(ctx, `delete from totps where user_id = $1`, user)
		if err == nil && tag.RowsAffected() == 0 {
			return fault.New(fault.NotFound, "Page not found.")
		}
		return err
	})
}
