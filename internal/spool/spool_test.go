package spool

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

func open(t interface{ Fatal(...any) }, s *Store, account uuid.UUID) *File {
	f, err := s.Open(account)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// What is read is what was written, whatever the sizes of the pieces and however often it begins again.
func TestReadsWhatWasWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := NewStore(64<<20, 64<<20)
		f := open(t, s, uuid.New())
		for range rapid.IntRange(1, 2).Draw(t, "begun") {
			if err := f.Reset(); err != nil {
				t.Fatal(err)
			}
			seed := rapid.Uint64().Draw(t, "seed")
			random := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
			var want []byte
			for _, n := range rapid.SliceOfN(rapid.IntRange(0, 90_000), 0, 6).Draw(t, "pieces") {
				piece := make([]byte, n)
				_, _ = random.Read(piece) // never fails
				if _, err := f.Write(piece); err != nil {
					t.Fatal(err)
				}
				want = append(want, piece...)
			}
			got, err := io.ReadAll(f.Reader())
			if err != nil || !bytes.Equal(got, want) || f.Size() != int64(len(want)) {
				t.Fatalf("read %d bytes (%v), wrote %d", len(got), err, len(want))
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if s.Held() != 0 {
			t.Fatalf("%d bytes are held by no file", s.Held())
		}
	})
}

// Nobody finds a file by a name, nor a word of a tenant on the disk.
func TestNothingStaysOnDisk(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	f := open(t, NewStore(8<<20, 8<<20), uuid.New())
	word := []byte("Sita Devi owes 4711. ")
	if _, err := f.Write(bytes.Repeat(word, 20_000)); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("files with names: %v (%v)", left, err)
	}
	disk := make([]byte, f.Size())
	n, err := f.disk.ReadAt(disk, 0)
	if n < 300_000 || bytes.Contains(disk[:n], word) || bytes.Contains(disk[:n], []byte("Sita")) {
		t.Errorf("%d bytes on disk (%v) can be read", n, err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if names, _ := filepath.Glob(dir + "/*"); len(names) > 0 {
		t.Errorf("left behind: %v", names)
	}
}

// An account has its share and no more, and files that wait for a client never keep out the file of another account.
func TestWaitingFilesGiveWay(t *testing.T) {
	t.Parallel()
	const most, own = 10 * unit, 4 * unit
	s := NewStore(most, own)
	var order []string
	wait := func(name string, account uuid.UUID, units int) *File {
		f := open(t, s, account)
		if _, err := f.Write(make([]byte, units*unit)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		f.Wait(func() { order = append(order, name) })
		return f
	}
	greedy, modest := uuid.New(), uuid.New()
	small := wait("modest", modest, 1)
	first := wait("first of greedy", greedy, 2)
	wait("second of greedy", greedy, 2)
	if _, err := s.Open(greedy); !errors.Is(err, ErrOwnFull) {
		t.Errorf("more than its share: %v", err)
	}
	third := uuid.New()
	wait("third", third, 4) // 9 of 10 are held
	made := open(t, s, uuid.New())
	if len(order) != 0 {
		t.Fatalf("gave way though there was room: %v", order)
	}
	if _, err := made.Write(make([]byte, 4*unit)); err != nil {
		t.Errorf("a file that is being made: %v", err)
	}
	if len(order) != 2 || order[0] != "first of greedy" && order[0] != "third" {
		t.Errorf("gave way: %v", order)
	}
	if s.Held() > most {
		t.Errorf("%d bytes are held", s.Held())
	}
	if order[0] == "first of greedy" {
		if _, err := io.ReadAll(first.Reader()); !errors.Is(err, ErrEvicted) {
			t.Errorf("read after it gave way: %v", err)
		}
	}
	if _, err := io.ReadAll(small.Reader()); err != nil {
		t.Errorf("the modest account's file: %v", err)
	}
	for range 2 { // twice changes nothing
		for _, f := range []*File{first, small, made} {
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// What is being made gives way to nobody.
func TestFilesBeingMadeStay(t *testing.T) {
	t.Parallel()
	s := NewStore(2*unit, 2*unit)
	a, b := open(t, s, uuid.New()), open(t, s, uuid.New())
	if _, err := s.Open(uuid.New()); !errors.Is(err, ErrFull) {
		t.Errorf("no room: %v", err)
	}
	if _, err := a.Write(make([]byte, unit+1)); !errors.Is(err, ErrFull) {
		t.Errorf("no room to grow: %v", err)
	}
	if err := errors.Join(a.Close(), b.Close()); err != nil || s.Held() != 0 {
		t.Errorf("%d bytes are held (%v)", s.Held(), err)
	}
}
