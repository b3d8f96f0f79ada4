//go:build linux

package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// keptPrefix begins the name of data that an upgrade has set aside; its major version ends it.
const keptPrefix = dataName + ".postgresql-"

// upgradeName is where an upgrade works, inside the state directory.
const upgradeName = "upgrade"

// A Claim is a state directory that nobody else can use, while its data move to another version.
type Claim struct{ st *state }

// An Installation is a PostgreSQL server whose programs are on this machine.
type Installation struct {
	Major    int
	Bin      string
	Upgrades bool // pg_upgrade is among them
}

// A Kept is data that an upgrade, or its undoing, has set aside.
type Kept struct {
	Major int
	Name  string // in the state directory
}

// ClaimDir takes a state directory that has data, stops what an earlier owner left running there, and finishes an
// exchange that was interrupted.
func ClaimDir(ctx context.Context, dir string) (_ *Claim, err error) {
	if dir, err = statePath(dir); err != nil {
		return nil, err
	}
	if !HasData(dir) { // a question makes no directory
		return nil, &SetupError{"there is no database in " + dir, "set TIJORI_DATA to what the server has", ErrPath}
	}
	st, err := openState(dir)
	if err != nil {
		return nil, err
	}
	c := &Claim{st}
	if err = st.stopLeftovers(ctx); err == nil {
		err = c.settle()
	}
	if err != nil {
		st.close()
		return nil, err
	}
	return c, nil
}

// Close releases the directory.
func (c *Claim) Close() { c.st.close() }

// Major is the version that made the data.
func (c *Claim) Major() (int, error) { return c.st.dataMajor() }

// Start is Start in a directory that stays claimed when the server has stopped.
func (c *Claim) Start(ctx context.Context, config Config) (*Server, error) {
	config.Dir = c.st.dir
	s, err := start(ctx, config, c.st)
	if err == nil {
		s.claimed = true
	}
	return s, err
}

// Installations lists the servers on this machine that a new cluster can be made with, in the order of dirs (see
// Config.BinDirs), the newest of a folder first.
func (c *Claim) Installations(ctx context.Context, dirs []string) []Installation {
	if len(dirs) == 0 {
		dirs = filepath.SplitList(os.Getenv("TIJORI_PG_BIN"))
	}
	if len(dirs) == 0 {
		dirs = DefaultBinDirs(c.st.dir)
	}
	var out []Installation
	for _, glob := range dirs {
		for _, p := range programsIn(ctx, glob, c.st) {
			_, err := exec.LookPath(filepath.Join(p.bin, "pg_upgrade"))
			out = append(out, Installation{p.major, p.bin, err == nil})
		}
	}
	return out
}

// Scratch makes the folder that an upgrade works in, empty.
func (c *Claim) Scratch() (string, error) {
	if err := c.RemoveScratch(); err != nil {
		return "", err
	}
	mode := fs.FileMode(0o700)
	if os.Geteuid() == 0 {
		mode = 0o711 // the server's account passes
	}
	if err := c.st.root.Mkdir(upgradeName, mode); err != nil {
		return "", refused(c.st.dir, err)
	}
	if err := c.st.root.Chmod(upgradeName, mode); err != nil { // whatever the umask took away
		return "", refused(c.st.dir, err)
	}
	return c.st.path(upgradeName), nil
}

// RemoveScratch removes what an upgrade worked with. No data that anybody has written to are ever there.
func (c *Claim) RemoveScratch() error {
	if err := c.st.root.RemoveAll(upgradeName); err != nil {
		return refused(c.st.dir, err)
	}
	return nil
}

// UpgradeFiles has pg_upgrade copy the data into the fresh cluster in dir, which is of the version of to. Neither
// server runs.
func (c *Claim) UpgradeFiles(ctx context.Context, from, to Installation, dir string) (err error) {
	other, err := openState(dir)
	if err != nil {
		return err
	}
	defer other.close()
	if err := other.makeOwnDir("work"); err != nil { // it puts its sockets there
		return err
	}
	if err := other.writeAccess(Config{upgrading: true}); err != nil {
		return err
	}
	access := "-c hba_file=" + other.path(hbaName) + " -c ident_file=" + other.path(identName)
	cmd := c.st.command(ctx, programs{bin: to.Bin, libraries: libraryPath(to.Bin)}, "pg_upgrade",
		"--old-bindir", from.Bin, "--new-bindir", to.Bin, "--old-datadir", c.st.path(dataName),
		"--new-datadir", other.path(dataName), "--username", "postgres", "--socketdir", other.path("work"),
		"--old-options", access, "--new-options", access) // it copies, and links nothing
	cmd.Dir = other.path("work")
	cmd.SysProcAttr.Pdeathsig = syscall.SIGINT
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = 20 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out

	runtime.LockOSThread() // Pdeathsig fires when the thread that forked ends
	err = cmd.Run()
	runtime.UnlockOSThread()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return &SetupError{
			fmt.Sprintf("pg_upgrade of postgresql %d refuses the data: %s", to.Major, lastLine(out.String(), err)),
			"--method rows copies the rows instead; nothing was changed", ErrNotStarted,
		}
	}
	return nil
}

