// Package passkeytest is an authenticator in software, for tests: it makes passkeys and signs with them as a phone
// does, and misbehaves where a test says so.
package passkeytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/go-webauthn/webauthn/protocol"
)

// Flags of authenticator data.
const (
	userPresent    = 1 << 0
	userVerified   = 1 << 2
	backupEligible = 1 << 3
	backedUp       = 1 << 4
	attested       = 1 << 6
)

// An Authenticator holds one passkey.
type Authenticator struct {
	Origin     string // of the page that asks
	RPID       string // that it believes to speak to
	Count      uint32 // of signatures; 0 stays 0, as with passkeys that are synced
	Unverified bool   // it does not check who holds it
	Handle     []byte // of its user, as it was told
	ID         []byte // of the passkey

	key *ecdsa.PrivateKey
}

// New returns an authenticator without a passkey for a page.
func New(t testing.TB, origin, rpID string) *Authenticator {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &Authenticator{Origin: origin, RPID: rpID, key: key, ID: make([]byte, 32)}
	rand.Read(a.ID) // never fails
	return a
}

// Copy is another authenticator with the same key.
func (a *Authenticator) Copy() *Authenticator {
	b := *a
	return &b
}

func (a *Authenticator) flags() byte {
	f := byte(userPresent)
	if !a.Unverified {
		f |= userVerified
	}
	if a.Count == 0 {
		f |= backupEligible | backedUp
	}
	return f
}

func (a *Authenticator) clientData(t testing.TB, kind, challenge string) []byte {
	t.Helper()
	data, err := json.Marshal(map[string]any{
		"type": kind, "challenge": challenge, "origin": a.Origin, "crossOrigin": false,
	})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func text(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func answer(t testing.TB, fields map[string]any) string {
	t.Helper()
	out, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// Register makes the passkey, and returns what the page sends.
func (a *Authenticator) Register(t testing.TB, c *protocol.CredentialCreation) string {
	t.Helper()
	handle, ok := c.Response.User.ID.(protocol.URLEncodedBase64)
	if !ok {
		t.Fatalf("the user's handle is a %T", c.Response.User.ID)
	}
	a.Handle = handle
	point, err := a.key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	// COSE: kty EC2, alg ES256, crv P-256, x, y.
	key := []byte{0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20}
	key = append(append(append(key, point[1:33]...), 0x22, 0x58, 0x20), point[33:]...)
	rp := sha256.Sum256([]byte(a.RPID))
	data := append(rp[:], a.flags()|attested)
	data = binary.BigEndian.AppendUint32(data, a.Count)
	data = append(data, make([]byte, 16)...) // AAGUID
	data = binary.BigEndian.AppendUint16(data, uint16(len(a.ID)))
	data = append(append(data, a.ID...), key...)
	// {"fmt": "none", "attStmt": {}, "authData": data}
	object := append([]byte{0xa3, 0x63}, "fmt"...)
	object = append(append(object, 0x64), "none"...)
	object = append(append(object, 0x67), "attStmt"...)
	object = append(append(object, 0xa0, 0x68), "authData"...)
	object = binary.BigEndian.AppendUint16(append(object, 0x59), uint16(len(data)))
	object = append(object, data...)
	return answer(t, map[string]any{
		"id": text(a.ID), "client_data": text(a.clientData(t, "webauthn.create", c.Response.Challenge.String())),
		"attestation": text(object), "transports": []string{"internal"},
	})
}

// Sign answers a question, and returns what the page sends.
func (a *Authenticator) Sign(t testing.TB, c *protocol.CredentialAssertion) string {
	t.Helper()
	if a.Count > 0 {
		a.Count++
	}
	rp := sha256.Sum256([]byte(a.RPID))
	data := binary.BigEndian.AppendUint32(append(rp[:], a.flags()), a.Count)
	client := a.clientData(t, "webauthn.get", c.Response.Challenge.String())
	clientHash := sha256.Sum256(client)
	digest := sha256.Sum256(append(append([]byte{}, data...), clientHash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, a.key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return answer(t, map[string]any{
		"id": text(a.ID), "client_data": text(client), "authenticator_data": text(data),
		"signature": text(signature), "user": text(a.Handle),
	})
}
