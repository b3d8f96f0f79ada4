package jobs

import (
	"math/rand/v2"
	"time"

	"github.com/riverqueue/river/rivertype"
)

// retryPolicy tries again soon at first and every half hour in the end: a mail
// server that was away for a minute delays a link by seconds, not by hours.
type retryPolicy struct{}

var waits = []time.Duration{
	2 * time.Second, 5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 20 * time.Minute, 30 * time.Minute,
}

// NextRetry implements river.ClientRetryPolicy.
func (retryPolicy) NextRetry(job *rivertype.JobRow) time.Time {
	wait := waits[min(len(job.Errors), len(waits)-1)]
	return time.Now().Add(wait + rand.N(wait/4))
}
