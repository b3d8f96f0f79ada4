package credits

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/text"
)

// A Spend asks to take credits now, or to set them aside.
type Spend struct {
	Meter  string
	Amount int64
	Key    string // the program's idempotency key: what is done under it is done and paid once
	Note   string

	// Feature is what the customer's plan must carry for anything new to be spent, "" for nothing: plan and balance
	// are decided at one moment.
	Feature string

	// Attempt names who may do the work that a hold is for, of holds only. The same request with the same attempt
	// is answered as the first time while the hold is open; with another one it is a *Repeat. Zero is a new one.
	Attempt uuid.UUID
}

// A Spent says what was taken.
type Spent struct {
	Number    int64 // of the entry, counted within account and meter
	Available int64 // what can be spent after it
	Repeated  bool  // it was taken by an earlier request with the same key; nothing was taken now
}

// A Hold is credits set aside.
type Hold struct {
	ID        uuid.UUID
	Meter     string
	Amount    int64
	ExpiresAt time.Time
	Available int64 // what could be spent after it was made
}

// What became of a hold.
const (
	Held     = "held"     // its work may be under way
	Captured = "captured" // its work was done and paid
	Released = "released" // its work failed; the credits are back
	Expired  = "expired"  // nobody ended it in time; the credits are back
)

// A Repeat is the error when a hold is asked for that was asked for before, by
// another attempt or before it ended: the work must not be done. Its fault is of
// kind fault.Conflict.
type Repeat struct {
	Hold     Hold
	Status   string // Held, Captured, Released or Expired
	Captured int64  // of it; 0 unless captured
}

func (e *Repeat) Error() string { return repeats[e.Status].Sentence() }

// Unwrap returns the fault.
func (e *Repeat) Unwrap() error { return repeats[e.Status] }

var repeats = map[string]*fault.Fault{
	Held: fault.New(fault.Conflict, "Work under this idempotency key was begun and may be under way.").
		Coded("hold_held"),
	Captured: errCaptured,
	Released: fault.New(fault.Conflict,
		"The hold under this idempotency key was released. To try again, use a new key.").
		Coded("hold_released"),
	Expired: fault.New(fault.Conflict, "The hold under this idempotency key has expired. To try again, use a new key.").
		Coded("hold_expired"),
}

// A Settled says how a hold ended.
type Settled struct {
	Hold      uuid.UUID
	Meter     string
	Captured  int64 // 0 when it was released
	Number    int64 // of the entry; 0 when nothing was captured
	Available int64
}

// Insufficient is the error when there is not enough; nothing was written. Its
// fault is of kind fault.InsufficientCredits.
type Insufficient struct {
	Meter      string
	Available  int64
	NextAt     time.Time // when the next allowance comes; zero when none is to come
	NextAmount int64
}

func (e *Insufficient) Error() string { return errInsufficient.Sentence() }

// Unwrap returns the fault.
func (e *Insufficient) Unwrap() error { return errInsufficient }

// The refusals that a program can meet.
var (
	errInsufficient = fault.New(fault.InsufficientCredits, "There are not enough credits.")
	errNoKey        = fault.New(fault.Unauthorized, "The API key is missing, wrong or revoked.")
	errScope        = fault.New(fault.Forbidden, "The API key may not do this.").Coded("scope_missing")
	errReused       = fault.New(fault.Conflict, "This idempotency key was used for another request.").
			Coded("idempotency_key_reused")
	errCaptured = fault.New(fault.Conflict, "This hold was captured already.").Coded("hold_captured")
	errGone     = fault.New(fault.Conflict, "This hold has ended. Its credits are back.").Coded("hold_ended")
	errNoHold   = fault.New(fault.NotFound, "There is no such hold.")
	errTooMuch  = fault.InvalidField("amount", "This is more than the hold.").Coded("more_than_hold")
	// Of an app's key: absent and another app's are the same.
	errNoCustomer = fault.New(fault.NotFound, "There is no such customer.").Coded("no_such_customer")
	errNotInPlan  = fault.Upgrade("not_in_plan", "The plan does not include this.")
	errBusy       = fault.New(fault.Unavailable, "Please try again with the same idempotency key.").
			Coded("try_again")
)

// Consume takes credits from the account of an API key, at once and once. Faults:
// InsufficientCredits (as *Insufficient), Conflict for a key that was used with
// another body, Invalid, Unauthorized, Forbidden; Unavailable when it is not known
// whether it was done: ask again with the same key.
func (s *Service) Consume(ctx context.Context, key [32]byte, r Spend) (Spent, error) {
	return s.ConsumeFor(ctx, postgres.Holder{Credential: key}, r)
}

// ConsumeFor is Consume with an app's key, for the customer whom it names. Further faults: NotFound for a customer that
// the app of the key does not have, UpgradeRequired for a feature that the plan lacks.
func (s *Service) ConsumeFor(ctx context.Context, h postgres.Holder, r Spend) (Spent, error) {
	if err := s.check(r); err != nil {
		return Spent{}, err
	}
	a, err := s.spend(ctx, call{
		whose: of(h), feature: r.Feature, op: opConsume, meter: r.Meter, amount: r.Amount, key: r.Key, note: r.Note,
	})
	if err != nil {
		return Spent{}, err
	}
	return Spent{Number: a.number, Available: a.available, Repeated: a.outcome == "repeated"}, nil
}

