package account

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tijorihq/tijori/internal/term"
	"github.com/tijorihq/tijori/internal/text"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// A Device is what we keep of a caller's machine. Network is its IP address;
// Token is what its cookie of known devices holds, "" without one.
type Device struct {
	UserAgent, Network, Token string
}

// A Session is a credential just issued. Token goes into the cookie and is
// written down nowhere; so does Device, by which the browser is known again.
type Session struct {
	Token, Device string
	UserID        uuid.UUID
	ExpiresAt     time.Time
}

// A life is how long a session lives without a visit, and at most, however often it is used.
type life struct{ idle, most, slide time.Duration }

// slide is how often the end moves: not with every request.
var (
	memberLife   = life{term.Session, term.SessionEnd, 24 * time.Hour}
	operatorLife = life{term.OperatorIdle, term.OperatorEnd, 5 * time.Minute}
)

func (s *Service) lifeOf(email string) life {
	if slices.Contains(s.operators, email) {
		return operatorLife
	}
	return memberLife
}

// A SessionInfo is a session in the list that its user sees.
type SessionInfo struct {
	ID                 uuid.UUID
	UserAgent, Network string
	CreatedAt, SeenAt  time.Time
	Current            bool // the one that asks
}

// openSession issues a session in the user's home account, and a new token for the device.
func (s *Service) openSession(ctx context.Context, tx pgx.Tx, user uuid.UUID, d Device) (Session, error) {
	id, err := newID()
	if err != nil {
		return Session{}, err
	}
	var email string
	if err := tx.QueryRow(ctx, `select email from users where id = $1`, user).Scan(&email); err != nil {
		return Session{}, err
	}
	token, hash := newToken()
	session := Session{Token: token, UserID: user}
	err = tx.QueryRow(ctx, `
		insert into credentials (hash, id, kind, user_id, account_id, user_agent, network, expires_at)
		values ($1, $2, 'session', $3, tijori_access.home_account($3), $4, $5, now() + $6::interval)
		returning expires_at`,
		hash[:], id, user, shown(d.UserAgent, 300), shown(d.Network, 64), s.lifeOf(email).idle).Scan(&session.ExpiresAt)
	if err != nil {
		return Session{}, err
	}
	session.Device, err = rememberDevice(ctx, tx, user, d.Token)
	return session, err
}

// shown makes a header's value fit to be stored and shown.
func shown(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if text.Steers(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most])
	}
	return s
}

func endSession(ctx context.Context, tx pgx.Tx, hash [32]byte) error {
	_, err := tx.Exec(ctx, `update credentials set revoked_at = now() where hash = $1 and revoked_at is null`, hash[:])
	return err
}

// SignOut ends the token's session. An unknown or ended one is no error.
func (s *Service) SignOut(ctx context.Context, token string) error {
	return s.db.AsAuth(ctx, func(tx pgx.Tx) error { return endSession(ctx, tx, Hash(token)) })
}

// SignOutEverywhere ends every session of the caller's user; with keep, all but
// the caller's own.
func (s *Service) SignOutEverywhere(ctx context.Context, c postgres.Caller, keep bool) error {
	return s.asUser(ctx, c, func(tx pgx.Tx, user uuid.UUID) error {
		_, err := tx.Exec(ctx, `
			update credentials set revoked_at = now()
			 where user_id = $1 and kind = 'session' and revoked_at is null and not ($3 and hash = $2)`,
			user, c.Credential[:], keep)
		if err != nil {
			return err
		}
		return logUser(ctx, tx, SignedOutEverywhere, user)
	})
}

// EndSession ends one session of the caller's user; NotFound for any other.
func (s *Service) EndSession(ctx context.Context, c postgres.Caller, id uuid.UUID) error {
	return s.asUser(ctx, c, func(tx pgx.Tx, user uuid.UUID) error {
		tag, err := tx.Exec(ctx, `
			update credentials set revoked_at = now()
			 where user_id = $1 and id = $2 and kind = 'session' and revoked_at is null`, user, id)
		if err == nil && tag.RowsAffected() == 0 {
			return fault.New(fault.NotFound, "Page not found.")
		}
		return err
	})
}

// ListSessions returns the living sessions of the caller's user, the last used first.
func (s *Service) ListSessions(ctx context.Context, c postgres.Caller) (list []SessionInfo, err error) {
	err = s.asUser(ctx, c, func(tx pgx.Tx, user uuid.UUID) error {
		rows, err := tx.Query(ctx, `
			select id, user_agent, network, created_at, used_at, hash = $2 from credentials
			 where user_id = $1 and kind = 'session' and revoked_at is null and expires_at > now()
			 order by used_at desc, id limit 200`, user, c.Credential[:])
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[SessionInfo])
		return err
	})
	return list, err
}

// Touch slides the end of a living session and returns it, now and then; never past the longest life of a
// session. Of any other credential, and too soon after the last time, it changes nothing and returns the zero time.
func (s *Service) Touch(ctx context.Context, credential [32]byte) (expiresAt time.Time, err error) {
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		var email string
		err := tx.QueryRow(ctx, `
			select u.email from credentials c join users u on u.id = c.user_id
			 where c.hash = $1 and c.kind = 'session'`, credential[:]).Scan(&email)
		if err != nil {
			return err
		}
		l := s.lifeOf(email)
		return tx.QueryRow(ctx, `
			update credentials
			   set used_at = now(), expires_at = least(now() + $2::interval, created_at + $3::interval)
			 where hash = $1 and kind = 'session' and revoked_at is null and expires_at > now()
			   and used_at < now() - $4::interval
			returning expires_at`, credential[:], l.idle, l.most, l.slide).Scan(&expiresAt)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return time.Time{}, nil
	}
	return expiresAt, err
}
