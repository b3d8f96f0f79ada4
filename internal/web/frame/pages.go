package frame

import (
	"net/http"
	"slices"
	"strings"
)

// Pages of an app may ask what their token or publishable key opens, and read the answer. No cookie is sent or read
// there, so it does not matter which site asks: a token tells the database itself in whose pages it is good.

// allowPages lets pages of other sites read an answer.
func allowPages(h http.Header) {
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "Retry-After, X-Request-Id")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
}

// preflight answers what a browser asks before a page of another site may use a path.
func preflight(methods []string) http.Handler {
	slices.Sort(methods)
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		allowPages(h)
		h.Set("Access-Control-Allow-Methods", strings.Join(methods, ", "))
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
		h.Set("Access-Control-Max-Age", "600")
		w.WriteHeader(http.StatusNoContent)
	})
}
