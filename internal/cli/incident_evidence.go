package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/incident"
	"github.com/tijorihq/tijori/internal/postgres"
)

// spanFlags name a span of time.
type spanFlags struct {
	From string `required:"" placeholder:"TIME" help:"From when: 2027-01-31T14:00:00Z, 2027-01-31 14:00 (UTC), or how long ago, such as 2h or 3d."`
	To   string `placeholder:"TIME" help:"Up to when, in the same forms (default: now)."`
}

// read returns the span. A time without a zone is UTC.
func (f *spanFlags) read(now time.Time) (from, to time.Time, err error) {
	if from, err = readMoment("--from", f.From, now); err != nil {
		return from, to, err
	}
	to = now
	if f.To != "" {
		if to, err = readMoment("--to", f.To, now); err != nil {
			return from, to, err
		}
	}
	if !from.Before(to) {
		return from, to, usagef("--from lies behind --to")
	}
	return from, to, nil
}

func readMoment(flag, text string, now time.Time) (time.Time, error) {
	for _, form := range []string{
		time.RFC3339, "2006-01-02T15:04Z07:00", time.DateTime, "2006-01-02 15:04", time.DateOnly,
	} {
		if t, err := time.Parse(form, text); err == nil {
			return t, nil
		}
	}
	if ago, err := span(text); err == nil {
		return now.Add(-ago), nil
	}
	return now, usagef("%s: %q is no time\nwrite 2027-01-31T14:00:00Z, 2027-01-31 14:00, or how long ago: 2h, 3d", flag, text)
}

type incidentEvidenceCmd struct {
	Make   evidenceMakeCmd   `cmd:"" default:"withargs" help:"Collect evidence into one ZIP: access log, reports, policies, grants, releases, freezes."`
	Verify evidenceVerifyCmd `cmd:"" help:"Find a changed byte, a missing file or a broken chain in bundles."`
}

type evidenceMakeCmd struct {
	incidentFlags `embed:""`
	spanFlags     `embed:""`

	Account uuid.UUID `placeholder:"ID" help:"Only requests of this account, and of others for its shops."`
	Reason  string    `required:"" placeholder:"TEXT" help:"What it is collected for; it is kept in the bundle and logged."`
	Attach  []string  `type:"existingfile" sep:"none" placeholder:"FILE" help:"A file to add, such as a screenshot; may be repeated."`
	Out     string    `type:"path" placeholder:"FILE" help:"Where to write (default: evidence-TIME.zip here); it must not exist."`
}

// Run collects evidence.
func (c *evidenceMakeCmd) Run(e *env) error {
	now := time.Now()
	from, to, err := c.read(now)
	if err != nil {
		return err
	}
	out := c.Out
	if out == "" {
		out = "evidence-" + now.UTC().Format("20060102-150405") + ".zip"
	}
	var settings bytes.Buffer
	if err := settingsPart(&settings, e); err != nil {
		return err
	}
	return c.with(e, func(d *incidentDesk) error {
		f, err := os.OpenFile(out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return &postgres.SetupError{
				Problem: "cannot write " + out, Hint: "name a file that does not exist yet with --out", Err: err,
			}
		}
		made, err := d.CollectEvidence(e, d.who, incident.Bundle{
			From: from, To: to, Account: c.Account, Reason: c.Reason, Attach: c.Attach, Version: versionText(),
			Settings: hideSecrets(settings.Bytes(), os.Environ()),
		}, f)
		if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
			return errors.Join(err, os.Remove(out))
		}
		if c.JSON {
			return printJSON(e.stdout, made)
		}
		fmt.Fprintf(e.stdout, "%s: bundle %d, from %s to %s\n", out, made.Number, stamp(from), stamp(to))
		err = table(e.stdout, "  FILE\tBYTES\tSHA-256", func(row func(...any)) {
			for _, in := range made.Files {
				row("  "+in.Name, in.Size, in.SHA256)
			}
		})
		fmt.Fprintf(e.stdout, "the file's SHA-256 is %s\nwrite it down elsewhere, and keep the file where nobody can change it\n",
			made.File)
		return err
	})
}

type evidenceVerifyCmd struct {
	incidentFlags `embed:""`

	NoDatabase bool     `help:"Look at the files alone: away from the database, whose chain is not compared then."`
	Files      []string `arg:"" type:"existingfile" help:"Bundles, in the order in which they were made."`
}

