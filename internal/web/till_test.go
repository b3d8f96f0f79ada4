package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A till is as much of both providers' APIs as the routes call. The real
// shapes and every case of them are tested in package billing.
type till struct {
	t                testing.TB
	stripe, razorpay string // addresses
	mu               sync.Mutex
	made             int
	calls            atomic.Int64 // to either provider
	subs             map[string]map[string]any
}

func newTill(t testing.TB) *till {
	x := &till{t: t, subs: map[string]map[string]any{}}
	s, r := httptest.NewServer(x.counted(x.serveStripe)), httptest.NewServer(x.counted(x.serveRazorpay))
	t.Cleanup(s.Close)
	t.Cleanup(r.Close)
	x.stripe, x.razorpay = s.URL, r.URL
	return x
}

func (x *till) counted(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		x.calls.Add(1)
		serve(w, r)
	}
}

// add puts a Razorpay subscription there; a status of active means paid for the next month.
func (x *till) add(id, account, status string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	now := time.Now()
	sub := map[string]any{
		"id": id, "entity": "subscription", "plan_id": "plan_TijoriProMonth", "status": status,
		"created_at": now.Unix(),
		"short_url":  "https://rzp.io/i/" + id, "notes": map[string]any{"account_id": account},
	}
	if status == "active" {
		sub["current_start"], sub["current_end"], sub["paid_count"] = now.Unix(), now.AddDate(0, 1, 0).Unix(), 1
	}
	x.subs[id] = sub
}

func (x *till) answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		x.t.Error(err)
	}
}

func (x *till) serveStripe(w http.ResponseWriter, r *http.Request) {
	x.mu.Lock()
	x.made++
	id := fmt.Sprintf("test_%d", x.made)
	x.mu.Unlock()
	switch r.Method + " " + r.URL.Path {
	case "POST /v1/customers":
		x.answer(w, 200, map[string]any{"id": "cus_" + id, "object": "customer"})
	case "POST /v1/checkout/sessions":
		x.answer(w, 200, map[string]any{
			"id": "cs_" + id, "object": "checkout.session", "status": "open",
			"url":                 "https://checkout.stripe.com/c/pay/cs_" + id,
			"client_reference_id": r.PostFormValue("client_reference_id"),
		})
	case "POST /v1/billing_portal/sessions":
		x.answer(w, 200, map[string]any{
			"id": "bps_" + id, "object": "billing_portal.session",
			"url": "https://billing.stripe.com/p/session/" + id,
		})
	default:
		x.answer(w, 404, map[string]any{"error": map[string]any{
			"type": "invalid_request_error",
			"code": "resource_missing", "message": "no such object",
		}})
	}
}

func (x *till) serveRazorpay(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/v1/")
	if r.Method == http.MethodPost && path == "subscriptions" {
		var in struct {
			Notes map[string]any `json:"notes"`
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			x.t.Error(err)
		}
		x.mu.Lock()
		x.made++
		id := fmt.Sprintf("sub_Test%010d", x.made)
		x.mu.Unlock()
		x.add(id, fmt.Sprint(in.Notes["account_id"]), "created")
		path = "subscriptions/" + id
	}
	name, id, _ := strings.Cut(path, "/")
	id, cancel := strings.CutSuffix(id, "/cancel")
	x.mu.Lock()
	sub := x.subs[id]
	if cancel && sub != nil {
		sub["status"], sub["ended_at"] = "cancelled", time.Now().Unix()
	}
	x.mu.Unlock()
	switch {
	case name == "subscriptions" && sub != nil:
		x.answer(w, 200, sub)
	case name == "payments" && id != "":
		x.answer(w, 200, map[string]any{
			"id": id, "entity": "payment", "amount": 29900, "currency": "INR",
			"status": "captured", "captured": true, "created_at": time.Now().Unix(),
		})
	case name == "invoices":
		x.answer(w, 200, map[string]any{"entity": "collection", "count": 0, "items": []any{}})
	default:
		x.answer(w, 400, map[string]any{"error": map[string]any{
			"code":        "BAD_REQUEST_ERROR",
			"description": "The id provided does not exist",
		}})
	}
}
