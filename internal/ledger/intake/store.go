package intake

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/text"
)

var (
	errRole = fault.New(fault.Forbidden, "Your role does not allow this.")
	errGone = fault.New(fault.NotFound, "This file is no longer kept. Please upload it again.")
)

// Store keeps a file for an hour, for the user who sent it and nobody else; what that
// user sent before is forgotten. Requires RunsKhata.
func Store(ctx context.Context, tx *postgres.Tx, id uuid.UUID, name string, body []byte) error {
	if !tx.Scope.Rights.RunsKhata {
		return errRole
	}
	if len(body) > MaxFile {
		return ErrTooLarge
	}
	s := tx.Scope
	_, err := tx.Exec(ctx, `
		update tijori.uploads set body = ''
		where account_id = $1 and business_id = $2 and created_by = $3 and body <> '' and id <> $4`, s.AccountID, s.BusinessID, s.UserID, id)
	if err != nil {
		return fmt.Errorf("forget earlier files: %w", err)
	}
	_, err = tx.Exec(ctx, `
		insert into tijori.uploads (account_id, business_id, id, name, body, created_by) values ($1, $2, $3, $4, $5, $6)
		on conflict (account_id, business_id, id) do nothing`, s.AccountID, s.BusinessID, id, fileName(name), body, s.UserID)
	if err != nil {
		return fmt.Errorf("keep a file: %w", err)
	}
	return nil
}

// Load returns a file that the caller has stored. One that is imported, forgotten or older
// than an hour is NotFound, like one that never was.
func Load(ctx context.Context, tx *postgres.Tx, id uuid.UUID) (name string, body []byte, err error) {
	if !tx.Scope.Rights.RunsKhata {
		return "", nil, errRole
	}
	err = tx.QueryRow(ctx, `
		select name, body from tijori.uploads
		where account_id = $1 and business_id = $2 and id = $3 and expires_at > now() and body <> ''`,
		tx.Scope.AccountID, tx.Scope.BusinessID, id).Scan(&name, &body)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil, errGone
	}
	if err != nil {
		return "", nil, fmt.Errorf("read a kept file: %w", err)
	}
	return name, body, nil
}

// fileName makes a name from outside fit to be shown: the last part of a path, 200 letters.
func fileName(name string) string {
	name = strings.ToValidUTF8(name, "")
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		if text.Steers(r) {
			return -1
		}
		return r
	}, name))
	if utf8.RuneCountInString(name) > 200 {
		name = string([]rune(name)[:200])
	}
	if name == "" {
		return "?"
	}
	return name
}
