package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// A PasskeyInfo is a passkey in the list that its user sees.
type PasskeyInfo struct {
	ID        uuid.UUID
	Name      string
	CreatedAt time.Time
	UsedAt    *time.Time
	Synced    bool // it lives in a keychain that several devices share
	Copied    bool // its counter went back: it opens nothing any more
}

// Factors is what a user can prove with beside the password.
type Factors struct {
	Passkeys []PasskeyInfo
	TOTP     bool // an authenticator app is set up
	Codes    int  // recovery codes that are not used yet
	TwoStep  bool // sign-in asks for a second step after the password
	Password bool // the user has one
}

// Any reports whether there is a factor beside the password.
func (f Factors) Any() bool {
	for _, p := range f.Passkeys {
		if !p.Copied {
			return true
		}
	}
	return f.TOTP
}

// Equip lets users have passkeys for the public address, and authenticator apps whose secrets are sealed with the
// installation's key. Without a key there are no authenticator apps; where the address is no name but an IP address,
// browsers make no passkeys. It is for the start of a program.
func (s *Service) Equip(public *url.URL, key []byte) (err error) {
	if key != nil {
		if s.seal, err = newSeal(key); err != nil {
			return err
		}
	}
	if public != nil && namesHost(public.Hostname()) {
		s.passkeys, err = relyingParty(public)
	}
	return err
}

// HasPasskeys reports whether browsers can make passkeys for this server.
func (s *Service) HasPasskeys() bool { return s.passkeys != nil }

// HasTOTP reports whether the installation has a key to seal the secrets of authenticator apps with.
func (s *Service) HasTOTP() bool { return s.seal != nil }

// ListFactors returns what the caller's user can prove with.
func (s *Service) ListFactors(ctx context.Context, c postgres.Caller) (f Factors, err error) {
	err = s.asUser(ctx, c, func(tx pgx.Tx, user uuid.UUID) error {
		f, err = factorsOf(ctx, tx, user)
		return err
	})
	return f, err
}

func factorsOf(ctx context.Context, tx pgx.Tx, user uuid.UUID) (f Factors, err error) {
	err = tx.QueryRow(ctx, `
		select u.two_step, u.password_hash <> '',
		       exists (select from totps t where t.user_id = u.id and t.confirmed_at is not null),
		       (select count(*) from recovery_codes r where r.user_id = u.id and r.used_at is null)
		  from users u where u.id = $1`, user).Scan(&f.TwoStep, &f.Password, &f.TOTP, &f.Codes)
	if err != nil {
		return f, err
	}
	rows, err := tx.Query(ctx, `
		select id, name, created_at, used_at, backed_up, copied_at is not null from passkeys
		 where user_id = $1 order by created_at, id`, user)
	if err != nil {
		return f, err
	}
	f.Passkeys, err = pgx.CollectRows(rows, pgx.RowToStructByPos[PasskeyInfo])
	return f, err
}

// lockUser makes what changes a user run one after another.
func lockUser(ctx context.Context, tx pgx.Tx, user uuid.UUID) error {
	return tx.QueryRow(ctx, `select id from users where id = $1 for no key update`, user).Scan(&user)
}

var errNoFactor = fault.New(fault.Conflict,
	"Set up a passkey or an authenticator app first.").Coded("no_factor")

// SetTwoStep says whether sign-in asks for a second step after the password. Turned on, it returns recovery codes when
// the user had none left.
func (s *Service) SetTwoStep(ctx context.Context, c postgres.Caller, on bool) (codes []string, err error) {
	err = s.asFresh(ctx, c, func(tx pgx.Tx, user uuid.UUID) error {
		if !on {
			if _, err := tx.Exec(ctx, `update users set two_step = false where id = $1`, user); err != nil {
				return err
			}
			return logUser(ctx, tx, FactorRemoved, user)
		}
		f, err := factorsOf(ctx, tx, user)
		if err != nil {
			return err
		}
		if !f.Any() {
			return errNoFactor
		}
		codes, err = turnTwoStepOn(ctx, tx, user, c.Credential)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("set the second step: %w", err)
	}
	return codes, nil
}

// turnTwoStepOn turns the second step on in a session that has just proved itself, and returns recovery codes when
// there were none left. The session keeps its proof: the one who turns it on is not asked again at once. All other
// sessions of the user, opened without the second step, end.
func turnTwoStepOn(ctx context.Context, tx pgx.Tx, user uuid.UUID, session [32]byte) ([]string, error) {
	var was bool
	err := tx.QueryRow(ctx, `
		update users u set two_step = true from users o where u.id = $1 and o.id = u.id returning o.two_step`,
		user).Scan(&was)
	if err != nil {
		return nil, err
	}
	if !was {
		if _, err := tx.Exec(ctx, `
			update credentials set revoked_at = now()
			 where user_id = $1 and kind = 'session' and hash <> $2 and strong_at is null and revoked_at is null`,
			user, session[:]); err != nil {
			return nil, err
		}
	}
	if _, err := tx.Exec(ctx, `update credentials set strong_at = now(), proven_at = now() where hash = $1`,
		session[:]); err != nil {
		return nil, err
	}
	var left int
	if err := tx.QueryRow(ctx, `select count(*) from recovery_codes where user_id = $1 and used_at is null`,
		user).Scan(&left); err != nil || left > 0 {
		return nil, err
	}
	return makeCodes(ctx, tx, user)
}

// removeFactor takes a factor away. With the last one, the second step and the recovery codes go too.
func (s *Service) removeFactor(ctx context.Context, c postgres.Caller, remove func(pgx.Tx, uuid.UUID) error) error {
	err := s.asFresh(ctx, c, func(tx pgx.Tx, user uuid.UUID) error {
		if err := remove(tx, user); err != nil {
			return err
		}
		if err := logUser(ctx, tx, FactorRemoved, user); err != nil {
			return err
		}
		f, err := factorsOf(ctx, tx, user)
		if err != nil || f.Any() {
			return err
		}
		return dropSecondStep(ctx, tx, user)
	})
	if err != nil {
		return fmt.Errorf("remove a factor: %w", err)
	}
	return nil
}

func dropSecondStep(ctx context.Context, tx pgx.Tx, user uuid.UUID) error {
	if _, err := tx.Exec(ctx, `update users set two_step = false where id = $1`, user); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `delete from recovery_codes where user_id = $1`, user)
	return err
}

