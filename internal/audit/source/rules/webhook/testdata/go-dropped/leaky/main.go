package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"net/http"
	"os"

	"github.com/gin-gonic/gin"
	"github.com/stripe/stripe-go/v81"
	"github.com/stripe/stripe-go/v81/webhook"
)

type hooks struct {
	db     *sql.DB
	secret string
}

func (h *hooks) setStatus(ctx context.Context, id, status string) error {
	_, err := h.db.ExecContext(ctx, "UPDATE members SET state = $2 WHERE provider_ref = $1", id, status)
	return err
}

func (h *hooks) event(c *gin.Context) (stripe.Event, bool) {
	body, err := io.ReadAll(c.Request.Body)
	if err != nil {
		c.Status(http.StatusBadRequest)
		return stripe.Event{}, false
	}
	event, err := webhook.ConstructEvent(body, c.GetHeader("Stripe-Signature"), h.secret)
	if err != nil {
		c.Status(http.StatusUnauthorized)
		return stripe.Event{}, false
	}
	return event, true
}

func (h *hooks) changed(c *gin.Context) {
	event, ok := h.event(c)
	if !ok {
		return
	}
	var sub stripe.Subscription
	if err := json.Unmarshal(event.Data.Raw, &sub); err != nil {
		c.Status(http.StatusBadRequest)
		return
	}
	_ = h.setStatus(c, sub.ID, string(sub.Status))
	c.Status(http.StatusOK)
}

func (h *hooks) ended(c *gin.Context) {
	event, ok := h.event(c)
	if !ok {
		return
	}
	h.db.Exec("UPDATE members SET state = 'ended' WHERE provider_ref = $1", event.Data.Object["id"])
	c.JSON(http.StatusOK, gin.H{"received": true})
}

func main() {
	secret := os.Getenv("STRIPE_WEBHOOK_SECRET")
	if secret == "" {
		panic("STRIPE_WEBHOOK_SECRET is not set")
	}
	db, err := sql.Open("pgx", os.Getenv("DATABASE_URL"))
	if err != nil {
		panic(err)
	}
	h := &hooks{db: db, secret: secret}
	r := gin.Default()
	r.POST("/hooks/changed", h.changed)
	r.POST("/hooks/ended", h.ended)
	_ = r.Run()
}
