package simulator_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/billing/simulator"
)

// Strangers who reach the simulator could pay with nothing: it answers to this machine's own names, without a proxy.
func TestSimulatorAnswersThisMachineOnly(t *testing.T) {
	t.Parallel()
	sim, err := simulator.New(simulator.Config{URL: "http://127.0.0.1:1", AppURL: "http://127.0.0.1:2", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(host, header string) int {
		status := 0
		for _, path := range []string{
			"GET /", "POST /act", "GET /v1/subscriptions", "POST /razorpay/v1/subscriptions",
			"GET /c/pay/x",
		} {
			method, at, _ := strings.Cut(path, " ")
			r := httptest.NewRequest(method, "http://"+host+at, nil)
			if header != "" {
				r.Header.Set(header, "203.0.113.7")
			}
			rec := httptest.NewRecorder()
			sim.Handler().ServeHTTP(rec, r)
			if refused := rec.Code == http.StatusMisdirectedRequest; status != 0 &&
				refused != (status == http.StatusMisdirectedRequest) {
				t.Errorf("%s %s %s: %d, unlike its neighbours", host, header, path, rec.Code)
			}
			status = rec.Code
		}
		return status
	}
	for _, host := range []string{"127.0.0.1:8081", "localhost:8081", "[::1]:8081", "shop.localhost"} {
		if got := ask(host, ""); got == http.StatusMisdirectedRequest {
			t.Errorf("%s: %d", host, got)
		}
	}
	for _, host := range []string{"evil.example:8081", "10.0.0.1", "127.0.0.1.evil.example"} {
		if got := ask(host, ""); got != http.StatusMisdirectedRequest {
			t.Errorf("%s: %d, want 421", host, got)
		}
	}
	for _, header := range []string{
		"X-Forwarded-For", "x-forwarded-host", "X-Forwarded-Proto", "Forwarded", "Via",
		"X-Real-IP", "CF-Connecting-IP", "True-Client-IP",
	} {
		if got := ask("127.0.0.1:8081", header); got != http.StatusMisdirectedRequest {
			t.Errorf("with %s: %d, want 421", header, got)
		}
	}
}
