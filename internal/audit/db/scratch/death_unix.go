//go:build unix && !linux

package scratch

import "syscall"

func dieWithUs(*syscall.SysProcAttr) {}
