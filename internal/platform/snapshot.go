package platform

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/tijorihq/tijori/internal/postgres"
)

// A snapshot is what a customer may, signed: for the minutes when a program cannot reach the server. It answers for
// features and limits and never for credits, and ends with the paid time, or after MaxSnapshot.
const (
	FreshSnapshot = time.Minute    // for so long it is as good as the state
	MaxSnapshot   = 24 * time.Hour // for so long it answers while nothing better does
)

// A snapshotClaims is what a snapshot says (JWT, ES256).
type snapshotClaims struct {
	App          string           `json:"app"`
	Mode         string           `json:"mode"`
	Customer     string           `json:"customer"`
	Revision     int64            `json:"revision"`
	Plan         string           `json:"plan"`
	Entitlements []string         `json:"entitlements"`
	Limits       map[string]int64 `json:"limits"`
	FreshUntil   *jwt.NumericDate `json:"fresh_until"`
	jwt.RegisteredClaims
}

// A SnapshotKey is a public key of an app's snapshots, as JSON Web Key has it.
type SnapshotKey struct {
	Kty string `json:"kty"`
	Crv string `json:"crv"`
	X   string `json:"x"`
	Y   string `json:"y"`
	Use string `json:"use"`
	Alg string `json:"alg"`
	Kid string `json:"kid"`
}

// SnapshotKeys is the set of an app's keys.
type SnapshotKeys struct {
	Keys []SnapshotKey `json:"keys"`
}

// newSigner returns how the key of an app's snapshots is made: from the installation's key, so that every node has it
// and none is stored. Each app has its own, so that what is signed for one convinces nobody of another.
func newSigner(installation []byte) (func(app string) (*ecdsa.PrivateKey, error), error) {
	if installation == nil {
		return nil, nil
	}
	if len(installation) < 32 {
		return nil, errors.New("the installation's key is shorter than 32 bytes")
	}
	var made sync.Map // of app to *ecdsa.PrivateKey
	return func(app string) (*ecdsa.PrivateKey, error) {
		if key, ok := made.Load(app); ok {
			return key.(*ecdsa.PrivateKey), nil
		}
		for n := range 16 { // a number that is no key of the curve is one in 2^32
			raw, err := hkdf.Key(sha256.New, installation, nil, fmt.Sprintf("tijori snapshots 1 %d %s", n, app), 32)
			if err != nil {
				return nil, err
			}
			key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), raw)
			if err != nil {
				continue
			}
			made.Store(app, key)
			return key, nil
		}
		return nil, errors.New("no key for snapshots came of the installation's key")
	}, nil
}

func publicKey(key *ecdsa.PrivateKey) (SnapshotKey, error) {
	point, err := key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		return SnapshotKey{}, err
	}
	text := base64.RawURLEncoding.EncodeToString
	sum := sha256.Sum256(point)
	return SnapshotKey{
		Kty: "EC", Crv: "P-256", X: text(point[1:33]), Y: text(point[33:]), Use: "sig", Alg: "ES256",
		Kid: text(sum[:9]),
	}, nil
}

// SnapshotKeys returns the public keys of the app of a key or token; any may ask. There are none where the installation
// has no key.
func (s *Service) SnapshotKeys(ctx context.Context, h postgres.Holder) (SnapshotKeys, error) {
	out := SnapshotKeys{Keys: []SnapshotKey{}}
	app, err := s.Sold(ctx, h)
	if err != nil || s.signs == nil {
		return out, err
	}
	key, err := s.signs(app.ID)
	if err != nil {
		return out, err
	}
	public, err := publicKey(key)
	if err != nil {
		return out, err
	}
	out.Keys = append(out.Keys, public)
	return out, nil
}

// WithSnapshot adds the snapshot to a state that was read for the holder of a server key. A page needs none: it gates
// nothing.
func (s *Service) WithSnapshot(ctx context.Context, h postgres.Holder, state State) (State, error) {
	if s.signs == nil || h.Origin != "" {
		return state, nil
	}
	app, err := s.appOf(ctx, h, ReadCustomers)
	if err != nil {
		return nil, err
	}
	snapshot, err := s.snapshot(app.ID, state)
	if err != nil || snapshot == "" {
		return state, err
	}
	out := bytes.TrimSuffix(bytes.TrimSpace(state), []byte("}"))
	return State(string(out) + `,"snapshot":"` + snapshot + `"}`), nil // a JWT has no character to escape
}

// snapshot signs a state, "" when there is nothing that a snapshot could say: no plan, or one that ends now.
func (s *Service) snapshot(app string, state State) (string, error) {
	var in struct {
		ID           string           `json:"id"`
		Revision     int64            `json:"revision"`
		Plan         *string          `json:"plan"`
		Until        *time.Time       `json:"until"`
		Entitlements []string         `json:"entitlements"`
		Limits       map[string]int64 `json:"limits"`
	}
	if err := json.Unmarshal(state, &in); err != nil {
		return "", fmt.Errorf("a snapshot of the state: %w", err)
	}
	now := s.clock.Now()
	ends := now.Add(MaxSnapshot)
	if in.Until != nil && in.Until.Before(ends) {
		ends = *in.Until
	}
	if in.Plan == nil || !ends.After(now) {
		return "", nil
	}
	fresh := now.Add(FreshSnapshot)
	if ends.Before(fresh) {
		fresh = ends
	}
	key, err := s.signs(app)
	if err != nil {
		return "", err
	}
	public, err := publicKey(key)
	if err != nil {
		return "", err
	}
	t := jwt.NewWithClaims(jwt.SigningMethodES256, snapshotClaims{
		App: app, Mode: modeOf(app), Customer: in.ID, Revision: in.Revision, Plan: *in.Plan,
		Entitlements: append([]string{}, in.Entitlements...), Limits: in.Limits, FreshUntil: jwt.NewNumericDate(fresh),
		RegisteredClaims: jwt.RegisteredClaims{IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(ends)},
	})
	t.Header["kid"] = public.Kid
	return t.SignedString(key)
}

// modeOf is the mode of an app, which its id tells (AppID).
func modeOf(app string) string {
	if strings.HasSuffix(app, "-test") {
		return Test
	}
	return Live
}
