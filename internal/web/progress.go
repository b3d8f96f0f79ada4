package web

import (
	"net/http"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/postgres"
)

type taskJSON struct {
	State string `json:"state"`
	Done  int64  `json:"done"`
	Total int64  `json:"total"`
	Text  string `json:"text"` // for the reader
	Stop  string `json:"stop"` // what the button says
}

// apiTask says how far long work is.
func (s *Server) apiTask(w http.ResponseWriter, r *request) error {
	id, err := r.pathID("task")
	if err != nil {
		return err
	}
	var t ledger.Task
	err = r.as(func(tx *postgres.Tx) (err error) {
		t, err = ledger.TaskByID(r.Context(), tx, id)
		return err
	})
	if err != nil {
		return err
	}
	if err := r.read(nil); err != nil { // for the language
		return err
	}
	return s.writeJSON(w, r, http.StatusOK, taskJSON{string(t.State), t.Done, t.Total, r.taskText(t), r.t("Stop")})
}

func (r *request) taskText(t ledger.Task) string {
	export := t.Kind == ledger.ExportTask
	switch {
	case t.State == ledger.TaskRunning && export && t.Total > 0:
		return r.t("Your file is being made: %s of %s rows.", money.Grouped(t.Done), money.Grouped(max(t.Total, t.Done)))
	case t.State == ledger.TaskRunning && export:
		return r.t("Your file is being made.")
	case t.State == ledger.TaskRunning && t.Total > 0:
		return r.t("The file is being brought in: %s of %s rows.", money.Grouped(t.Done), money.Grouped(max(t.Total, t.Done)))
	case t.State == ledger.TaskRunning:
		return r.t("The file is being brought in.")
	case t.State == ledger.TaskDone && export:
		return r.t("Your file is among your downloads.")
	case t.State == ledger.TaskStopped && export:
		return r.t("Stopped. There is no whole file.")
	case t.State == ledger.TaskStopped:
		return r.t("Stopped. Nothing was brought in.")
	case t.State == ledger.TaskFailed:
		return r.t("It ended before it was whole. Please try again.")
	}
	return r.t("The file is in the khata.")
}

// stopTask stops one's own long work.
func (s *Server) stopTask(w http.ResponseWriter, r *request) error {
	id, err := r.pathID("task")
	if err != nil {
		return err
	}
	err = r.as(func(tx *postgres.Tx) error { return ledger.StopTask(r.Context(), tx, id) })
	if err != nil {
		return err
	}
	return s.writeJSON(w, r, http.StatusOK, struct {
		State string `json:"state"`
	}{string(ledger.TaskStopped)})
}
