package web

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// An account whose files leave slowly keeps no other account waiting.
func TestSlowExportsStayOneAccounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := New(w.config)
	front := httptest.NewServer(server)
	t.Cleanup(front.Close)
	slow, other := w.db.User(t, "slow"), w.db.User(t, "other")
	w.db.Pro(t, slow)
	w.db.Pro(t, other)
	own := make(chan struct{}, maxOwnExports)
	for range maxOwnExports { // files of it are on their way
		own <- struct{}{}
		server.exports <- struct{}{}
	}
	server.exporting.Store(slow.AccountID, own)
	get := func(business, token string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, front.URL+"/b/"+business+"/export.csv", nil)
		w.ok(err)
		r.AddCookie(&http.Cookie{Name: "session", Value: token})
		answer, err := http.DefaultClient.Do(r)
		w.ok(err)
		w.ok(answer.Body.Close())
		return answer.StatusCode
	}
	busy := make(chan int, maxExports)
	for range maxExports {
		go func() { busy <- get(slow.BusinessID.String(), slow.Token) }()
	}
	if status := get(other.BusinessID.String(), other.Token); status != http.StatusOK {
		t.Errorf("the other account's file: %d", status)
	}
	for range maxExports {
		if status := <-busy; status != http.StatusTooManyRequests {
			t.Errorf("one file more of the slow account: %d, want 429", status)
		}
	}
}
