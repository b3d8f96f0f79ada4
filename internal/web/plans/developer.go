package plans

import (
	"net/http"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/credits"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/developer"
	"github.com/tijorihq/tijori/internal/web/page/usage"
	"github.com/tijorihq/tijori/internal/web/ui"
)

const (
	developerPath = "/developer"
	callsShown    = 30
)

// DeveloperPage is for an account whose programs use the API.
func (h *Handlers) DeveloperPage(_ http.ResponseWriter, r *frame.Request) error {
	view, err := h.developerView(r)
	if err != nil {
		return err
	}
	return r.Page(developer.Page(view))
}

func (h *Handlers) developerView(r *frame.Request) (developer.View, error) {
	var zone *time.Location
	var now time.Time
	var balances []credits.Balance
	var used []credits.Used
	var keys []credits.Key
	var calls []credits.Call
	err := r.AsPage(func(tx *postgres.Tx) (err error) {
		if zone, err = accountZone(r, tx); err != nil {
			return err
		}
		now = h.Clock.Now().In(zone)
		b := &pgx.Batch{}
		credits.QueueBalances(b, &balances)
		credits.QueueUsed(b, tx.Scope, billing.DefaultMeter, firstDay(now), &used)
		credits.QueueKeys(b, &keys)
		credits.QueueCalls(b, callsShown, &calls)
		return tx.SendBatch(r.Context(), b).Close()
	})
	if err != nil {
		return developer.View{}, err
	}
	view := developer.View{
		Shell: r.Shell(), Account: r.Person.AccountName, Base: h.Absolute(""),
	}
	view.Chart = usage.Chart(view.Shell, view.T("Credits"), daysOf(used, now))
	for _, b := range balances {
		view.Meters = append(view.Meters, developer.Meter{ID: b.Meter, Name: b.Name, Left: b.Available, Held: b.Held})
	}
	for _, k := range keys {
		view.Keys = append(view.Keys, developer.Key{
			ID: k.ID.String(), Name: k.Name, Hint: k.Hint, MadeBy: k.MadeBy, Used: k.UsedAt, Made: k.CreatedAt.In(zone),
			Live: k.Live, Spend: slices.Contains(k.Scopes, credits.SpendCredits),
		})
	}
	for _, c := range calls {
		view.Calls = append(view.Calls, developer.Call{
			At: c.At, Key: ui.Or(c.Key, "–"), Route: c.Route, Status: c.Status, Failed: c.Status >= 400,
			Took: int(c.Took.Milliseconds()), Request: c.Request,
		})
	}
	return view, nil
}

// MakeKey answers with the page itself and no redirect: the key is in this answer and nowhere else.
func (h *Handlers) MakeKey(w http.ResponseWriter, r *frame.Request) error {
	if err := r.CheckAccess(); err != nil {
		return err
	}
	scopes := []string{credits.Read}
	if r.PostFormValue("scope") != "read" {
		scopes = append(scopes, credits.SpendCredits)
	}
	name := r.PostFormValue("name")
	key, _, err := h.Credits.CreateKey(r.Context(), r.Caller, name, scopes)
	var form ui.Form
	if err != nil {
		if e := r.FormFault(&form, err); e != nil {
			return e
		}
	}
	view, e := h.developerView(r)
	if e != nil {
		return e
	}
	status := http.StatusOK
	if err != nil {
		status = frame.FormStatus(err)
		view.NewKey = developer.KeyForm{Form: form, Name: name, Read: len(scopes) == 1}
	} else {
		view.Made, view.Name = key, name
	}
	h.Render(w, r, status, developer.Page(view))
	return nil
}

// RevokeKey ends a key of the account.
func (h *Handlers) RevokeKey(w http.ResponseWriter, r *frame.Request) error {
	id := r.PathID("id")
	if err := r.CheckAccess(); err != nil {
		return err
	}
	if err := h.Credits.RevokeKey(r.Context(), r.Caller, id); err != nil {
		return err
	}
	h.SetFlash(w, "key_revoked", "")
	return h.Redirect(w, r, developerPath+"#keys")
}