// Run looks at bundles. It ends with 3 when one is not as it was written.
func (c *evidenceVerifyCmd) Run(e *env) error {
	if c.NoDatabase {
		return c.verify(e, nil)
	}
	return c.with(e, func(d *incidentDesk) error {
		chain, err := d.EvidenceChain(e)
		if err != nil {
			return err
		}
		return c.verify(e, chain)
	})
}

func (c *evidenceVerifyCmd) verify(e *env, chain []incident.Link) error {
	list, err := incident.VerifyEvidence(c.Files, chain)
	if err != nil {
		return err
	}
	bad := 0
	for _, v := range list {
		if len(v.Wrong) > 0 {
			bad++
		}
	}
	if c.JSON {
		if err := printJSON(e.stdout, list); err != nil {
			return err
		}
	} else {
		for _, v := range list {
			if len(v.Wrong) == 0 {
				fmt.Fprintf(e.stdout, "%s: bundle %d is as it was written\n", v.File, v.Number)
			}
			for _, what := range v.Wrong {
				fmt.Fprintf(e.stdout, "%s: %s\n", v.File, what)
			}
		}
		if chain == nil {
			fmt.Fprintln(e.stdout, "the database was not asked: a bundle that was made anew as a whole would not be noticed")
		}
	}
	if bad > 0 {
		return findings{fmt.Sprintf("%d of %d bundles are not as they were written", bad, len(list))}
	}
	return nil
}

// questionFlags ask who saw what.
type questionFlags struct {
	incidentFlags `embed:""`
	spanFlags     `embed:""`

	Account uuid.UUID `placeholder:"ID" help:"Whose data, or whose people."`
	User    uuid.UUID `placeholder:"ID" help:"What this user saw."`
	Object  string    `placeholder:"ID" help:"Who saw this party, entry, shop or invoice."`
	Route   string    `placeholder:"ROUTE" help:"What was seen through a route, such as \"GET /b/{business}\"."`
	Release string    `placeholder:"VERSION" help:"Only what this version answered."`
}

func (f *questionFlags) question() (q incident.Question, err error) {
	if f.Account == uuid.Nil && f.User == uuid.Nil && f.Object == "" && f.Route == "" {
		return q, usagef("say what it is about\n--account, --user, --object or --route")
	}
	from, to, err := f.read(time.Now())
	return incident.Question{
		Account: f.Account, User: f.User, Object: f.Object, Route: f.Route, Release: f.Release, From: from, To: to,
	}, err
}

type incidentBlastCmd struct {
	questionFlags `embed:""`

	All bool `help:"List also what people saw of their own account."`
}

// Run says who saw what.
func (c *incidentBlastCmd) Run(e *env) error {
	q, err := c.question()
	if err != nil {
		return err
	}
	return c.with(e, func(d *incidentDesk) error {
		r, err := d.Blast(e, d.who, q)
		if err != nil {
			return err
		}
		own := 0
		if !c.All {
			foreign := r.Foreign()
			own = len(r.Sights) - len(foreign)
			r.Sights = foreign
		}
		if c.JSON {
			return printJSON(e.stdout, r)
		}
		c.show(e, r, own)
		return nil
	})
}

func (c *incidentBlastCmd) show(e *env, r incident.Radius, own int) {
	fmt.Fprintf(e.stdout, "from %s to %s\n\n", stamp(r.From), stamp(r.To))
	if len(r.Sights) == 0 {
		fmt.Fprintln(e.stdout, "nobody saw a named object of another account")
	} else {
		showSights(e, r.Sights)
	}
	if own > 0 {
		fmt.Fprintf(e.stdout, "\n%s of people who saw their own account; --all lists them\n",
			counted(own, "more line is", "more lines are"))
	}
	fmt.Fprintln(e.stdout, "\nnot known")
	for _, line := range r.NotKnown {
		fmt.Fprintf(e.stdout, "  %s\n", line)
	}
}