// SetAside makes a hold that expires by itself after life. Without an error the
// caller may do the work, and nobody else may: the same again, whatever has become
// of the hold, is a *Repeat, except for the same attempt while the hold is open.
// Other faults as of Consume.
func (s *Service) SetAside(ctx context.Context, key [32]byte, r Spend, life time.Duration) (Hold, error) {
	return s.SetAsideFor(ctx, postgres.Holder{Credential: key}, r, life)
}

// of is what a call is asked with.
func of(h postgres.Holder) whose { return whose{h.Credential, h.Customer} }

// SetAsideFor is SetAside with an app's key, for the customer whom it names.
func (s *Service) SetAsideFor(ctx context.Context, h postgres.Holder, r Spend, life time.Duration) (Hold, error) {
	if err := s.check(r); err != nil {
		return Hold{}, err
	}
	seconds := int64(life / time.Second)
	if seconds < MinSeconds || seconds > MaxSeconds {
		return Hold{}, fault.InvalidField("expires_in", "A hold lasts from %d to %d seconds.", MinSeconds, MaxSeconds)
	}
	if r.Attempt == uuid.Nil {
		id, err := uuid.NewRandom()
		if err != nil {
			return Hold{}, fmt.Errorf("name an attempt: %w", err)
		}
		r.Attempt = id
	}
	a, err := s.spend(ctx, call{
		whose: of(h), feature: r.Feature, op: opHold, meter: r.Meter, amount: r.Amount, key: r.Key, note: r.Note,
		id: r.Attempt, seconds: int32(seconds),
	})
	if err != nil {
		return Hold{}, err
	}
	return a.asHold(), nil
}

// spend asks the desk. When there is not enough and an allowance was due that no job has
// granted yet, it is granted first and the desk is asked once more.
func (s *Service) spend(ctx context.Context, c call) (answer, error) {
	first := c
	a, err := s.desk.ask(ctx, &first)
	e := IsInsufficient(err)
	if e == nil || e.NextAt.IsZero() || e.NextAt.After(s.clock.Now()) {
		return a, err
	}
	if err := s.refillNow(ctx, c.whose, c.meter); err != nil {
		return a, errBusy.Because(err)
	}
	return s.desk.ask(ctx, &c)
}

// Capture takes all of a hold (amount 0) or part of it; the rest comes back. The
// same again is answered as the first time. Faults: NotFound for an unknown hold
// and for another account's, Conflict for one that ended otherwise, Invalid for
// more than was held.
func (s *Service) Capture(ctx context.Context, key [32]byte, hold uuid.UUID, amount int64) (Settled, error) {
	return s.CaptureFor(ctx, postgres.Holder{Credential: key}, hold, amount)
}

// CaptureFor is Capture with an app's key, for the customer whom it names.
func (s *Service) CaptureFor(
	ctx context.Context, h postgres.Holder, hold uuid.UUID, amount int64,
) (Settled, error) {
	if amount < 0 || amount > MaxAmount {
		return Settled{}, errAmount
	}
	return s.settle(ctx, &call{whose: of(h), op: opCapture, id: hold, amount: amount})
}

// Release gives a hold back. One that was released or has expired is released
// already; one that was captured is a Conflict.
func (s *Service) Release(ctx context.Context, key [32]byte, hold uuid.UUID) (Settled, error) {
	return s.ReleaseFor(ctx, postgres.Holder{Credential: key}, hold)
}

// ReleaseFor is Release with an app's key, for the customer whom it names.
func (s *Service) ReleaseFor(ctx context.Context, h postgres.Holder, hold uuid.UUID) (Settled, error) {
	return s.settle(ctx, &call{whose: of(h), op: opRelease, id: hold})
}

func (s *Service) settle(ctx context.Context, c *call) (Settled, error) {
	a, err := s.desk.ask(ctx, c)
	if err != nil {
		return Settled{}, err
	}
	return Settled{Hold: a.hold, Meter: a.meter, Captured: a.captured, Number: a.number, Available: a.available}, nil
}

var errAmount = fault.InvalidField("amount", "The amount must be a whole number from 1 to %d.", int64(MaxAmount))

// check refuses what the database must not be asked: one bad request must not
// fail those that travel with it.
func (s *Service) check(r Spend) error {
	switch {
	case !s.hasMeter(r.Meter):
		return fault.InvalidField("meter", "There is no such meter.")
	case r.Amount < 1 || r.Amount > MaxAmount:
		return errAmount
	case blank(r.Key) || utf8.RuneCountInString(r.Key) > MaxKey || !plain(r.Key):
		return fault.InvalidField("idempotency_key", "Send an idempotency key of up to %d characters.", MaxKey)
	case len(r.Feature) > 100 || !plain(r.Feature):
		return fault.InvalidField("feature", "A feature is named as in the plan file.").Coded("unknown_feature")
	case utf8.RuneCountInString(r.Note) > MaxNote || !plain(r.Note):
		return fault.InvalidField("note", "A note has at most %d characters.", MaxNote).Coded("note_length")
	}
	return nil
}

// blank reports text in which there is nothing to be seen: white space of any
// kind, and letters without a shape.
func blank(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.IsMark(r) &&
			!strings.ContainsRune("\u115f\u1160\u2800\u3164\uffa0", r)
	})
}

// plain reports text that a database column takes and a page shows.
func plain(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, text.Steers)
}

// IsInsufficient returns the refusal for want of credits in err's chain, or nil.
func IsInsufficient(err error) *Insufficient {
	var e *Insufficient
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// IsRepeat returns what became of a hold that was asked for again, in err's chain, or nil.
func IsRepeat(err error) *Repeat {
	var e *Repeat
	if errors.As(err, &e) {
		return e
	}
	return nil
}
