package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/tijorihq/tijori/internal/fault"
)

func TestFaultSurvivesWrapping(t *testing.T) {
	t.Parallel()
	cause := errors.New("duplicate key")
	err := fmt.Errorf("add party: %w", fault.New(fault.Conflict, "%s is there already", "Asha").Because(cause))
	if got := fault.KindOf(err); got != fault.Conflict {
		t.Errorf("KindOf = %v, want Conflict", got)
	}
	if !errors.Is(err, cause) {
		t.Error("the cause is lost")
	}
	if got, want := fault.Of(err).Sentence(), "Asha is there already"; got != want {
		t.Errorf("Sentence = %q, want %q", got, want)
	}
	if fault.Is(cause, fault.Internal) || fault.KindOf(cause) != fault.Internal {
		t.Error("a plain error is no fault, and its kind is Internal")
	}
}
