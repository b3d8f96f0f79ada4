package probe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// A File keeps the history in a file, for a prober that runs where no database is.
type File struct {
	path string
	mu   sync.Mutex
}

// NewFile returns the store of a file, which need not be there yet.
func NewFile(path string) *File { return &File{path: path} }

// kept is the form of the file.
type kept struct {
	Lines   map[string]keptLine         `json:"lines"`
	Days    map[string]map[string]tally `json:"days"` // by name and day
	Outages []keptOutage                `json:"outages"`
}

type keptLine struct {
	Title     string    `json:"title"`
	TitleHi   string    `json:"title_hi"`
	Kind      Kind      `json:"kind"`
	Hidden    bool      `json:"hidden,omitempty"`
	Place     int       `json:"place"`
	State     State     `json:"state"`
	Since     time.Time `json:"since"`
	CheckedAt time.Time `json:"checked_at"`
	TookMS    int64     `json:"took_ms"`
	Detail    string    `json:"detail,omitempty"`
}

type tally struct {
	Checks   int `json:"checks"`
	Failures int `json:"failures"`
}

type keptOutage struct {
	Name  string     `json:"name"`
	From  time.Time  `json:"from"`
	Until *time.Time `json:"until,omitempty"`
}

func (f *File) read() (*kept, error) {
	k := &kept{Lines: map[string]keptLine{}, Days: map[string]map[string]tally{}}
	text, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, k); err != nil {
		return nil, fmt.Errorf("%s is no history of a prober: %w", f.path, err)
	}
	return k, nil
}

// write puts the new file in the place of the old one when it is whole.
func (f *File) write(k *kept) (err error) {
	text, err := json.MarshalIndent(k, "", "\t")
	if err != nil {
		return err
	}
	fresh, err := os.CreateTemp(filepath.Dir(f.path), filepath.Base(f.path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(fresh.Name()))
		}
	}()
	_, err = fresh.Write(append(text, '\n'))
	if err = errors.Join(err, fresh.Sync(), fresh.Close()); err != nil {
		return err
	}
	return os.Rename(fresh.Name(), f.path)
}

// Record implements Store.
func (f *File) Record(_ context.Context, _ string, results []Result) (changes []Change, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	k, err := f.read()
	if err != nil {
		return nil, err
	}
	for _, r := range results {
		line := k.Lines[r.Name]
		before := last{line.State, line.Since, line.CheckedAt}
		after, news := advance(before, r)
		if news != nil {
			changes = append(changes, *news)
		}
		k.count(r)
		if after == before {
			continue
		}
		k.Lines[r.Name] = keptLine{
			Title: r.Title, TitleHi: r.TitleHi, Kind: r.Kind, Hidden: r.Hidden, Place: r.Place, State: after.State,
			Since: after.Since.UTC(), CheckedAt: after.CheckedAt.UTC(), TookMS: r.Took.Milliseconds(), Detail: r.Detail,
		}
		switch {
		case after.State == before.State:
		case after.State == Down:
			k.Outages = append(k.Outages, keptOutage{Name: r.Name, From: after.Since.UTC()})
		case before.State == Down:
			k.end(r.Name, after.Since.UTC())
		}
	}
	k.forget(time.Now())
	if err := f.write(k); err != nil {
		return nil, err
	}
	return changes, nil
}

func (k *kept) count(r Result) {
	days := k.Days[r.Name]
	if days == nil {
		days = map[string]tally{}
		k.Days[r.Name] = days
	}
	day := dayOf(r.At).Format(time.DateOnly)
	t := days[day]
	t.Checks++
	if !r.OK {
		t.Failures++
	}
	days[day] = t
}

func (k *kept) end(name string, at time.Time) {
	for i := range k.Outages {
		if o := &k.Outages[i]; o.Name == name && o.Until == nil {
			o.Until = &at
		}
	}
}

func (k *kept) forget(now time.Time) {
	oldest := now.AddDate(0, 0, -keptDays)
	for name, days := range k.Days {
		for day := range days {
			if day < oldest.Format(time.DateOnly) {
				delete(days, day)
			}
		}
		if len(days) == 0 {
			delete(k.Days, name)
		}
	}
	k.Outages = slices.DeleteFunc(k.Outages, func(o keptOutage) bool {
		return o.Until != nil &&
			o.Until.Before(oldest)
	})
	for name, line := range k.Lines {
		if now.Sub(line.CheckedAt) > Days*24*time.Hour {
			delete(k.Lines, name)
		}
	}
}

// History implements Store.
func (f *File) History(_ context.Context, now time.Time) (*History, error) {
	f.mu.Lock()
	k, err := f.read()
	f.mu.Unlock()
	if err != nil {
		return nil, err
	}
	h := &History{At: now}
	var reports []report
	days := map[string]map[time.Time]Day{}
	for name, line := range k.Lines {
		reports = append(reports, report{Place: line.Place, Line: Line{
			Name: name, Title: line.Title, TitleHi: line.TitleHi, Kind: line.Kind, Hidden: line.Hidden,
			State: line.State,
			Since: line.Since, CheckedAt: line.CheckedAt, Took: time.Duration(line.TookMS) * time.Millisecond,
			Detail: line.Detail,
		}})
		if line.CheckedAt.After(h.Newest) {
			h.Newest = line.CheckedAt
		}
		days[name] = map[time.Time]Day{}
		for text, t := range k.Days[name] {
			if day, err := time.Parse(time.DateOnly, text); err == nil {
				days[name][day] = Day{Day: day, Checks: t.Checks, Failures: t.Failures}
			}
		}
	}
	h.Lines = combine(now, reports, days)
	for _, o := range slices.Backward(k.Outages) {
		line, known := k.Lines[o.Name]
		if !known || line.Hidden || now.Sub(o.From) > Days*24*time.Hour || len(h.Outages) == shownOutages {
			continue
		}
		one := Outage{Name: o.Name, Title: line.Title, TitleHi: line.TitleHi, From: o.From}
		if o.Until != nil {
			one.Until = *o.Until
		}
		h.Outages = append(h.Outages, one)
	}
	return h, nil
}
