package accounts

import (
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/securitylog"
	"github.com/tijorihq/tijori/internal/web/page/settings"
	"github.com/tijorihq/tijori/internal/web/ui"
)

const logPage = 50 // lines of the security log on a page

// logLines reads a page of the log, and where the next one begins.
func (h *Handlers) logLines(r *frame.Request) (list []account.LogLine, after string, err error) {
	from, err := logPlace(r.URL.Query().Get("after"))
	if err != nil {
		return nil, "", err
	}
	err = r.AsPage(func(tx *postgres.Tx) (err error) {
		list, err = account.SecurityLog(r.Context(), tx, from, logPage+1)
		return err
	})
	if len(list) > logPage {
		list = list[:logPage]
		last := list[logPage-1]
		after = base64.RawURLEncoding.EncodeToString([]byte(last.At.UTC().Format(time.RFC3339Nano) + " " +
			last.ID.String()))
	}
	return list, after, err
}

// logPlace reads where a page of the log begins; "" is the newest line.
func logPlace(text string) (p account.LogPlace, err error) {
	if text == "" {
		return p, nil
	}
	wrong := fault.New(fault.NotFound, "Page not found.")
	bytes, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return p, wrong
	}
	at, id, _ := strings.Cut(string(bytes), " ")
	if p.At, err = time.Parse(time.RFC3339Nano, at); err != nil || p.At.Year() < 2000 || p.At.Year() > 2200 {
		return p, wrong
	}
	if p.ID, err = uuid.Parse(id); err != nil || len(id) != 36 {
		return p, wrong
	}
	return p, nil
}

// SecurityPage shows an owner what concerns the safety of the account.
func (h *Handlers) SecurityPage(w http.ResponseWriter, r *frame.Request) error {
	list, after, err := h.logLines(r)
	if err != nil {
		return err
	}
	view := securitylog.View{Shell: r.Shell(), Account: r.Person.AccountName, After: after}
	for _, l := range list {
		view.Lines = append(view.Lines, securitylog.Line{
			Event: string(l.Event), When: l.At.In(view.Now.Location()), Who: l.Who, About: l.About, Detail: l.Detail,
			Device: account.DeviceName(l.UserAgent), Network: l.Network,
		})
	}
	return r.Page(securitylog.Page(view))
}

// logJSON is GET /api/security.
type logJSON struct {
	Events []eventJSON `json:"events"`
	After  string      `json:"after,omitempty"` // of the next page
}

type eventJSON struct {
	ID        string `json:"id"`
	At        string `json:"at"`
	Event     string `json:"event"`
	Who       string `json:"who,omitempty"`
	About     string `json:"about,omitempty"`
	Detail    string `json:"detail,omitempty"`
	IPAddress string `json:"ip_address,omitempty"`
	UserAgent string `json:"user_agent,omitempty"`
}

// APISecurity is the log for an owner's own tools.
func (h *Handlers) APISecurity(w http.ResponseWriter, r *frame.Request) error {
	list, after, err := h.logLines(r)
	if err != nil {
		return err
	}
	body := logJSON{Events: make([]eventJSON, 0, len(list)), After: after}
	for _, l := range list {
		body.Events = append(body.Events, eventJSON{
			ID: l.ID.String(), At: l.At.UTC().Format(time.RFC3339Nano), Event: string(l.Event), Who: l.Who,
			About: l.About, Detail: l.Detail, IPAddress: l.Network, UserAgent: l.UserAgent,
		})
	}
	return h.WriteJSON(w, r, http.StatusOK, body)
}

// AskEmailChange sends a link to the address of today and to the new one.
func (h *Handlers) AskEmailChange(w http.ResponseWriter, r *frame.Request) error {
	email := r.PostFormValue("new_email")
	err := h.Accounts.AskEmailChange(r.Context(), r.Caller, email, r.PostFormValue("proof"))
	if err != nil {
		if fault.Is(err, fault.Unauthorized) {
			return err
		}
		return h.settingsAgain(w, r, err, func(v *settings.View) *ui.Form {
			v.NewEmail = email
			return &v.Address
		})
	}
	h.SetFlash(w, "email_asked", "")
	return h.Redirect(w, r, "/settings")
}

// CancelEmailChange gives up a change of address that waits.
func (h *Handlers) CancelEmailChange(w http.ResponseWriter, r *frame.Request) error {
	if err := h.Accounts.EndEmailChange(r.Context(), r.Caller); err != nil {
		return err
	}
	h.SetFlash(w, "email_kept", "")
	return h.Redirect(w, r, "/settings")
}
