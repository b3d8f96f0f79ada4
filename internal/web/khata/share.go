package khata

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
	sharing "github.com/tijorihq/tijori/internal/web/page/share"
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
	var to ledger.Payee
	err := r.Read(func(scope postgres.Scope, b *pgx.Batch) {
		ledger.QueuePartyPage(scope, b, id, "", &p)
		ledger.QueueShares(scope, b, id, &shares)
		ledger.QueuePayee(scope, b, &to)
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
	if view.Fresh != "" {
		m := h.messageTo(r, r.Locale(), p.Name, p.Balance, "", to)
		m.link = view.Fresh
		view.Send = ledger.WhatsAppLink(p.Phone, m.String())
	}
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
	token := r.PostFormValue("token") // made with the form, so that a double tap is one link
	var days ledger.Range
	life := ledger.ShareLife
	if days.From, err = formDate(r, "from"); err == nil {
		days.To, err = formDate(r, "to")
		n, bad := strconv.Atoi(r.PostFormValue("days"))
		if life = time.Duration(n) * 24 * time.Hour; bad != nil || n < 1 || n > 366 {
			life = 0
		}
	}
	wrong := err
	err = r.AsPage(func(tx *postgres.Tx) error {
		if wrong != nil {
			return wrong
		}
		_, err := ledger.AddShare(r.Context(), tx, made, id, token, days, life)
		return err
	})
	if err != nil {
		if !frame.Mendable(err) {
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
