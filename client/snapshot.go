package client

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"time"
)

// A Snapshot is what a customer may, signed, for the minutes when Tijori is away. It speaks of features and fixed
// limits and never of credits.
type Snapshot struct {
	App          string           `json:"app"`
	Mode         string           `json:"mode"`
	Customer     string           `json:"customer"`
	Revision     int64            `json:"revision"`
	Plan         string           `json:"plan"`
	Entitlements []string         `json:"entitlements"`
	Limits       map[string]int64 `json:"limits"`
	FreshUntil   int64            `json:"fresh_until"` // in seconds since 1970: until then it is as good as asking
	Expires      int64            `json:"exp"`         // after it, it says nothing any more
}

// A SnapshotKey is a public key, as JSON Web Key has it.
type SnapshotKey struct {
	Kty string `json:"kty"`
	Crv string `json:"crv"`
	X   string `json:"x"`
	Y   string `json:"y"`
	Kid string `json:"kid"`
}

// ErrSnapshot is that a snapshot is not to be believed. It means no.
var ErrSnapshot = errors.New("tijori: the snapshot is of something else, has ended, or is not signed by these keys")

// SnapshotKeys returns the keys of the app's snapshots. Keep them: they are needed when Tijori is away.
func (c *Client) SnapshotKeys(ctx context.Context) ([]SnapshotKey, error) {
	var out struct {
		Keys []SnapshotKey `json:"keys"`
	}
	return out.Keys, c.do(ctx, http.MethodGet, "/api/v1/jwks.json", nil, &out)
}

// VerifySnapshot returns what the snapshot of a State says about a customer, or ErrSnapshot.
func VerifySnapshot(snapshot, customer string, keys []SnapshotKey) (*Snapshot, error) {
	return verifySnapshot(snapshot, customer, keys, time.Now())
}

func verifySnapshot(snapshot, customer string, keys []SnapshotKey, now time.Time) (*Snapshot, error) {
	parts := strings.Split(snapshot, ".")
	if len(parts) != 3 {
		return nil, ErrSnapshot
	}
	var head struct {
		Alg  string          `json:"alg"`
		Kid  string          `json:"kid"`
		Crit json.RawMessage `json:"crit"`
	}
	mac, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || len(mac) != 64 || !readPart(parts[0], &head) || head.Alg != "ES256" || head.Crit != nil {
		return nil, ErrSnapshot
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	signed := slices.ContainsFunc(keys, func(k SnapshotKey) bool {
		key := k.public()
		return k.Kid == head.Kid && key != nil &&
			ecdsa.Verify(key, sum[:], new(big.Int).SetBytes(mac[:32]), new(big.Int).SetBytes(mac[32:]))
	})
	var s Snapshot
	if !signed || !readPart(parts[1], &s) || s.Customer != customer || now.Unix() >= s.Expires {
		return nil, ErrSnapshot
	}
	return &s, nil
}

func readPart(part string, into any) bool {
	text, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(text, into) == nil
}

// public is the key, or nil when it is none of the curve.
func (k SnapshotKey) public() *ecdsa.PublicKey {
	x, errX := base64.RawURLEncoding.DecodeString(k.X)
	y, errY := base64.RawURLEncoding.DecodeString(k.Y)
	if k.Kty != "EC" || k.Crv != "P-256" || errX != nil || errY != nil || len(x) != 32 || len(y) != 32 {
		return nil
	}
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
	if err != nil {
		return nil
	}
	return key
}

// Allows says whether the plan has a feature, or room for need of what it limits. A name that the snapshot does not
// have is no.
func (s *Snapshot) Allows(feature string, need int64) bool {
	if most, limited := s.Limits[feature]; limited {
		return need <= most
	}
	return slices.Contains(s.Entitlements, feature)
}
