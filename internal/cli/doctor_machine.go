package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tijorihq/tijori/internal/backup"
	"github.com/tijorihq/tijori/internal/billing"
)

// backups looks at how old the newest back-up is, whether it was verified, and whether the log that is stored reaches
// to now.
func (c *doctorCmd) backups(e *env, x *examination) {
	const subject = "back-ups"
	if c.Backup == "" {
		if c.simulated() {
			x.ok(subject, "none: payments are simulated")
			return
		}
		x.bad(subject, billing.CheckWrong, errors.New("the server makes none"),
			"set TIJORI_BACKUP to a folder on another disk, or a bucket; docs/backup.md")
		return
	}
	target, err := backup.OpenTarget(c.Backup, false)
	if err != nil {
		x.bad(subject, billing.CheckWrong, err, "")
		return
	}
	list, err := backup.List(e, target)
	if err != nil {
		x.bad(subject, billing.CheckWrong, err, "")
		return
	}
	if len(list) == 0 {
		x.bad(subject, billing.CheckWrong, fmt.Errorf("there is none in %s", target),
			"tijori backup makes one; the server's log says why it has not")
		return
	}
	m := list[0]
	age := time.Since(m.Ended).Round(time.Minute)
	switch {
	case age > 2*c.BackupEvery:
		x.bad(subject, billing.CheckWrong, fmt.Errorf("the newest is %s old, and one is due every %s",
			age, c.BackupEvery), "the server's log says what failed; tijori backup makes one")
	case m.Verified == nil:
		x.bad(subject, billing.CheckWrong, fmt.Errorf("%s was never restored into a scratch server", m.Name),
			"tijori backup verify does")
	default:
		x.ok(subject, "%d in %s, the newest %s old and verified", len(list), target, age)
	}
	c.storedLog(e, x, target, m)
}

func (c *doctorCmd) storedLog(e *env, x *examination, target backup.Target, m backup.Manifest) {
	const subject = "stored log"
	if m.Kind != backup.Base || m.Cluster == nil || m.Cluster.Line == "" {
		return
	}
	at, err := backup.LogStored(e, target, m.Cluster.Line)
	if err != nil {
		x.bad(subject, billing.CheckUnknown, err, "")
		return
	}
	if age := time.Since(at).Round(time.Second); age > 10*logEvery {
		x.bad(subject, billing.CheckWrong, fmt.Errorf("it reaches to %s ago", age),
			"the server's log says what failed; a server that stands still stores nothing")
		return
	}
	x.ok(subject, "reaches to %s", stamp(at))
}

// How much of a disk has to be free: a tenth, or enough for a while.
const (
	leastFree      = 0.10
	leastFreeBytes = 10 << 30
)

// disk looks at the room on the disks of the state directory and of the back-ups.
func (c *doctorCmd) disk(x *examination) {
	dirs := []string{c.Data}
	if c.Data == "" {
		dirs[0] = defaultData()
	}
	if c.Backup != "" {
		dirs = append(dirs, c.Backup)
	}
	seen := map[uint64]bool{}
	for _, dir := range dirs {
		dir, err := filepath.Abs(dir)
		if err != nil {
			continue
		}
		info, err := os.Stat(dir)
		if err != nil || !info.IsDir() {
			continue // it is not there, which others say, or a bucket
		}
		var fs unix.Statfs_t
		if err := unix.Statfs(dir, &fs); err != nil || fs.Blocks == 0 {
			continue
		}
		key := fs.Blocks<<16 ^ uint64(fs.Files)
		if seen[key] {
			continue
		}
		seen[key] = true
		free := float64(fs.Bavail) / float64(fs.Blocks)
		//nolint:unconvert // the types differ by system
		text := fmt.Sprintf("%s has %s free, %.0f %%", dir, size(int64(fs.Bavail)*int64(fs.Bsize)), 100*free)
		if free < leastFree && float64(fs.Bavail)*float64(fs.Bsize) < leastFreeBytes {
			x.bad("disk", billing.CheckWrong, errors.New(text), "make room: a full disk stops the database")
			continue
		}
		x.ok("disk", "%s", text)
	}
}
