package account

import (
	"context"
	"log/slog"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const goodPassword = "blue-lantern-market"

var phone = Device{UserAgent: "Phone", Network: "192.0.2.10"}

// on is a device that holds the cookie which a session left there.
func on(d Device, s Session) Device {
	d.Token = s.Device
	return d
}

func setup(t *testing.T) (*Service, *pgtest.DB) {
	t.Helper()
	db := pgtest.New(t)
	s, err := New(db.DB, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s, db
}

func form(email string) SignUpForm {
	return SignUpForm{
		Name: "Asha Devi", Email: email, BusinessName: "Asha Kirana",
		Locale: "hi", Currency: "INR", Network: phone.Network,
	}
}

// signUp asks for an account and returns the id of the pending sign-up.
func signUp(t *testing.T, s *Service, db *pgtest.DB, f SignUpForm) uuid.UUID {
	t.Helper()
	if err := s.SignUp(t.Context(), f); err != nil {
		t.Fatalf("SignUp = %v", err)
	}
	return one[uuid.UUID](t, db, `select id from signups order by created_at desc, id desc limit 1`)
}

// confirmed makes a user with an account, as the mail's link does.
func confirmed(t *testing.T, s *Service, db *pgtest.DB, email string) Session {
	t.Helper()
	l, err := s.IssueSignUp(t.Context(), signUp(t, s, db, form(email)))
	if err != nil {
		t.Fatalf("IssueSignUp = %v", err)
	}
	session, err := s.ConfirmSignUp(t.Context(), l.Token, goodPassword, phone)
	if err != nil {
		t.Fatalf("ConfirmSignUp = %v", err)
	}
	return session
}

// one reads a single value past row-level security.
func one[T any](t *testing.T, db *pgtest.DB, sql string, args ...any) (v T) {
	t.Helper()
	if err := db.Super.QueryRow(t.Context(), sql, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

func exec(t *testing.T, db *pgtest.DB, sql string, args ...any) {
	t.Helper()
	if _, err := db.Super.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func caller(s Session) postgres.Caller { return postgres.Caller{Credential: Hash(s.Token)} }

// alive reports whether the database still answers to a session.
func alive(t *testing.T, db *pgtest.DB, s Session) bool {
	t.Helper()
	_, err := person(t.Context(), db, caller(s))
	if err != nil && !fault.Is(err, fault.Unauthorized) {
		t.Fatalf("read the person: %v", err)
	}
	return err == nil
}

func person(ctx context.Context, db *pgtest.DB, c postgres.Caller) (p Person, err error) {
	_, err = db.Read(ctx, c, func(_ postgres.Scope, b *pgx.Batch) {
		p = Person{}
		QueuePerson(b, &p)
	})
	return p, err
}

func wantKind(t *testing.T, what string, err error, want fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != want {
		t.Errorf("%s = %v, want a fault of kind %v", what, err, want)
	}
}
