package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/incident"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/watch/detect"
)

// recordRelease writes down that this program starts, and logs how it differs from the last start.
func (a *app) recordRelease(ctx context.Context, plans *billing.Plans, environment postgres.Environment) error {
	text, err := json.Marshal(plans)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	settings := settingsOf(a.flags)
	settings["plans, as read"] = hex.EncodeToString(sum[:8])
	node, err := os.Hostname()
	if err != nil {
		node = "unknown"
	}
	changes, err := incident.New(a.database.DB).RecordRelease(ctx, incident.Release{
		Node: node, Version: versionText(), Migration: postgres.NewestMigration(), Settings: settings,
		Mode: string(environment.Mode), Accounts: environment.Accounts,
	})
	if err != nil {
		return err
	}
	if len(changes) > 0 {
		a.log.Warn("this start differs from the last one", "changes", strings.Join(changes, "; "))
	}
	return nil
}

// settingsOf lists the settings of a command: the plain ones with their values, of the others only that they are set.
func settingsOf(flags any) map[string]string {
	out := map[string]string{}
	walkSettings(reflect.Indirect(reflect.ValueOf(flags)), out)
	return out
}

func walkSettings(v reflect.Value, out map[string]string) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name := field.Tag.Get("env")
		switch {
		case field.Anonymous && field.Type.Kind() == reflect.Struct:
			walkSettings(v.Field(i), out)
		case name == "" || v.Field(i).IsZero():
		case slices.Contains(plainSettings, name):
			out[name] = fmt.Sprint(v.Field(i).Interface())
		default:
			out[name] = "(set)"
		}
	}
}

type releaseCmd struct {
	List releaseListCmd `cmd:"" help:"List the last starts of servers, and how each differs from the one before."`
}

type releaseListCmd struct {
	incidentFlags `embed:""`

	Most int `default:"20" placeholder:"N" help:"How many (default: ${default})."`
}

// Run lists starts, the newest first.
func (c *releaseListCmd) Run(e *env) error {
	return c.with(e, func(d *incidentDesk) error {
		list, err := d.Releases(e, time.Now().Add(time.Hour), c.Most+1)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(e.stdout, list[:min(len(list), c.Most)])
		}
		if len(list) == 0 {
			fmt.Fprintln(e.stdout, "no server has started on this database yet")
			return nil
		}
		for i, r := range list[:min(len(list), c.Most)] {
			fmt.Fprintf(e.stdout, "%s  %s on %s, migration %d, %s, settings %s\n", stamp(r.StartedAt), r.Version,
				r.Node, r.Migration, r.Mode, r.Fingerprint)
			if i+1 < len(list) {
				for _, change := range r.Since(list[i+1]) {
					fmt.Fprintf(e.stdout, "    %s\n", change)
				}
			}
		}
		return nil
	})
}

// lookAtReports raises an alert about what people report as not theirs: one for each account. It is a loop's body.
func (a *app) lookAtReports(ctx context.Context) (int, error) {
	return incident.New(a.database.DB).TellComplaints(ctx, func(ctx context.Context, list []incident.Complaint) error {
		for _, c := range list {
			subject := c.AccountID.String()
			var requests []string
			if c.RequestID != "" {
				requests = []string{c.RequestID}
			}
			err := a.watch.Raise(ctx, detect.Alert{
				Rule: "reported", Subject: subject, Account: c.AccountID, Since: c.At, At: c.At, Count: 1,
				Requests: requests,
				Text:     "data that is not theirs is reported at " + c.Page + "; tijori incident reports --from 1h",
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}