// lastLine is the last line of what a program said that says something.
func lastLine(out string, err error) string {
	said := err.Error()
	for line := range strings.Lines(out) {
		if line = strings.TrimSpace(line); line != "" && line != "Failure, exiting" {
			said = line
		}
	}
	return said
}

// Names that data have for a moment while they change places. What a killed process leaves under them, settle names.
const (
	nextName   = dataName + ".next"   // the new data, before an upgrade's exchange; after it, the old
	undoneName = dataName + ".undone" // the old data, before an undoing's exchange; after it, the new
)

// TakeOver puts the data of the stopped server in dir, which are of a newer version, in the place of those that are
// there, in one instant. What was there is kept.
func (c *Claim) TakeOver(ctx context.Context, dir string) (Kept, error) {
	other, err := openState(dir)
	if err != nil {
		return Kept{}, err
	}
	defer other.close()
	if err := other.stopLeftovers(ctx); err != nil {
		return Kept{}, err
	}
	if err := os.Rename(other.path(dataName), c.st.path(nextName)); err != nil {
		return Kept{}, refused(c.st.dir, err)
	}
	if err := c.exchange(nextName); err != nil {
		return Kept{}, err
	}
	return c.keep(nextName)
}

// Undo puts kept data back in their place, in one instant, and keeps what was there.
func (c *Claim) Undo(k Kept) (Kept, error) {
	major, err := c.Major()
	if err != nil {
		return Kept{}, err
	}
	if _, err := c.st.root.Lstat(keptName(major)); err == nil {
		return Kept{}, &SetupError{
			c.st.path(keptName(major)) + " is there already", "remove it, or move it away", ErrInUse,
		}
	}
	if err := c.st.root.Rename(k.Name, undoneName); err != nil {
		return Kept{}, refused(c.st.dir, err)
	}
	if err := c.exchange(undoneName); err != nil {
		return Kept{}, err
	}
	return c.keep(undoneName)
}

// exchange swaps the data with those of another name in one step of the file system: at no moment are there none.
func (c *Claim) exchange(name string) error {
	if err := unix.Renameat2(unix.AT_FDCWD, c.st.path(name), unix.AT_FDCWD, c.st.path(dataName),
		unix.RENAME_EXCHANGE); err != nil {
		return refused(c.st.dir, err)
	}
	return syncDir(c.st.dir)
}

// keep gives data that stand aside the name that they are found under.
func (c *Claim) keep(name string) (Kept, error) {
	major, err := c.majorOf(name)
	if err != nil {
		return Kept{}, err
	}
	k := Kept{major, keptName(major)}
	if _, err := c.st.root.Lstat(k.Name); err == nil {
		return Kept{}, &SetupError{
			c.st.path(k.Name) + " is there already, and " + name + " needs its name", "move one of them away", ErrInUse,
		}
	}
	if err := c.st.root.Rename(name, k.Name); err != nil {
		return Kept{}, refused(c.st.dir, err)
	}
	return k, syncDir(c.st.dir)
}

func keptName(major int) string { return keptPrefix + strconv.Itoa(major) }

func (c *Claim) majorOf(name string) (int, error) {
	b, err := c.st.root.ReadFile(name + "/PG_VERSION")
	if err != nil {
		return 0, refused(c.st.dir, err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return 0, &SetupError{
			c.st.path(name) + " is not the data of a postgresql server: its PG_VERSION is damaged", "move it away", ErrWrongVersion,
		}
	}
	return n, nil
}

// settle finishes what a killed upgrade or undoing had begun.
func (c *Claim) settle() error {
	for _, name := range []string{nextName, undoneName} {
		if _, err := c.st.root.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		now, err := c.Major()
		if err != nil {
			return err
		}
		aside, err := c.majorOf(name)
		if err != nil {
			return err
		}
		if name == nextName && aside > now { // it never took the place of the data: nothing was ever written to it
			if err := c.st.root.RemoveAll(name); err != nil {
				return refused(c.st.dir, err)
			}
			continue
		}
		if _, err := c.keep(name); err != nil {
			return err
		}
	}
	return nil
}

// Kept lists what upgrades have set aside, the newest version first.
func (c *Claim) Kept() ([]Kept, error) { return KeptIn(c.st.dir) }

// KeptIn lists what upgrades have set aside in a state directory, the newest version first.
func KeptIn(dir string) ([]Kept, error) {
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []Kept
	for _, e := range list {
		if n, ok := strings.CutPrefix(e.Name(), keptPrefix); ok && e.IsDir() {
			if major, err := strconv.Atoi(n); err == nil {
				out = append(out, Kept{major, e.Name()})
			}
		}
	}
	slices.SortFunc(out, func(a, b Kept) int { return b.Major - a.Major })
	return out, nil
}

// Remove removes kept data for good.
func (c *Claim) Remove(k Kept) error {
	if err := c.st.root.RemoveAll(k.Name); err != nil {
		return refused(c.st.dir, err)
	}
	return nil
}

// Altered are the lines of settings that somebody made with ALTER SYSTEM. They stay with the data that they are of.
func (c *Claim) Altered() []string {
	b, err := c.st.root.ReadFile(dataName + "/postgresql.auto.conf")
	if err != nil {
		return nil // none was made
	}
	var out []string
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}
