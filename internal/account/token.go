package account

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// Hash returns what a table keeps of a token. Tokens have 256 random bits, so a
// plain hash tells nothing.
func Hash(token string) [32]byte { return sha256.Sum256([]byte(token)) }

// newToken returns 256 random bits in base64url, and their hash.
func newToken() (token string, hash [32]byte) {
	var bits [32]byte
	rand.Read(bits[:]) // never fails
	token = base64.RawURLEncoding.EncodeToString(bits[:])
	return token, Hash(token)
}
