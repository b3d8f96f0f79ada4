package api

import (
	"encoding/json"
	"net/http"
	"strconv"

	"example.test/app/db"
)

type API struct {
	Q        *db.Queries
	Identify func(r *http.Request) (int64, error)
}

func (a *API) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /invoices/{id}", a.invoice)
}

func (a *API) invoice(w http.ResponseWriter, r *http.Request) {
	account, err := a.Identify(r)
	if err != nil || account == 0 {
		http.Error(w, "unauthorised", http.StatusUnauthorized)
		return
	}
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	inv, err := a.Q.GetInvoice(r.Context(), id)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	json.NewEncoder(w).Encode(inv)
}
