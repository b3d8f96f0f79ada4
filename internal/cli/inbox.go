package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
)

type inboxCmd struct {
	List    inboxListCmd    `cmd:"" help:"List what the providers sent, newest first, with what became of it."`
	Show    inboxShowCmd    `cmd:"" help:"Show one event as it was received: raw body, headers, times, the secret that fitted."`
	Explain inboxExplainCmd `cmd:"" help:"Say in plain words what an event did, and what a replay would do."`
	Replay  inboxReplayCmd  `cmd:"" help:"Apply one event once more, through the same worker; what was counted stays counted once."`
	Retry   inboxRetryCmd   `cmd:"" help:"Give dead events (or --state parked, received) another try now."`
}

func provider(text string) (facts.Provider, error) {
	if p := facts.Provider(text); text == "" || p.Known() {
		return p, nil
	}
	return "", usagef("--provider is stripe or razorpay, not %q", text)
}

type inboxListCmd struct {
	operateFlags `embed:""`

	Provider string    `placeholder:"NAME" help:"Only stripe or razorpay."`
	State    string    `placeholder:"STATE" help:"Only received, parked, dead, ignored or applied."`
	Limit    int       `default:"50" help:"How many (default: ${default})."`
	Before   time.Time `placeholder:"TIME" help:"Received before this time: the last line's, for the next page."`
}

