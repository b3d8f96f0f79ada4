package khata

import (
	"net/http"

	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/i18n"
	"github.com/tijorihq/tijori/internal/web/page/waiting"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// WaitingPage is the frame in which the device draws the entries that wait on it.
func (h *Handlers) WaitingPage(w http.ResponseWriter, r *frame.Request) error {
	if err := r.Read(nil); err != nil {
		return err
	}
	return r.Page(waiting.Page(waiting.View{Shell: r.Shell()}))
}

// OfflinePage is kept by every device, for whoever uses it next: it reads no session, and is the same for all.
func (h *Handlers) OfflinePage(w http.ResponseWriter, r *frame.Request) error {
	shell := ui.Shell{Locale: i18n.Known(r.URL.Query().Get("lang")), CurrentPath: "/offline", Now: h.Clock.Now()}
	return r.Page(waiting.Page(waiting.View{Shell: shell, Offline: true}))
}
