package platform

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
)

// However much one app asks, a question of another is in the next group that is made.
func TestNoAppWaitsForAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var groups [][]string
		gate := make(chan struct{})
		var b batches[string]
		b.work = func(_ context.Context, batch []*request[string]) {
			<-gate
			mu.Lock()
			defer mu.Unlock()
			var names []string
			for _, r := range batch {
				names = append(names, r.it)
				r.it += " answered"
			}
			groups = append(groups, names)
		}
		var wg sync.WaitGroup
		ask := func(app, name string) {
			wg.Go(func() {
				got, err := b.ask(t.Context(), app, name)
				if err != nil || got != name+" answered" {
					t.Errorf("%s: %q, %v", name, got, err)
				}
			})
			synctest.Wait()
		}
		for n := range 5 * maxBatch {
			ask("loud", fmt.Sprintf("loud %d", n))
		}
		ask("quiet", "quiet")
		ask("shy", "shy")
		close(gate) // every group goes
		wg.Wait()
		// Both clerks held a loud question each before the others came; what is made next holds the others' too.
		seen, asked := map[string]int{}, 0
		for i, g := range groups {
			if len(g) > maxBatch {
				t.Errorf("a group of %d", len(g))
			}
			for _, name := range g {
				seen[name] = i
				asked++
			}
		}
		if asked != 5*maxBatch+2 || len(seen) != asked {
			t.Errorf("%d questions were worked, %d of them once", asked, len(seen))
		}
		for _, name := range []string{"quiet", "shy"} {
			if seen[name] > maxClerks {
				t.Errorf("%s waited for group %d", name, seen[name])
			}
		}
	})
}
