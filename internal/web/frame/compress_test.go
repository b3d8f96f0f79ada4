package frame

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

func TestEncoding(t *testing.T) {
	t.Parallel()
	for accepted, want := range map[string]string{
		"":                              "",
		"identity":                      "",
		"gzip":                          "gzip",
		"gzip, deflate":                 "gzip",
		"gzip, deflate, br, zstd":       "zstd",
		"GZIP;q=0.5":                    "gzip",
		"zstd;q=0, gzip":                "gzip",
		"zstd; q=0.000 ,gzip;q=0.0":     "",
		"zstd;q=0.1,gzip":               "zstd",
		"xgzip, gzipx":                  "",
		"*":                             "",
		strings.Repeat(",", 1000) + "x": "",
	} {
		if got := encoding(accepted); got != want {
			t.Errorf("encoding(%q) = %q, want %q", accepted, got, want)
		}
	}
}

func TestCompress(t *testing.T) {
	t.Parallel()
	readers := map[string]func(io.Reader) (io.Reader, error){
		"gzip": func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		"zstd": func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r) },
	}
	for coding, open := range readers {
		for _, n := range []int{0, 1, 1401, 60_000, 3 << 20} {
			body := bytes.Repeat([]byte("<li>राम 1,250</li>"), n/20+1)[:n]
			var packed bytes.Buffer
			if err := compress(&packed, coding, body); err != nil {
				t.Fatal(err)
			}
			r, err := open(&packed)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, body) {
				t.Errorf("%s of %d bytes: %d bytes come back, %v", coding, n, len(got), err)
			}
		}
	}
}
