package lock

import (
	"time"

	"github.com/tijorihq/tijori/internal/web/ui"
)

func path(v View) string { return ui.BusinessPath(v.Business.ID) + "/lock" }

func back(v View) string {
	if v.Rights().RunsKhata {
		return ui.BusinessPath(v.Business.ID) + "/settings"
	}
	return ui.BusinessPath(v.Business.ID)
}

func input(d time.Time) string {
	if d.IsZero() {
		return ""
	}
	return d.Format(time.DateOnly)
}

func when(ok bool, s string) string {
	if ok {
		return s
	}
	return ""
}

func hint(v View) string {
	if v.Locked.IsZero() {
		return ""
	}
	return v.T("Needed when you open days again.")
}

// what says in a sentence what was decided.
func what(v View, c Change) string {
	switch {
	case c.Until.IsZero():
		return v.T("Opened everything; it was locked up to %s", v.Date(c.From))
	case c.From.IsZero():
		return v.T("Locked up to %s", v.Date(c.Until))
	case c.Opens:
		return v.T("Opened again: locked up to %s, before up to %s", v.Date(c.Until), v.Date(c.From))
	}
	return v.T("Locked up to %s, before up to %s", v.Date(c.Until), v.Date(c.From))
}
