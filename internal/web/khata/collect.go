package khata

import (
	"net/http"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/i18n"
	"github.com/tijorihq/tijori/internal/web/page/collect"
)

// CollectPage answers whom to call today: who has owed for some days, the longest first, each with a reminder of one
// tap and what was sent before.
func (h *Handlers) CollectPage(w http.ResponseWriter, r *frame.Request) error {
	after := ledger.Cursor(r.URL.Query().Get("after"))
	if err := ledger.CheckOwing(after); err != nil {
		return err
	}
	days, err := strconv.Atoi(r.URL.Query().Get("days"))
	if err != nil || days < 0 || days > 3650 {
		days = collect.Usual
	}
	var list ledger.OwingList
	err = r.Read(func(scope postgres.Scope, b *pgx.Batch) {
		ledger.QueueOwing(scope, b, h.Clock.Now().AddDate(0, 0, -days), after, &list)
	})
	if err != nil {
		return err
	}
	view := collect.View{
		Shell: r.Shell(), Days: days, Parties: list.Parties, Total: r.Amount(list.Total), After: string(list.Next),
		Later: after != "", Lang: langOf(r, r.URL.Query().Get("lang")),
	}
	for _, o := range list.Rows {
		row := collect.Row{
			ID: o.PartyID.String(), Name: o.Name, Phone: o.Phone, Balance: r.Amount(o.Balance),
			Days: max(0, i18n.DaysBetween(o.Since, view.Now)), RemindID: frame.NewID(), Token: ledger.NewShareToken(),
		}
		if o.Reminded != nil {
			row.Reminded, row.By, row.Channel = o.Reminded.At, o.Reminded.ByName, o.Reminded.Channel
		}
		view.Rows = append(view.Rows, row)
	}
	letRemind(w)
	return r.Page(collect.Page(view))
}
