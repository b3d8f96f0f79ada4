package account

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/strictjson"
	"github.com/tijorihq/tijori/internal/term"
)

const maxPasskeys = 20

var (
	errPasskey = fault.New(fault.Invalid, "This passkey did not work. Please try again.").Coded("passkey_refused")
	// errCopied is told to whoever has the private key and nobody else: the signature was right.
	errCopied = fault.New(fault.Invalid,
		"This passkey seems to have been copied, so it no longer works. Confirm who you are in another way and remove it.").
		Coded("passkey_copied")
	errNoPasskeys = fault.New(fault.Unavailable, "Passkeys do not work at this address.").Coded("passkeys_off")
	errManyKeys   = fault.New(fault.Conflict, "You have %d passkeys, which is the limit. Remove one first.",
		maxPasskeys).Coded("passkeys.max")
)

// namesHost reports whether a host is a name, for which browsers make passkeys, and no IP address.
func namesHost(host string) bool {
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host != "" && err != nil
}

// relyingParty is this server as authenticators know it: the host of its public address, and that origin alone.
func relyingParty(public *url.URL) (*webauthn.WebAuthn, error) {
	return webauthn.New(&webauthn.Config{
		RPID: public.Hostname(), RPDisplayName: "Tijori", RPOrigins: []string{public.Scheme + "://" + public.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired,
		},
	})
}

// A passkeyUser is a user as authenticators know one. The handle is not the user's id, which no page tells.
type passkeyUser struct {
	handle      [32]byte
	email, name string
	keys        []webauthn.Credential
}

func handleOf(user uuid.UUID) [32]byte {
	return sha256.Sum256(append([]byte("tijori passkey user "), user[:]...))
}

func (u *passkeyUser) WebAuthnID() []byte                         { return u.handle[:] }
func (u *passkeyUser) WebAuthnName() string                       { return u.email }
func (u *passkeyUser) WebAuthnDisplayName() string                { return u.name }
func (u *passkeyUser) WebAuthnCredentials() []webauthn.Credential { return u.keys }

// ask writes down a challenge that is answered once, in time, by whom it was made for. Its row is known by its hash.
func ask(ctx context.Context, tx pgx.Tx, challenge, kind string, user *uuid.UUID, bound []byte) error {
	hash := Hash(challenge)
	_, err := tx.Exec(ctx, `
		insert into challenges (hash, kind, user_id, bound, expires_at) values ($1, $2, $3, $4, now() + $5::interval)`,
		hash[:], kind, user, bound, term.Challenge)
	return err
}

