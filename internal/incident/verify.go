package incident

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/strictjson"
)

// A Verdict is what became of looking at a bundle.
type Verdict struct {
	File     string   `json:"file"`
	Number   int64    `json:"number"`
	Manifest string   `json:"manifest"`
	Wrong    []string `json:"wrong"` // nothing when the bundle is as it was written
}

const mostManifest = 16 << 20 // bytes

// VerifyEvidence looks at bundles in the order given: every file's hash, what is missing or too much, and that each
// names the one before it. With a chain, as the database keeps it, the whole file and its place are compared as well:
// that finds a bundle that somebody has made anew.
func VerifyEvidence(files []string, chain []Link) (list []Verdict, err error) {
	before := ""
	for i, name := range files {
		v, m, err := verifyOne(name)
		if err != nil {
			return nil, err
		}
		if i > 0 && m != nil && m.Previous != before {
			v.Wrong = append(v.Wrong, "it does not follow the bundle before it: the chain is broken")
		}
		before = v.Manifest
		if chain != nil && m != nil {
			v.compare(chain)
		}
		list = append(list, v)
	}
	return list, nil
}

// A Link is a bundle as the database remembers it.
type Link struct {
	Number                   int64
	MadeAt                   time.Time
	MadeBy                   string
	Manifest, Previous, File []byte
}

// EvidenceChain lists all bundles that were made, in order.
func (s *Service) EvidenceChain(ctx context.Context) (chain []Link, err error) {
	err = s.db.AsSupport(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select id, made_at, made_by, manifest, previous, file from tijori_ops.evidence()`)
		if err != nil {
			return err
		}
		chain, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Link])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the chain of evidence: %w", err)
	}
	if chain == nil {
		chain = []Link{}
	}
	return chain, nil
}

// compare looks a bundle up in the chain.
func (v *Verdict) compare(chain []Link) {
	for _, l := range chain {
		if l.Number != v.Number {
			continue
		}
		if hex.EncodeToString(l.Manifest) != v.Manifest {
			v.Wrong = append(v.Wrong, "the database knows another bundle of this number")
			return
		}
		sum, err := hashFile(v.File)
		if err != nil {
			v.Wrong = append(v.Wrong, err.Error())
		} else if sum != hex.EncodeToString(l.File) {
			v.Wrong = append(v.Wrong, "the file is not the one that was written, byte for byte")
		}
		return
	}
	v.Wrong = append(v.Wrong, "the database does not know it")
}

func hashFile(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// verifyOne looks at one bundle. The error is about a file that cannot be opened at all.
func verifyOne(name string) (v Verdict, m *Manifest, err error) {
	v.File = name
	f, err := os.Open(name)
	if err != nil {
		return v, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return v, nil, err
	}
	wrong := func(format string, args ...any) { v.Wrong = append(v.Wrong, fmt.Sprintf(format, args...)) }
	z, err := zip.NewReader(f, info.Size())
	if err != nil {
		wrong("it is no whole ZIP file: %v", err)
		return v, nil, nil
	}
	found := map[string]FileEntry{}
	var text []byte
	for _, in := range z.File {
		if _, twice := found[in.Name]; twice {
			wrong("%s is in it twice", in.Name)
		}
		entry, content, err := readEntry(in)
		if err != nil {
			wrong("%s cannot be read: %v", in.Name, err)
			continue
		}
		found[in.Name] = entry
		if in.Name == manifestName {
			text = content
		}
	}
	m = &Manifest{}
	if text == nil {
		wrong("%s is missing", manifestName)
		return v, nil, nil
	}
	sum := sha256.Sum256(text)
	v.Manifest = hex.EncodeToString(sum[:])
	if err := strictjson.Decode(text, m); err != nil || m.Schema != "tijori-evidence/1" {
		wrong("%s cannot be read", manifestName)
		return v, nil, nil
	}
	v.Number = m.Number
	delete(found, manifestName)
	for _, want := range m.Files {
		got, ok := found[want.Name]
		switch {
		case !ok:
			wrong("%s is missing", want.Name)
		case got != want:
			wrong("%s was changed: its SHA-256 is %s, not %s", want.Name, got.SHA256, want.SHA256)
		}
		delete(found, want.Name)
	}
	for _, in := range z.File {
		if _, left := found[in.Name]; left {
			wrong("%s is in no manifest", in.Name)
		}
	}
	return v, m, nil
}

// readEntry hashes a file of a bundle, and returns the manifest's text.
func readEntry(in *zip.File) (e FileEntry, content []byte, err error) {
	r, err := in.Open()
	if err != nil {
		return e, nil, err
	}
	defer r.Close()
	c := &counted{Writer: io.Discard, hash: sha256.New()}
	if in.Name == manifestName {
		if content, err = io.ReadAll(io.LimitReader(r, mostManifest)); err != nil {
			return e, nil, err
		}
		_, err = c.Write(content)
	} else {
		_, err = io.Copy(c, r)
	}
	return FileEntry{in.Name, c.n, hex.EncodeToString(c.hash.Sum(nil))}, content, err
}
