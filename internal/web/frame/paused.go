package frame

import (
	"errors"
	"net/http"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/freeze"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/page/paused"
)

// servePaused answers a page of a part that is frozen. Where everything is, the page names nobody: whether names show
// up in the right place may be what is being checked.
func (f *Frame) servePaused(w http.ResponseWriter, r *Request, err error) {
	frozen := &postgres.FrozenError{Needed: freeze.Needed(r.Context()), All: freeze.All}
	errors.As(err, &frozen)
	view := paused.View{
		Parts: frozen.Needed, Sent: r.Method != http.MethodGet, RequestID: r.ID,
	}
	r.need(0)
	r.frame()
	view.In = r.Known
	view.Home = !r.Known || frozen.All&freeze.Ledger == 0
	if frozen.All == freeze.All {
		view.Parts = freeze.All
		r.Speak(r.Locale())
		r.Known, r.Person = false, account.Person{}
	}
	view.Shell = r.Shell()
	f.Render(w, r, http.StatusServiceUnavailable, paused.Page(view))
}
