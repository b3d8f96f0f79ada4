package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"os"

	"github.com/stripe/stripe-go/v82/webhook"
)

type server struct {
	db     *sql.DB
	secret string
}

func main() {
	secret := os.Getenv("STRIPE_WEBHOOK_SECRET")
	if secret == "" {
		log.Fatal("STRIPE_WEBHOOK_SECRET is not set")
	}
	db, err := sql.Open("postgres", os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	s := &server{db: db, secret: secret}
	http.HandleFunc("POST /webhook", s.hook)
	http.HandleFunc("GET /products/{id}", s.product)
	http.HandleFunc("POST /spend", s.withUser(s.spend))
	log.Fatal(http.ListenAndServe(":8080", nil))
}

type userKey struct{}

func (s *server) withUser(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := r.Cookie("sid")
		if err != nil {
			http.Error(w, "unauthorised", http.StatusUnauthorized)
			return
		}
		var id int64
		if err := s.db.QueryRowContext(r.Context(), `SELECT user_id FROM sessions WHERE token = $1`, c.Value).Scan(&id); err != nil {
			http.Error(w, "unauthorised", http.StatusUnauthorized)
			return
		}
		h(w, r.WithContext(context.WithValue(r.Context(), userKey{}, id)))
	}
}

func (s *server) hook(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "read", http.StatusBadRequest)
		return
	}
	event, err := webhook.ConstructEvent(body, r.Header.Get("Stripe-Signature"), s.secret)
	if err != nil {
		http.Error(w, "signature", http.StatusBadRequest)
		return
	}
	if err := s.apply(r.Context(), event.ID, string(event.Type)); err != nil {
		log.Printf("event %s: %v", event.ID, err)
		http.Error(w, "later", http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusOK)
}

func (s *server) apply(ctx context.Context, id, kind string) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	res, err := tx.ExecContext(ctx, `INSERT INTO events (id) VALUES ($1) ON CONFLICT DO NOTHING`, id)
	if err != nil {
		return err
	}
	if n, _ := res.RowsAffected(); n == 0 {
		return nil
	}
	if _, err := tx.ExecContext(ctx, `UPDATE totals SET events = events + 1 WHERE kind = $1`, kind); err != nil {
		return err
	}
	return tx.Commit()
}

func (s *server) product(w http.ResponseWriter, r *http.Request) {
	var name string
	var price int64
	err := s.db.QueryRowContext(r.Context(), `SELECT name, price FROM products WHERE id = $1`, r.PathValue("id")).Scan(&name, &price)
	if errors.Is(err, sql.ErrNoRows) {
		http.NotFound(w, r)
		return
	}
	if err != nil {
		http.Error(w, "failed", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=60")
	json.NewEncoder(w).Encode(map[string]any{"name": name, "price": price})
}

func (s *server) spend(w http.ResponseWriter, r *http.Request) {
	user := r.Context().Value(userKey{}).(int64)
	res, err := s.db.ExecContext(r.Context(), `UPDATE accounts SET credits = credits - 1 WHERE user_id = $1 AND credits > 0`, user)
	if err != nil {
		http.Error(w, "failed", http.StatusInternalServerError)
		return
	}
	if n, _ := res.RowsAffected(); n == 0 {
		http.Error(w, "no credits", http.StatusPaymentRequired)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
