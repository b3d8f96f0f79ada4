package platform

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// read verifies the snapshot in a state as a program of the app would, by the published keys alone.
func (p *shop) read(keys SnapshotKeys, state State) (map[string]any, error) {
	p.Helper()
	var in struct{ Snapshot string }
	p.ok(json.Unmarshal(state, &in))
	claims := jwt.MapClaims{}
	_, err := jwt.ParseWithClaims(in.Snapshot, claims, func(t *jwt.Token) (any, error) {
		i := slices.IndexFunc(keys.Keys, func(k SnapshotKey) bool { return k.Kid == t.Header["kid"] })
		if i < 0 {
			return nil, jwt.ErrTokenUnverifiable
		}
		point := []byte{4}
		for _, part := range []string{keys.Keys[i].X, keys.Keys[i].Y} {
			b, err := base64.RawURLEncoding.DecodeString(part)
			if err != nil {
				return nil, err
			}
			point = append(point, b...)
		}
		return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	}, jwt.WithValidMethods([]string{"ES256"}), jwt.WithExpirationRequired())
	return claims, err
}

func (p *shop) state() State {
	p.Helper()
	state, err := p.s.Customer(p.Context(), p.held)
	p.ok(err)
	state, err = p.s.WithSnapshot(p.Context(), p.held, state)
	p.ok(err)
	return state
}

// A snapshot says what the plan gives and nothing of credits, until the paid time ends or a day has gone.
func TestSnapshotSaysWhatThePlanGives(t *testing.T) {
	t.Parallel()
	p := open(t)
	keys, err := p.s.SnapshotKeys(t.Context(), p.held)
	p.ok(err)
	for _, paid := range []struct {
		until string
		most  time.Duration
	}{{"", MaxSnapshot}, {"40 days", MaxSnapshot}, {"2 hours", 2 * time.Hour}} {
		plan := "starter"
		if paid.until != "" {
			p.pays(paid.until)
			plan = "studio"
		}
		claims, err := p.read(keys, p.state())
		p.ok(err)
		if claims["app"] != "acme-test" || claims["mode"] != Test || claims["customer"] != "org_1" ||
			claims["plan"] != plan {
			t.Errorf("paid for %q: the snapshot says %v", paid.until, claims)
		}
		for name := range claims {
			if strings.Contains(name, "meter") || strings.Contains(name, "credit") ||
				strings.Contains(name, "balance") {
				t.Errorf("the snapshot says %s", name)
			}
		}
		iat, exp, fresh := claims["iat"].(float64), claims["exp"].(float64), claims["fresh_until"].(float64)
		if d := time.Duration(exp-iat) * time.Second; d > paid.most || d < paid.most-10*time.Minute {
			t.Errorf("paid for %q: it lives for %s, want %s", paid.until, d, paid.most)
		}
		if fresh <= iat || fresh-iat > FreshSnapshot.Seconds() {
			t.Errorf("it is fresh for %v seconds", fresh-iat)
		}
	}
}

// What is signed for one app convinces nobody of another, and without the installation's key nothing is signed.
func TestSnapshotsAreOfOneApp(t *testing.T) {
	t.Parallel()
	p := open(t)
	state := p.state()
	other, err := p.s.signs("other")
	p.ok(err)
	public, err := publicKey(other)
	p.ok(err)
	own, err := p.s.SnapshotKeys(t.Context(), p.held)
	p.ok(err)
	if _, err := p.read(SnapshotKeys{Keys: []SnapshotKey{public}}, state); err == nil {
		t.Error("the key of another app verifies it")
	}
	public.Kid = own.Keys[0].Kid
	if _, err := p.read(SnapshotKeys{Keys: []SnapshotKey{public}}, state); err == nil {
		t.Error("the key of another app under this one's name verifies it")
	}
	if _, err := p.read(own, state); err != nil {
		t.Error(err)
	}
	page := p.held
	page.Origin = "https://acme.example"
	if shown, err := p.s.WithSnapshot(t.Context(), page, State(`{"id":"org_1"}`)); err != nil ||
		strings.Contains(string(shown), "snapshot") {
		t.Errorf("a page was given %s, %v", shown, err)
	}
	p.s.signs = nil
	if shown, err := p.s.WithSnapshot(t.Context(), p.held, State(`{"id":"org_1"}`)); err != nil ||
		strings.Contains(string(shown), "snapshot") {
		t.Errorf("without a key: %s, %v", shown, err)
	}
}
