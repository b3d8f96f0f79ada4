// Package insight is what whoever runs the server sees of it: figures over all accounts, the accounts behind them, and
// what happened to one. It reads as tijori_support, and nothing without a trace: a piece of work begins with a reason,
// everything that is asked during it is written down and committed first, and an account is opened with a reason of its
// own. It reads no party, no entry, no credential and no body of an event.
package insight

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// A Service answers operators about the customers of one app.
type Service struct {
	db  *postgres.DB
	app string
}

// New returns the service of an app.
func New(db *postgres.DB, app string) *Service { return &Service{db: db, app: app} }

// A Work is a piece of an operator's work: everything that is looked at during it has its reason.
type Work struct {
	ID     uuid.UUID
	At     time.Time
	Reason string
}

// A Use is one look at something, as it was written down. It allows reading for an hour.
type Use struct {
	ID     uuid.UUID
	At     time.Time
	Reason string // of an account that was opened
}

// WorkLasts is how long a piece of work is, and AccountStaysOpen an account; the database says the same.
const (
	WorkLasts        = 4 * time.Hour
	AccountStaysOpen = 55 * time.Minute
)

// ErrNoWork is what everything answers to somebody who has not said why they look.
var ErrNoWork error = fault.New(fault.Forbidden, "Say what you are here for first.").Coded("no_work")

const mostReason = 1000

func checkReason(reason string) (string, error) {
	reason = strings.TrimSpace(reason)
	switch n := len([]rune(reason)); {
	case n < 3:
		return "", fault.InvalidField("reason", "Say why, in a few words. It is kept.")
	case n > mostReason:
		return "", fault.InvalidField("reason", "This is too long.")
	}
	return reason, nil
}

// Begin begins a piece of work of somebody.
func (s *Service) Begin(ctx context.Context, who, reason string) error {
	reason, err := checkReason(reason)
	if err != nil {
		return err
	}
	_, err = s.note(ctx, who, uuid.Nil, "work", "work", reason)
	return err
}

// WorkOf returns the piece of work that somebody is at, or ErrNoWork.
func (s *Service) WorkOf(ctx context.Context, who string) (w Work, err error) {
	err = s.db.Support.QueryRow(ctx, `select id, at, reason from tijori_ops.open_work($1)`, who).
		Scan(&w.ID, &w.At, &w.Reason)
	if errors.Is(err, pgx.ErrNoRows) {
		return Work{}, ErrNoWork
	}
	return w, err
}

// See writes down that a page of the room is opened.
func (s *Service) See(ctx context.Context, who string, work uuid.UUID, page string) error {
	_, err := s.note(ctx, who, work, "page", page, "")
	return err
}

// note writes a use down and returns its id when it is committed.
func (s *Service) note(
	ctx context.Context, who string, work uuid.UUID, question, subject, detail string,
) (uuid.UUID, error) {
	use, err := uuid.NewV7()
	if err != nil {
		return uuid.Nil, err
	}
	if subject = strings.ToValidUTF8(subject, ""); len(subject) > 254 {
		subject = strings.ToValidUTF8(subject[:254], "")
	}
	var part *uuid.UUID
	if work != uuid.Nil {
		part = &work
	}
	_, err = s.db.Support.Exec(ctx, `select tijori_ops.note_use($1, $2, $3, $4, $5, $6, $7)`,
		use, s.app, who, question, subject, detail, part)
	if err != nil {
		return uuid.Nil, fmt.Errorf("write the look down: %w", err)
	}
	return use, nil
}

// Open opens an account for somebody, with a reason, for AccountStaysOpen.
func (s *Service) Open(ctx context.Context, who string, work, account uuid.UUID, reason string) error {
	reason, err := checkReason(reason)
	if err != nil {
		return err
	}
	_, err = s.note(ctx, who, work, "account", account.String(), reason)
	return err
}

// Exists reports whether there is, or ever was, an account of this id. It says nothing about it.
func (s *Service) Exists(ctx context.Context, account uuid.UUID) (there bool, err error) {
	err = s.db.Support.QueryRow(ctx, `select exists (select 1 from tijori_ops.owners_of($1) where kind = 'account')`,
		[]string{account.String()}).Scan(&there)
	return there, err
}

// Opened returns the use under which somebody has an account open, and whether there is one.
func (s *Service) Opened(ctx context.Context, who string, account uuid.UUID) (u Use, ok bool, err error) {
	err = s.db.Support.QueryRow(ctx, `select id, at, reason from tijori_ops.open_account($1, $2)`, who, account).
		Scan(&u.ID, &u.At, &u.Reason)
	if errors.Is(err, pgx.ErrNoRows) {
		return Use{}, false, nil
	}
	return u, err == nil, err
}
