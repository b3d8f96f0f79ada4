package account

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// A seal keeps the secrets of authenticator apps unreadable in the database and its back-ups. Each is bound to its
// user: copied into another user's row it does not open.
type seal struct {
	mark []byte // of the key, before each secret
	aead cipher.AEAD
}

const sealMark = 4 // bytes

// errOtherKey means that a secret was sealed with another key of the installation.
var errOtherKey = errors.New("sealed with another key: TIJORI_KEY, or the key file, is not the one that was there before")

// newSeal derives a seal from the installation's key, which has at least 32 random bytes or as many letters.
func newSeal(key []byte) (*seal, error) {
	if len(key) < 32 {
		return nil, errors.New("the installation's key is shorter than 32 bytes")
	}
	derived, err := hkdf.Key(sha256.New, key, nil, "tijori authenticator apps 1", 32+sealMark)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(derived[:32])
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &seal{mark: derived[32:], aead: aead}, nil
}

func (s *seal) close(user uuid.UUID, secret []byte) []byte {
	return s.aead.Seal(bytes.Clone(s.mark), nil, secret, user[:])
}

func (s *seal) open(user uuid.UUID, sealed []byte) ([]byte, error) {
	text, ok := bytes.CutPrefix(sealed, s.mark)
	if !ok {
		return nil, errOtherKey
	}
	secret, err := s.aead.Open(nil, nil, text, user[:])
	if err != nil {
		return nil, fmt.Errorf("open the secret of an authenticator app: %w", err)
	}
	return secret, nil
}
