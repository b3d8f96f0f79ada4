package khata

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/ledger/export/card"
	"github.com/tijorihq/tijori/internal/web/frame"
	sharing "github.com/tijorihq/tijori/internal/web/page/share"
	"github.com/tijorihq/tijori/internal/web/page/statement"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// recent is how many entries a customer sees at first.
const recent = 10

// readShared reads what the token of the path opens, with at most so many entries after those that are skipped. It asks
// as nobody, whoever is signed in, and the request is then in the currency and at the time of the business; it knows
// nothing else of it.
func (h *Handlers) readShared(r *frame.Request, skip, most int) (ledger.Shared, []ledger.SharedLine, error) {
	st, lines, err := ledger.ReadShared(r.Context(), r.AsNobody, r.PathValue("token"), skip, most)
	if err == nil {
		r.Person.Business = &account.Business{Name: st.Business, Currency: st.Currency, TimeZone: st.TimeZone}
	}
	return st, lines, err
}

// readLatest is readShared of the last entries, the latest first.
func (h *Handlers) readLatest(r *frame.Request, most int) (ledger.Shared, []ledger.SharedLine, error) {
	st, _, err := h.readShared(r, 0, 0)
	if err != nil {
		return st, nil, err
	}
	st, lines, err := h.readShared(r, max(0, st.Count-most), most)
	slices.Reverse(lines)
	return st, lines, err
}

// SharedStatement is the page that a link opens: what is due and how to pay it, with the last entries; or the whole
// statement, where the query names a part of it.
func (h *Handlers) SharedStatement(w http.ResponseWriter, r *frame.Request) error {
	if err := h.Accounts.ThrottleLinks(r.Context(), h.Network(r.Request)); err != nil {
		return err
	}
	part := partOf(r)
	view := sharing.PublicView{View: statement.View{Shared: r.URL.Path, Part: part}, Whole: r.URL.Query().Has("part")}
	read := func() (ledger.Shared, []ledger.SharedLine, error) { return h.readLatest(r, recent) }
	if view.Whole {
		read = func() (ledger.Shared, []ledger.SharedLine, error) {
			return h.readShared(r, (part-1)*maxLines, maxLines)
		}
	}
	st, lines, err := read()
	if fault.Is(err, fault.NotFound) { // the same page for a link that ended and for one that never was
		h.Render(w, r, http.StatusNotFound, sharing.Ended(r.Shell()))
		return nil
	}
	if err != nil {
		return err
	}
	view.Count = st.Count
	if view.Parts = max(1, (view.Count+maxLines-1)/maxLines); part > view.Parts {
		return fault.New(fault.NotFound, "Page not found.")
	}
	h.fillShared(r, &view, st, lines)
	view.Brought = r.Amount(st.Brought)
	if st.Payable {
		if view.Pay, err = payBy(st.Payee, view.Closing, st.Business); err != nil {
			return err
		}
	}
	view.Preview = h.preview(r, view)
	return r.Page(sharing.Public(view))
}

func (h *Handlers) fillShared(r *frame.Request, view *sharing.PublicView, st ledger.Shared, lines []ledger.SharedLine) {
	amount, options := r.Amount, exportOptions(r)
	view.Shell = r.Shell()
	view.Business = ui.Business{Name: st.Business, Currency: st.Currency}
	view.Name, view.Kind, view.Changed, view.PaidSince = st.Party, string(st.Kind), st.Changed, !st.Payable
	view.SharedAt, view.EndsAt = st.SharedAt.In(view.Now.Location()), st.ExpiresAt.In(view.Now.Location())
	view.Opening, view.Gave = amount(st.Opening), amount(st.Given)
	view.Got, view.Closing = amount(st.Received), amount(st.Closing)
	view.FirstDay, view.LastDay = st.Range.From, st.Range.To
	view.Period = options.Period(st.Range)
	for _, l := range lines {
		view.Lines = append(view.Lines, statement.Line{
			Date: l.Date, Note: options.Labels.DetailsOf(l.EntryFields), Side: string(l.Side),
			Amount: amount(l.AmountMinor), Balance: amount(l.Balance), Changed: l.Changed,
		})
	}
}

// preview is what a messenger shows beside the link. The picture has the address of the link, so that who does not
// have that cannot guess it, and changes with the figure.
func (h *Handlers) preview(r *frame.Request, view sharing.PublicView) ui.Preview {
	at := h.Absolute(r.URL.Path)
	return ui.Preview{
		Title: view.Business.Name, Description: view.Headline() + " " + view.Owed().Short(), Address: at,
		Image: at + "/card.png?of=" + strconv.FormatInt(view.Closing.Minor, 10),
	}
}

// SharedCard is the picture of a link. A browser may keep it for some minutes, what stands between must not: a link
// that is ended takes its picture with it.
func (h *Handlers) SharedCard(w http.ResponseWriter, r *frame.Request) error {
	if err := h.Accounts.ThrottleLinks(r.Context(), h.Network(r.Request)); err != nil {
		return err
	}
	st, _, err := h.readShared(r, 0, 0)
	if err != nil {
		return err
	}
	view := sharing.PublicView{PaidSince: !st.Payable}
	h.fillShared(r, &view, st, nil)
	c := card.Card{
		Shop: st.Business, Word: view.Headline(), Figure: view.Owed().Short(), Foot: r.T("View the statement"),
	}
	if view.Closing.Minor == 0 {
		c.Figure = ""
	}
	if st.Payable && st.Payee.Link(view.Closing, "") != "" {
		c.Foot = r.T("View the statement and pay by UPI")
	}
	picture, err := card.PNG(c)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Cache-Control", "private, max-age=600")
	h.Write(w, r, http.StatusOK, picture)
	return nil
}
