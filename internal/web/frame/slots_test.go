package frame

import (
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/account"
)

// An account whose files leave slowly keeps no other account waiting.
func TestSlowExportsStayOneAccounts(t *testing.T) {
	t.Parallel()
	f := New(Config{})
	slow, other := uuid.New(), uuid.New()
	enter := func(id uuid.UUID) (func(), error) {
		r := &Request{Request: httptest.NewRequest("GET", "/", nil), f: f, Person: account.Person{AccountID: id}}
		return f.enterExport(r)
	}
	for range maxOwnExports { // files of it are on their way
		if _, err := enter(slow); err != nil {
			t.Fatal(err)
		}
	}
	busy := make(chan error, maxExports)
	for range maxExports {
		go func() {
			_, err := enter(slow)
			busy <- err
		}()
	}
	leave, err := enter(other)
	if err != nil {
		t.Fatalf("the other account's file: %v", err)
	}
	leave()
	for range maxExports {
		if err := <-busy; !errors.Is(err, errBusyOwn) {
			t.Errorf("one file more of the slow account: %v, want %v", err, errBusyOwn)
		}
	}
}
