package khata

import (
	"net/http"
	"time"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/lock"
	"github.com/tijorihq/tijori/internal/web/ui"
)

func (h *Handlers) LockPage(w http.ResponseWriter, r *frame.Request) error {
	view, err := h.lockView(r)
	if err != nil {
		return err
	}
	view.Until = typedDate(r, "until")
	return r.Page(lock.Page(view))
}

func (h *Handlers) lockView(r *frame.Request) (lock.View, error) {
	var locks []ledger.Lock
	err := r.AsPage(func(tx *postgres.Tx) (err error) { locks, err = ledger.ListLocks(r.Context(), tx); return err })
	if err != nil {
		return lock.View{}, err
	}
	view := lock.View{Shell: r.Shell(), Form: ui.Form{ID: frame.NewID()}, OpenID: frame.NewID()}
	if len(locks) > 0 {
		view.Locked = locks[0].Until
	}
	for _, l := range locks {
		view.Changes = append(view.Changes, lock.Change{
			From: l.From, Until: l.Until, Opens: l.Opens(),
			Reason: l.Reason, By: l.ByName, When: l.At,
		})
	}
	view.Chips = lockDays(view.Shell, view.Locked)
	return view, nil
}

// lockDays are the days that books are closed at: the ends of the last month and of the last year from April to
// March, as far as they lie ahead of the lock.
func lockDays(s ui.Shell, locked time.Time) []lock.Chip {
	now := s.Now
	month := time.Date(now.Year(), now.Month(), 0, 0, 0, 0, 0, time.UTC)
	year := time.Date(now.Year(), time.March, 31, 0, 0, 0, 0, time.UTC)
	if now.Month() < time.April {
		year = year.AddDate(-1, 0, 0)
	}
	var out []lock.Chip
	for _, d := range []time.Time{month, year} {
		if d.After(locked) && (len(out) == 0 || !out[0].Day.Equal(d)) {
			out = append(out, lock.Chip{Label: s.Date(d), Day: d})
		}
	}
	return out
}

func (h *Handlers) SetLock(w http.ResponseWriter, r *frame.Request) error {
	id, err := r.FormID()
	if err != nil {
		return err
	}
	everything := r.PostFormValue("open") == "all"
	form := ledger.LockForm{Reason: r.PostFormValue("reason")}
	if form.From, err = formDate(r, "from"); err == nil && !everything {
		form.Until, err = formDate(r, "until")
		if err == nil && form.Until.IsZero() {
			err = fault.InvalidField("until", "Choose the last day to lock.")
		}
	}
	wrong := err
	err = r.AsPage(func(tx *postgres.Tx) error {
		if wrong != nil {
			return wrong
		}
		form.Today = r.Today
		_, err := ledger.SetLock(r.Context(), tx, id, form)
		return err
	})
	if err != nil {
		if !frame.Mendable(err) {
			return err
		}
		view, e := h.lockView(r)
		if e != nil {
			return e
		}
		if view.Opening = everything; everything {
			view.OpenReason = r.PostFormValue("reason")
		} else {
			view.Until, view.Reason = r.PostFormValue("until"), r.PostFormValue("reason")
		}
		return frame.Again(r, err, &view, &view.Form, lock.Page)
	}
	h.SetFlash(w, "lock_set", "")
	return h.Redirect(w, r, r.URL.Path)
}
