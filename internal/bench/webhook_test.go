package bench

import (
	"bytes"
	"regexp"
	"testing"
	"time"
)

// TestShortStorm runs the storm on a few hundred events, with the real server
// and a kill of it, so that it cannot rot: nothing is lost, nothing is doubled.
func TestShortStorm(t *testing.T) {
	program, state := server(t)
	var out, progress bytes.Buffer
	err := RunWebhooks(t.Context(), Config{
		Dir: state, Server: []string{program, "serve"}, Rounds: 1, Out: &out,
		Progress: &progress,
	},
		// The keys of the simulator, which this package may not import.
		Webhooks{
			Secret: "simulated-razorpay-webhook", Account: "acc_Simulated000001", Events: 200, Kills: 1,
			Backlog: 400, Subscriptions: 100, Store: 300 * time.Millisecond,
		})
	if err != nil {
		t.Fatalf("RunWebhooks = %v\n%s", err, progress.String())
	}
	for name, want := range map[string]string{
		"webhook_store_per_second": `[1-9]\d*\.\d\d`, "webhook_ack_p99": `\d+\.\d\d`,
		"webhook_apply_per_second": `[1-9]\d*\.\d\d`,
		"webhook_storm_lost":       `0\.00`, "webhook_storm_doubled": `0\.00`, "webhook_backlog_rss": `[1-9]\d*\.\d\d`,
	} {
		if !regexp.MustCompile(`(?m)^figure ` + name + ` ` + want + ` \S+$`).MatchString(out.String()) {
			t.Errorf("no figure %s in\n%s", name, out.String())
		}
	}
}
