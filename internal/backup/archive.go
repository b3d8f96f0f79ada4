package backup

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path"
	"strings"

	"filippo.io/age"
)

// pieceSize is how much of a stream makes one file of the tar, whose length must be known before it.
const pieceSize = 1 << 20

// manifestName is the last file of an archive: without it the archive was cut short.
const manifestName = "manifest.json"

// Recipients reads public keys (age1…), to which archives are encrypted. None gives none.
func Recipients(keys []string) ([]age.Recipient, error) {
	var out []age.Recipient
	for _, k := range keys {
		r, err := age.ParseX25519Recipient(strings.TrimSpace(k))
		if err != nil {
			return nil, &Refusal{
				Problem: fmt.Sprintf("%q is no public key of a back-up", k),
				Hint:    "it begins with age1; tijori backup key makes a pair",
			}
		}
		out = append(out, r)
	}
	return out, nil
}

// Identities reads the secret keys (AGE-SECRET-KEY-1…) of a file, as tijori backup key and age-keygen write them.
func Identities(file string) ([]age.Identity, error) {
	if file == "" {
		return nil, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, &Refusal{
			Problem: "cannot read the key",
			Hint:    "--identity names the file that tijori backup key wrote", Err: err,
		}
	}
	defer f.Close()
	ids, err := age.ParseIdentities(f)
	if err != nil {
		return nil, &Refusal{
			Problem: file + " has no secret key of a back-up",
			Hint:    "it has a line that begins with AGE-SECRET-KEY-1",
		}
	}
	return ids, nil
}

// A writer writes an archive.
type writer struct {
	tar    *tar.Writer
	layers []io.Closer // the innermost first
}

func newWriter(w io.Writer, to []age.Recipient) (*writer, error) {
	out := &writer{}
	if len(to) > 0 {
		enc, err := age.Encrypt(w, to...)
		if err != nil {
			return nil, err
		}
		out.layers, w = append(out.layers, enc), enc
	}
	zip, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	out.tar = tar.NewWriter(zip)
	out.layers = append([]io.Closer{out.tar, zip}, out.layers...)
	return out, nil
}

// finish writes the manifest and ends every layer.
func (w *writer) finish(m Manifest) error {
	b, err := m.json()
	if err == nil {
		err = w.file(manifestName, b)
	}
	for _, l := range w.layers {
		if e := l.Close(); err == nil {
			err = e
		}
	}
	return err
}

func (w *writer) file(name string, b []byte) error {
	if err := w.tar.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(b))}); err != nil {
		return err
	}
	_, err := w.tar.Write(b)
	return err
}

// stream begins a file of unknown length, which the tar has in pieces: NAME/000001, NAME/000002 …
func (w *writer) stream(name string) *stream {
	return &stream{w: w, name: name, sum: sha256.New(), piece: make([]byte, 0, pieceSize)}
}

type stream struct {
	w     *writer
	name  string
	piece []byte
	n     int
	bytes int64
	sum   hash.Hash
}

func (s *stream) Write(p []byte) (n int, err error) {
	n = len(p)
	s.bytes += int64(n)
	s.sum.Write(p)
	for len(p) > 0 {
		k := min(len(p), pieceSize-len(s.piece))
		s.piece = append(s.piece, p[:k]...)
		p = p[k:]
		if len(s.piece) == pieceSize {
			if err := s.flush(); err != nil {
				return 0, err
			}
		}
	}
	return n, nil
}

func (s *stream) flush() error {
	s.n++
	err := s.w.file(fmt.Sprintf("%s/%06d", s.name, s.n), s.piece)
	s.piece = s.piece[:0]
	return err
}

// Close writes the last piece, which may be empty when it is the first.
func (s *stream) Close() error {
	if len(s.piece) == 0 && s.n > 0 {
		return nil
	}
	return s.flush()
}

func (s *stream) digest() string { return hex.EncodeToString(s.sum.Sum(nil)) }

// A reader reads an archive from its beginning to its end.
type reader struct {
	name string
	file io.Reader // everything that is read goes through it
	tar  *tar.Reader
	next *tar.Header
	sums map[string]read
	last Manifest
}

// read is what was read of a stream.
type read struct {
	bytes  int64
	sha256 string
}

