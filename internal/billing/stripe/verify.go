// Package stripe verifies and decodes Stripe's webhooks and calls its API.
package stripe

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// Tolerance is how far a signed timestamp may lie from now, in the past (a
// replay) or in the future (a forged clock).
const Tolerance = 300 * time.Second

// SignatureHeader carries "t=<unix>,v1=<hex>[,v1=<hex>…]".
const SignatureHeader = "Stripe-Signature"

// Verify accepts body when a v1 signature of its raw bytes was made with any
// living secret, not more than Tolerance from now, and returns that secret's
// label. Schemes other than v1 are ignored (docs.stripe.com/webhooks). Every
// refusal wraps facts.ErrSignature.
func Verify(h http.Header, body []byte, secrets []facts.Secret, now time.Time) (label string, err error) {
	values := h.Values(SignatureHeader)
	if len(values) != 1 || len(values[0]) > 4096 {
		return "", fmt.Errorf("stripe: no %s header of the usual form: %w", SignatureHeader, facts.ErrSignature)
	}
	var stamp string
	var signatures [][]byte
	for _, field := range strings.Split(values[0], ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(field), "=")
		switch k {
		case "t":
			if stamp != "" && stamp != v {
				return "", fmt.Errorf("stripe: two timestamps in one signature: %w", facts.ErrSignature)
			}
			stamp = v
		case "v1":
			if b, err := hex.DecodeString(v); err == nil && len(b) == 32 {
				signatures = append(signatures, b)
			}
		}
	}
	t, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return "", fmt.Errorf("stripe: no timestamp in the signature: %w", facts.ErrSignature)
	}
	label, ok := facts.Match(secrets, now, signatures, []byte(stamp), []byte("."), body)
	if !ok {
		return "", fmt.Errorf("stripe: signed with none of the %d secrets: %w", len(secrets), facts.ErrSignature)
	}
	if d := now.Unix() - t; d > int64(Tolerance/time.Second) || d < -int64(Tolerance/time.Second) {
		return "", fmt.Errorf("stripe: signed %d s from now: %w", d, facts.ErrSignature)
	}
	return label, nil
}

// Sign returns the header that Stripe would send for body at t, with one v1
// per key. The simulator and tests use it.
func Sign(body []byte, t time.Time, keys ...string) string {
	stamp := strconv.FormatInt(t.Unix(), 10)
	out := "t=" + stamp
	for _, k := range keys {
		out += ",v1=" + facts.Sign(k, []byte(stamp), []byte("."), body)
	}
	return out
}
