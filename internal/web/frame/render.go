package frame

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/a-h/templ"

	"github.com/tijorihq/tijori/internal/web/ui"
)

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Render writes a page: to a buffer first, so that a failing template never
// leaves half a page with status 200 behind.
func (f *Frame) Render(w http.ResponseWriter, r *Request, status int, page templ.Component) {
	buf := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buf)
	buf.Reset()
	if err := page.Render(r.whole, buf); err != nil {
		f.Log.Error("render", "request", r.ID, "route", r.route.Pattern, "error", err)
		http.Error(w, "Something went wrong. Request "+r.ID, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	f.Write(w, r, status, buf.Bytes())
}

// Page answers with a page.
func (r *Request) Page(page templ.Component) error {
	r.f.Render(r.w, r, http.StatusOK, page)
	return nil
}

// Again shows the page of a form again with what is to be mended: cause stands
// beside its field, or on top of the form, and the status is the fault's. An error
// that nobody can mend comes back, to be rendered by itself.
func Again[View any](r *Request, cause error, view *View, form *ui.Form, page func(View) templ.Component) error {
	if err := r.FormFault(form, cause); err != nil {
		return err
	}
	r.f.Render(r.w, r, FormStatus(cause), page(*view))
	return nil
}

// WriteJSON answers an API request.
func (f *Frame) WriteJSON(w http.ResponseWriter, r *Request, status int, body any) error {
	buf := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buf)
	buf.Reset()
	if err := json.NewEncoder(buf).Encode(body); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	f.Write(w, r, status, buf.Bytes())
	return nil
}

// Write sends a whole body, compressed where it pays.
func (f *Frame) Write(w http.ResponseWriter, r *Request, status int, body []byte) {
	r.inspect(body)
	coding := ""
	if len(body) > 1400 {
		w.Header().Add("Vary", "Accept-Encoding")
		coding = encoding(r.Header.Get("Accept-Encoding"))
	}
	var err error
	if coding == "" {
		w.WriteHeader(status)
		_, err = w.Write(body)
	} else {
		w.Header().Set("Content-Encoding", coding)
		w.WriteHeader(status)
		err = compress(w, coding, body)
	}
	if err != nil {
		f.Log.Debug("write the answer", "request", r.ID, "error", err)
	}
}

// Redirect answers a POST with the page to look at.
func (f *Frame) Redirect(w http.ResponseWriter, r *Request, target string) error {
	http.Redirect(w, r.Request, target, http.StatusSeeOther)
	return nil
}

// LocalPath returns p when it is a path of this site, else fallback: an
// address that came from outside must not lead outside.
func LocalPath(p, fallback string) string {
	u, err := url.Parse(p)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(p, "/") || strings.HasPrefix(p, "//") ||
		strings.ContainsAny(p, "\\\r\n\t") || len(p) > 2000 {
		return fallback
	}
	return p
}
