// Package razorpay verifies and decodes Razorpay's webhooks and calls its API.
// Its own client replaces razorpay-go, which has no context, compares
// signatures with != and turns every refusal into one untyped error.
package razorpay

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// The headers of a delivery. Nothing but the body is signed.
const (
	SignatureHeader = "X-Razorpay-Signature"
	EventIDHeader   = "X-Razorpay-Event-Id"
)

// Verify accepts body when its raw bytes were signed with any living secret,
// and returns that secret's label. Razorpay signs no timestamp, so the inbox's
// unique event id is the only defence against a replay; and it signs old
// events again with the old secret for up to 15 days. Every refusal wraps
// facts.ErrSignature.
func Verify(h http.Header, body []byte, secrets []facts.Secret, now time.Time) (label string, err error) {
	values := h.Values(SignatureHeader)
	if len(values) != 1 {
		return "", fmt.Errorf("razorpay: no %s header: %w", SignatureHeader, facts.ErrSignature)
	}
	got, err := hex.DecodeString(values[0])
	if err != nil || len(got) != sha256.Size {
		return "", fmt.Errorf("razorpay: the signature is no HMAC-SHA256 in hex: %w", facts.ErrSignature)
	}
	label, ok := facts.Match(secrets, now, [][]byte{got}, body)
	if !ok {
		return "", fmt.Errorf("razorpay: signed with none of the %d secrets: %w", len(secrets), facts.ErrSignature)
	}
	return label, nil
}

// VerifyReturn reports whether a signature that came back through the
// customer's browser was made by Razorpay for this payment of this
// subscription: HMAC-SHA256(payment_id|subscription_id, key secret). The
// subscription id must come from our database. It proves a payment, not a
// status.
func VerifyReturn(keySecret, paymentID, subscriptionID, signature string) bool {
	got, err := hex.DecodeString(signature)
	if err != nil || keySecret == "" || paymentID == "" || subscriptionID == "" {
		return false
	}
	want, _ := hex.DecodeString(SignReturn(keySecret, paymentID, subscriptionID))
	return hmac.Equal(want, got)
}

// SignReturn makes the signature that VerifyReturn checks.
func SignReturn(keySecret, paymentID, subscriptionID string) string {
	return facts.Sign(keySecret, []byte(paymentID), []byte("|"), []byte(subscriptionID))
}
