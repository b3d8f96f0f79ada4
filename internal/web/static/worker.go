package static

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/tijorihq/tijori/internal/web/i18n"
)

// WorkerPath is where the service worker lives: at the top, because a worker reaches only what lies below it.
const WorkerPath = "/worker.js"

// kept is what the worker keeps of a release: what the page without a connection needs, with all that its modules
// fetch.
var kept = with([]string{"tijori.css", "icons.svg", "favicon.svg"}, "app.js", "waiting.js", "reader.js")

// with adds modules and what they fetch to a list, each once.
func with(list []string, modules ...string) []string {
	for _, m := range modules {
		if !slices.Contains(list, m) {
			list = with(append(list, m), Imports(m)...)
		}
	}
	return list
}

// Worker serves the service worker of this release. Browsers ask for it again, so that a release reaches them.
func Worker() http.Handler {
	languages := []string{i18n.English, i18n.Hindi}
	var head []byte
	for _, c := range []struct {
		name  string
		value any
	}{{"release", hash}, {"base", Prefix + hash + "/"}, {"files", kept}, {"languages", languages}} {
		value, err := json.Marshal(c.value)
		if err != nil {
			panic("static: " + err.Error()) // strings can be written as JSON
		}
		head = fmt.Appendf(head, "const %s = %s;\n", c.name, value)
	}
	body := append(head, all["worker.js"].plain...)
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("Content-Type", kinds[".js"])
		w.Write(body) // the reader has gone when this fails
	})
}
