package watch

import (
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/postgres/pgtest"
	"github.com/tijorihq/tijori/internal/watch/detect"
	"github.com/tijorihq/tijori/internal/watch/probe"
)

func TestProbed(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	s := serviceOf(db)
	store := probe.NewDatabase(db.Watch)
	now := time.Now()
	keep := func(location string, list ...probe.Result) {
		t.Helper()
		changes, err := store.Record(t.Context(), location, list)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Probed(t.Context(), changes); err != nil {
			t.Fatal(err)
		}
	}
	result := func(ago time.Duration, ok bool, seen ...string) probe.Result {
		r := probe.Result{Name: "site", Title: "The site", Kind: probe.Address, At: now.Add(-ago), OK: ok, Seen: seen}
		if !ok {
			r.Detail = "no answer in time"
		}
		return r
	}
	keep("here", result(9*time.Minute, true))
	if list := alerts(t, s); len(list) != 0 {
		t.Fatalf("all is well: %+v", list)
	}
	keep("here", result(8*time.Minute, false), result(7*time.Minute, false))
	got := alerts(t, s)
	if len(got) != 1 || got[0].Rule != detect.Down || got[0].State != "raised" || got[0].Times != 2 ||
		got[0].Detail != "The site fails seen from outside: no answer in time" {
		t.Fatalf("it fails: %+v", got)
	}
	if list := told(t, s); len(list) != 1 {
		t.Fatalf("told: %+v", list)
	}
	keep("here", result(6*time.Minute, true))
	if list := told(t, s); len(list) != 1 || list[0].State != "over" {
		t.Errorf("when it works again, operators hear %+v", list)
	}

	// What a canary saw stays raised, however the next look goes.
	keep("here", result(5*time.Minute, true, "canary a is shown the mark of canary b at /team"),
		result(4*time.Minute, true))
	for _, a := range alerts(t, s) {
		if a.Rule == detect.Sighting && a.State != "raised" {
			t.Error("what a canary saw is over with the next look")
		}
	}

	// A prober that has fallen silent is an alert until it is back.
	silence := func() string {
		t.Helper()
		if _, err := s.LookAfterProbers(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, a := range alerts(t, s) {
			if a.Rule == detect.Unprobed {
				return a.Subject + " " + a.State
			}
		}
		return ""
	}
	if got := silence(); got != "" {
		t.Errorf("a prober that works is an alert: %s", got)
	}
	keep("elsewhere", result(20*time.Minute, true))
	if got := silence(); got != "elsewhere raised" {
		t.Errorf("a silent prober: %q", got)
	}
	keep("elsewhere", result(time.Minute, true))
	if got := silence(); got != "elsewhere over" {
		t.Errorf("a prober that is back: %q", got)
	}
	keep("former", result(8*24*time.Hour, true))
	if got := silence(); got != "elsewhere over" {
		t.Errorf("a prober that was switched off: %q", got)
	}
}
