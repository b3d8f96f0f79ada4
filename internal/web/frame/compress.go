package frame

import (
	"bytes"
	"io"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Pages are compressed for each answer, so that speed counts more than the last byte.
var (
	zippers = sync.Pool{New: func() any {
		z, err := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
		if err != nil {
			panic(err) // the level is a constant
		}
		return z
	}}
	zstandard = sync.OnceValue(func() *zstd.Encoder {
		z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(128<<10))
		if err != nil {
			panic(err) // the options are constants
		}
		return z
	})
)

// encoding is the content coding that an Accept-Encoding header lets an answer have, the best first: "zstd", "gzip" or
// "" for none.
func encoding(accepted string) string {
	for _, coding := range []string{"zstd", "gzip"} {
		if accepts(accepted, coding) {
			return coding
		}
	}
	return ""
}

// accepts reports whether an Accept-Encoding header names a coding and does not refuse it.
func accepts(accepted, coding string) bool {
	for part := range strings.SplitSeq(accepted, ",") {
		name, weight, _ := strings.Cut(part, ";")
		if strings.EqualFold(strings.TrimSpace(name), coding) {
			return !refused(weight)
		}
	}
	return false
}

// refused reports whether the weight of a coding is zero, as in "q=0.0".
func refused(weight string) bool {
	q, ok := strings.CutPrefix(strings.TrimSpace(weight), "q=0")
	return ok && strings.Trim(q, ".0") == ""
}

// compress writes a body in a coding that encoding has named.
func compress(w io.Writer, coding string, body []byte) error {
	if coding == "zstd" {
		buf := buffers.Get().(*bytes.Buffer)
		defer buffers.Put(buf)
		buf.Reset()
		buf.Grow(len(body) / 2)
		_, err := w.Write(zstandard().EncodeAll(body, buf.AvailableBuffer()))
		return err
	}
	z := zippers.Get().(*gzip.Writer)
	defer zippers.Put(z)
	z.Reset(w)
	if _, err := z.Write(body); err != nil {
		return err
	}
	return z.Close()
}
