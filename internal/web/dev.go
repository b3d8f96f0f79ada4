package web

import (
	"net/http"

	"github.com/tijorihq/tijori/internal/demo"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/outbox"
)

// OpenDemo fills the demonstration account, when it is not there, and signs its owner in.
func (s *Server) OpenDemo(w http.ResponseWriter, r *frame.Request) error {
	session, err := s.Accounts.SignIn(r.Context(), demo.OwnerEmail, demo.Password, s.Device(r.Request), r.Token)
	if fault.Is(err, fault.Invalid) { // not there yet
		if _, err = s.fillDemo(r); err == nil {
			session, err = s.Accounts.SignIn(r.Context(), demo.OwnerEmail, demo.Password, s.Device(r.Request), r.Token)
		}
	}
	if err != nil {
		return err
	}
	s.SetSession(w, session)
	return s.Redirect(w, r, "/")
}

// ApiDemo is for the demo command, when a server owns the database.
func (s *Server) ApiDemo(w http.ResponseWriter, r *frame.Request) error {
	filled, err := s.fillDemo(r)
	if err != nil {
		return err
	}
	return s.WriteJSON(w, r, http.StatusOK, filled)
}

func (s *Server) fillDemo(r *frame.Request) (demo.Filled, error) {
	if s.Demo == nil {
		return demo.Filled{}, fault.New(fault.NotFound, "There is nothing here.")
	}
	var filled demo.Filled
	err := r.Long(frame.DemoLimit, func() (err error) {
		filled, err = s.Demo(r.Context())
		return err
	})
	return filled, err
}

func (s *Server) OutboxPage(w http.ResponseWriter, r *frame.Request) error {
	if err := r.Look(); err != nil {
		return err
	}
	mails, err := s.Outbox.List()
	if err != nil {
		return err
	}
	view := outbox.View{Shell: r.Shell()}
	for _, m := range mails {
		view.Mails = append(view.Mails, outbox.Mail{ID: m.ID, To: m.To, Subject: m.Subject, Sent: m.SentAt})
	}
	s.Render(w, r, http.StatusOK, outbox.Page(view))
	return nil
}

func (s *Server) OutboxMail(w http.ResponseWriter, r *frame.Request) error {
	if err := r.Look(); err != nil {
		return err
	}
	m, err := s.Outbox.Read(r.PathValue("id"))
	if err != nil {
		return err
	}
	s.Render(w, r, http.StatusOK, outbox.One(outbox.MailView{Shell: r.Shell(), Mail: outbox.Mail{ID: m.ID, To: m.To, Subject: m.Subject, Text: m.Text, Sent: m.SentAt}}))
	return nil
}