// consume uses a challenge up, whatever becomes of the answer.
func (s *Service) consume(ctx context.Context, challenge, kind string, user *uuid.UUID, bound []byte) error {
	hash := Hash(challenge)
	return s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			delete from challenges where hash = $1 and kind = $2 and user_id is not distinct from $3
			   and bound is not distinct from $4 and expires_at > now()`, hash[:], kind, user, bound)
		if err == nil && tag.RowsAffected() == 0 {
			return errPasskey
		}
		return err
	})
}

// AskToRegister begins to make a passkey for the caller: what the browser is to be given. The caller has just proved to
// be there.
func (s *Service) AskToRegister(ctx context.Context, c postgres.Caller) (*protocol.CredentialCreation, error) {
	var creation *protocol.CredentialCreation
	err := s.asFresh(ctx, c, func(tx pgx.Tx, user uuid.UUID) error {
		if s.passkeys == nil {
			return errNoPasskeys
		}
		u := passkeyUser{handle: handleOf(user)}
		err := tx.QueryRow(ctx, `select email, name from users where id = $1`, user).Scan(&u.email, &u.name)
		if err != nil {
			return err
		}
		known, err := descriptors(ctx, tx, user)
		if err != nil {
			return err
		}
		if len(known) >= maxPasskeys {
			return errManyKeys
		}
		creation, err = s.creation(&u, known)
		if err != nil {
			return err
		}
		return ask(ctx, tx, creation.Response.Challenge.String(), "register", &user, c.Credential[:])
	})
	if err != nil {
		return nil, fmt.Errorf("ask to register: %w", err)
	}
	return creation, nil
}

func (s *Service) creation(u *passkeyUser,
	known []protocol.CredentialDescriptor,
) (*protocol.CredentialCreation, error) {
	creation, _, err := s.passkeys.BeginRegistration(u, webauthn.WithExclusions(known))
	if err != nil {
		return nil, fmt.Errorf("begin a passkey: %w", err)
	}
	creation.Response.Timeout = int(term.Challenge.Milliseconds())
	return creation, nil
}

func descriptors(ctx context.Context, tx pgx.Tx, user uuid.UUID) ([]protocol.CredentialDescriptor, error) {
	rows, err := tx.Query(ctx, `
		select credential_id, transports from passkeys where user_id = $1 and copied_at is null order by id`, user)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (d protocol.CredentialDescriptor, err error) {
		var id []byte
		var transports []string
		err = row.Scan(&id, &transports)
		d = protocol.CredentialDescriptor{Type: protocol.PublicKeyCredentialType, CredentialID: id}
		for _, t := range transports {
			d.Transport = append(d.Transport, protocol.AuthenticatorTransport(t))
		}
		return d, err
	})
}

// A registration is what an authenticator answers when it has made a passkey, as passkey.js writes it.
type registration struct {
	ID          string   `json:"id"`
	ClientData  string   `json:"client_data"`
	Attestation string   `json:"attestation"`
	Transports  []string `json:"transports"`
}

// transports that browsers name; others are not kept.
var transports = map[string]bool{
	"usb": true, "nfc": true, "ble": true, "smart-card": true, "hybrid": true, "internal": true,
}

// registered reads what an authenticator answered and checks it against its challenge, which is used up.
func (s *Service) registered(ctx context.Context, answer, kind string, user uuid.UUID, whose *uuid.UUID,
	bound []byte,
) (*webauthn.Credential, error) {
	if s.passkeys == nil {
		return nil, errNoPasskeys
	}
	var r registration
	if err := strictjson.Decode([]byte(answer), &r); err != nil {
		return nil, errPasskey.Because(err)
	}
	id, data, attestation, err := three(r.ID, r.ClientData, r.Attestation)
	if err != nil {
		return nil, errPasskey.Because(err)
	}
	var known []string
	for _, t := range r.Transports {
		if transports[t] && len(known) < len(transports) {
			known = append(known, t)
		}
	}
	parsed, err := protocol.CredentialCreationResponse{
		PublicKeyCredential: publicKey(r.ID, id),
		AttestationResponse: protocol.AuthenticatorAttestationResponse{
			AuthenticatorResponse: protocol.AuthenticatorResponse{ClientDataJSON: data},
			Transports:            known, AttestationObject: attestation,
		},
	}.Parse()
	if err != nil {
		return nil, errPasskey.Because(err)
	}
	challenge := parsed.Response.CollectedClientData.Challenge
	if err := s.consume(ctx, challenge, kind, whose, bound); err != nil {
		return nil, err
	}
	u := passkeyUser{handle: handleOf(user)}
	credential, err := s.passkeys.CreateCredential(&u, webauthn.SessionData{
		Challenge: challenge, UserID: u.handle[:], UserVerification: protocol.VerificationRequired,
		CredParams: webauthn.CredentialParametersDefault(),
	}, parsed)
	if err != nil {
		return nil, errPasskey.Because(err)
	}
	return credential, nil
}

func publicKey(text string, id []byte) protocol.PublicKeyCredential {
	return protocol.PublicKeyCredential{
		Credential: protocol.Credential{ID: text, Type: string(protocol.PublicKeyCredentialType)}, RawID: id,
	}
}

// three decodes base64url without padding, the one spelling that browsers write.
func three(texts ...string) (a, b, c []byte, err error) {
	var out [3][]byte
	for i, text := range texts {
		if out[i], err = base64.RawURLEncoding.Strict().DecodeString(text); err != nil {
			return nil, nil, nil, err
		}
		if len(out[i]) == 0 {
			return nil, nil, nil, errors.New("an empty value")
		}
	}
	return out[0], out[1], out[2], nil
}

// AddPasskey keeps a passkey that the caller's authenticator has made for a challenge of AskToRegister.
func (s *Service) AddPasskey(ctx context.Context, c postgres.Caller, name, answer string) error {
	name, err := cleanName("name", name)
	if err != nil {
		return err
	}
	var user uuid.UUID
	if err := s.asFresh(ctx, c, func(_ pgx.Tx, id uuid.UUID) error { user = id; return nil }); err != nil {
		return err
	}
	credential, err := s.registered(ctx, answer, "register", user, &user, c.Credential[:])
	if err != nil {
		return err
	}
	err = s.asFresh(ctx, c, func(tx pgx.Tx, user uuid.UUID) error {
		if err := insertPasskey(ctx, tx, user, name, credential); err != nil {
			return err
		}
		return logUser(ctx, tx, FactorAdded, user)
	})
	if err != nil {
		return fmt.Errorf("add a passkey: %w", err)
	}
	return nil
}

func insertPasskey(ctx context.Context, tx pgx.Tx, user uuid.UUID, name string, c *webauthn.Credential) error {
	var n int
	if err := tx.QueryRow(ctx, `select count(*) from passkeys where user_id = $1`, user).Scan(&n); err != nil {
		return err
	}
	if n >= maxPasskeys {
		return errManyKeys
	}
	id, err := newID()
	if err != nil {
		return err
	}
	list := make([]string, len(c.Transport))
	for i, t := range c.Transport {
		list[i] = string(t)
	}
	_, err = tx.Exec(ctx, `
		insert into passkeys (user_id, id, credential_id, public_key, aaguid, transports, name, sign_count,
		                      backup_eligible, backed_up)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		user, id, c.ID, c.PublicKey, c.Authenticator.AAGUID, list, name, int64(c.Authenticator.SignCount),
		c.Flags.BackupEligible, c.Flags.BackupState)
	return err
}

// RenamePasskey gives one of the caller's passkeys another name; NotFound for any other.
func (s *Service) RenamePasskey(ctx context.Context, c postgres.Caller, id uuid.UUID, name string) error {
	name, err := cleanName("name", name)
	if err != nil {
		return err
	}
	return s.asUser(ctx, c, func(tx pgx.Tx, user uuid.UUID) error {
		tag, err := tx.Exec(ctx, `update passkeys set name = $3 where user_id = $1 and id = $2`, user, id, name)
		if err == nil && tag.RowsAffected() == 0 {
			return fault.New(fault.NotFound, "Page not found.")
		}
		return err
	})
}

// RemovePasskey takes one of the caller's passkeys away; NotFound for any other.
func (s *Service) RemovePasskey(ctx context.Context, c postgres.Caller, id uuid.UUID) error {
	return s.removeFactor(ctx, c, func(tx pgx.Tx, user uuid.UUID) error {
		tag, err := tx.Exec(ctx, `delete from passkeys where user_id = $1 and id = $2`, user, id)
		if err == nil && tag.RowsAffected() == 0 {
			return fault.New(fault.NotFound, "Page not found.")
		}
		return err
	})
}
