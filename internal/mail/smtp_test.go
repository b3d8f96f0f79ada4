package mail

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"net/url"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"
)

func links(t *testing.T) Links {
	t.Helper()
	u, err := url.Parse("https://khata.example.com/")
	if err != nil {
		t.Fatal(err)
	}
	return Links{Public: u}
}

func hindi(t *testing.T) Message {
	t.Helper()
	m, err := links(t).Recover("asha@example.com", "hi", "आशा देवी", "tOken_-1")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// read takes a message apart as a mail program does.
func read(t *testing.T, data []byte) (h netmail.Header, subject, text, html string) {
	t.Helper()
	m, err := netmail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("read the message: %v\n%s", err, data)
	}
	if subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("content type %q, %v", kind, err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := parts.NextRawPart()
		if err == io.EOF {
			return m.Header, subject, text, html
		}
		if err != nil {
			t.Fatal(err)
		}
		var r io.Reader = p
		if strings.EqualFold(p.Header.Get("Content-Transfer-Encoding"), "quoted-printable") {
			r = quotedprintable.NewReader(p)
		}
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
			html = string(body)
		} else {
			text = string(body)
		}
	}
}

func TestSendHindi(t *testing.T) {
	t.Parallel()
	for _, security := range []string{StartTLS, TLS, NoTLS} {
		s := serve(t, &sink{user: "tijori", password: "p@ss word"}, security)
		if err := s.sender(t, security).Send(t.Context(), hindi(t)); err != nil {
			t.Fatalf("%s: Send = %v", security, err)
		}
		got := s.messages()
		if len(got) != 1 || got[0].to != "asha@example.com" || got[0].from != "no-reply@example.com" || got[0].tls != (security != NoTLS) || !got[0].auth {
			t.Fatalf("%s: the sink got %+v", security, got)
		}
		h, subject, text, html := read(t, got[0].data)
		if subject != "नया पासवर्ड बनाएँ" || h.Get("Auto-Submitted") != "auto-generated" || h.Get("Message-Id") == "" || h.Get("Date") == "" {
			t.Errorf("%s: headers %v, subject %q", security, h, subject)
		}
		if from, err := h.AddressList("From"); err != nil || from[0].Name != "तिजोरी" || from[0].Address != "no-reply@example.com" {
			t.Errorf("%s: From = %v, %v", security, from, err)
		}
		for _, want := range []string{"नमस्ते आशा देवी,", "https://khata.example.com/recover/tOken_-1"} {
			if !strings.Contains(text, want) || !strings.Contains(html, want) {
				t.Errorf("%s: %q is missing in text or html:\n%s\n%s", security, want, text, html)
			}
		}
		for line := range bytes.Lines(got[0].data) {
			if len(line) > 998 || bytes.IndexFunc(line, func(r rune) bool { return r > 127 }) >= 0 {
				t.Errorf("%s: a line that not every server passes on: %q", security, line)
			}
		}
	}
}

func TestSendRefusesAWeakConnection(t *testing.T) {
	t.Parallel()
	plain := serve(t, &sink{}, NoTLS)
	if err := plain.sender(t, StartTLS).Send(t.Context(), hindi(t)); err == nil || len(plain.messages()) != 0 {
		t.Errorf("Send to a server without STARTTLS = %v, want a refusal", err)
	}
	stranger := serve(t, &sink{}, StartTLS)
	_, stranger.roots = certificate(t)
	if err := stranger.sender(t, StartTLS).Send(t.Context(), hindi(t)); err == nil || len(stranger.messages()) != 0 {
		t.Errorf("Send to a server with a stranger's certificate = %v, want a refusal", err)
	}
	for _, c := range []SMTPConfig{
		{Host: "mail.example.com", Port: 25, Security: NoTLS, From: "a@example.com"},
		{Host: "", Port: 25, Security: TLS, From: "a@example.com"},
		{Host: "mail.example.com", Port: 25, Security: TLS, From: "nobody"},
		{Host: "mail.example.com", Port: 70000, Security: TLS, From: "a@example.com"},
		{Host: "mail.example.com", Port: 25, Security: "maybe", From: "a@example.com"},
	} {
		if _, err := NewSMTP(c); err == nil {
			t.Errorf("NewSMTP(%+v) worked", c)
		}
	}
}