// ResetFactors takes away every passkey, authenticator app and recovery code of an address's user and ends all
// sessions: for whoever lost everything, by an operator who knows who asks. The password stays. NotFound when nobody
// has the address.
func (s *Service) ResetFactors(ctx context.Context, email string) error {
	email, err := Email(email)
	if err != nil {
		return err
	}
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		var user uuid.UUID
		err := tx.QueryRow(ctx, `select id from users where email = $1 for no key update`, email).Scan(&user)
		if errors.Is(err, pgx.ErrNoRows) {
			return fault.New(fault.NotFound, "Nobody with this address has an account.")
		}
		if err != nil {
			return err
		}
		var b pgx.Batch
		b.Queue(`delete from passkeys where user_id = $1`, user)
		b.Queue(`delete from totps where user_id = $1`, user)
		b.Queue(`delete from challenges where user_id = $1`, user)
		b.Queue(`
			update credentials set revoked_at = now()
			 where user_id = $1 and kind = 'session' and revoked_at is null`, user)
		if err := tx.SendBatch(ctx, &b).Close(); err != nil {
			return err
		}
		if err := logUser(ctx, tx, FactorRemoved, user); err != nil {
			return err
		}
		return dropSecondStep(ctx, tx, user)
	})
	if err != nil {
		return fmt.Errorf("reset the factors: %w", err)
	}
	return nil
}

// Recovery codes: ten of 120 bits, so that a plain hash tells nothing, in groups of four letters that are hard to
// confuse. Those that were made before had 80 bits and are still taken.
const (
	codeCount     = 10
	codeBytes     = 15
	codeBytesOnce = 10
	codeGroup     = 4
)

// NewCodes replaces the caller's recovery codes. They are returned this once.
func (s *Service) NewCodes(ctx context.Context, c postgres.Caller) (codes []string, err error) {
	err = s.asFresh(ctx, c, func(tx pgx.Tx, user uuid.UUID) error {
		f, err := factorsOf(ctx, tx, user)
		if err != nil {
			return err
		}
		if !f.Any() {
			return errNoFactor
		}
		codes, err = makeCodes(ctx, tx, user)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("make recovery codes: %w", err)
	}
	return codes, nil
}

func makeCodes(ctx context.Context, tx pgx.Tx, user uuid.UUID) ([]string, error) {
	if err := logUser(ctx, tx, RecoveryCodesMade, user); err != nil {
		return nil, err
	}
	if _, err := tx.Exec(ctx, `delete from recovery_codes where user_id = $1`, user); err != nil {
		return nil, err
	}
	codes, hashes := make([]string, codeCount), make([][]byte, codeCount)
	for i := range codes {
		bits := make([]byte, codeBytes)
		rand.Read(bits) // never fails
		text := secretText.EncodeToString(bits)
		hash := codeHash(user, text)
		codes[i], hashes[i] = inGroups(text), hash[:]
	}
	_, err := tx.Exec(ctx, `insert into recovery_codes (user_id, hash) select $1, unnest($2::bytea[])`, user, hashes)
	return codes, err
}

// inGroups puts dashes between the groups of a code.
func inGroups(text string) string {
	var groups []string
	for group := range slices.Chunk([]byte(text), codeGroup) {
		groups = append(groups, string(group))
	}
	return strings.Join(groups, "-")
}

// codeOf is a recovery code as typed, without gaps; "" for what is none. Zero, one and eight are not among the
// letters, so they are read as what they look like.
func codeOf(text string) string {
	if len(text) > 100 {
		return ""
	}
	text = strings.NewReplacer(" ", "", "-", "", "\u00a0", "", "0", "O", "1", "I", "8", "B").
		Replace(strings.ToUpper(strings.TrimSpace(text)))
	n, now, once := len(text), secretText.EncodedLen(codeBytes), secretText.EncodedLen(codeBytesOnce)
	if n != now && n != once || strings.Trim(text, codeLetters) != "" {
		return ""
	}
	return text
}

func codeHash(user uuid.UUID, code string) [32]byte {
	return sha256.Sum256(append(append([]byte("tijori recovery code "), user[:]...), code...))
}

// takeCode uses a recovery code up.
func takeCode(ctx context.Context, tx pgx.Tx, user uuid.UUID, code string) error {
	hash := codeHash(user, code)
	tag, err := tx.Exec(ctx, `
		update recovery_codes set used_at = now() where user_id = $1 and hash = $2 and used_at is null`, user, hash[:])
	if err == nil && tag.RowsAffected() == 0 {
		return errWrongCode
	}
	if err != nil {
		return err
	}
	return logUser(ctx, tx, RecoveryCodeUsed, user)
}
