package cli

import (
	"fmt"

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
		fmt.Fprintf(e.stdout, "item          %s\nprovider      %s\nreason        %s\nmeans         %s\ndetail        %s\naccount       %s\nsubscription  %s\nevent         %s\nopened        %s (found %d times, last %s)\n",
			r.Handle, r.Provider, r.Reason, billing.ReasonOf(r.Reason), r.Detail, known(r.AccountID), dash(r.SubscriptionID), dash(r.EventID), stamp(r.OpenedAt), r.Times, stamp(r.SeenAt))
		if !r.SnoozedUntil.IsZero() {
			fmt.Fprintf(e.stdout, "snoozed       until %s\n", stamp(r.SnoozedUntil))
		}
		if r.Status == "resolved" {
			fmt.Fprintf(e.stdout, "resolved      %s by %s: %s\n", stamp(r.ResolvedAt), r.ResolvedBy, r.Resolution)
		}
		for _, a := range acts {
			fmt.Fprintf(e.stdout, "\n%s  %s by %s: %s %s\n", stamp(a.At), a.Act, a.Who, a.Reason, a.Detail)
		}
		return nil
	})
}

type reviewResolveCmd struct {
	operateFlags `embed:""`

	Reason string    `required:"" help:"Why; it is kept with your name."`
	Assign uuid.UUID `placeholder:"ACCOUNT" help:"The account that an unmapped customer or subscription belongs to. This holds for ever."`
	Item   string    `arg:"" help:"The item, as tijori review list names it."`
}

// Run closes an item.
func (c *reviewResolveCmd) Run(e *env) error {
	return c.with(e, func(d *desk) error {
		if err := d.ResolveReview(e, billing.Resolution{Handle: c.Item, Who: d.who, Reason: c.Reason, Assign: c.Assign}); err != nil {
			return err
		}
		_, err := fmt.Fprintf(e.stdout, "%s is resolved\n", c.Item)
		return err
	})
}
