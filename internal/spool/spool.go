// Package spool keeps the bytes of files that are made at the database's pace until
// they have left at a client's, and of files that arrive at a client's pace until
// they are read. What is kept is bounded, in all and for each account, and nothing
// of it can be read from the disk afterwards: the files have no name, and a key that
// is in memory only.
package spool

import (
	"cmp"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"syscall"

	"github.com/google/uuid"
)

const (
	inMemory = 64 << 10 // bytes of a file that stay in memory
	unit     = 4 << 20  // bytes that are reserved at a time, so that small files count too
)

// Errors of a store.
var (
	ErrFull    = errors.New("the spool is full")
	ErrOwnFull = errors.New("the account's share of the spool is full")
	ErrEvicted = errors.New("the file gave way to another")
)

// A Store bounds what its files hold. When it is full, files that wait for a client
// give way to new ones: the oldest of the account that holds most goes first.
type Store struct {
	most, mostOwn int64

	mu    sync.Mutex
	held  int64
	owned map[uuid.UUID]int64
	paced []*File // those that wait for a client, the oldest first
}

// NewStore returns a store for so many bytes in all, and of one account.
func NewStore(most, mostOwn int64) *Store {
	return &Store{most: most, mostOwn: mostOwn, owned: map[uuid.UUID]int64{}}
}

// Held is how much is reserved at the moment.
func (s *Store) Held() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held
}

// Open returns an empty file of an account. It must be closed.
func (s *Store) Open(account uuid.UUID) (*File, error) {
	f := &File{store: s, account: account}
	if err := f.reserve(1); err != nil {
		return nil, err
	}
	return f, nil
}

// A File is written once and then read. Its methods are called by one goroutine at a time.
type File struct {
	store   *Store
	account uuid.UUID
	head    []byte
	disk    *os.File // what follows head, encrypted
	key     cipher.Block
	stream  cipher.Stream
	size    int64

	// guarded by store.mu
	reserved int64
	giveWay  func()
	evicted  bool
}

// Size is how many bytes were written.
func (f *File) Size() int64 { return f.size }

func (f *File) Write(b []byte) (int, error) {
	if err := f.reserve(f.size + int64(len(b))); err != nil {
		return 0, err
	}
	n := min(len(b), inMemory-len(f.head))
	f.head = append(f.head, b[:n]...)
	if n < len(b) {
		m, err := f.writeDisk(b[n:])
		n += m
		if err != nil {
			f.size += int64(n)
			return n, err
		}
	}
	f.size += int64(n)
	return n, nil
}

func (f *File) writeDisk(b []byte) (n int, err error) {
	if f.disk == nil {
		if err := f.openDisk(); err != nil {
			return 0, err
		}
	}
	var sealed [16 << 10]byte
	for n < len(b) {
		part := sealed[:min(len(sealed), len(b)-n)]
		f.stream.XORKeyStream(part, b[n:n+len(part)])
		m, err := f.disk.Write(part)
		n += m
		if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
			err = errors.Join(ErrFull, err)
		}
		if err != nil {
			return n, f.because("write", err)
		}
	}
	return n, nil
}

// openDisk makes a file without a name, and a key for it alone.
func (f *File) openDisk() error {
	var key [32]byte
	rand.Read(key[:]) // never fails
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return err
	}
	disk, err := os.CreateTemp("", "tijori-spool-")
	if err != nil {
		return fmt.Errorf("open a spool file: %w", err)
	}
	if err := os.Remove(disk.Name()); err != nil {
		return errors.Join(fmt.Errorf("open a spool file: %w", err), disk.Close())
	}
	f.key, f.stream = block, cipher.NewCTR(block, make([]byte, aes.BlockSize))
	f.store.mu.Lock()
	defer f.store.mu.Unlock()
	f.disk = disk
	return nil
}

