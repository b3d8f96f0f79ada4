package platform

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

// An app alone waits for nothing. Beside another it has its share, the other waits for none of its requests, and when
// it falls silent the rest go on.
func TestAppsTakeTurns(t *testing.T) {
	t.Parallel()
	for _, processors := range []int{1, 2, 8, 32, 256} {
		t.Run(strconv.Itoa(processors), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { takeTurns(t, processors) })
		})
	}
}

func takeTurns(t *testing.T, processors int) {
	s := turns{processors: processors}
	share := max(1, processors/2)
	alone, more := share+50, share+20
	began := make(chan string, alone+more+10)
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
	for range alone {
		ask(t.Context(), "loud")
	}
	if n := count(); n["loud"] != alone {
		t.Fatalf("alone it had %v under way", n)
	}
	ask(t.Context(), "quiet")
	if n := count(); n["quiet"] != 1 {
		t.Fatalf("beside it: %v", n)
	}
	for range more {
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
	for range alone {
		release["loud"] <- struct{}{}
	}
	if n := count(); n["loud"] != share {
		t.Fatalf("%v of the rest began, want its share, %d", n, share)
	}
	release["quiet"] <- struct{}{}
	synctest.Wait()
	time.Sleep(2 * present) // the other has gone
	release["loud"] <- struct{}{}
	if n := count(); n["loud"] != more-share {
		t.Fatalf("when the other had gone %v began, want %d", n, more-share)
	}
	for range more - 1 {
		release["loud"] <- struct{}{}
	}
	synctest.Wait()
	if r := s.apps["loud"].running + s.apps["quiet"].running; r != 0 {
		t.Errorf("%d are under way at the end", r)
	}
}