func TestSendErrors(t *testing.T) {
	t.Parallel()
	wrong := serve(t, &sink{user: "tijori", password: "right"}, StartTLS)
	sender := wrong.sender(t, StartTLS)
	sender.config.Password = "wrong"
	if err := sender.Send(t.Context(), hindi(t)); err == nil || errors.Is(err, ErrRefused) {
		t.Errorf("Send with a wrong password = %v, want an error that a later try may change", err)
	}
	for code, refused := range map[int]bool{550: true, 450: false} {
		s := serve(t, &sink{refuse: &smtp.SMTPError{Code: code, Message: "asha@example.com is not here"}}, StartTLS)
		err := s.sender(t, StartTLS).Send(t.Context(), hindi(t))
		if err == nil || errors.Is(err, ErrRefused) != refused || strings.Contains(err.Error(), "asha") || strings.Contains(err.Error(), "tOken") {
			t.Errorf("Send when the address is answered %d: %v, want refused %v and no address in it", code, err, refused)
		}
	}
	down := serve(t, &sink{}, NoTLS)
	sender = down.sender(t, NoTLS)
	sender.config.Port = 1
	if err := sender.Send(t.Context(), hindi(t)); err == nil || errors.Is(err, ErrRefused) {
		t.Errorf("Send to nobody = %v", err)
	}
}

// What the server has taken is sent, whatever comes after.
func TestSendTakenOnce(t *testing.T) {
	t.Parallel()
	s := serve(t, &sink{dropQuit: true}, NoTLS)
	if err := s.sender(t, NoTLS).Send(t.Context(), hindi(t)); err != nil || len(s.messages()) != 1 {
		t.Errorf("Send = %v with %d messages, want nil and 1", err, len(s.messages()))
	}
}

func TestHeadersCannotBeInjected(t *testing.T) {
	t.Parallel()
	s := serve(t, &sink{}, NoTLS)
	sender := s.sender(t, NoTLS)
	m := Message{To: "asha@example.com", Subject: "Hello\r\nBcc: victim@example.com\r\n\r\nbody", Text: "x", HTML: "x"}
	if err := sender.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	h, subject, _, _ := read(t, s.messages()[0].data)
	if h.Get("Bcc") != "" || subject != "Hello Bcc: victim@example.com body" {
		t.Errorf("headers %v, subject %q", h, subject)
	}
	for _, to := range []string{"asha@example.com\r\nRCPT TO:<victim@example.com>", "a@example.com, b@example.com", "Asha <asha@example.com>", "", "asha@example.com>"} {
		m.To = to
		if err := sender.Send(t.Context(), m); err == nil {
			t.Errorf("Send to %q worked", to)
		}
	}
	if n := len(s.messages()); n != 1 {
		t.Errorf("%d messages, want 1", n)
	}
}

func TestParseSMTP(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]SMTPConfig{
		"smtp://u%40x:p%2Fw@mail.example.com": {Host: "mail.example.com", Port: 587, Security: StartTLS, Username: "u@x", Password: "p/w", From: "a@example.com"},
		"smtps://mail.example.com:4650":       {Host: "mail.example.com", Port: 4650, Security: TLS, From: "a@example.com"},
		"smtp+none://127.0.0.1:1025":          {Host: "127.0.0.1", Port: 1025, Security: NoTLS, From: "a@example.com"},
	} {
		got, err := ParseSMTP(in, "a@example.com")
		if err != nil || got != want {
			t.Errorf("ParseSMTP(%q) = %+v, %v, want %+v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "mail.example.com:25", "http://mail.example.com", "smtp://", "smtp://u:s3cret@mail.example.com:x", "smtp+none://u:s3cret@mail.example.com"} {
		if _, err := ParseSMTP(in, "a@example.com"); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("ParseSMTP(%q) = %v, want an error without the password", in, err)
		}
	}
}
