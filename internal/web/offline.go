package web

import (
	"net/http"

	"github.com/tijorihq/tijori/internal/web/i18n"
	"github.com/tijorihq/tijori/internal/web/page/waiting"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// waitingPage is the frame in which the device draws the entries that wait on it.
func (s *Server) waitingPage(w http.ResponseWriter, r *request) error {
	if err := r.read(nil); err != nil {
		return err
	}
	s.render(w, r, http.StatusOK, waiting.Page(waiting.View{Shell: r.shell()}))
	return nil
}

// offlinePage is kept by every device, for whoever uses it next: it reads no session, and is the same for all.
func (s *Server) offlinePage(w http.ResponseWriter, r *request) error {
	shell := ui.Shell{Locale: i18n.Known(r.URL.Query().Get("lang")), CurrentPath: "/offline", Now: s.Clock.Now()}
	s.render(w, r, http.StatusOK, waiting.Page(waiting.View{Shell: shell, Offline: true}))
	return nil
}
