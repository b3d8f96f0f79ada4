package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"hash"
	"io"
	"slices"
	"strings"
	"time"
)

// sum counts and digests what is written through it.
type sum struct {
	to io.Writer
	h  hash.Hash
	n  int64
}

func newSum(to io.Writer) *sum { return &sum{to: to, h: sha256.New()} }

func (s *sum) Write(p []byte) (int, error) {
	n, err := s.to.Write(p)
	s.h.Write(p[:n])
	s.n += int64(n)
	return n, err
}

func (s *sum) digest() string { return hex.EncodeToString(s.h.Sum(nil)) }

type sumReader struct {
	from io.Reader
	sum  *sum
}

func (s *sumReader) Read(p []byte) (int, error) {
	n, err := s.from.Read(p)
	_, _ = s.sum.Write(p[:n]) // it goes nowhere
	return n, err
}

func writeSidecar(ctx context.Context, t Target, m Manifest) error {
	b, err := m.json()
	if err != nil {
		return err
	}
	f, err := t.Create(ctx, sidecar(m.Name))
	if err != nil {
		return err
	}
	defer f.Abort()
	if _, err := f.Write(b); err != nil {
		return err
	}
	return f.Commit()
}

// List returns the back-ups of a target that were written to their end, the newest first.
func List(ctx context.Context, t Target) ([]Manifest, error) {
	items, err := t.List(ctx, "tijori-")
	if err != nil {
		return nil, &Refusal{
			Problem: "cannot read " + t.String(),
			Hint:    "name the folder or bucket that tijori backup wrote to", Err: err,
		}
	}
	there := map[string]bool{}
	for _, i := range items {
		there[i.Name] = true
	}
	var out []Manifest
	for _, i := range items {
		if !isSidecar(i.Name) {
			continue
		}
		m, err := readSidecar(ctx, t, i.Name)
		if err != nil {
			return nil, err
		}
		if there[m.Name] {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b Manifest) int { return strings.Compare(b.Name, a.Name) })
	return out, nil
}

func readSidecar(ctx context.Context, t Target, name string) (m Manifest, err error) {
	f, err := t.Open(ctx, name)
	if err != nil {
		return m, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 64<<20))
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(b, &m); err != nil || sidecar(m.Name) != name {
		return m, damaged(name, "it does not describe a back-up")
	}
	return m, nil
}

// Verified writes down that a back-up was restored and checked.
func Verified(ctx context.Context, t Target, m Manifest, at time.Time) error {
	at = at.UTC().Truncate(time.Second)
	m.Verified = &at
	return writeSidecar(ctx, t, m)
}

// Keep removes all but the newest keep back-ups of each kind, and of the log what no base back-up that stays needs. Of
// those that were verified the newest always stays. It returns the names that are gone.
func Keep(ctx context.Context, t Target, keep int) (gone []string, err error) {
	list, err := List(ctx, t)
	if err != nil || keep < 1 {
		return nil, err
	}
	kept, verified := map[Kind]int{}, map[Kind]bool{}
	var stay, left []Manifest
	for _, m := range list {
		last := m.Verified != nil && !verified[m.Kind]
		verified[m.Kind] = verified[m.Kind] || m.Verified != nil
		if kept[m.Kind] < keep || last {
			kept[m.Kind]++
			stay = append(stay, m)
			continue
		}
		if err := t.Remove(ctx, sidecar(m.Name)); err != nil { // first: without it the archive is none
			return gone, err
		}
		if err := t.Remove(ctx, m.Name); err != nil {
			return gone, err
		}
		gone, left = append(gone, m.Name), append(left, m)
	}
	return gone, keepLog(ctx, t, stay, left)
}
