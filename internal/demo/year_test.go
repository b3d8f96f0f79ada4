package demo

import (
	"testing"
	"time"
)

func TestYearIsLivedInAndRepeats(t *testing.T) {
	t.Parallel()
	if len(people) != 40 {
		t.Errorf("the first shop has %d parties, want 40", len(people))
	}
	today := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	names, entries := map[string]bool{}, 0
	for i, p := range people {
		if names[p.name] {
			t.Errorf("%s stands twice", p.name)
		}
		names[p.name] = true
		year := p.year(int64(i), today)
		entries += len(year)
		balance := int64(0)
		for j, e := range year {
			clean, err := e.Clean()
			if err != nil || clean.Date.After(today) || clean.Date.Before(today.AddDate(-1, 0, 0)) {
				t.Errorf("%s, entry %d: %v on %v", p.name, j, err, e.Date)
			}
			balance += e.Signed()
		}
		if p.settled && balance != 0 {
			t.Errorf("%s should be settled, owes %d", p.name, balance)
		}
		again := p.year(int64(i), today)
		if len(again) != len(year) || again[0] != year[0] {
			t.Errorf("%s: a second call gives another year", p.name)
		}
	}
	if entries < 2000 {
		t.Errorf("%d entries in the year, want a lived-in book of 2000 or more", entries)
	}
}
