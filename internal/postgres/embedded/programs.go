//go:build linux

package embedded

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// programs is one installed server.
type programs struct {
	bin       string
	major     int
	libraries string // LD_LIBRARY_PATH when the packages are unpacked elsewhere than in /
}

// findPrograms picks the server for data of major version want, or the newest
// usable one of the first folder that has any when want is 0.
func findPrograms(ctx context.Context, dirs []string, st *state, want int) (programs, error) {
	if len(dirs) == 0 {
		dirs = filepath.SplitList(os.Getenv("TIJORI_PG_BIN"))
	}
	explicit := len(dirs) > 0
	if !explicit {
		dirs = DefaultBinDirs(st.dir)
	}
	var all []programs
	for _, glob := range dirs {
		all = append(all, programsIn(ctx, glob, st)...)
	}
	for _, p := range all {
		if p.major == want || want == 0 && p.major >= MinMajor {
			return p, nil
		}
	}
	return programs{}, noPrograms(st.dir, dirs, explicit, all, want)
}

// programsIn lists the usable servers of one folder or glob, newest first. One
// that does not run, because a library is missing say, is not usable.
func programsIn(ctx context.Context, glob string, st *state) []programs {
	var found []programs
	matches, _ := filepath.Glob(glob) // the only error is a bad pattern: nothing matches it
	for _, bin := range matches {
		p := programs{bin: bin, libraries: libraryPath(bin)}
		out, err := st.command(ctx, p, "postgres", "--version").Output()
		if err != nil {
			continue
		}
		if p.major = majorVersion(string(out)); p.major == 0 {
			continue
		}
		if _, err := exec.LookPath(filepath.Join(bin, "initdb")); err != nil {
			continue
		}
		found = append(found, p)
	}
	slices.SortStableFunc(found, func(a, b programs) int { return b.major - a.major })
	return found
}

// majorVersion reads "postgres (PostgreSQL) 15.18 (Debian …)"; 0 when it is
// something else.
func majorVersion(line string) int {
	_, rest, ok := strings.Cut(line, "(PostgreSQL) ")
	if !ok {
		return 0
	}
	end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(rest)
	}
	n, err := strconv.Atoi(rest[:end])
	if err != nil {
		return 0
	}
	return n
}

// libraryPath lists the library folders of the tree that bin was unpacked in:
// for /x/usr/lib/postgresql/15/bin those below /x. Empty for the system's own.
func libraryPath(bin string) string {
	tree, _, ok := strings.Cut(bin, "/usr/lib/postgresql/")
	if !ok || tree == "" {
		return ""
	}
	var dirs []string
	for _, glob := range []string{"/usr/lib/*-linux-*", "/lib/*-linux-*"} {
		m, _ := filepath.Glob(tree + glob)
		dirs = append(dirs, m...)
	}
	return strings.Join(dirs, ":")
}

func noPrograms(dir string, dirs []string, explicit bool, all []programs, want int) error {
	var have []string
	for _, p := range all {
		have = append(have, strconv.Itoa(p.major))
	}
	majors := strings.Join(slices.Compact(have), ", ")
	switch {
	case want != 0 && majors != "":
		return &SetupError{
			fmt.Sprintf("the data in %s was made by postgresql %d, and only version %s is installed; nothing was changed", dir, want, majors),
			fmt.Sprintf("install postgresql-%d; with both installed, tijori upgrade-postgres moves the data", want), ErrWrongVersion,
		}
	case want != 0:
		return &SetupError{
			fmt.Sprintf("the data in %s was made by postgresql %d, and no postgresql server is installed", dir, want),
			fmt.Sprintf("apt-get install postgresql-%d", want), ErrNoBinaries,
		}
	case majors != "":
		return &SetupError{
			fmt.Sprintf("postgresql %s is too old, version %d or newer is needed", majors, MinMajor),
			fmt.Sprintf("install a newer one, or set DATABASE_URL to a PostgreSQL %d server", MinMajor), ErrNoBinaries,
		}
	case explicit:
		return &SetupError{
			"no usable postgresql server programs in " + strings.Join(dirs, ", "),
			"name the folder that has postgres and initdb", ErrNoBinaries,
		}
	}
	return &SetupError{
		"no postgresql server programs found on this machine",
		"use make run, apt-get install postgresql, or set DATABASE_URL", ErrNoBinaries,
	}
}

// command prepares one of the server's programs: its account, a folder that it
// may be in, and nothing of our environment.
func (st *state) command(ctx context.Context, p programs, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(p.bin, name), args...)
	cmd.Dir = st.dir
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC", "HOME=" + st.dir}
	if p.libraries != "" {
		cmd.Env = append(cmd.Env, "LD_LIBRARY_PATH="+p.libraries)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Credential: st.account,
		Setpgid:    true, // Ctrl-C in the terminal is for us, who then stop the server in order
	}
	return cmd
}