// Reader returns what was written, from its beginning.
func (f *File) Reader() io.Reader {
	head := &headReader{f: f}
	if f.disk == nil {
		return head
	}
	rest := io.NewSectionReader(f.disk, 0, f.size-int64(len(f.head)))
	return io.MultiReader(head, &diskReader{f, cipher.StreamReader{
		S: cipher.NewCTR(f.key, make([]byte, aes.BlockSize)), R: rest,
	}})
}

type headReader struct {
	f  *File
	at int
}

func (r *headReader) Read(b []byte) (int, error) {
	if r.at == len(r.f.head) {
		return 0, io.EOF
	}
	n := copy(b, r.f.head[r.at:])
	r.at += n
	return n, nil
}

type diskReader struct {
	f *File
	cipher.StreamReader
}

func (r *diskReader) Read(b []byte) (int, error) {
	n, err := r.StreamReader.Read(b)
	if err != nil && err != io.EOF {
		err = r.f.because("read", err)
	}
	return n, err
}

// because says whether an error comes from giving way.
func (f *File) because(verb string, err error) error {
	f.store.mu.Lock()
	defer f.store.mu.Unlock()
	if f.evicted {
		return ErrEvicted
	}
	return fmt.Errorf("%s a spool file: %w", verb, err)
}

// Wait says that from now on the file waits for a client. When the store needs its room,
// giveWay is called, once, and must end the waiting; it must not call the file or the store. A file that waits no
// longer gives way no more: Wait(nil) says so.
func (f *File) Wait(giveWay func()) {
	f.store.mu.Lock()
	defer f.store.mu.Unlock()
	f.giveWay = giveWay
	f.store.paced = slices.DeleteFunc(f.store.paced, func(g *File) bool { return g == f })
	if giveWay != nil && !f.evicted {
		f.store.paced = append(f.store.paced, f)
	}
}

// Reset forgets what was written.
func (f *File) Reset() error {
	err := f.closeDisk()
	f.head, f.size = f.head[:0], 0
	return err
}

// Close forgets the file and gives its room back. A second time changes nothing.
func (f *File) Close() error {
	f.store.mu.Lock()
	f.store.forget(f)
	f.store.mu.Unlock()
	return f.closeDisk()
}

func (f *File) closeDisk() error {
	f.store.mu.Lock()
	defer f.store.mu.Unlock()
	if f.disk == nil || f.evicted {
		f.disk = nil
		return nil
	}
	err := f.disk.Close()
	f.disk = nil
	return err
}

// reserve makes sure of room for a file of a size.
func (f *File) reserve(size int64) error {
	s := f.store
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.evicted {
		return ErrEvicted
	}
	more := (size+unit-1)/unit*unit - f.reserved
	if more <= 0 {
		return nil
	}
	if s.owned[f.account]+more > s.mostOwn {
		return ErrOwnFull
	}
	for s.held+more > s.most {
		if !s.evict(f) {
			return ErrFull
		}
	}
	f.reserved += more
	s.held += more
	s.owned[f.account] += more
	return nil
}

// evict makes one waiting file give way to another.
func (s *Store) evict(other *File) bool {
	waiting := slices.DeleteFunc(slices.Clone(s.paced), func(f *File) bool { return f == other })
	if len(waiting) == 0 {
		return false
	}
	victim := slices.MaxFunc(waiting, func(a, b *File) int { // the first of equals: the oldest
		return cmp.Compare(s.owned[a.account], s.owned[b.account])
	})
	s.forget(victim)
	victim.evicted = true
	if victim.disk != nil {
		_ = victim.disk.Close() // frees the blocks; who reads it is told ErrEvicted
	}
	victim.giveWay()
	return true
}

// forget gives a file's room back.
func (s *Store) forget(f *File) {
	s.held -= f.reserved
	if s.owned[f.account] -= f.reserved; s.owned[f.account] <= 0 {
		delete(s.owned, f.account)
	}
	f.reserved = 0
	s.paced = slices.DeleteFunc(s.paced, func(g *File) bool { return g == f })
}
