package client

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// An Event is what happened to a customer of the app. Data of customer.state_changed is a State.
type Event struct {
	ID        string          `json:"id"` // the same in every try
	Number    int64           `json:"number"`
	Type      string          `json:"type"`
	Mode      string          `json:"mode"`
	Timestamp time.Time       `json:"timestamp"`
	Data      json.RawMessage `json:"data"`
}

// ErrSignature is that a request did not come from Tijori, or is too old. Answer it with 400 and do nothing.
var ErrSignature = errors.New("tijori: the webhook is not signed by this endpoint's secret, or is too old")

const (
	webhookTolerance = 5 * time.Minute
	mostWebhook      = 1 << 20
	mostSignatures   = 10
)

// VerifyWebhook reads the raw body of a request and returns the event in it, or an error that is ErrSignature. Secrets
// are those of the endpoint, whsec_…: while one is replaced there are two.
func VerifyWebhook(r *http.Request, secrets ...string) (*Event, error) {
	return verifyWebhook(r, time.Now(), secrets)
}

func verifyWebhook(r *http.Request, now time.Time, secrets []string) (*Event, error) {
	if len(secrets) == 0 {
		return nil, errors.New("tijori: no webhook secret")
	}
	id, at := r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp")
	seconds, err := strconv.ParseInt(at, 10, 64)
	if id == "" || err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > webhookTolerance {
		return nil, ErrSignature
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, mostWebhook+1))
	if err != nil {
		return nil, fmt.Errorf("tijori: read a webhook: %w", err)
	}
	if len(body) > mostWebhook {
		return nil, ErrSignature
	}
	signatures := strings.SplitN(r.Header.Get("Webhook-Signature"), " ", mostSignatures+1)
	for _, secret := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil || len(key) < 16 {
			return nil, errors.New("tijori: a webhook secret looks like whsec_…")
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + at + "."))
		mac.Write(body)
		want := mac.Sum(nil)
		for _, one := range signatures {
			text, ok := strings.CutPrefix(one, "v1,")
			got, err := base64.StdEncoding.DecodeString(text)
			if ok && err == nil && hmac.Equal(got, want) {
				var e Event
				if err := json.Unmarshal(body, &e); err != nil {
					return nil, fmt.Errorf("tijori: read a webhook: %w", err)
				}
				return &e, nil
			}
		}
	}
	return nil, ErrSignature
}