func newReader(name string, file io.Reader, keys []age.Identity) (*reader, error) {
	r := &reader{name: name, file: file, sums: map[string]read{}}
	buffered := bufio.NewReaderSize(file, 64<<10)
	head, err := buffered.Peek(3)
	if err != nil {
		return nil, damaged(name, "it is empty")
	}
	var plain io.Reader = buffered
	switch {
	case string(head) == "age":
		if len(keys) == 0 {
			return nil, &Refusal{
				Problem: name + " is encrypted, and no key was given",
				Hint:    "--identity names the file with the secret key", Err: quiet{ErrKey},
			}
		}
		plain, err = age.Decrypt(buffered, keys...)
		if _, wrong := errors.AsType[*age.NoIdentityMatchError](err); wrong {
			return nil, &Refusal{
				Problem: name + " is encrypted to another key",
				Hint:    "--identity names the file with the secret key of its time", Err: quiet{ErrKey},
			}
		}
		if err != nil {
			return nil, damaged(name, "%v", err)
		}
	case head[0] != 0x1f || head[1] != 0x8b:
		return nil, damaged(name, "it does not begin as an archive does")
	}
	zip, err := gzip.NewReader(plain)
	if err != nil {
		return nil, damaged(name, "%v", err)
	}
	r.tar = tar.NewReader(zip)
	return r, r.advance()
}

func (r *reader) advance() error {
	h, err := r.tar.Next()
	if errors.Is(err, io.EOF) {
		r.next = nil
		return nil
	}
	if err != nil {
		return damaged(r.name, "%v", err)
	}
	r.next = h
	return nil
}

// each calls fn with every stream in order; the reader that it is given ends with the stream. Afterwards the archive
// has been read to its end, and r.last is its manifest, whose digests are those of what was read.
func (r *reader) each(fn func(name string, body io.Reader) error) error {
	for r.next != nil {
		if r.next.Name == manifestName {
			return r.end()
		}
		name := path.Dir(r.next.Name)
		if name == "." {
			return damaged(r.name, "it has a file %q", r.next.Name)
		}
		body := &pieces{r: r, name: name, sum: sha256.New()}
		if err := fn(name, body); err != nil {
			if body.err != nil { // who reads fails with it, in other words
				return body.err
			}
			return err
		}
		if _, err := io.Copy(io.Discard, body); err != nil {
			return err
		}
		if _, twice := r.sums[name]; twice {
			return damaged(r.name, "%s is in it twice", name)
		}
		r.sums[name] = read{body.bytes, hex.EncodeToString(body.sum.Sum(nil))}
	}
	return damaged(r.name, "its end is missing")
}

// end reads the manifest and everything behind it, so that the check sums of every layer are compared.
func (r *reader) end() error {
	b, err := io.ReadAll(io.LimitReader(r.tar, 64<<20))
	if err != nil {
		return damaged(r.name, "%v", err)
	}
	if err := json.Unmarshal(b, &r.last); err != nil {
		return damaged(r.name, "its manifest cannot be read")
	}
	if err := r.advance(); err != nil {
		return err
	}
	if r.next != nil {
		return damaged(r.name, "something follows its manifest")
	}
	want := map[string]read{}
	for _, t := range r.last.Tables {
		want[t.Name] = read{t.Bytes, t.SHA256}
	}
	if c := r.last.Cluster; c != nil {
		want[clusterName] = read{r.last.Bytes, c.SHA256}
	}
	for name, w := range want {
		if r.sums[name] != w {
			return damaged(r.name, "%s is not as its manifest says", name)
		}
	}
	if len(r.sums) != len(want) {
		return damaged(r.name, "it has more than its manifest says")
	}
	return nil
}

// pieces joins the pieces of one stream.
type pieces struct {
	r     *reader
	name  string
	bytes int64
	sum   hash.Hash
	err   error // what was wrong with the file, and not with who reads
}

func (p *pieces) Read(b []byte) (int, error) {
	for {
		if p.err != nil {
			return 0, p.err
		}
		if p.r.next == nil || path.Dir(p.r.next.Name) != p.name {
			return 0, io.EOF
		}
		n, err := p.r.tar.Read(b)
		p.bytes += int64(n)
		p.sum.Write(b[:n])
		switch {
		case errors.Is(err, io.EOF):
			p.err = p.r.advance()
		case err != nil:
			p.err = damaged(p.r.name, "%v", err)
		}
		if n > 0 {
			return n, nil
		}
	}
}
