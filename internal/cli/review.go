package cli

import (
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/billing"
)

type reviewCmd struct {
	List    reviewListCmd    `cmd:"" help:"List what only a person may decide."`
	Show    reviewShowCmd    `cmd:"" help:"Show one item with what it means and what was done about it."`
	Snooze  reviewSnoozeCmd  `cmd:"" help:"Keep alerts quiet about an item for a time, with a reason."`
	Resolve reviewResolveCmd `cmd:"" help:"Close an item with a reason; of an unmapped customer or subscription also say whose it is."`
}

type reviewListCmd struct {
	operateFlags `embed:""`

	Resolved bool `help:"Those that were resolved, instead of the open ones."`
}

// Run lists the queue.
func (c *reviewListCmd) Run(e *env) error {
	return c.with(e, func(d *desk) error {
		list, err := d.ListReviews(e, c.Resolved)
		if err != nil {
			return err
		}
		if c.JSON {
			return c.printJSON(e.stdout, list)
		}
		return table(e.stdout, "ITEM\tOPENED\tPROVIDER\tREASON\tACCOUNT\tTIMES\tDETAIL", func(row func(...any)) {
			for _, r := range list {
				row(r.Handle, stamp(r.OpenedAt), r.Provider, r.Reason, known(r.AccountID), r.Times, r.Detail)
			}
		})
	})
}

func known(id uuid.UUID) string {
	if id == uuid.Nil {
		return "-"
	}
	return id.String()
}

type reviewShowCmd struct {
	operateFlags `embed:""`

	Item string `arg:"" help:"The item, as tijori review list names it."`
}

// Run shows one item.
func (c *reviewShowCmd) Run(e *env) error {
	return c.with(e, func(d *desk) error {
		r, acts, err := d.ReviewByHandle(e, c.Item)
		if err != nil {
			return err
		}
		if c.JSON {
			return c.printJSON(e.stdout, struct {
				*billing.ReviewItem
				Acts []billing.Act
			}{r, acts})
		}
		fmt.Fprintf(e.stdout,
			"item          %s\nprovider      %s\nreason        %s\nmeans         %s\ndetail        %s\naccount       %s\nsubscription  %s\nevent         %s\nopened        %s (found %d times, last %s)\n",
			r.Handle, r.Provider, r.Reason, billing.ReasonOf(r.Reason), r.Detail,
			known(r.AccountID), dash(r.SubscriptionID), dash(r.EventID),
			stamp(r.OpenedAt), r.Times, stamp(r.SeenAt))
		if !r.SnoozedUntil.IsZero() {
			fmt.Fprintf(e.stdout, "snoozed       until %s\n", stamp(r.SnoozedUntil))
		}
		if r.Status == "resolved" {
			fmt.Fprintf(e.stdout, "resolved      %s by %s: %s\n", stamp(r.ResolvedAt), r.ResolvedBy, r.Resolution)
		}
		choices, why, err := d.Choices(e, c.Item)
		if err != nil {
			return err
		}
		for _, choice := range choices {
			fmt.Fprintf(e.stdout, "possible      %s (%s)\n", choice.Label,
				strings.TrimSpace("--"+strings.ReplaceAll(choice.Do, "_", "-")+" "+choice.Subscription))
		}
		if why != "" {
			fmt.Fprintf(e.stdout, "possible      %s\n", why)
		}
		printActs(e, acts)
		return nil
	})
}

type reviewResolveCmd struct {
	operateFlags `embed:""`

	Reason string    `required:"" help:"Why; it is kept with your name."`
	Assign uuid.UUID `placeholder:"ACCOUNT" help:"The account that an unmapped customer or subscription belongs to. This holds for ever."`
	Item   string    `arg:"" help:"The item, as tijori review list names it."`

	TakeBack bool   `xor:"do" help:"Of a refund or dispute: take back the credits that are left of what the money was for."`
	GiveBack bool   `xor:"do" help:"Of a refund or dispute: give back the credits that were taken so."`
	End      string `xor:"do" placeholder:"SUBSCRIPTION" help:"End one of the item's subscriptions now; tijori review show names them."`
}

// Run closes an item.
func (c *reviewResolveCmd) Run(e *env) error {
	r := billing.Resolution{Handle: c.Item, Reason: c.Reason, Assign: c.Assign, Subscription: c.End}
	switch {
	case c.TakeBack:
		r.Do = billing.DoTakeBack
	case c.GiveBack:
		r.Do = billing.DoGiveBack
	case c.End != "":
		r.Do = billing.DoEnd
	}
	if r.Do != "" && c.Assign != uuid.Nil {
		return usagef("--assign goes with nothing else that is done about an item")
	}
	return c.with(e, func(d *desk) error {
		r.Who = d.who
		if err := d.ResolveReview(e, r); err != nil {
			return err
		}
		_, err := fmt.Fprintf(e.stdout, "%s is resolved\n", c.Item)
		return err
	})
}
