package probe

import (
	cmpstd "cmp"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// The database and the file keep the same history of the same results.
func TestStoresAgree(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	database := NewDatabase(db.Watch)
	now := time.Now().UTC().Truncate(time.Millisecond)
	rapid.Check(t, func(t *rapid.T) {
		for _, table := range []string{"probe_lines", "probe_days", "probe_outages"} {
			if _, err := db.Super.Exec(t.Context(), "truncate tijori."+table); err != nil {
				t.Fatal(err)
			}
		}
		dir, err := os.MkdirTemp("", "history")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		file := NewFile(filepath.Join(dir, "history.json"))
		at := now.AddDate(0, 0, -rapid.IntRange(0, 100).Draw(t, "days back"))
		for range rapid.IntRange(1, 4).Draw(t, "rounds") {
			var list []Result
			for range rapid.IntRange(0, 12).Draw(t, "results") {
				at = at.Add(time.Duration(rapid.IntRange(-30, 2000).Draw(t, "minutes")) * time.Minute)
				if at.After(now) {
					at = now
				}
				r := Result{
					Name: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "name"), Kind: Address, TitleHi: "कीमत",
					At: at, Took: 3 * time.Millisecond, OK: rapid.Bool().Draw(t, "ok"), Title: "Prices",
				}
				r.Hidden, r.Place = r.Name == "c", int(r.Name[0]-'a')
				if !r.OK {
					r.Detail = "it answers 500, not 200"
				}
				if rapid.IntRange(0, 5).Draw(t, "seen") == 0 {
					r.Seen = []string{"canary a is shown the mark of canary b"}
				}
				list = append(list, r)
			}
			one, err := database.Record(t.Context(), "here", list)
			if err != nil {
				t.Fatal(err)
			}
			other, err := file.Record(t.Context(), "here", list)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(one, other); d != "" {
				t.Fatalf("the database and the file say other things are news:\n%s", d)
			}
		}
		one, err := database.History(t.Context(), now)
		if err != nil {
			t.Fatal(err)
		}
		other, err := file.History(t.Context(), now)
		if err != nil {
			t.Fatal(err)
		}
		sortOutages(one.Outages)
		sortOutages(other.Outages)
		same := cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })
		empty := cmp.FilterValues(func(a, b []Outage) bool { return len(a)+len(b) == 0 }, cmp.Ignore())
		if d := cmp.Diff(one, other, same, empty); d != "" {
			t.Fatalf("the database and the file show other histories:\n%s", d)
		}
	})
}

// sortOutages orders what began at the same time: the stores need not.
func sortOutages(list []Outage) {
	slices.SortFunc(list, func(a, b Outage) int {
		return cmpstd.Or(b.From.Compare(a.From), cmpstd.Compare(a.Name, b.Name), a.Until.Compare(b.Until))
	})
}

func results(at time.Time, every time.Duration, well ...bool) (out []Result) {
	for i, ok := range well {
		out = append(out, Result{
			Name: "site", Kind: Address, Title: "Site", TitleHi: "साइट",
			At: at.Add(time.Duration(i) * every), OK: ok,
		})
	}
	return out
}

func TestHistory(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	store := NewDatabase(db.Watch)
	now := time.Now().UTC().Truncate(time.Millisecond)
	record := func(location string, list []Result) []Change {
		t.Helper()
		changes, err := store.Record(t.Context(), location, list)
		if err != nil {
			t.Fatal(err)
		}
		return changes
	}
	history := func() *History {
		t.Helper()
		h, err := store.History(t.Context(), now)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	if h := history(); len(h.Lines) != 0 || !h.Newest.IsZero() {
		t.Fatalf("before the first look: %+v", h)
	}
	changes := record("mumbai", results(now.Add(-10*time.Minute), 2*time.Minute, true, false, false, true, false))
	if len(changes) != 4 || !changes[0].Down || !changes[1].Down || !changes[2].Up || !changes[3].Down ||
		!changes[1].Since.Equal(changes[0].At) || !changes[2].Since.Equal(changes[0].At) {
		t.Fatalf("news are %+v", changes)
	}
	h := history()
	line := h.Lines[0]
	if line.State != Down || !line.Since.Equal(now.Add(-2*time.Minute)) || len(h.Outages) != 2 ||
		!h.Outages[0].Until.IsZero() || h.Outages[1].Until.Sub(h.Outages[1].From) != 4*time.Minute ||
		line.Sum().Checks != 5 || line.Sum().Failures != 3 || len(line.Days) != Days {
		t.Errorf("one place: %+v", h)
	}
	record("pune", results(now.Add(-time.Minute), time.Minute, true))
	if got := history().Lines; len(got) != 1 || got[0].State != Partly || got[0].Sum().Checks != 6 ||
		!got[0].Since.Equal(now.Add(-2*time.Minute)) {
		t.Errorf("two places that disagree: %+v", got)
	}
	record("pune", results(now.Add(-30*time.Second), time.Minute, false))
	if got := history().Lines[0]; got.State != Down || !got.Since.Equal(now.Add(-2*time.Minute)) {
		t.Errorf("two places that agree: %+v", got)
	}
	// A place that has fallen silent does not say how it is now.
	record("mumbai", results(now, time.Minute, true))
	record("pune", results(now, time.Minute, true))
	now = now.Add(time.Hour)
	if got := history().Lines[0]; got.State != Unknown {
		t.Errorf("after an hour of silence it is %s", got.State)
	}
	record("pune", results(now, time.Minute, true))
	if got := history().Lines[0]; got.State != Up {
		t.Errorf("with one place that looks, it is %s", got.State)
	}
	// What comes late is counted and changes nothing else.
	if late := record("pune", results(now.Add(-2*time.Hour), time.Minute, false)); len(late) != 0 {
		t.Errorf("an old failure is news: %+v", late)
	}
	if got := history().Lines[0]; got.State != Up {
		t.Errorf("after an old failure it is %s", got.State)
	}
	// Old days are forgotten with the first look of a new one.
	record("pune", results(now.AddDate(0, 0, -keptDays-20), time.Minute, false))
	record("delhi", results(now, time.Minute, true))
	var old int
	if err := db.Super.QueryRow(t.Context(), `select count(*) from probe_days where day < now() - interval '401 days'`).Scan(&old); err != nil || old != 0 {
		t.Errorf("%d days are older than what is kept: %v", old, err)
	}
}

// A file that is none of ours is left as it is.
func TestFileOfSomethingElse(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "history.json")
	if err := os.WriteFile(path, []byte("notes"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewFile(path).Record(t.Context(), "here", results(time.Now(), time.Minute, true)); err == nil {
		t.Error("it was overwritten")
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "notes" {
		t.Errorf("it is %q: %v", text, err)
	}
}
