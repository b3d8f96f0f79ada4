// Package credits sells what a program uses up: balances of meters, spent at
// most once, refilled by the calendar. The truth is in the database, which takes
// the hash of an API key and decides by itself whose balance that is; this
// package puts requests that come at the same moment into one transaction.
package credits

import (
	"log/slog"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/clock"
	"github.com/tijorihq/tijori/internal/postgres"
)

// Bounds of what a program may ask.
const (
	MaxAmount  = 1_000_000_000_000 // credits in one request
	MaxKey     = 200               // letters of an idempotency key
	MaxNote    = 500               // letters of a note
	MaxSeconds = 24 * 60 * 60      // life of a hold
	MinSeconds = 1
	HoldFor    = 10 * 60 // seconds, when a program names none
)

// Burn order: the lower priority first, then what ends earlier, then what was
// granted earlier. What was bought outlasts what was given.
const (
	AllowancePriority   = 10
	PromotionalPriority = 20
	TopUpPriority       = billing.TopUpPriority
)

// Config is what a Service stands on.
type Config struct {
	DB    *postgres.DB
	Plans *billing.Plans
	Clock *clock.Clock // the service clock
	Log   *slog.Logger
}

// A Service spends and refills. Its methods may be called from many goroutines.
type Service struct {
	db    *postgres.DB
	work  postgres.Work // the app whose credits these are
	plans *billing.Plans
	clock *clock.Clock
	log   *slog.Logger
	desk  *desk
	woken chan struct{}
}

// Wake says, as a hint, that plans have changed, so that what they bring is given now.
func (s *Service) Wake() {
	select {
	case s.woken <- struct{}{}:
	default:
	}
}

// Woken receives when Wake was called.
func (s *Service) Woken() <-chan struct{} { return s.woken }

// New returns a service.
func New(c Config) *Service {
	s := &Service{
		db: c.DB, work: billing.WorkOf(c.Plans.App), plans: c.Plans, clock: c.Clock, log: c.Log,
		woken: make(chan struct{}, 1),
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	s.desk = newDesk(c.DB, s.log)
	return s
}

// hasMeter reports whether there is such a kind of credit.
func (s *Service) hasMeter(id string) bool {
	for _, m := range s.plans.Meters {
		if m.ID == id {
			return true
		}
	}
	return false
}
