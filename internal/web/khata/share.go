package khata

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
	sharing "github.com/tijorihq/tijori/internal/web/page/share"
	"github.com/tijorihq/tijori/internal/web/page/statement"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// A link is shown to who made it for these minutes; its token goes with the browser, since we keep only its hash.
const freshLife = 10 * time.Minute

// freshLink is the address of the newest link of the party, while this browser still has its token.
func (h *Handlers) freshLink(r *frame.Request, shares []ledger.Share) string {
	if len(shares) == 0 {
		return ""
	}
	id, token, _ := strings.Cut(h.ReadCookie(r.Request, frame.LinkCookie), "|")
	if id != shares[0].ID.String() {
		return ""
	}
	return h.Absolute("/s/" + url.PathEscape(token))
}

func (h *Handlers) SharePage(w http.ResponseWriter, r *frame.Request) error {
	id := r.PathID("party")
	view, err := h.shareView(r, id)
	if err != nil {
		return err
	}
	return r.Page(sharing.Page(view))
}

func (h *Handlers) shareView(r *frame.Request, id uuid.UUID) (sharing.View, error) {
	var p ledger.PartyPage
	var shares []ledger.Share
	err := r.Read(func(scope postgres.Scope, b *pgx.Batch) {
		ledger.QueuePartyPage(scope, b, id, "", &p)
		ledger.QueueShares(scope, b, id, &shares)
	})
	if err != nil {
		return sharing.View{}, err
	}
	view := sharing.View{
		Shell: r.Shell(), Form: ui.Form{ID: frame.NewID()}, PartyID: id.String(), Name: p.Name,
		Fresh: h.freshLink(r, shares),
		Token: ledger.NewShareToken(), Days: int(ledger.ShareLife / (24 * time.Hour)), Lives: ledger.ShareLives,
		Links: links(shares),
	}
	view.To = view.Today()
	return view, nil
}

func links(shares []ledger.Share) []sharing.Link {
	var out []sharing.Link
	for _, x := range shares {
		out = append(out, sharing.Link{
			ID: x.ID.String(), From: x.Range.From, To: x.Range.To, By: x.ByName,
			Made: x.CreatedAt, Ends: x.ExpiresAt,
		})
	}
	return out
}

func (h *Handlers) ShareParty(w http.ResponseWriter, r *frame.Request) error {
	id := r.PathID("party")
	made, err := r.FormID()
	if err != nil {
		return err
	}
	if err := r.Read(nil); err != nil {
		return err
	}
	token := r.PostFormValue("token") // made with the form, so that a double tap is one link
	var days ledger.Range
	life := ledger.ShareLife
	fromReminder := r.PostFormValue("back") == "remind"
	if fromReminder {
		days.To, err = r.Today()
	} else if days.From, err = formDate(r, "from"); err == nil {
		days.To, err = formDate(r, "to")
		n, bad := strconv.Atoi(r.PostFormValue("days"))
		if life = time.Duration(n) * 24 * time.Hour; bad != nil || n < 1 || n > 366 {
			life = 0
		}
	}
	if err == nil {
		err = r.As(func(tx *postgres.Tx) error {
			_, err := ledger.AddShare(r.Context(), tx, made, id, token, days, life)
			return err
		})
	}
	if err != nil {
		if !frame.Mendable(err) || fromReminder {
			return err
		}
		view, e := h.shareView(r, id)
		if e != nil {
			return e
		}
		view.From, view.To = r.PostFormValue("from"), r.PostFormValue("to")
		return frame.Again(r, err, &view, &view.Form, sharing.Page)
	}
	h.SetCookie(w, frame.LinkCookie, made.String()+"|"+token, freshLife)
	path := ui.PartyPath(r.Caller.Business.String(), id.String())
	if fromReminder {
		q := url.Values{"lang": {langOf(r, r.PostFormValue("lang"))}, "upi": {r.PostFormValue("upi")}}
		return h.Redirect(w, r, path+"/remind?"+q.Encode())
	}
	h.SetFlash(w, "shared", "")
	return h.Redirect(w, r, path+"/share")
}

func (h *Handlers) RevokeShare(w http.ResponseWriter, r *frame.Request) error {
	id := r.PathID("party")
	link := r.PathID("share")
	if err := r.As(func(tx *postgres.Tx) error { return ledger.RevokeShare(r.Context(), tx, link, id) }); err != nil {
		return err
	}
	h.SetFlash(w, "share_ended", "")
	return h.Redirect(w, r, ui.PartyPath(r.Caller.Business.String(), id.String())+"/share")
}

// SharedStatement is the statement that a link opens. It asks as nobody, whoever is signed in.
func (h *Handlers) SharedStatement(w http.ResponseWriter, r *frame.Request) error {
	if err := h.Accounts.ThrottleLinks(r.Context(), h.Network(r.Request)); err != nil {
		return err
	}
	token := r.PathValue("token")
	part := partOf(r)
	view := sharing.PublicView{View: statement.View{Shared: r.URL.Path, Part: part}}
	var lines []ledger.SharedLine
	first, last := (part-1)*maxLines, part*maxLines
	var brought int64
	st, err := ledger.ReadShared(r.Context(), r.AsNobody, token, func(l ledger.SharedLine) error {
		switch {
		case view.Count < first:
			brought = l.Balance
		case view.Count < last:
			lines = append(lines, l)
		}
		view.Count++
		return nil
	})
	if err != nil {
		return err
	}
	if view.Parts = max(1, (view.Count+maxLines-1)/maxLines); part > view.Parts {
		return fault.New(fault.NotFound, "There is nothing here.")
	}
	// The page is written in the currency and at the time of the business, and knows nothing else of it.
	r.Person.Business = &account.Business{Name: st.Business, Currency: st.Currency, TimeZone: st.TimeZone}
	amount := r.Amount
	view.Shell = r.Shell()
	view.Business = ui.Business{Name: st.Business, Currency: st.Currency}
	view.Name, view.Kind = st.Party, string(st.Kind)
	zone := view.Now.Location()
	view.SharedAt, view.EndsAt, view.Changed = st.SharedAt.In(zone), st.ExpiresAt.In(zone), st.Changed
	view.Opening, view.Brought, view.Closing = amount(st.Opening), amount(brought), amount(st.Closing)
	view.Gave, view.Got = amount(st.Given), amount(st.Received)
	view.FirstDay, view.LastDay = st.Range.From, st.Range.To
	options := exportOptions(r)
	view.Period = options.Period(st.Range)
	for _, l := range lines {
		view.Lines = append(view.Lines, statement.Line{
			Date: l.Date, Note: options.Labels.DetailsOf(l.EntryFields), Side: string(l.Side),
			Amount: amount(l.AmountMinor), Balance: amount(l.Balance), Changed: l.Changed,
		})
	}
	if st.Payable && part == view.Parts {
		if view.Pay, err = payBy(st.Payee, view.Closing, st.Business); err != nil {
			return err
		}
	}
	return r.Page(sharing.Public(view))
}
