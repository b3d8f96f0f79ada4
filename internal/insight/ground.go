package insight

import (
	"context"
	"fmt"
	"time"
)

// A Ground is what the program stands on, as the database says.
type Ground struct {
	Version        string // of PostgreSQL
	Size           int64  // of the database, in bytes
	Connections    int    // to the server, of everybody
	MaxConnections int
	Skew           time.Duration // by how much the database's clock is ahead of this machine's
	Queue          Queue
}

// A Queue is what the job queue has to do.
type Queue struct {
	Due       int       // jobs whose time has come
	Oldest    time.Time // when that of the longest waiting was; zero when none waits
	Retrying  int       // failed, and tried again
	Discarded int       // given up within a week
}

// Ground asks the database and the queue.
func (s *Service) Ground(ctx context.Context) (g Ground, err error) {
	before := time.Now()
	var there time.Time
	err = s.db.Support.QueryRow(ctx, `
		select current_setting('server_version'), pg_catalog.pg_database_size(pg_catalog.current_database()),
		       (select count(*) from pg_catalog.pg_stat_activity), current_setting('max_connections')::int,
		       clock_timestamp()`).Scan(&g.Version, &g.Size, &g.Connections, &g.MaxConnections, &there)
	if err != nil {
		return g, fmt.Errorf("ask the database: %w", err)
	}
	after := time.Now()
	switch { // what lies between the two was on the way
	case there.Before(before):
		g.Skew = there.Sub(before)
	case there.After(after):
		g.Skew = there.Sub(after)
	}
	var oldest *time.Time
	err = s.db.Jobs.QueryRow(ctx, `
		select count(*) filter (where state in ('available', 'retryable', 'scheduled') and scheduled_at <= now()),
		       min(scheduled_at) filter (where state in ('available', 'retryable',
			'scheduled') and scheduled_at <= now()),
		       count(*) filter (where state = 'retryable'),
		       count(*) filter (where state = 'discarded' and finalized_at > now() - interval '7 days')
		  from tijori_river.river_job
		 where state in ('available', 'retryable', 'scheduled', 'discarded')`).
		Scan(&g.Queue.Due, &oldest, &g.Queue.Retrying, &g.Queue.Discarded)
	if err != nil {
		return g, fmt.Errorf("ask the queue: %w", err)
	}
	g.Queue.Oldest = value(oldest)
	return g, nil
}

// A Machine is what the program knows of the machine that it runs on and of what is kept elsewhere. The program fills
// it in where it has the means.
type Machine struct {
	Backups      bool          // they are made here
	BackupEvery  time.Duration // how often
	BackupsKept  int           // of each kind; 0 means all
	NewestBackup time.Time     // zero when there is none, or nobody has looked
	KeepsLog     bool          // the log of changes is stored between back-ups
	LogStored    time.Time

	DiskPath            string // where data is; "" when this machine holds none
	DiskFree, DiskTotal uint64 // in bytes

	TLS         bool      // the public address has it
	Host        string    // of the public address
	CertFrom    time.Time // when it was issued
	CertUntil   time.Time // zero when it could not be asked
	CertTrouble string    // why it could not
}

// CertMargins are how long before its end a certificate should have been renewed, and must be: three weeks and one,
// less for one with a short life.
func (m Machine) CertMargins() (due, urgent time.Duration) {
	const week = 7 * 24 * time.Hour
	life := m.CertUntil.Sub(m.CertFrom)
	return min(3*week, life/4), min(week, life/12)
}
