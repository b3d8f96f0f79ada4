package khata

import (
	"net/http"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
)

type taskJSON struct {
	State string `json:"state"`
	Done  int64  `json:"done"`
	Total int64  `json:"total"`
	Text  string `json:"text"` // for the reader
	Stop  string `json:"stop"` // what the button says
}

// APITask says how far long work is.
func (h *Handlers) APITask(w http.ResponseWriter, r *frame.Request) error {
	id := r.PathID("task")
	var t ledger.Task
	err := r.AsPage(func(tx *postgres.Tx) (err error) {
		t, err = ledger.TaskByID(r.Context(), tx, id)
		return err
	})
	if err != nil {
		return err
	}
	return h.WriteJSON(w, r, http.StatusOK, taskJSON{string(t.State), t.Done, t.Total, taskText(r, t), r.T("Stop")})
}

func taskText(r *frame.Request, t ledger.Task) string {
	export := t.Kind == ledger.ExportTask
	switch {
	case t.State == ledger.TaskRunning && export && t.Total > 0:
		return r.T("Your file is being prepared: %s of %s rows.",
			money.Grouped(t.Done), money.Grouped(max(t.Total, t.Done)))
	case t.State == ledger.TaskRunning && export:
		return r.T("Your file is being prepared.")
	case t.State == ledger.TaskRunning && t.Total > 0:
		return r.T("The file is being imported: %s of %s rows.",
			money.Grouped(t.Done), money.Grouped(max(t.Total, t.Done)))
	case t.State == ledger.TaskRunning:
		return r.T("The file is being imported.")
	case t.State == ledger.TaskDone && export:
		return r.T("Your file is among your downloads.")
	case t.State == ledger.TaskStopped && export:
		return r.T("Stopped. There is no whole file.")
	case t.State == ledger.TaskStopped:
		return r.T("Stopped. Nothing was imported.")
	case t.State == ledger.TaskFailed:
		return r.T("It ended before it was whole. Please try again.")
	}
	return r.T("The file was imported.")
}

// StopTask stops one's own long work.
func (h *Handlers) StopTask(w http.ResponseWriter, r *frame.Request) error {
	id := r.PathID("task")
	err := r.As(func(tx *postgres.Tx) error { return ledger.StopTask(r.Context(), tx, id) })
	if err != nil {
		return err
	}
	return h.WriteJSON(w, r, http.StatusOK, struct {
		State string `json:"state"`
	}{string(ledger.TaskStopped)})
}
