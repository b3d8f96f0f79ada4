package account

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/strictjson"
	"github.com/tijorihq/tijori/internal/term"
)

// AskToSignIn begins a sign-in by passkey: what the browser is to be given. It names nobody; the passkey does.
func (s *Service) AskToSignIn(ctx context.Context, network string) (*protocol.CredentialAssertion, error) {
	if s.passkeys == nil {
		return nil, errNoPasskeys
	}
	if err := s.throttle(ctx, challengeLimits("network", networkOf(network))); err != nil {
		return nil, err
	}
	a, _, err := s.passkeys.BeginDiscoverableLogin()
	if err != nil {
		return nil, fmt.Errorf("ask to sign in: %w", err)
	}
	a.Response.Timeout = int(term.Challenge.Milliseconds())
	return a, s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		return ask(ctx, tx, a.Response.Challenge.String(), "sign_in", nil, nil)
	})
}

// AskSecondStep begins the second step of a sign-in by passkey.
func (s *Service) AskSecondStep(ctx context.Context, token string) (*protocol.CredentialAssertion, error) {
	hash := Hash(token)
	var user uuid.UUID
	err := s.db.AsAuth(ctx, func(tx pgx.Tx) (err error) { user, err = halfWay(ctx, tx, hash); return err })
	if err != nil {
		return nil, err
	}
	return s.askUser(ctx, user, "second_step", hash)
}

// AskToStepUp begins to prove by passkey that the caller's user is there.
func (s *Service) AskToStepUp(ctx context.Context, c postgres.Caller) (*protocol.CredentialAssertion, error) {
	var user uuid.UUID
	if err := s.asUser(ctx, c, func(_ pgx.Tx, id uuid.UUID) error { user = id; return nil }); err != nil {
		return nil, err
	}
	return s.askUser(ctx, user, "step_up", c.Credential)
}

// askUser asks for one of a user's passkeys.
func (s *Service) askUser(ctx context.Context, user uuid.UUID, kind string,
	bound [32]byte,
) (a *protocol.CredentialAssertion, err error) {
	if s.passkeys == nil {
		return nil, errNoPasskeys
	}
	if err := s.throttle(ctx, challengeLimits("user", user.String())); err != nil {
		return nil, err
	}
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		known, err := descriptors(ctx, tx, user)
		if err != nil {
			return err
		}
		if len(known) == 0 {
			return errNoFactor
		}
		a, _, err = s.passkeys.BeginDiscoverableLogin(webauthn.WithAllowedCredentials(known))
		if err != nil {
			return err
		}
		a.Response.Timeout = int(term.Challenge.Milliseconds())
		return ask(ctx, tx, a.Response.Challenge.String(), kind, &user, bound[:])
	})
	if err != nil {
		return nil, fmt.Errorf("ask for a passkey: %w", err)
	}
	return a, nil
}

// An assertion is what an authenticator answers to a challenge, as passkey.js writes it.
type assertion struct {
	ID         string `json:"id"`
	ClientData string `json:"client_data"`
	Data       string `json:"authenticator_data"`
	Signature  string `json:"signature"`
	User       string `json:"user"` // handle; "" where the authenticator told none

	parsed *protocol.ParsedCredentialAssertionData
	named  bool // the authenticator says itself whose passkey it is, and must
}

