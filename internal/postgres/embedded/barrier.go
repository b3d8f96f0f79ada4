//go:build linux

package embedded

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// barrier returns the first directory on the way to dir, itself included, that
// an account may not pass, with its mode; "" when the way is free. It reads the
// permission bits, not access control lists.
func barrier(dir string, uid, gid uint32) (string, fs.FileMode) {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	way := []string{"/"}
	for i, r := range dir {
		if r == '/' && i > 0 {
			way = append(way, dir[:i])
		}
	}
	if dir = strings.TrimSuffix(dir, "/"); dir != "" {
		way = append(way, dir)
	}
	for _, d := range way {
		fi, err := os.Stat(d)
		if err != nil {
			return d, 0
		}
		if own, ok := fi.Sys().(*syscall.Stat_t); ok && !mayPass(fi.Mode(), own.Uid, own.Gid, uid, gid) {
			return d, fi.Mode().Perm()
		}
	}
	return "", 0
}

// mayPass reads the execute bit that applies to an account: the owner's, the
// group's or the others', and never a second one.
func mayPass(mode fs.FileMode, ownUID, ownGID, uid, gid uint32) bool {
	switch {
	case uid == ownUID:
		return mode&0o100 != 0
	case gid == ownGID:
		return mode&0o010 != 0
	}
	return mode&0o001 != 0
}
