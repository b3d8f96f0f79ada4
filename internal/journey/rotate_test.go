package journey

import (
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The key of an app is rotated while its programs ask without end: none of them is refused, before, meanwhile or after;
// then the old key opens nothing.
func TestRotateAppKey(t *testing.T) {
	s := openShop(t, "http://127.0.0.1:9")
	command := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(within(t, 2*time.Minute), program, args...)
		cmd.Env = environment("TIJORI_DATA=" + s.data)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("tijori %s: %v", strings.Join(args, " "), err)
		}
		return strings.TrimSpace(string(out))
	}
	put := func(key, customer string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.url+"/api/v1/customers/"+customer,
			strings.NewReader("{}"))
		if err != nil {
			t.Error(err)
			return 0
		}
		req.Header.Set("Authorization", "Bearer "+key)
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Error(err)
			return 0
		}
		res.Body.Close()
		return res.StatusCode
	}
	old := strings.Fields(strings.Split(command("app", "key", "list", "acme-test"), "\n")[1])[1]
	var inUse atomic.Pointer[string]
	inUse.Store(&s.key)
	var asked, refused atomic.Int64
	var programs sync.WaitGroup
	stop := make(chan struct{})
	for i := range 4 {
		programs.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if code := put(*inUse.Load(), "customer-"+string(rune('a'+i))); code/100 != 2 {
					refused.Add(1)
				}
				asked.Add(1)
			}
		})
	}
	more := func() {
		t.Helper()
		want := asked.Load() + 100
		for end := time.Now().Add(2 * time.Minute); asked.Load() < want; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("after two minutes %d of %d requests", asked.Load(), want)
			}
		}
	}
	more()
	fresh := command("app", "key", "rotate", "acme-test", old)
	more() // the old one goes on
	if code := put(fresh, "customer-new"); code/100 != 2 {
		t.Errorf("the new key is answered %d", code)
	}
	inUse.Store(&fresh)
	more()
	command("app", "key", "revoke", "acme-test", old)
	more()
	close(stop)
	programs.Wait()
	if refused.Load() != 0 {
		t.Errorf("%d of %d requests were refused", refused.Load(), asked.Load())
	}
	if code := put(s.key, "customer-a"); code != http.StatusUnauthorized {
		t.Errorf("the old key is answered %d, want 401", code)
	}
	t.Logf("%d requests, %d refused", asked.Load(), refused.Load())
}
