package web

import (
	_ "embed"
	"net/http"

	"github.com/tijorihq/tijori/internal/web/frame"
)

// openapiJSON describes the API of an account's own programs. A test holds it
// against the routes, and against what they answer.
//
//go:embed openapi.json
var openapiJSON []byte

func (p *parts) openAPI(w http.ResponseWriter, r *frame.Request) error {
	w.Header().Set("Content-Type", "application/json")
	p.Write(w, r, http.StatusOK, openapiJSON)
	return nil
}
