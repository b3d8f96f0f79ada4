package operators

import (
	"bytes"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/incident"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/admin"
	"github.com/tijorihq/tijori/internal/web/ui"
)

const (
	reportsOf    = 30 * 24 * time.Hour
	reportsShown = 50
	startsShown  = 200
)

// IncidentsPage is what is looked into, what people report as not theirs, and the evidence that was collected.
func (h *Handlers) IncidentsPage(_ http.ResponseWriter, r *frame.Request) error {
	view := admin.Incidents{Shell: shell(r)}
	s := view.Shell
	list, err := h.Incidents.List(r.Context())
	if err != nil {
		return err
	}
	for _, i := range list {
		one := admin.Incident{
			Title: s.T("Incident %d: %s", i.Number, i.Title), Open: i.Open(),
			Opened: s.T("opened by %s, %s", i.OpenedBy, s.Moment(i.OpenedAt)),
		}
		if !i.Open() {
			one.Closed = s.T("closed by %s, %s", i.ClosedBy, s.Moment(i.ClosedAt)) + ": " + i.Outcome
		}
		view.List = append(view.List, one)
	}
	if err := h.reports(r, &view); err != nil {
		return err
	}
	chain, err := h.Incidents.EvidenceChain(r.Context())
	if err != nil {
		return err
	}
	view.Broken = brokenChain(s, chain)
	for _, l := range slices.Backward(chain) {
		view.Bundles = append(view.Bundles, admin.Bundle{
			Number: strconv.FormatInt(l.Number, 10), At: s.Moment(l.MadeAt), By: l.MadeBy,
			File: hex.EncodeToString(l.File),
		})
	}
	return r.Page(admin.IncidentsPage(view))
}

// reports lists the newest, and counts all by the release that answered.
func (h *Handlers) reports(r *frame.Request, view *admin.Incidents) error {
	s, now := view.Shell, time.Now()
	from := now.Add(-reportsOf)
	list, err := h.Incidents.Complaints(r.Context(), from, now)
	if err != nil {
		return err
	}
	starts, err := h.Incidents.Releases(r.Context(), now, startsShown)
	if err != nil {
		return err
	}
	for _, c := range slices.Backward(incident.CountByRelease(list, starts, from)) {
		one := admin.ReleaseCount{
			Release: ui.Or(c.Release, "–"), Since: s.T("before that"),
			Reports: strconv.Itoa(c.Reports),
		}
		if !c.Since.IsZero() {
			one.Since = s.Moment(c.Since)
		}
		view.Counts = append(view.Counts, one)
	}
	slices.SortStableFunc(list, func(a, b incident.Complaint) int { return b.At.Compare(a.At) })
	for _, c := range list[:min(len(list), reportsShown)] {
		one := admin.Report{
			At: s.Moment(c.At), Release: ui.Or(c.Release, "–"), Page: c.Page, Request: c.RequestID, Words: c.Words,
		}
		if c.AccountID != uuid.Nil {
			one.Account = c.AccountID.String()
		}
		view.Reports = append(view.Reports, one)
	}
	return nil
}

// brokenChain says which bundle does not follow the one before it, as the database has them.
func brokenChain(s ui.Shell, chain []incident.Link) string {
	for i, l := range chain {
		if l.Number != int64(i+1) || i > 0 && !bytes.Equal(l.Previous, chain[i-1].Manifest) {
			return s.T("Bundle %d does not follow the one before it. Somebody changed the list.", l.Number)
		}
	}
	return ""
}
