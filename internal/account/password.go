package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/tijorihq/tijori/internal/fault"
)

// cost is what Argon2id spends on one password. Raising it upgrades stored
// hashes one by one as their users sign in.
type cost struct {
	memory  uint32 // KiB
	passes  uint32
	threads uint8
}

// today's cost is OWASP's first recommendation for Argon2id that fits small machines.
var today = cost{memory: 19 * 1024, passes: 2, threads: 1}

const (
	saltBytes = 16
	keyBytes  = 32
)

// passwords hashes and verifies, a few at a time: each run takes 19 MiB, so the
// slots bound the memory that strangers can make us use.
type passwords struct {
	slots chan struct{}
	runs  atomic.Int64 // counted so that tests can compare the work for known and unknown addresses
	dummy string       // verified when there is no user
}

func newPasswords() *passwords {
	salt, key := make([]byte, saltBytes), make([]byte, keyBytes)
	rand.Read(salt) // never fails
	rand.Read(key)
	return &passwords{slots: make(chan struct{}, max(2, runtime.GOMAXPROCS(0))), dummy: encode(today, salt, key)}
}

// hash returns the password as a PHC string.
func (p *passwords) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltBytes)
	rand.Read(salt) // never fails
	key, err := p.key(ctx, password, salt, today, keyBytes)
	if err != nil {
		return "", err
	}
	return encode(today, salt, key), nil
}

// verify reports whether the password is the stored one, and whether the stored
// hash should be made again at today's cost. A stored value that is no hash, such
// as "" for no user, never matches and takes the same work.
func (p *passwords) verify(ctx context.Context, stored, password string) (ok, stale bool, err error) {
	c, salt, want, valid := decode(stored)
	if !valid {
		c, salt, want, _ = decode(p.dummy)
	}
	got, err := p.key(ctx, password, salt, c, uint32(len(want)))
	if err != nil {
		return false, false, err
	}
	ok = subtle.ConstantTimeCompare(got, want) == 1 && valid
	return ok, ok && (c != today || len(salt) != saltBytes || len(want) != keyBytes), nil
}

func (p *passwords) key(ctx context.Context, password string, salt []byte, c cost, length uint32) ([]byte, error) {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return nil, fault.New(fault.Unavailable, "Please try again.").Coded("try_again").Because(ctx.Err())
	}
	p.runs.Add(1)
	return argon2.IDKey([]byte(norm.NFKC.String(password)), salt, c.passes, c.memory, c.threads, length), nil
}

func encode(c cost, salt, key []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.memory, c.passes, c.threads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}

// decode reads a PHC string; costs beyond reason are not believed.
func decode(s string) (c cost, salt, key []byte, ok bool) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return cost{}, nil, nil, false
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.memory, &c.passes, &c.threads); err != nil {
		return cost{}, nil, nil, false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	key, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	ok = err1 == nil && err2 == nil && len(salt) >= 8 && len(key) >= 16 && len(key) <= 64 &&
		c.memory >= 8 && c.memory <= 1<<18 && c.passes >= 1 && c.passes <= 16 && c.threads >= 1 && c.threads <= 8
	return c, salt, key, ok
}

const (
	minPassword = 10
	maxPassword = 128
)

// checkPassword refuses short passwords and obvious ones: common ones, few
// different letters, runs along the keyboard, and the user's own words. It asks
// for no mixture of characters.
func checkPassword(password string, own ...string) error {
	n := utf8.RuneCountInString(password)
	switch {
	case !utf8.ValidString(password):
		return fault.InvalidField("password", "This password has characters that cannot be read.")
	case n < minPassword:
		return fault.InvalidField("password", "Choose a password of at least %d characters.", minPassword)
	case n > maxPassword:
		return fault.InvalidField("password", "Choose a password of at most %d characters.", maxPassword)
	case obvious(password, own):
		return fault.InvalidField("password", "This password is easy to guess. Choose another one.")
	}
	return nil
}
