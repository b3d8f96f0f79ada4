package platform

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// An app alone waits for nothing. Beside another it has its share, the other waits for none of its requests, and when
// it falls silent the rest go on.
func TestAppsTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s turns
		began := make(chan string, 1000)
		release := map[string]chan struct{}{"loud": make(chan struct{}), "quiet": make(chan struct{})}
		ask := func(ctx context.Context, app string) {
			go func() {
				if err := s.enter(ctx, app); err != nil {
					began <- "gave up"
					return
				}
				defer s.leave(app)
				began <- app
				<-release[app]
			}()
			synctest.Wait()
		}
		count := func() map[string]int {
			synctest.Wait()
			n := map[string]int{}
			for len(began) > 0 {
				n[<-began]++
			}
			return n
		}
		for range 50 {
			ask(t.Context(), "loud")
		}
		if n := count(); n["loud"] != 50 {
			t.Fatalf("alone it had %v under way", n)
		}
		ask(t.Context(), "quiet")
		if n := count(); n["quiet"] != 1 {
			t.Fatalf("beside it: %v", n)
		}
		for range 20 {
			ask(t.Context(), "loud")
		}
		if n := count(); n["loud"] != 0 {
			t.Fatalf("beyond its share %v began", n)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		ask(ctx, "loud")
		cancel(errors.New("the client went"))
		if n := count(); n["gave up"] != 1 {
			t.Fatalf("who went is still there: %v", n)
		}
		share := max(1, runtime.GOMAXPROCS(0)/2)
		for range 50 {
			release["loud"] <- struct{}{}
		}
		if n := count(); n["loud"] != share {
			t.Fatalf("%v of the rest began, want its share, %d", n, share)
		}
		release["quiet"] <- struct{}{}
		synctest.Wait()
		time.Sleep(2 * present) // the other has gone
		release["loud"] <- struct{}{}
		if n := count(); n["loud"] != 20-share {
			t.Fatalf("when the other had gone %v began, want %d", n, 20-share)
		}
		for range 19 {
			release["loud"] <- struct{}{}
		}
		synctest.Wait()
		if r := s.apps["loud"].running + s.apps["quiet"].running; r != 0 {
			t.Errorf("%d are under way at the end", r)
		}
	})
}
