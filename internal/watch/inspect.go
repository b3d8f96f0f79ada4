package watch

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/watch/detect"
)

// An Answer is what one caller was shown: the ids that stand in it, and the accounts that the database let the caller
// into meanwhile.
type Answer struct {
	At        time.Time
	RequestID string
	Route     string
	User      uuid.UUID
	IDs, Mine []uuid.UUID
}

// An Inspector looks whether answers hold the ids of other accounts, beside the requests and never in their way: what
// it cannot look at in time is left out.
type Inspector struct {
	service *Service
	queue   chan Answer
	stop    chan struct{}
	done    chan struct{}
	once    sync.Once
	missed  atomic.Int64
	looked  atomic.Int64
}

const (
	inspectQueue = 200
	maxIDs       = 300 // of one answer
)

// Inspect begins to look at answers until Stop.
func (s *Service) Inspect() *Inspector {
	i := &Inspector{
		service: s, queue: make(chan Answer, inspectQueue), stop: make(chan struct{}), done: make(chan struct{}),
	}
	go i.run()
	return i
}

// Add hands an answer over. It may be called from many goroutines, also of a nil Inspector, which drops it.
func (i *Inspector) Add(a Answer) {
	if i == nil {
		return
	}
	select {
	case i.queue <- a:
	default:
		i.missed.Add(1)
	}
}

// Looked is how many answers were looked at, and Missed how many came too fast.
func (i *Inspector) Looked() int64 { return i.looked.Load() }
func (i *Inspector) Missed() int64 { return i.missed.Load() }

// Stop looks at what waits and ends.
func (i *Inspector) Stop(ctx context.Context) error {
	i.once.Do(func() { close(i.stop) })
	select {
	case <-i.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (i *Inspector) run() {
	defer close(i.done)
	for {
		select {
		case a := <-i.queue:
			i.look(a)
		case <-i.stop:
			for {
				select {
				case a := <-i.queue:
					i.look(a)
					continue
				default:
				}
				return
			}
		}
	}
}

func (i *Inspector) look(a Answer) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	i.looked.Add(1)
	s := i.service
	rows, err := s.pool.Query(ctx, `select id from tijori_ops.strangers_among($1, $2)`, a.IDs, a.Mine)
	var strangers []uuid.UUID
	if err == nil {
		strangers, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	}
	if err == nil && len(strangers) > 0 {
		s.log.Error("an answer holds ids of another account", "request", a.RequestID, "route", a.Route)
		err = s.Raise(ctx, detect.Alert{
			Rule: detect.Mismatch, Subject: a.Route, Account: a.Mine[0], Since: a.At, At: a.At, Count: 1,
			Requests: []string{a.RequestID},
			Text:     fmt.Sprintf("an answer at %s held ids of another account, %s for example", a.Route, strangers[0]),
		})
	}
	if err != nil {
		s.log.Error("look at an answer", "request", a.RequestID, "error", err)
	}
}

// IDsIn returns the UUIDs in a text, each once, in the order of the alphabet.
func IDsIn(body []byte) []uuid.UUID {
	var out []uuid.UUID
	for at := 0; len(out) < maxIDs; {
		dash := bytes.IndexByte(body[at:], '-')
		if dash < 0 {
			break
		}
		dash += at
		at = dash + 1
		if dash < 8 || dash+28 > len(body) || body[dash+5] != '-' || body[dash+10] != '-' || body[dash+15] != '-' {
			continue
		}
		id, err := uuid.ParseBytes(body[dash-8 : dash+28])
		if err != nil {
			continue
		}
		at = dash + 28
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	slices.SortFunc(out, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	return out
}
