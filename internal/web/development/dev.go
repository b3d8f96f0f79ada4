package development

import (
	"net/http"

	"github.com/tijorihq/tijori/internal/demo"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/outbox"
)

// OpenDemo fills the demonstration account, when it is not there, and signs its owner in.
func (h *Handlers) OpenDemo(w http.ResponseWriter, r *frame.Request) error {
	session, err := h.Accounts.SignIn(r.Context(), demo.OwnerEmail, demo.Password, h.Device(r.Request), r.Token)
	if fault.Is(err, fault.Invalid) { // not there yet
		if _, err = h.fillDemo(r); err == nil {
			session, err = h.Accounts.SignIn(r.Context(), demo.OwnerEmail, demo.Password, h.Device(r.Request), r.Token)
		}
	}
	if err == nil {
		err = h.Accounts.SetSessionLocale(r.Context(), session, r.Locale()) // that of whoever opens it
	}
	if err != nil {
		return err
	}
	h.SetSession(w, session)
	return h.Redirect(w, r, "/")
}

// APIDemo is for the demo command, when a server owns the database.
func (h *Handlers) APIDemo(w http.ResponseWriter, r *frame.Request) error {
	filled, err := h.fillDemo(r)
	if err != nil {
		return err
	}
	return h.WriteJSON(w, r, http.StatusOK, filled)
}

func (h *Handlers) fillDemo(r *frame.Request) (demo.Filled, error) {
	if h.Demo == nil {
		return demo.Filled{}, fault.New(fault.NotFound, "Page not found.")
	}
	var filled demo.Filled
	err := r.Long(frame.DemoLimit, func() (err error) {
		filled, err = h.Demo(r.Context())
		return err
	})
	return filled, err
}

func (h *Handlers) OutboxPage(w http.ResponseWriter, r *frame.Request) error {
	if err := r.Look(); err != nil {
		return err
	}
	mails, err := h.Outbox.List()
	if err != nil {
		return err
	}
	view := outbox.View{Shell: r.Shell()}
	for _, m := range mails {
		view.Mails = append(view.Mails, outbox.Mail{ID: m.ID, To: m.To, Subject: m.Subject, Sent: m.SentAt})
	}
	return r.Page(outbox.Page(view))
}

func (h *Handlers) OutboxMail(w http.ResponseWriter, r *frame.Request) error {
	if err := r.Look(); err != nil {
		return err
	}
	m, err := h.Outbox.Read(r.PathValue("mail"))
	if err != nil {
		return err
	}
	return r.Page(outbox.One(outbox.MailView{Shell: r.Shell(), Mail: outbox.Mail{
		ID: m.ID, To: m.To, Subject: m.Subject,
		Text: m.Text, Sent: m.SentAt,
	}}))
}