func showSights(e *env, sights []incident.Sight) {
	users, owners := map[uuid.UUID]bool{}, map[uuid.UUID]bool{}
	reads := 0
	for _, s := range sights {
		if s.Foreign {
			users[s.UserID], owners[s.Owner] = true, true
			reads += s.Times
		}
	}
	fmt.Fprintf(e.stdout, "%s saw data of %s, in %s\n", counted(len(users), "user", "users"),
		counted(len(owners), "other account", "other accounts"), counted(reads, "request", "requests"))
	var whose uuid.UUID
	for i, s := range sights {
		if i == 0 || s.Owner != whose {
			whose = s.Owner
			fmt.Fprintf(e.stdout, "\nof account %s\n", idOrDash(whose))
		}
		fmt.Fprintf(e.stdout, "  %s was seen by %s of account %s\n", strings.TrimSpace(s.Kind+" "+dash(s.Object)),
			caller(s), idOrDash(s.Account))
		fmt.Fprintf(e.stdout, "    %s, %s, from %s to %s, release %s\n", counted(s.Times, "time", "times"),
			counted(int(s.Rows), "row", "rows"), stamp(s.First), stamp(s.Last), s.Release)
		shown := s.Requests[:min(len(s.Requests), 3)]
		fmt.Fprintf(e.stdout, "    %s\n    requests %s", s.Route, strings.Join(shown, " "))
		if s.Times > len(shown) {
			fmt.Fprint(e.stdout, " … (--json has more)")
		}
		fmt.Fprintln(e.stdout)
	}
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func idOrDash(id uuid.UUID) string {
	if id == uuid.Nil {
		return "-"
	}
	return id.String()
}

func caller(s incident.Sight) string {
	switch {
	case s.KeyID != uuid.Nil:
		return "key " + s.KeyID.String()
	case s.UserID == uuid.Nil:
		return "a stranger"
	}
	return "user " + s.UserID.String()
}

type incidentNotifyCmd struct {
	questionFlags `embed:""`

	Out string `required:"" type:"path" placeholder:"DIR" help:"A folder for the drafts; it is made. Nothing is sent."`
}

// Run drafts letters.
func (c *incidentNotifyCmd) Run(e *env) error {
	q, err := c.question()
	if err != nil {
		return err
	}
	return c.with(e, func(d *incidentDesk) error {
		r, err := d.Blast(e, d.who, q)
		if err != nil {
			return err
		}
		drafts, err := d.DraftLetters(e, d.who, r)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(c.Out, 0o700); err != nil {
			return &postgres.SetupError{Problem: "cannot make " + c.Out, Hint: "name a folder with --out", Err: err}
		}
		var names []string
		for i, draft := range drafts {
			name := filepath.Join(c.Out, fmt.Sprintf("%03d-%s.txt", i+1, draft.To.Account))
			text := "To: " + draft.To.Email + "\n" + strings.Join(draft.Languages(), "\n———\n\n")
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				return err
			}
			names = append(names, name)
		}
		if c.JSON {
			return printJSON(e.stdout, slices.Clip(names))
		}
		for i, draft := range drafts {
			fmt.Fprintf(e.stdout, "%s: to %s, about %s\n", names[i], draft.To.Email, draft.Kinds)
		}
		fmt.Fprintf(e.stdout, "%s in both languages; nothing was sent. Fill in what stands in [brackets] first\n",
			counted(len(drafts), "draft", "drafts"))
		return nil
	})
}

type incidentReportsCmd struct {
	incidentFlags `embed:""`
	spanFlags     `embed:""`
}

// Run lists what people reported as not theirs, by release.
func (c *incidentReportsCmd) Run(e *env) error {
	from, to, err := c.read(time.Now())
	if err != nil {
		return err
	}
	return c.with(e, func(d *incidentDesk) error {
		list, err := d.Complaints(e, from, to)
		if err != nil {
			return err
		}
		starts, err := d.Releases(e, to, 1000)
		if err != nil {
			return err
		}
		counts := incident.CountByRelease(list, starts, from)
		if c.JSON {
			return printJSON(e.stdout, struct {
				Releases []incident.ReleaseCount
				Reports  []incident.Complaint
			}{counts, list})
		}
		err = table(e.stdout, "RELEASE\tSINCE\tREPORTS", func(row func(...any)) {
			for _, n := range counts {
				row(n.Release, stamp(n.Since), n.Reports)
			}
		})
		if err != nil || len(list) == 0 {
			return err
		}
		fmt.Fprintln(e.stdout)
		return table(e.stdout, "REPORTED\tRELEASE\tACCOUNT\tUSER\tPAGE\tREQUEST\tWORDS", func(row func(...any)) {
			for _, r := range list {
				row(stamp(r.At), r.Release, idOrDash(r.AccountID), idOrDash(r.UserID), dash(r.Page), dash(r.RequestID),
					r.Words)
			}
		})
	})
}