// Run lists events.
func (c *inboxListCmd) Run(e *env) error {
	p, err := provider(c.Provider)
	if err != nil {
		return err
	}
	if c.State != "" && !slices.Contains(billing.InboxStates, c.State) {
		return usagef("--state is one of %s, not %q", strings.Join(billing.InboxStates, ", "), c.State)
	}
	return c.with(e, func(d *desk) error {
		list, err := d.ListEvents(e, billing.InboxFilter{
			Provider: p, Status: c.State, Limit: c.Limit,
			Before: c.Before,
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return c.printJSON(e.stdout, list)
		}
		return table(e.stdout, "RECEIVED\tPROVIDER\tSTATE\tEVENT\tTYPE\tSUBJECT\tTRIES\tREASON",
			func(row func(...any)) {
				for _, ev := range list {
					row(stamp(ev.ReceivedAt), ev.Provider, ev.Status, ev.ID, ev.Type, dash(ev.Subject), ev.Attempts,
						dash(ev.Reason))
				}
			})
	})
}

type inboxShowCmd struct {
	operateFlags `embed:""`

	Provider string `placeholder:"NAME" help:"stripe or razorpay (default: whichever has the event)."`
	Raw      bool   `help:"Print the body alone, byte for byte as it was signed."`
	Event    string `arg:"" help:"The event's id."`
}

// Run shows one event.
func (c *inboxShowCmd) Run(e *env) error {
	p, err := provider(c.Provider)
	if err != nil {
		return err
	}
	return c.with(e, func(d *desk) error {
		ev, err := d.EventByID(e, p, c.Event)
		if err != nil {
			return err
		}
		switch {
		case c.Raw:
			_, err := e.stdout.Write(ev.Body)
			return err
		case c.JSON:
			return c.printJSON(e.stdout, ev)
		}
		account := "-"
		if ev.AccountID != uuid.Nil {
			account = ev.AccountID.String()
		}
		fmt.Fprintf(e.stdout,
			"event      %s\nprovider   %s\ntype       %s\nstate      %s\nreason     %s\nsubject    %s\naccount    %s\nsigned by  secret %q\nreceived   %s (%d deliveries, last %s)\ntries      %d, next %s\napplied    %s\n",
			ev.ID, ev.Provider, ev.Type, ev.Status, dash(ev.Reason), dash(ev.Subject), account, ev.Secret,
			stamp(ev.ReceivedAt), ev.Deliveries, stamp(ev.DeliveredAt),
			ev.Attempts, stamp(ev.NextAttempt), stamp(ev.AppliedAt))
		names := make([]string, 0, len(ev.Headers))
		for name := range ev.Headers {
			names = append(names, name)
		}
		slices.Sort(names)
		fmt.Fprintln(e.stdout, "\nheaders")
		for _, name := range names {
			fmt.Fprintf(e.stdout, "  %s: %s\n", name, ev.Headers[name])
		}
		for _, a := range ev.Acts {
			fmt.Fprintf(e.stdout, "\n%s  %s by %s: %s\n", stamp(a.At), a.Act, a.Who, a.Reason)
		}
		fmt.Fprintf(e.stdout, "\nbody\n%s\n", indented(ev.Body))
		return nil
	})
}

// indented is JSON for people, or the raw text of what is none.
func indented(body []byte) string {
	var v any
	if json.Unmarshal(body, &v) == nil {
		if b, err := json.MarshalIndent(v, "  ", "  "); err == nil {
			return "  " + string(b)
		}
	}
	return fmt.Sprintf("  %q", body)
}

type inboxExplainCmd struct {
	operateFlags `embed:""`

	Provider string `placeholder:"NAME" help:"stripe or razorpay (default: whichever has the event)."`
	Event    string `arg:"" help:"The event's id."`
}

// Run explains one event.
func (c *inboxExplainCmd) Run(e *env) error {
	p, err := provider(c.Provider)
	if err != nil {
		return err
	}
	return c.with(e, func(d *desk) error {
		lines, err := d.Explain(e, p, c.Event)
		if err != nil {
			return err
		}
		if c.JSON {
			return c.printJSON(e.stdout, lines)
		}
		for _, line := range lines {
			fmt.Fprintln(e.stdout, line)
		}
		return nil
	})
}

type inboxReplayCmd struct {
	operateFlags `embed:""`

	Provider string `placeholder:"NAME" help:"stripe or razorpay (default: whichever has the event)."`
	Reason   string `required:"" help:"Why; it is kept."`
	Apply    bool   `help:"Work the inbox off here, without a running server."`
	Event    string `arg:"" help:"The event's id."`
}

// Run replays one event.
func (c *inboxReplayCmd) Run(e *env) error {
	p, err := provider(c.Provider)
	if err != nil {
		return err
	}
	return c.with(e, func(d *desk) error {
		if err := d.Replay(e, d.who, c.Reason, p, c.Event); err != nil {
			return err
		}
		return d.applied(e, c.Apply, 1)
	})
}

type inboxRetryCmd struct {
	operateFlags `embed:""`

	Provider string   `placeholder:"NAME" help:"Only stripe or razorpay."`
	State    string   `default:"dead" help:"dead, parked or received (default: ${default}); with events it does not matter."`
	Limit    int      `default:"10000" help:"How many at most (default: ${default})."`
	Reason   string   `required:"" help:"Why; it is kept."`
	Apply    bool     `help:"Work the inbox off here, without a running server."`
	Events   []string `arg:"" optional:"" help:"Only these events."`
}

// Run gives events another try.
func (c *inboxRetryCmd) Run(e *env) error {
	p, err := provider(c.Provider)
	if err != nil {
		return err
	}
	filter := billing.InboxFilter{Provider: p, Status: c.State, Limit: c.Limit}
	if len(c.Events) > 0 {
		filter.Status = ""
	}
	return c.with(e, func(d *desk) error {
		n, err := d.Retry(e, d.who, c.Reason, filter, c.Events...)
		if err != nil {
			return err
		}
		return d.applied(e, c.Apply, n)
	})
}

// applied says what happens next to n events, or works the inbox off.
func (d *desk) applied(e *env, here bool, n int) error {
	if !here {
		_, err := fmt.Fprintf(e.stdout, "%d handed to the worker of the running server\n", n)
		return err
	}
	moved, err := d.ApplyInbox(e)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(e.stdout, "%d handed over, %d worked off\n", n, moved)
	return err
}
