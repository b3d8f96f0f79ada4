package khata

import (
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/party"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// readParty reads a page of a party's entries, all of them for whoever sees totals, else their own, and what more
// asks for in the same round trip.
func readParty(
	r *frame.Request, more func(postgres.Scope, *pgx.Batch)) (page ledger.PartyPage, own ledger.OwnEntries, err error,
) {
	id, after := r.PathID("party"), ledger.Cursor(r.URL.Query().Get("after"))
	if err := after.Check(); err != nil {
		return page, own, err
	}
	err = r.Read(func(scope postgres.Scope, b *pgx.Batch) {
		if scope.Rights.SeesTotals {
			ledger.QueuePartyPage(scope, b, id, after, &page)
		} else {
			ledger.QueueOwnEntries(scope, b, id, after, &own)
		}
		more(scope, b)
	})
	return page, own, err
}

func (h *Handlers) PartyPage(w http.ResponseWriter, r *frame.Request) error {
	id := r.PathID("party")
	var names memberNames
	var locked time.Time
	var payee ledger.Payee
	var shares []ledger.Share
	var opening bool
	var scope postgres.Scope
	page, own, err := readParty(r, func(who postgres.Scope, b *pgx.Batch) {
		scope = who
		if scope.Rights.SeesTotals {
			names.queue(b)
			ledger.QueuePayee(scope, b, &payee)
			ledger.QueueShares(scope, b, id, &shares)
			ledger.QueueHasOpening(scope, b, id, &opening)
		}
		ledger.QueueLockedUntil(b, &locked)
	})
	if err != nil {
		return err
	}
	view := party.View{Shell: r.Shell(), PartyID: id.String(), ExportLocked: !r.MayExport(), Locked: locked}
	if r.Rights.AddsEntries {
		view.NewID = frame.NewID()
	}
	if !r.Rights.SeesTotals {
		view.Name, view.Kind, view.After, view.EntryCount = own.Name, string(own.Kind), string(own.Next), len(own.Rows)
		for _, e := range own.Rows {
			row := entryRow(r, e, 0, r.Person.Name)
			row.Ahead = e.Date.After(r.Today)
			row.Fixable = ledger.Corrects(scope, e, time.Now())
			view.Entries = append(view.Entries, row)
		}
		return r.Page(party.Page(view))
	}
	offerSending(w, r, &view.Shell, id.String(), page.Name)
	view.Alone = len(names.names) < 2
	view.Name, view.Kind, view.Phone, view.Note = page.Name, string(page.Kind), page.Phone, page.Note
	view.Balance, view.Gave, view.Got = r.Amount(page.Balance), r.Amount(page.Given), r.Amount(page.Received)
	view.EntryCount, view.After, view.Ahead = page.Entries, string(page.Next), aheadOf(r, page.Ahead)
	view.CanPay, view.Links, view.NoOpening = payee.Link(view.Balance, "") != "", links(shares), !opening
	if page.Balance > 0 && view.Rights().RunsKhata {
		view.RemindID, view.Token = frame.NewID(), ledger.NewShareToken()
	}
	view.Send = sending(r, id.String(), page.Name)
	if view.Send.Action != "" {
		letRemind(w)
	}
	for _, e := range page.Rows {
		row := entryRow(r, e.Entry, e.Balance, names.of(e.CreatedBy))
		row.Ahead = e.Ahead
		view.Entries = append(view.Entries, row)
	}
	return r.Page(party.Page(view))
}

// modeTag is how an entry was paid, where that is more than its side says.
func modeTag(f ledger.EntryFields) string {
	if f.Mode == "" || f.Mode == (ledger.EntryFields{Side: f.Side}).PaidBy() {
		return ""
	}
	return string(f.Mode)
}

func aheadOf(r *frame.Request, a ledger.Ahead) ui.Ahead {
	return ui.Ahead{Entries: a.Entries, Gave: r.Amount(a.Given), Got: r.Amount(a.Received)}
}

func entryRow(r *frame.Request, e ledger.Entry, balance int64, by string) party.Entry {
	return party.Entry{
		ID: e.ID.String(), Side: string(e.Side), Amount: r.Amount(e.AmountMinor), Date: e.Date, Note: e.Note,
		Balance: r.Amount(balance), By: by, Opening: e.Opening, Edited: e.Version > 1, Mode: modeTag(e.EntryFields),
		Cheque: string(e.ChequeState), Undoes: e.Reverses,
	}
}