// answered reads what an authenticator answered, and uses its challenge up.
func (s *Service) answered(ctx context.Context, answer, kind string, user *uuid.UUID,
	bound []byte,
) (*assertion, error) {
	if s.passkeys == nil {
		return nil, errNoPasskeys
	}
	a := assertion{named: user == nil}
	if err := strictjson.Decode([]byte(answer), &a); err != nil {
		return nil, errPasskey.Because(err)
	}
	id, clientData, data, err := three(a.ID, a.ClientData, a.Data)
	if err != nil {
		return nil, errPasskey.Because(err)
	}
	decode := base64.RawURLEncoding.Strict().DecodeString
	signature, err := decode(a.Signature)
	if err != nil {
		return nil, errPasskey.Because(err)
	}
	handle, err := decode(a.User)
	if err != nil {
		return nil, errPasskey.Because(err)
	}
	a.parsed, err = protocol.CredentialAssertionResponse{
		PublicKeyCredential: publicKey(a.ID, id),
		AssertionResponse: protocol.AuthenticatorAssertionResponse{
			AuthenticatorResponse: protocol.AuthenticatorResponse{ClientDataJSON: clientData},
			AuthenticatorData:     data, Signature: signature, UserHandle: handle,
		},
	}.Parse()
	if err != nil {
		return nil, errPasskey.Because(err)
	}
	return &a, s.consume(ctx, a.parsed.Response.CollectedClientData.Challenge, kind, user, bound)
}

// checkAssertion verifies what an authenticator answered against the passkey that it names, of a user or of whomever,
// and returns whose it is. A counter that goes back is written down, and closes the passkey.
func (s *Service) checkAssertion(ctx context.Context, a *assertion, user *uuid.UUID) (owner uuid.UUID, err error) {
	copied := false
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		var k webauthn.Credential
		var count int64
		var was bool
		err := tx.QueryRow(ctx, `
			select user_id, credential_id, public_key, aaguid, sign_count, backup_eligible, backed_up,
			       copied_at is not null
			  from passkeys where credential_id = $1 and ($2::uuid is null or user_id = $2) for update`,
			[]byte(a.parsed.RawID), user).Scan(&owner, &k.ID, &k.PublicKey, &k.Authenticator.AAGUID, &count,
			&k.Flags.BackupEligible, &k.Flags.BackupState, &was)
		if errors.Is(err, pgx.ErrNoRows) {
			return errPasskey
		}
		if err != nil {
			return err
		}
		k.Authenticator.SignCount = uint32(count)
		u := passkeyUser{handle: handleOf(owner), keys: []webauthn.Credential{k}}
		if a.named && !bytes.Equal(a.parsed.Response.UserHandle, u.handle[:]) {
			return errPasskey
		}
		checked, err := s.passkeys.ValidateLogin(&u, webauthn.SessionData{
			Challenge: a.parsed.Response.CollectedClientData.Challenge, UserID: u.handle[:],
			AllowedCredentialIDs: [][]byte{k.ID}, UserVerification: protocol.VerificationRequired,
		}, a.parsed)
		if err != nil {
			return errPasskey.Because(err)
		}
		copied = was || checked.Authenticator.CloneWarning
		if copied {
			_, err = tx.Exec(ctx, `
				update passkeys set copied_at = coalesce(copied_at, now()) where user_id = $1 and credential_id = $2`,
				owner, k.ID)
			return err
		}
		_, err = tx.Exec(ctx, `
			update passkeys set sign_count = $3, backed_up = $4, used_at = now()
			 where user_id = $1 and credential_id = $2`, owner, k.ID, int64(checked.Authenticator.SignCount),
			checked.Flags.BackupState)
		return err
	})
	if err == nil && copied {
		err = errCopied
	}
	return owner, err
}

// stillThere makes sure that a passkey that was right is still the user's, while the user's row is locked.
func (a *assertion) stillThere(ctx context.Context, tx pgx.Tx, user uuid.UUID) error {
	var id uuid.UUID
	err := tx.QueryRow(ctx, `
		select id from passkeys where user_id = $1 and credential_id = $2 and copied_at is null for share`, user,
		[]byte(a.parsed.RawID)).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return errPasskey
	}
	return err
}

