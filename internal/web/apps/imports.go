package apps

import (
	"net/http"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/platform"
	"github.com/tijorihq/tijori/internal/web/frame"
)

// MaxImportBody is how large the JSON around a file of an import may be.
const MaxImportBody = 2*platform.MaxImport + 1024

// BeginImport takes a file of customers who pay already.
func (h *Handlers) BeginImport(w http.ResponseWriter, r *frame.Request) error {
	in := struct {
		CSV    string `json:"csv"`
		DryRun bool   `json:"dry_run"`
	}{DryRun: true}
	if err := frame.DecodeJSON(r, &in); err != nil {
		return err
	}
	id, err := h.Platform.BeginImport(r.Context(), r.Holder(), []byte(in.CSV), in.DryRun)
	if err != nil {
		return err
	}
	return h.WriteJSON(w, r, http.StatusAccepted, map[string]any{"id": id.String(), "dry_run": in.DryRun})
}

type foundJSON struct {
	Subscription string   `json:"subscription"`
	Plan         string   `json:"plan"`
	Interval     string   `json:"interval"`
	Status       string   `json:"status"`
	Until        string   `json:"until,omitempty"`
	StartedAt    string   `json:"started_at,omitempty"`
	Known        bool     `json:"known"`
	Differs      string   `json:"differs,omitempty"`
	Beside       []string `json:"beside,omitempty"`
}

type importedJSON struct {
	Line      int         `json:"line"`
	Customer  string      `json:"customer"`
	Provider  string      `json:"provider"`
	ID        string      `json:"id"`
	Outcome   string      `json:"outcome"`
	Detail    string      `json:"detail,omitempty"`
	PaysTwice bool        `json:"pays_twice"`
	Found     []foundJSON `json:"found"`
}

// Import tells what came of a file so far.
func (h *Handlers) Import(w http.ResponseWriter, r *frame.Request) error {
	in, err := h.Platform.ImportOf(r.Context(), r.Holder(), r.PathID("id"))
	if err != nil {
		return err
	}
	lines := []importedJSON{}
	for _, l := range in.Lines {
		lines = append(lines, importedJSON{
			l.Line, l.Customer, string(l.Provider), l.ID, l.Outcome, l.Detail, l.PaysTwice, foundOf(l.Found),
		})
	}
	return h.WriteJSON(w, r, http.StatusOK, map[string]any{
		"id": in.ID.String(), "dry_run": in.DryRun, "finished": !in.FinishedAt.IsZero(),
		"created_at": rfc3339(in.CreatedAt), "waiting": in.Count(platform.ImportWaiting), "lines": lines,
	})
}

func foundOf(list []billing.Found) []foundJSON {
	out := []foundJSON{}
	for _, f := range list {
		out = append(out, foundJSON{
			f.Subscription, f.Plan, f.Interval, string(f.Status), rfc3339(f.Until),
			rfc3339(f.StartedAt), f.Known, f.Differs,
			f.Beside,
		})
	}
	return out
}

// EndImports ends the time in which unknown customers raise no alarm.
func (h *Handlers) EndImports(w http.ResponseWriter, r *frame.Request) error {
	return h.did(w, r, h.Platform.EndImport(r.Context(), r.Holder()))
}

type shadowJSON struct {
	Feature   string          `json:"feature"`
	Agreed    int64           `json:"agreed"`
	OnlyHere  int64           `json:"only_here"`
	OnlyThere int64           `json:"only_there"`
	FirstAt   string          `json:"first_at"`
	LastAt    string          `json:"last_at"`
	Customers []differingJSON `json:"customers"`
}

type differingJSON struct {
	Customer  string `json:"customer"`
	OnlyHere  int64  `json:"only_here"`
	OnlyThere int64  `json:"only_there"`
	LastAt    string `json:"last_at"`
}

// Shadows lists how often the app's own checks agreed with ours.
func (h *Handlers) Shadows(w http.ResponseWriter, r *frame.Request) error {
	list, err := h.Platform.Shadows(r.Context(), r.Holder())
	if err != nil {
		return err
	}
	out := []shadowJSON{}
	for _, s := range list {
		one := shadowJSON{
			s.Feature, s.Agreed, s.OnlyHere, s.OnlyThere, rfc3339(s.FirstAt), rfc3339(s.LastAt), []differingJSON{},
		}
		for _, c := range s.Customers {
			one.Customers = append(one.Customers, differingJSON{c.Customer, c.OnlyHere, c.OnlyThere, rfc3339(c.LastAt)})
		}
		out = append(out, one)
	}
	return h.WriteJSON(w, r, http.StatusOK, map[string]any{"features": out})
}
