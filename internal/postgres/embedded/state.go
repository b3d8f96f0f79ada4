//go:build linux

package embedded

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// state is the state directory while we hold its lock. What we do inside goes
// through root, so that no symbolic link planted there leads us out of it: we
// may be root and the inside may belong to somebody else.
type state struct {
	dir     string
	root    *os.Root
	lock    *os.File
	account *syscall.Credential // the server's account; nil when it is our own
	once    sync.Once
}

// openState makes the directory, locks it against a second owner and finds the
// account that the server is to run as.
func openState(dir string) (_ *state, err error) {
	if err := makeState(dir); err != nil {
		return nil, refused(dir, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, refused(dir, err)
	}
	st := &state{dir: dir, root: root}
	defer func() {
		if err != nil {
			st.close()
		}
	}()
	if st.lock, err = root.OpenFile(lockName, os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, refused(dir, err)
	}
	if err := st.takeLock(); err != nil {
		return nil, err
	}
	if st.account, err = st.serverAccount(); err != nil {
		return nil, err
	}
	if a := st.account; a != nil {
		if where, mode := barrier(dir, a.Uid, a.Gid); where != "" {
			return nil, &SetupError{
				fmt.Sprintf("the server's account %s may not enter %s (mode %04o)", accountName(a.Uid), where, mode),
				"set TIJORI_DATA to a directory that other users can reach, such as /var/lib/tijori", ErrAccess,
			}
		}
	}
	return st, nil
}

// makeState makes the directory for its owner alone. As root it also lets the
// server's account pass through, in a new or still empty directory only.
func makeState(dir string) error {
	mode := fs.FileMode(0o700)
	asRoot := os.Geteuid() == 0
	if asRoot {
		mode = 0o711
	}
	fi, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(dir, mode); err != nil {
			return err
		}
		return os.Chmod(dir, mode) // whatever the umask took away
	case err != nil:
		return err
	case !fi.IsDir():
		return syscall.ENOTDIR
	}
	if names, err := os.ReadDir(dir); asRoot && err == nil && len(names) == 0 {
		return os.Chmod(dir, fi.Mode().Perm()|0o011)
	}
	return nil
}

// lockPatience is how long a lock may outlast its owner: a killed process closes
// its files last, and a child of it holds them until it runs another program.
const lockPatience = time.Second

// takeLock fails when another process owns the directory. The lock ends with our
// process, however it ends.
func (st *state) takeLock() error {
	var err error
	for end := time.Now().Add(lockPatience); ; time.Sleep(20 * time.Millisecond) {
		err = syscall.Flock(int(st.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) || time.Now().After(end) {
			break
		}
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		owner := "another process"
		if b, err := io.ReadAll(io.LimitReader(st.lock, 20)); err == nil && len(b) > 0 {
			owner += " (pid " + strings.TrimSpace(string(b)) + ")"
		}
		return &SetupError{
			owner + " is using the state directory " + st.dir,
			"stop it first, or set TIJORI_DATA to another directory", ErrInUse,
		}
	}
	if err != nil {
		return refused(st.dir, err)
	}
	if err := st.lock.Truncate(0); err != nil {
		return refused(st.dir, err)
	}
	if _, err := st.lock.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0); err != nil {
		return refused(st.dir, err)
	}
	return nil
}

// close releases the directory. Calling it again does nothing.
func (st *state) close() {
	st.once.Do(func() {
		if st.lock != nil {
			st.lock.Close()
		}
		st.root.Close()
	})
}

// serverAccount says whom the server runs as: us, or, because PostgreSQL refuses
// root, the owner of the data, else postgres, else nobody.
func (st *state) serverAccount() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	if fi, err := st.root.Lstat(dataName); err == nil {
		if own, ok := fi.Sys().(*syscall.Stat_t); ok && own.Uid != 0 {
			return &syscall.Credential{Uid: own.Uid, Gid: own.Gid}, nil
		}
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil && uid != 0 {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, &SetupError{
		"postgresql refuses to run as root, and there is neither an account postgres nor nobody",
		"start tijori as an ordinary user, or set DATABASE_URL", ErrAccess,
	}
}

// makeOwnDir makes an empty directory of mode 0700 that belongs to the server's
// account, or accepts the one that is there.
func (st *state) makeOwnDir(name string) error {
	if err := st.root.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return refused(st.dir, err)
	}
	fi, err := st.root.Lstat(name)
	if err != nil {
		return refused(st.dir, err)
	}
	if !fi.IsDir() {
		return &SetupError{st.path(name) + " is not a directory", "move it away", ErrAccess}
	}
	if st.account != nil {
		if err := st.root.Lchown(name, int(st.account.Uid), int(st.account.Gid)); err != nil {
			return refused(st.dir, err)
		}
	}
	if err := st.root.Chmod(name, 0o700); err != nil {
		return refused(st.dir, err)
	}
	return nil
}

// prepareSocket makes the socket's folder and removes what a killed server left
// there: its lock file would stop the next one if its process id is in use again.
func (st *state) prepareSocket() error {
	if err := st.makeOwnDir(socketName); err != nil {
		return err
	}
	for _, name := range []string{".s.PGSQL." + port, ".s.PGSQL." + port + ".lock"} {
		if err := st.root.Remove(socketName + "/" + name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return refused(st.dir, err)
		}
	}
	return nil
}

// writeAccess writes who may connect, beside the data and not in it: the server's account, which may run other
// clusters too, cannot change these files.
func (st *state) writeAccess(c Config) error {
	hba, ident := "# Written at each start.\nlocal all all peer map=tijori\nlocal replication postgres peer map=tijori\n", "# Written at each start: account, role.\n"
	if c.AnyUser {
		hba = "local all,replication all trust\n"
	}
	for _, role := range append([]string{"postgres"}, c.Users...) {
		ident += fmt.Sprintf("tijori %s %s\n", confQuoted(accountName(uint32(os.Geteuid()))), confQuoted(role))
	}
	if c.upgrading && st.account != nil {
		ident += fmt.Sprintf("tijori %s postgres\n", confQuoted(accountName(st.account.Uid)))
	}
	for name, text := range map[string]string{hbaName: hba, identName: ident} {
		if err := st.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return refused(st.dir, err)
		}
		if err := st.root.WriteFile(name, []byte(text), 0o600); err != nil {
			return refused(st.dir, err)
		}
		if st.account != nil {
			if err := st.root.Lchown(name, 0, int(st.account.Gid)); err != nil {
				return refused(st.dir, err)
			}
			if err := st.root.Chmod(name, 0o640); err != nil {
				return refused(st.dir, err)
			}
		}
	}
	return nil
}

// confQuoted writes a name for pg_hba.conf and pg_ident.conf, where it is no pattern.
func confQuoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// refused tells that the system does not let us use dir.
func refused(dir string, err error) error {
	who := accountName(uint32(os.Geteuid()))
	return &SetupError{
		fmt.Sprintf("%s cannot use the state directory %s: %s", who, dir, reason(err)),
		"set TIJORI_DATA to a directory that " + who + " may write", ErrAccess,
	}
}

func accountName(uid uint32) string {
	id := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return "uid " + id
}
