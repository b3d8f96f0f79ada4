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

func TestErrorsAreFoundByCode(t *testing.T) {
	t.Parallel()
	gone := fault.New(fault.Conflict, "This hold has ended.").Coded("hold_ended")
	other := fault.New(fault.Conflict, "This hold has ended.")
	err := fmt.Errorf("capture: %w", gone.Because(errors.New("no row")).About("hold"))
	if !errors.Is(err, gone) || fault.CodeOf(err) != "hold_ended" || fault.Of(err).Field != "hold" {
		t.Errorf("%v is not found by its code", err)
	}
	if errors.Is(err, other) || errors.Is(other, gone) || errors.Is(other, fault.New(fault.Conflict, "Another.")) {
		t.Error("faults without a code of their own are the same")
	}
	if fault.CodeOf(other) != "conflict" || fault.CodeOf(errors.New("x")) != "internal" {
		t.Errorf("CodeOf = %q and %q, want the kind's word", fault.CodeOf(other), fault.CodeOf(errors.New("x")))
	}
	if f := fault.Upgrade(fault.MembersMax, "No room."); f.Kind != fault.UpgradeRequired || f.Code != "members.max" {
		t.Errorf("Upgrade = %+v", f)
	}
	if gone.Field != "" || other.Code != "conflict" {
		t.Error("a copy has changed the fault that it is made from")
	}
}

func TestEveryKindHasAWord(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for k := fault.Internal; k <= fault.Unavailable; k++ {
		if word := k.String(); word == "" || seen[word] {
			t.Errorf("kind %d has the word %q", k, word)
		}
		seen[k.String()] = true
	}
	if got := fault.Kind(99).String(); got != "internal" {
		t.Errorf("an unknown kind = %q, want internal", got)
	}
}
