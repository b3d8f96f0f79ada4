package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
)

type alertsCmd struct {
	List    alertsListCmd    `cmd:"" help:"List the alerts that are raised now."`
	Show    alertsShowCmd    `cmd:"" help:"Show one alert with what was done about it."`
	Snooze  alertsSnoozeCmd  `cmd:"" help:"Keep quiet about an alert for a time, with a reason."`
	Dismiss alertsDismissCmd `cmd:"" help:"Keep quiet about an alert until there is news, with a reason."`
}

// span reads how long a snooze is: 30m, 12h, 3d or 1w.
func span(text string) (time.Duration, error) {
	for unit, length := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if number, ok := strings.CutSuffix(text, unit); ok {
			if n, err := strconv.Atoi(number); err == nil && n > 0 && n <= 31 {
				return time.Duration(n) * length, nil
			}
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return d, nil
	}
	return 0, usagef("--for is a time such as 12h, 3d or 1w, not %q", text)
}

// alertArgs name an alert.
type alertArgs struct {
	Provider string `arg:"" help:"stripe, razorpay or watch."`
	Kind     string `arg:"" help:"The kind of trouble, as tijori alerts list names it; of watch the id."`
}

func (a alertArgs) check() (facts.Provider, error) {
	p := facts.Provider(a.Provider)
	if !p.Known() {
		return "", usagef("the provider is stripe or razorpay, or watch, not %q", a.Provider)
	}
	if !slices.Contains(billing.AlertKinds, a.Kind) {
		return "", usagef("the kind is one of %s, not %q", strings.Join(billing.AlertKinds, ", "), a.Kind)
	}
	return p, nil
}

type alertsListCmd struct {
	operateFlags `embed:""`

	Over bool `help:"Those that are over, too."`
}

// Run lists the alerts.
func (c *alertsListCmd) Run(e *env) error {
	return c.with(e, func(d *desk) error {
		list, err := d.ListAlerts(e)
		if err != nil {
			return err
		}
		if !c.Over {
			list = slices.DeleteFunc(list, func(a billing.Alert) bool { return a.State == "over" })
		}
		watched, err := d.watchedList(e, c.Over)
		if err != nil {
			return err
		}
		if c.JSON {
			all := make([]any, 0, len(list)+len(watched))
			for _, a := range list {
				all = append(all, a)
			}
			for _, a := range watched {
				all = append(all, a)
			}
			return c.printJSON(e.stdout, all)
		}
		return table(e.stdout, "PROVIDER\tKIND\tSTATE\tSINCE\tQUIET\tDETAIL", func(row func(...any)) {
			for _, a := range list {
				row(a.Provider, a.Kind, a.State, stamp(a.FirstAt), quiet(a), a.Detail)
			}
			for _, a := range watched {
				row(watchProvider, string(a.Rule)+" "+a.ID.String(), a.State, stamp(a.FirstAt), quietWatched(a),
					a.Detail)
			}
		})
	})
}

// quiet says until when nothing is told of an alert.
func quiet(a billing.Alert) string {
	switch {
	case a.MutedAt.IsZero():
		return "-"
	case a.MutedUntil.IsZero():
		return "until news"
	}
	return "until " + stamp(a.MutedUntil)
}

type alertsShowCmd struct {
	operateFlags `embed:""`
	alertArgs    `embed:""`
}

// Run shows one alert.
func (c *alertsShowCmd) Run(e *env) error {
	if c.Provider == watchProvider {
		return c.showWatched(e)
	}
	p, err := c.check()
	if err != nil {
		return err
	}
	return c.with(e, func(d *desk) error {
		a, acts, err := d.AlertByKind(e, p, c.Kind)
		if err != nil {
			return err
		}
		if c.JSON {
			return c.printJSON(e.stdout, struct {
				*billing.Alert
				Acts []billing.Act
			}{a, acts})
		}
		fmt.Fprintf(e.stdout, "alert     %s %s\nstate     %s since %s\ndetail    %s\ntold      %s\nquiet     %s\n",
			a.Provider, a.Kind, a.State, stamp(a.FirstAt), a.Detail, stamp(a.ToldAt), quiet(*a))
		printActs(e, acts)
		return nil
	})
}

func printActs(e *env, acts []billing.Act) {
	for _, a := range acts {
		fmt.Fprintf(e.stdout, "\n%s  %s by %s: %s (%s)\n", stamp(a.At), a.Act, a.Who, a.Reason, a.Detail)
	}
}

type alertsSnoozeCmd struct {
	operateFlags `embed:""`
	alertArgs    `embed:""`

	For    string `required:"" placeholder:"TIME" help:"For how long: 12h, 3d, 1w; 31 days at most."`
	Reason string `required:"" help:"Why; it is kept with your name."`
}

// Run snoozes an alert.
func (c *alertsSnoozeCmd) Run(e *env) error {
	long, err := span(c.For)
	if err != nil {
		return err
	}
	return c.mute(e, c.alertArgs, c.Reason, long)
}

type alertsDismissCmd struct {
	operateFlags `embed:""`
	alertArgs    `embed:""`

	Reason string `required:"" help:"Why; it is kept with your name."`
}

// Run dismisses an alert.
func (c *alertsDismissCmd) Run(e *env) error { return c.mute(e, c.alertArgs, c.Reason, 0) }

// mute keeps quiet about an alert for a time, or until there is news.
func (f *operateFlags) mute(e *env, which alertArgs, reason string, long time.Duration) error {
	if which.Provider == watchProvider {
		return f.muteWatched(e, which, reason, long)
	}
	p, err := which.check()
	if err != nil {
		return err
	}
	return f.with(e, func(d *desk) error {
		m := billing.Mute{Who: d.who, Reason: reason}
		until := "there is news"
		if long > 0 {
			m.Until = d.now.Now().Add(long)
			until = stamp(m.Until)
		}
		if err := d.MuteAlert(e, p, which.Kind, m); err != nil {
			return err
		}
		_, err := fmt.Fprintf(e.stdout, "nothing is told of %s %s until %s\n", p, which.Kind, until)
		return err
	})
}

type reviewSnoozeCmd struct {
	operateFlags `embed:""`

	For    string `required:"" placeholder:"TIME" help:"For how long: 12h, 3d, 1w; 31 days at most."`
	Reason string `required:"" help:"Why; it is kept with your name."`
	Item   string `arg:"" help:"The item, as tijori review list names it."`
}

// Run snoozes an item.
func (c *reviewSnoozeCmd) Run(e *env) error {
	long, err := span(c.For)
	if err != nil {
		return err
	}
	return c.with(e, func(d *desk) error {
		until := d.now.Now().Add(long)
		if err := d.SnoozeReview(e, c.Item, billing.Mute{Who: d.who, Reason: c.Reason, Until: until}); err != nil {
			return err
		}
		_, err := fmt.Fprintf(e.stdout, "no alert tells of %s until %s\n", c.Item, stamp(until))
		return err
	})
}
