// Package fault holds the errors that a user may read: a kind, which decides the
// answer's status, and a sentence in plain English, which pages translate.
// Every other error is shown as "Something went wrong" with a request id.
package fault

import (
	"errors"
	"fmt"
)

// A Kind says what sort of refusal a fault is. Package web turns kinds into
// HTTP statuses and stable codes in one ordered table.
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

// A Fault is an error with a sentence for the user.
type Fault struct {
	Kind  Kind
	Text  string // an English sentence without variable parts: the key of its translation
	Args  []any  // values for the verbs in Text
	Field string // form field it is about, or ""
	cause error
}

// New returns a fault of kind k. Text is a fmt format whose English form is
// the translation key.
func New(k Kind, text string, args ...any) *Fault {
	return &Fault{Kind: k, Text: text, Args: args}
}

// InvalidField returns an Invalid fault about one form field.
func InvalidField(field, text string, args ...any) *Fault {
	return &Fault{Kind: Invalid, Field: field, Text: text, Args: args}
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

// Is reports whether err's chain has a fault of kind k.
func Is(err error, k Kind) bool {
	f := Of(err)
	return f != nil && f.Kind == k
}
