package cli

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tijorihq/tijori/internal/backup"
	"github.com/tijorihq/tijori/internal/jobs"
	"github.com/tijorihq/tijori/internal/postgres"
)

// logEvery is how much of the log of changes a lost machine may take with it.
const logEvery = time.Minute

// A keeper makes a server's back-ups by themselves.
type keeper struct {
	*backups
	kind   backup.Kind
	every  time.Duration
	keep   int
	logger *backup.Logger // nil where the server is not ours
	log    *slog.Logger
	again  time.Time    // not before, after one has failed
	newest atomic.Int64 // when the newest ended, in Unix seconds; 0: there is none, or nobody has looked
	stored atomic.Int64 // when the log was last stored
}

// newKeeper returns nil where no back-ups are configured; the private server then keeps no log for them.
func (f *serveFlags) newKeeper(ctx context.Context, d *database, log *slog.Logger) (*keeper, error) {
	private := d.server != nil
	if f.Backup == "" {
		if private {
			return nil, backup.DropLog(ctx, d.config.Admin)
		}
		return nil, nil //nolint:nilnil // none is what is asked for
	}
	if f.BackupEvery < time.Minute {
		return nil, usagef("TIJORI_BACKUP_EVERY %s is less than a minute", f.BackupEvery)
	}
	target, err := backup.OpenTarget(f.Backup, true)
	if err != nil {
		return nil, err
	}
	config := d.config
	b, err := newBackups(target, config, &f.databaseFlags, f.Recipients)
	if err != nil {
		return nil, err
	}
	k := &keeper{backups: b, kind: backup.Logical, every: f.BackupEvery, keep: f.Keep, log: log}
	if private {
		dir, err := f.dataDir()
		if err != nil {
			return nil, err
		}
		to, err := backup.Recipients(f.Recipients)
		if err != nil {
			return nil, err
		}
		k.kind = backup.Base
		k.logger = &backup.Logger{
			Target: target, Admin: config.Admin,
			Dir: filepath.Join(dir, "postgres", "data", "pg_wal"), To: to,
		}
	}
	return k, nil
}

func (k *keeper) loops() []jobs.Loop {
	out := []jobs.Loop{{Name: "back up", Do: k.backUp, Poll: logEvery}}
	if k.logger != nil {
		out = append(out, jobs.Loop{Name: "store the log", Do: k.storeLog, Poll: logEvery})
	}
	return out
}

// storeLog stores what is new in the log of changes.
func (k *keeper) storeLog(ctx context.Context) (int, error) {
	if _, err := k.logger.Start(ctx); err != nil {
		return 0, err
	}
	_, err := k.logger.Store(ctx)
	if err == nil {
		k.stored.Store(time.Now().Unix())
	}
	return 0, err
}

// backUp makes a back-up when one is due, verifies it, and removes those that are too many. Several nodes may ask at
// once: one makes it.
func (k *keeper) backUp(ctx context.Context) (int, error) {
	now := time.Now()
	if now.Before(k.again) {
		return 0, nil
	}
	list, err := backup.List(ctx, k.maker.Target)
	if err != nil {
		return 0, err
	}
	for _, m := range list {
		if m.Kind == k.kind {
			k.newest.Store(m.Ended.Unix())
			if now.Sub(m.Ended) < k.every && k.covers(m) {
				return 0, nil
			}
			break
		}
	}
	if k.logger != nil { // first: a base back-up names the log that is there
		if _, err := k.storeLog(ctx); err != nil {
			return 0, err
		}
	}
	k.again = now.Add(max(time.Minute, min(k.every/24, time.Hour)))
	m, err := k.maker.Make(ctx, k.kind)
	if errors.Is(err, postgres.ErrBusy) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	k.newest.Store(m.Ended.Unix())
	if err := k.verify(ctx, m); err != nil {
		return 0, err
	}
	k.log.InfoContext(ctx, "backed up", "name", m.Name, "bytes", m.Size)
	_, err = backup.Keep(ctx, k.maker.Target, k.keep)
	return 0, err
}

// covers reports whether the log that is stored belongs to a back-up: a new log needs a new one at once.
func (k *keeper) covers(m backup.Manifest) bool {
	return k.logger == nil || m.Cluster != nil && (m.Cluster.Line == k.logger.Line() || k.logger.Line() == "")
}

// metrics say how old back-ups are.
func (k *keeper) metrics() []prometheus.Collector {
	age := func(name, help string, at *atomic.Int64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help},
			func() float64 { return float64(at.Load()) })
	}
	out := []prometheus.Collector{age("tijori_backup_last_success_timestamp_seconds",
		"When the newest back-up ended; 0 when there is none.", &k.newest)}
	if k.logger != nil {
		out = append(out,
			age("tijori_backup_log_stored_timestamp_seconds", "When the log of changes was last stored.", &k.stored))
	}
	return out
}