// SignInWithPasskey opens a session for whoever the passkey belongs to, and ends the one of oldToken if there is one.
// The authenticator has checked who holds it, so there is no second step.
func (s *Service) SignInWithPasskey(ctx context.Context, answer string, d Device,
	oldToken string,
) (session Session, err error) {
	if err := s.throttle(ctx, passkeyNetworkLimits(networkOf(d.Network))); err != nil {
		return Session{}, err
	}
	a, err := s.answered(ctx, answer, "sign_in", nil, nil)
	if err != nil {
		return Session{}, err
	}
	user, err := s.checkAssertion(ctx, a, nil)
	if err != nil {
		return Session{}, s.keepWrong(ctx, user, d, err)
	}
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		if err := a.stillThere(ctx, tx, user); err != nil {
			return err
		}
		if oldToken != "" {
			if err := endSession(ctx, tx, Hash(oldToken)); err != nil {
				return err
			}
		}
		session, err = s.openStrong(ctx, tx, user, d)
		return err
	})
	if err != nil {
		return Session{}, fmt.Errorf("sign in by passkey: %w", err)
	}
	return session, nil
}

// AskToSignUp begins to make the passkey of a sign-up whose link somebody holds, in the place of a password.
func (s *Service) AskToSignUp(ctx context.Context, token string) (*protocol.CredentialCreation, error) {
	if s.passkeys == nil {
		return nil, errNoPasskeys
	}
	hash := Hash(token)
	if err := s.throttle(ctx, challengeLimits("link", base64.RawURLEncoding.EncodeToString(hash[:]))); err != nil {
		return nil, err
	}
	var creation *protocol.CredentialCreation
	err := s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		var id uuid.UUID
		var u passkeyUser
		err := tx.QueryRow(ctx, `
			select id, email, name from signups where token_hash = $1 and expires_at > now()`, hash[:]).
			Scan(&id, &u.email, &u.name)
		if err != nil {
			return err
		}
		u.handle = handleOf(id)
		if creation, err = s.creation(&u, nil); err != nil {
			return err
		}
		return ask(ctx, tx, creation.Response.Challenge.String(), "sign_up", nil, hash[:])
	})
	return creation, linkError(err)
}

// SignUpWithPasskey makes the user, the account and its first business of a sign-up, as ConfirmSignUp does, and signs
// in. Whoever holds the link makes the passkey, and no password of the sign-up is kept: somebody else may have typed
// it.
func (s *Service) SignUpWithPasskey(ctx context.Context, token, name, answer string,
	d Device,
) (session Session, err error) {
	if name, err = cleanName("name", name); err != nil {
		return Session{}, err
	}
	hash := Hash(token)
	if err := s.throttle(ctx, linkLimits("confirm", hash)); err != nil {
		return Session{}, err
	}
	var id uuid.UUID // of the sign-up, and then of its user: the passkey's handle follows from it
	var email string
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `select id, email from signups where token_hash = $1 and expires_at > now()`,
			hash[:]).Scan(&id, &email)
	})
	if err != nil {
		return Session{}, linkError(err)
	}
	credential, err := s.registered(ctx, answer, "sign_up", id, nil, hash[:])
	if err != nil {
		return Session{}, err
	}
	taken := false
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `
			insert into users (id, email, name, password_hash, locale)
			select id, email, name, '', locale from signups where token_hash = $1 and expires_at > now()
			on conflict (email) do nothing
			returning id`, hash[:]).Scan(&id)
		if errors.Is(err, pgx.ErrNoRows) {
			var there bool
			err = tx.QueryRow(ctx, `select true from signups where token_hash = $1 and expires_at > now()`,
				hash[:]).Scan(&there)
			taken = err == nil
		}
		if err != nil {
			return err
		}
		if !taken {
			if err := openAccount(ctx, tx, hash, id); err != nil {
				return err
			}
			if err := insertPasskey(ctx, tx, id, name, credential); err != nil {
				return err
			}
			if session, err = s.openSession(ctx, tx, id, d); err != nil {
				return err
			}
			if err := strengthen(ctx, tx, session); err != nil {
				return err
			}
			// a first sign-in: there is no device that it could be compared with
			if err := logUserFrom(ctx, tx, SignedIn, id, d); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `delete from signups where email = $1`, email)
		return err
	})
	if err == nil && taken {
		return Session{}, errKnownAddress
	}
	return session, linkError(err)
}
