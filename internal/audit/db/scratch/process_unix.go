//go:build unix

package scratch

import (
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// ordinary is the account that the server runs as when we are root, which
// PostgreSQL refuses.
func ordinary() (uid, gid int, err error) {
	for _, name := range []string{"postgres", "nobody"} {
		var u *user.User
		if u, err = user.Lookup(name); err == nil {
			uid, _ = strconv.Atoi(u.Uid)
			gid, _ = strconv.Atoi(u.Gid)
			return uid, gid, nil
		}
	}
	return 0, 0, err
}

func give(dir string) error {
	if os.Getuid() != 0 {
		return nil
	}
	uid, gid, err := ordinary()
	if err != nil {
		return err
	}
	return os.Chown(dir, uid, gid)
}

func (s *Server) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Dir = s.dir
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + s.dir, "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 {
		if uid, gid, err := ordinary(); err == nil {
			cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		}
	}
	return cmd
}

func stop(p *os.Process) { _ = p.Signal(syscall.SIGQUIT) }

// tie sees to it that the server does not outlive us, where that can be.
func tie(cmd *exec.Cmd) { dieWithUs(cmd.SysProcAttr) }
