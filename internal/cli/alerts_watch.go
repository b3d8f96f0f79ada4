package cli

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/watch"
)

// watchProvider stands where an alert names a provider: of what was found in the access log, or from outside.
const watchProvider = "watch"

// watched are the alerts of the watch.
func (d *desk) watched(e *env) *watch.Service {
	return watch.New(d.database.Watch, nil, newLog(e, false))
}

// watchedList lists them, those that are over only when that is asked for.
func (d *desk) watchedList(e *env, over bool) (list []watch.Alert, err error) {
	all, err := d.watched(e).ListAlerts(e)
	for _, a := range all {
		if over || a.State != "over" {
			list = append(list, a)
		}
	}
	return list, err
}

// quietWatched says until when nothing is told of an alert.
func quietWatched(a watch.Alert) string {
	switch {
	case !a.Muted(time.Now()):
		return "-"
	case a.MutedUntil.IsZero():
		return "until news"
	}
	return "until " + stamp(a.MutedUntil)
}

// watchedID reads the id by which tijori alerts list names an alert of the watch.
func (a alertArgs) watchedID() (uuid.UUID, error) {
	id, err := uuid.Parse(a.Kind)
	if err != nil {
		return uuid.Nil, usagef("an alert of the watch is named by its id, not %q\ntijori alerts list shows the ids", a.Kind)
	}
	return id, nil
}

// showWatched shows one alert with what was done about it.
func (c *alertsShowCmd) showWatched(e *env) error {
	id, err := c.watchedID()
	if err != nil {
		return err
	}
	return c.with(e, func(d *desk) error {
		a, acts, err := d.watched(e).AlertByID(e, id)
		if err != nil {
			return err
		}
		if c.JSON {
			return c.printJSON(e.stdout, struct {
				*watch.Alert
				Acts []watch.Act
			}{a, acts})
		}
		fmt.Fprintf(e.stdout, "alert     %s %s\nabout     %s\nstate     %s since %s\ndetail    %s\ntold      %s\nquiet     %s\n",
			watchProvider, a.Rule, orDash(a.Subject), a.State, stamp(a.FirstAt), a.Detail, stamp(a.ToldAt),
			quietWatched(*a))
		for _, id := range a.Requests {
			fmt.Fprintf(e.stdout, "request   %s\n", id)
		}
		for _, act := range acts {
			until := "until there is news"
			if !act.Until.IsZero() {
				until = "until " + stamp(act.Until)
			}
			fmt.Fprintf(e.stdout, "\n%s  %s by %s: %s (%s)\n", stamp(act.At), act.What, act.Who, act.Reason, until)
		}
		return nil
	})
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// muteWatched keeps quiet about an alert of the watch for a time, or until there is news.
func (f *operateFlags) muteWatched(e *env, which alertArgs, reason string, long time.Duration) error {
	id, err := which.watchedID()
	if err != nil {
		return err
	}
	return f.with(e, func(d *desk) error {
		act, end, until := watch.Dismiss, time.Time{}, "there is news"
		if long > 0 {
			act, end = watch.Snooze, time.Now().Add(long)
			until = stamp(end)
		}
		if err := d.watched(e).Mute(e, id, act, end, d.who, reason); err != nil {
			return err
		}
		_, err := fmt.Fprintf(e.stdout, "nothing is told of %s until %s\n", id, until)
		return err
	})
}
