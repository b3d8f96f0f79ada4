package apps

import (
	"net/http"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/platform"
	"github.com/tijorihq/tijori/internal/web/frame"
)

type priceJSON struct {
	Provider string `json:"provider"`
	Interval string `json:"interval,omitempty"`
	Currency string `json:"currency"`
	Amount   int64  `json:"amount"` // in minor units
}

type allowanceJSON struct {
	Meter  string `json:"meter"`
	Amount int64  `json:"amount"`
	Every  string `json:"every"`
}

type planJSON struct {
	ID           string            `json:"id"`
	Name         string            `json:"name"`
	Purpose      map[string]string `json:"purpose"`
	Default      bool              `json:"default"`
	PerSeat      bool              `json:"per_seat"` // a price is for one seat
	Recommended  bool              `json:"recommended"`
	Entitlements []string          `json:"entitlements"`
	Limits       map[string]int64  `json:"limits"`
	Allowances   []allowanceJSON   `json:"allowances"`
	Prices       []priceJSON       `json:"prices"`
}

type topUpJSON struct {
	ID      string      `json:"id"`
	Name    string      `json:"name"`
	Meter   string      `json:"meter"`
	Credits int64       `json:"credits"`
	Days    int         `json:"days"`
	Prices  []priceJSON `json:"prices"`
}

// Plans lists what the app sells now. It is no secret.
func (h *Handlers) Plans(w http.ResponseWriter, r *frame.Request) error {
	app, err := h.Platform.Sold(r.Context(), r.Holder())
	if err != nil {
		return err
	}
	out := struct {
		Plans  []planJSON  `json:"plans"`
		TopUps []topUpJSON `json:"top_ups"`
	}{Plans: []planJSON{}, TopUps: []topUpJSON{}}
	for _, p := range app.Plans.Sold() {
		out.Plans = append(out.Plans, planOf(app, p))
	}
	for _, t := range app.Plans.TopUps {
		out.TopUps = append(out.TopUps, topUpJSON{t.ID, t.Name, t.Meter, t.Credits, t.Days, pricesOf(app, t.Prices)})
	}
	return h.WriteJSON(w, r, http.StatusOK, out)
}

func planOf(app *platform.App, p billing.Plan) planJSON {
	out := planJSON{
		ID: p.ID, Name: p.Name, Purpose: p.Purpose, Default: p.Default, Recommended: p.Recommended, PerSeat: p.PerSeat,
		Entitlements: append([]string{}, p.Entitlements...), Limits: p.Limits, Allowances: []allowanceJSON{},
		Prices: pricesOf(app, p.Prices),
	}
	if out.Purpose == nil {
		out.Purpose = map[string]string{}
	}
	if out.Limits == nil {
		out.Limits = map[string]int64{}
	}
	for _, a := range p.Allowances {
		if a.Amount > 0 {
			out.Allowances = append(out.Allowances, allowanceJSON{a.Meter, a.Amount, a.Every})
		}
	}
	return out
}

// pricesOf lists the prices at which something can be had here.
func pricesOf(app *platform.App, prices []billing.Price) []priceJSON {
	out := []priceJSON{}
	for _, p := range prices {
		if !p.Past && app.Billing != nil && app.Billing.Sells(p.Provider) {
			out = append(out, priceJSON{string(p.Provider), p.Interval, p.Amount.Currency, p.Amount.Minor})
		}
	}
	return out
}
