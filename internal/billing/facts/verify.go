package facts

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// MaxBody is the largest webhook body that is read, in bytes. Real events of
// both providers stay far below.
const MaxBody = 1 << 20

// A Secret signs webhooks. Several can hold at once while one is replaced.
type Secret struct {
	Label string    // how the inbox names it; never the secret itself
	Key   string    // the signing secret
	Until time.Time // after it the secret no longer counts; zero means it stays
}

// ErrSignature is in the chain of every refusal to believe a delivery.
var ErrSignature = errors.New("signature not accepted")

// CheckSecrets refuses a set of secrets that would let a stranger in: none at
// all, or an empty one, whose signatures anybody can make.
func CheckSecrets(p Provider, secrets []Secret) error {
	if len(secrets) == 0 {
		return fmt.Errorf("%s has no webhook secret; set it, or its events cannot be told from a stranger's", p.Name())
	}
	for _, s := range secrets {
		if len(s.Key) < 8 || strings.TrimSpace(s.Key) == "" {
			return fmt.Errorf("the %s webhook secret %q is empty or shorter than 8 characters; copy it from the dashboard",
				p.Name(), s.Label)
		}
	}
	return nil
}

// Living returns the secrets that have not ended.
func Living(secrets []Secret, now time.Time) []Secret {
	return slices.DeleteFunc(slices.Clone(secrets), func(s Secret) bool {
		return !s.Until.IsZero() && !now.Before(s.Until)
	})
}

// SecretsEnd is when the last of secrets ends, and with it all belief in events; zero when one of them stays.
func SecretsEnd(secrets []Secret) (last time.Time) {
	for _, s := range secrets {
		if s.Until.IsZero() {
			return time.Time{}
		}
		if s.Until.After(last) {
			last = s.Until
		}
	}
	return last
}

// Sign returns the hex HMAC-SHA256 of parts, as both providers make it.
func Sign(key string, parts ...[]byte) string {
	return hex.EncodeToString(mac(key, parts...))
}

// Match returns the label of the first living secret under which one of the
// given signatures is the HMAC-SHA256 of parts. Every comparison takes the
// same time; an empty secret never matches.
func Match(secrets []Secret, now time.Time, signatures [][]byte, parts ...[]byte) (label string, ok bool) {
	for _, s := range secrets {
		if s.Key == "" || (!s.Until.IsZero() && !now.Before(s.Until)) {
			continue
		}
		want := mac(s.Key, parts...)
		for _, got := range signatures {
			if hmac.Equal(want, got) && !ok {
				label, ok = s.Label, true
			}
		}
	}
	return label, ok
}

func mac(key string, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, []byte(key))
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

// OwnID returns text from a provider's metadata where it could be an id of ours, and "" otherwise: keys of metadata are
// anybody's, and another product on the same account may use the same ones for words of its own.
func OwnID(text string) string {
	if !ValidID(text) {
		return ""
	}
	return text
}

// ValidID reports whether s looks like a provider's id: short, and made of
// characters that are safe in a URL, a log and a table.
func ValidID(s string) bool {
	if s == "" || len(s) > 255 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '_' && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

// Unix returns the time of a provider's unix seconds, and zero for what is no
// time between 1970 and 9999.
func Unix(sec int64) time.Time {
	if sec <= 0 || sec > 253402300799 {
		return time.Time{}
	}
	return time.Unix(sec, 0).UTC()
}
