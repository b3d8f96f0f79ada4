// Package fault holds the errors that a user may read: a kind, which decides the
// answer's status, a code, which programs and pages choose by, and a sentence in
// plain English, which pages translate. Every other error is shown as "Something
// went wrong" with a request id.
//
// Sentences are for people: nothing is decided by comparing them. A test finds
// code that does.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// A Kind says what sort of refusal a fault is. Package web turns kinds into
// HTTP statuses in one ordered table.
type Kind int

// The kinds. NotFound is also the answer for a row that belongs to somebody
// else: nobody learns that it exists.
const (
	Internal            Kind = iota // not a fault of the caller; shown without detail
	Invalid                         // the input breaks a rule; Field may name it
	Unauthorized                    // nobody is signed in, or the credential has ended
	Forbidden                       // the caller's own role does not allow it
	NotFound                        // no such thing for this caller
	Conflict                        // the same id or key with another body, or a newer version exists
	UpgradeRequired                 // the plan in force does not include it
	InsufficientCredits             // there are not enough credits; nothing was written
	TooMany                         // throttled; try again later
	TooLarge                        // the request body exceeds its limit
	Unavailable                     // a provider or the database cannot be reached; nothing was done, or it is unknown
)

// The codes of what a plan does not include. The upgrade page explains each of them.
const (
	PartiesMax          = "parties.max"            // no room for another party
	MembersMax          = "members.max"            // no room for another member
	ExportNeedsPlan     = "export_needs_plan"      // downloads as PDF or spreadsheet
	BatchEntryNeedsPlan = "batch_entry_needs_plan" // the grid
)

// The codes of refusals that a proof lifts.
const (
	StepUp     = "step_up"     // the session must prove once more whose it is
	SecondStep = "second_step" // the session must have been opened by more than a password
)

// String returns the kind's stable word, which is also the code of faults that
// have none of their own.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindWords) {
		return kindWords[Internal]
	}
	return kindWords[k]
}

var kindWords = [...]string{
	Internal:            "internal",
	Invalid:             "invalid",
	Unauthorized:        "unauthorized",
	Forbidden:           "forbidden",
	NotFound:            "not_found",
	Conflict:            "conflict",
	UpgradeRequired:     "upgrade_required",
	InsufficientCredits: "insufficient_credits",
	TooMany:             "too_many_requests",
	TooLarge:            "too_large",
	Unavailable:         "unavailable",
}

// Frozen is the code of what operators have stopped for everybody or for an account, while they check something.
const Frozen = "frozen"

// A Fault is an error with a sentence for the user.
type Fault struct {
	Kind  Kind
	Code  string        // stable; the kind's word where nothing more is to be said
	Text  string        // an English sentence without variable parts: the key of its translation
	Args  []any         // values for the verbs in Text
	Field string        // form field it is about, or ""
	Retry time.Duration // after which it may be tried again, where that is known
	cause error
}

// New returns a fault of kind k. Text is a fmt format whose English form is
// the translation key.
func New(k Kind, text string, args ...any) *Fault {
	return &Fault{Kind: k, Code: k.String(), Text: text, Args: args}
}

// InvalidField returns an Invalid fault about one form field.
func InvalidField(field, text string, args ...any) *Fault {
	return New(Invalid, text, args...).About(field)
}

// Upgrade returns an UpgradeRequired fault. The code says what the plan in force
// lacks: one of the constants above, which the upgrade page can explain.
func Upgrade(code, text string, args ...any) *Fault {
	return New(UpgradeRequired, text, args...).Coded(code)
}

// Coded returns a copy of f with a code of its own, by which errors.Is finds it.
func (f *Fault) Coded(code string) *Fault {
	g := *f
	g.Code = code
	return &g
}

// About returns a copy of f that is about a form field.
func (f *Fault) About(field string) *Fault {
	g := *f
	g.Field = field
	return &g
}

// After returns a copy of f that says when it may be tried again.
func (f *Fault) After(wait time.Duration) *Fault {
	g := *f
	g.Retry = wait
	return &g
}

// Because returns a copy of f that wraps cause, which is logged and never shown.
func (f *Fault) Because(cause error) *Fault {
	g := *f
	g.cause = cause
	return &g
}

// Sentence is the English text with its arguments filled in.
func (f *Fault) Sentence() string {
	if len(f.Args) == 0 {
		return f.Text
	}
	return fmt.Sprintf(f.Text, f.Args...)
}

func (f *Fault) Error() string {
	if f.cause != nil {
		return f.Sentence() + ": " + f.cause.Error()
	}
	return f.Sentence()
}

func (f *Fault) Unwrap() error { return f.cause }

// Is reports whether target is a fault with the same code of its own. So
// errors.Is(err, ErrUnconfirmed) also finds copies with a cause or a field.
func (f *Fault) Is(target error) bool {
	g, ok := target.(*Fault)
	return ok && f.Code == g.Code && f.Code != f.Kind.String()
}

// Of returns the fault in err's chain, or nil when there is none.
func Of(err error) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return nil
}

// KindOf returns the kind of the fault in err's chain, Internal when there is
// none. It must not be called with a nil error.
func KindOf(err error) Kind {
	if f := Of(err); f != nil {
		return f.Kind
	}
	return Internal
}

// CodeOf returns the code of the fault in err's chain, "internal" when there is
// none.
func CodeOf(err error) string {
	if f := Of(err); f != nil {
		return f.Code
	}
	return Internal.String()
}

// Is reports whether err's chain has a fault of kind k.
func Is(err error, k Kind) bool {
	f := Of(err)
	return f != nil && f.Kind == k
}
