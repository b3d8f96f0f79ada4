package i18n

import (
	"testing"
	"time"
)

var now = time.Date(2026, 11, 22, 16, 5, 0, 0, time.FixedZone("IST", 19800))

func TestDay(t *testing.T) {
	t.Parallel()
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	for _, test := range []struct {
		date   time.Time
		en, hi string
	}{
		{day(2026, 11, 22), "Today", "आज"},
		{day(2026, 11, 21), "Yesterday", "कल"},
		{day(2026, 11, 16), "Mon, 16 Nov", "सोम, 16 नव॰"},
		{day(2026, 11, 23), "Mon, 23 Nov", "सोम, 23 नव॰"},
		{day(2025, 2, 28), "28 Feb 2025", "28 फ़र॰ 2025"},
	} {
		if got := Day(English, test.date, now); got != test.en {
			t.Errorf("Day(en, %v) = %q, want %q", test.date, got, test.en)
		}
		if got := Day(Hindi, test.date, now); got != test.hi {
			t.Errorf("Day(hi, %v) = %q, want %q", test.date, got, test.hi)
		}
	}
}

func TestAgo(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		ago    time.Duration
		en, hi string
	}{
		{20 * time.Second, "just now", "अभी-अभी"},
		{-time.Minute, "just now", "अभी-अभी"},
		{time.Minute, "1 minute ago", "1 मिनट पहले"},
		{59 * time.Minute, "59 minutes ago", "59 मिनट पहले"},
		{3 * time.Hour, "3 hours ago", "3 घंटे पहले"},
		{17 * time.Hour, "Yesterday, 11:05 pm", "कल, रात 11:05 बजे"},
	} {
		if got := Ago(English, now.Add(-test.ago), now); got != test.en {
			t.Errorf("Ago(en, %v) = %q, want %q", test.ago, got, test.en)
		}
		if got := Ago(Hindi, now.Add(-test.ago), now); got != test.hi {
			t.Errorf("Ago(hi, %v) = %q, want %q", test.ago, got, test.hi)
		}
	}
}

func TestMoment(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 0, 30, 0, 0, time.UTC) // six in the morning in India
	if got, want := Moment(English, at, now), "22 Nov 2026, 6:00 am"; got != want {
		t.Errorf("Moment(en) = %q, want %q", got, want)
	}
	if got, want := Moment(Hindi, at, now), "22 नव॰ 2026, सुबह 6:00 बजे"; got != want {
		t.Errorf("Moment(hi) = %q, want %q", got, want)
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"": English, "hi-IN,hi;q=0.9,en;q=0.8": Hindi, "en-IN,hi;q=0.5": English, "ta-IN, hi;q=0.4": Hindi,
		"fr": English, ";;,": English,
	} {
		if got := Match(header); got != want {
			t.Errorf("Match(%q) = %q, want %q", header, got, want)
		}
	}
}
