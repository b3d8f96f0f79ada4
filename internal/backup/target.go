package backup

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A Target keeps files: a folder or a bucket. A file appears when it is whole, and replaces one of its name.
type Target interface {
	Create(ctx context.Context, name string) (File, error)
	Open(ctx context.Context, name string) (io.ReadCloser, error) // fs.ErrNotExist when there is none
	List(ctx context.Context, prefix string) ([]Item, error)      // sorted by name
	Remove(ctx context.Context, name string) error                // nil when there is none
	String() string
}

// A File is being written. Commit makes it appear; Abort, also after Commit, removes what has not appeared.
type File interface {
	io.Writer
	Commit() error
	Abort()
}

// An Item is a file of a target.
type Item struct {
	Name string
	Size int64
	At   time.Time
}

// OpenTarget opens s3://BUCKET/PREFIX, or a folder, which is made when it is missing and make is set.
func OpenTarget(where string, make bool) (Target, error) {
	if strings.HasPrefix(where, "s3://") {
		return openBucket(where, os.Getenv)
	}
	dir, err := filepath.Abs(where)
	if err != nil {
		return nil, err
	}
	if make {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, &Refusal{
				Problem: "cannot make the folder of back-ups", Hint: "name one that you may write to",
				Err: err,
			}
		}
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, &Refusal{
			Problem: dir + " is no folder of back-ups",
			Hint:    "name the folder that tijori backup wrote to", Err: quiet{ErrNone},
		}
	}
	return folder(dir), nil
}

// folder is a target on a disk.
type folder string

const partial = ".partial"

func (d folder) String() string { return string(d) }

func (d folder) path(name string) string { return filepath.Join(string(d), filepath.FromSlash(name)) }

func (d folder) Create(_ context.Context, name string) (File, error) {
	if err := os.MkdirAll(filepath.Dir(d.path(name)), 0o700); err != nil {
		return nil, noSpace(string(d), err)
	}
	f, err := os.OpenFile(d.path(name)+partial, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, noSpace(string(d), err)
	}
	return &folderFile{File: f, to: d.path(name), dir: d}, nil
}

type folderFile struct {
	*os.File
	to  string
	dir folder
}

func (f *folderFile) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	return n, noSpace(string(f.dir), err)
}

// Commit survives a power cut.
func (f *folderFile) Commit() error {
	err := errors.Join(f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), f.to)
	}
	if err == nil {
		err = syncFolder(filepath.Dir(f.to))
	}
	return noSpace(string(f.dir), err)
}

func (f *folderFile) Abort() {
	_ = f.Close()           // it may be closed
	_ = os.Remove(f.Name()) // it may be gone
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

func (d folder) Open(_ context.Context, name string) (io.ReadCloser, error) {
	return os.Open(d.path(name))
}

func (d folder) List(_ context.Context, prefix string) (out []Item, err error) {
	dir, start := filepath.Split(d.path(prefix + "x"))
	start = strings.TrimSuffix(start, "x")
	list, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range list {
		if e.IsDir() || !strings.HasPrefix(e.Name(), start) || strings.HasSuffix(e.Name(), partial) {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		name, err := filepath.Rel(string(d), filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		out = append(out, Item{Name: filepath.ToSlash(name), Size: info.Size(), At: info.ModTime()})
	}
	return out, err
}

func (d folder) Remove(_ context.Context, name string) error {
	if err := os.Remove(d.path(name)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
