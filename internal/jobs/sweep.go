package jobs

import (
	"context"
	"time"

	"github.com/riverqueue/river"
)

// invitationSweep finds invitations whose mail was never begun.
type invitationSweep struct{}

func (invitationSweep) Kind() string { return "invitation_sweep" }

// unmailedFor is how long an invitation may wait for its own job.
const unmailedFor = 2 * time.Minute

func (c *Config) sweepInvitations(ctx context.Context, _ *river.Job[invitationSweep]) error {
	n, err := c.Accounts.SweepInvitations(ctx, unmailedFor)
	if n > 0 {
		c.Log.Warn("found invitations without a mail", "count", n)
	}
	return err
}

// expiry deletes what has ended.
type expiry struct{}

func (expiry) Kind() string { return "expiry" }

func (c *Config) expire(ctx context.Context, _ *river.Job[expiry]) error {
	_, err := c.Accounts.Expire(ctx)
	return err
}

// noticeSweep finds what is to be told by mail.
type noticeSweep struct{}

func (noticeSweep) Kind() string { return "notice_sweep" }

func (c *Config) sweepNotices(ctx context.Context, _ *river.Job[noticeSweep]) error {
	_, err := c.Accounts.SweepNotices(ctx)
	return err
}
