package hook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"os"
)

type Store interface{ MarkPaid(order string) error }

func Handler(s Store) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mac := hmac.New(sha256.New, []byte(os.Getenv("HOOK_SECRET")))
		mac.Write(body)
		if hex.EncodeToString(mac.Sum(nil)) != r.Header.Get("X-Razorpay-Signature") {
			http.Error(w, "signature", http.StatusBadRequest)
			return
		}
		var e struct {
			Event string `json:"event"`
			Order string `json:"order"`
		}
		if err := json.Unmarshal(body, &e); err != nil {
			http.Error(w, "json", http.StatusBadRequest)
			return
		}
		if e.Event == "order.paid" {
			if err := s.MarkPaid(e.Order); err != nil {
				http.Error(w, "later", http.StatusInternalServerError)
				return
			}
		}
		w.WriteHeader(http.StatusOK)
	}
}
