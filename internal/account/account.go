// Package account keeps users and how they prove who they are, and the accounts,
// businesses, members and invitations they work in. What belongs to a caller is read
// and written as tijori_app; credentials, sign-ups and recoveries as tijori_auth.
// Nothing here tells a known address from an unknown one, in words or in work.
package account

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/text"
)

// A Service signs people up and in, and keeps their accounts.
type Service struct {
	db        *postgres.DB
	queue     *river.Client[pgx.Tx] // inserts only; package jobs works them
	passwords *passwords
	operators []string           // addresses whose sessions are short
	passkeys  *webauthn.WebAuthn // nil where browsers make none
	seal      *seal              // nil without a key
	log       *slog.Logger
	refused   refusals // accounts over a limit
}

// New returns a service on db. Sessions of the operators, by their addresses, are short.
func New(db *postgres.DB, log *slog.Logger, operators ...string) (*Service, error) {
	queue, err := river.NewClient(riverpgxv5.New(db.Auth), &river.Config{Schema: "tijori_river", Logger: log})
	if err != nil {
		return nil, fmt.Errorf("open the job queue: %w", err)
	}
	return &Service{db: db, queue: queue, passwords: newPasswords(), operators: operators, log: log}, nil
}

// asUser runs fn as the sign-in role for the user whose living session the
// caller proves; Unauthorized without one.
func (s *Service) asUser(ctx context.Context, c postgres.Caller, fn func(tx pgx.Tx, user uuid.UUID) error) error {
	return s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		var user uuid.UUID
		err := tx.QueryRow(ctx, `
			select user_id, set_config('tijori.credential', encode(hash, 'hex'), true) from credentials
			 where hash = $1 and kind = 'session' and revoked_at is null and expires_at > now()`,
			c.Credential[:]).Scan(&user, nil)
		if errors.Is(err, pgx.ErrNoRows) {
			return fault.New(fault.Unauthorized, "Please sign in.")
		}
		if err != nil {
			return err
		}
		return fn(tx, user)
	})
}

func newID() (uuid.UUID, error) { return uuid.NewV7() }

// cleanName trims a name and refuses what cannot be shown on one line.
func cleanName(field, name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" {
		return "", fault.InvalidField(field, "Enter a name.")
	}
	if !utf8.ValidString(name) || strings.ContainsFunc(name, text.Steers) {
		return "", fault.InvalidField(field, "This name has characters that cannot be shown.")
	}
	if utf8.RuneCountInString(name) > 120 {
		return "", fault.InvalidField(field, "Enter a name of up to 120 characters.").Coded("name_length")
	}
	return name, nil
}

func checkLocale(locale string) error {
	if locale != "en" && locale != "hi" {
		return fault.InvalidField("locale", "Choose a language.")
	}
	return nil
}

func checkCurrency(currency string) error {
	if len(currency) != 3 || strings.IndexFunc(currency, func(r rune) bool { return r < 'A' || r > 'Z' }) >= 0 {
		return fault.InvalidField("currency", "Choose a currency.")
	}
	return nil
}
