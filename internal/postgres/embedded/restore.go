//go:build linux

package embedded

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Unpack makes the data of a state directory, which must have none, of the tar of a base back-up. When it fails
// nothing is left that looks like data.
func Unpack(dir string, files io.Reader) error {
	dir, err := statePath(dir)
	if err != nil {
		return err
	}
	st, err := openState(dir)
	if err != nil {
		return err
	}
	defer st.close()
	if major, err := st.dataMajor(); err != nil || major != 0 {
		return errors.Join(err, &SetupError{"there is a database in " + dir, "name an empty state directory", ErrInUse})
	}
	if err := st.root.RemoveAll(newName); err != nil {
		return refused(dir, err)
	}
	if err := st.makeOwnDir(newName); err != nil {
		return err
	}
	if err := st.unpack(files); err != nil {
		return errors.Join(err, st.root.RemoveAll(newName))
	}
	if err := st.root.Rename(newName, dataName); err != nil {
		return refused(dir, err)
	}
	return nil
}

func (st *state) unpack(files io.Reader) error {
	for r := tar.NewReader(files); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			_, err := io.Copy(io.Discard, files) // who gives it has more to say: that it was whole
			return err
		}
		if err != nil {
			return err
		}
		name := path.Join(newName, path.Clean("/" + h.Name)[1:])
		switch {
		case name == newName:
			continue
		case h.Typeflag == tar.TypeDir:
			if err := st.root.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
				return err
			}
		case h.Typeflag == tar.TypeReg:
			if err := st.unpackFile(name, r); err != nil {
				return err
			}
		default:
			return fmt.Errorf("the base back-up has %s, which is neither a file nor a folder", h.Name)
		}
		if st.account != nil {
			if err := st.root.Lchown(name, int(st.account.Uid), int(st.account.Gid)); err != nil {
				return err
			}
		}
	}
}

func (st *state) unpackFile(name string, from io.Reader) error {
	f, err := st.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	return errors.Join(err, f.Close())
}

// recover prepares the data of a base back-up to replay the log that is in a folder.
func (st *state) recover(r *Recovery) error {
	if r == nil {
		return nil
	}
	const signal = dataName + "/recovery.signal"
	f, err := st.root.OpenFile(signal, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return refused(st.dir, err)
	}
	if err := f.Close(); err != nil {
		return refused(st.dir, err)
	}
	if st.account != nil {
		if err := st.root.Lchown(signal, int(st.account.Uid), int(st.account.Gid)); err != nil {
			return refused(st.dir, err)
		}
	}
	return nil
}

// settings are those that make a server replay and then serve.
func (r *Recovery) settings() map[string]string {
	quoted := "'" + strings.ReplaceAll(strings.ReplaceAll(r.LogDir, "%", "%%"), "'", `'\''`) + "'"
	out := map[string]string{
		"restore_command":        "cp " + quoted + `/%f "%p"`,
		"recovery_target_action": "promote",
		"hot_standby":            "off", // nobody connects before the end
	}
	if !r.Until.IsZero() {
		out["recovery_target_time"] = r.Until.UTC().Format("2006-01-02 15:04:05.999999+00")
	}
	return out
}

// Adopt moves the data of one state directory, whose server has been stopped, into another on the same disk. Data that
// is there is refused, or with replace moved aside in the same instant; kept is where to. Nobody may be using either.
func Adopt(ctx context.Context, dir, from string, replace bool) (kept string, err error) {
	if dir, err = statePath(dir); err != nil {
		return "", err
	}
	st, err := openState(dir)
	if err != nil {
		return "", err
	}
	defer st.close()
	other, err := openState(from)
	if err != nil {
		return "", err
	}
	defer other.close()
	if err := st.stopLeftovers(ctx); err != nil {
		return "", err
	}
	major, err := st.dataMajor()
	if err != nil && !replace {
		return "", err
	}
	theirs := other.path(dataName)
	if major == 0 && err == nil {
		if err := st.root.RemoveAll(dataName); err != nil { // it is empty, if it is there
			return "", refused(dir, err)
		}
		if err := os.Rename(theirs, st.path(dataName)); err != nil {
			return "", refused(dir, err)
		}
		return "", syncDir(dir)
	}
	if !replace {
		return "", &SetupError{"there is a database in " + dir, "--replace keeps it beside the restored one", ErrInUse}
	}
	kept = st.path(dataName + ".before-" + time.Now().UTC().Format("20060102T150405Z"))
	if err := unix.Renameat2(unix.AT_FDCWD, theirs, unix.AT_FDCWD, st.path(dataName),
		unix.RENAME_EXCHANGE); err != nil {
		return "", refused(dir, err)
	}
	if err := os.Rename(theirs, kept); err != nil {
		return "", refused(dir, err)
	}
	return kept, syncDir(dir)
}

// InUse returns a SetupError when another process uses a state directory, or when it cannot be used.
func InUse(dir string) error {
	dir, err := statePath(dir)
	if err != nil {
		return err
	}
	st, err := openState(dir)
	if err != nil {
		return err
	}
	st.close()
	return nil
}

// HasData reports whether there is a database in a state directory.
func HasData(dir string) bool {
	list, err := os.ReadDir(path.Join(dir, dataName))
	return err == nil && len(list) > 0
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return refused(dir, err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return refused(dir, err)
	}
	return nil
}
