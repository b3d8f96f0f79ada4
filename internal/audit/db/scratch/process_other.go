//go:build !unix

package scratch

import (
	"os"
	"os/exec"
)

func give(string) error { return nil }

func (s *Server) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Dir = s.dir
	return cmd
}

func stop(p *os.Process) { _ = p.Kill() }

func tie(*exec.Cmd) {}
