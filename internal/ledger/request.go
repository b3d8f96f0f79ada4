package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
)

// requestHash is the body of a creation as it is compared with a second one of
// the same id. Each part is preceded by its length, so that no two bodies run
// together into the same bytes.
func requestHash(parts ...string) []byte {
	h := sha256.New()
	for _, p := range parts {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(p))))
		h.Write([]byte(p))
	}
	return h.Sum(nil)
}

func sameRequest(a, b []byte) bool { return bytes.Equal(a, b) }
