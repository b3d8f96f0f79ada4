package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
)

// The bounds of an answer. What is probed may be anybody's by the time it answers.
const (
	maxBody      = 2 << 20
	maxHeader    = 64 << 10
	maxRedirects = 5
	userAgent    = "tijori-probe"
)

// newClient returns a client that trusts nobody: each request has a limit of time, of headers and of redirects, which
// stay at the host that was asked and never fall back to plain text. Each request opens a connection of its own, as
// the first request of a visitor does.
func newClient(timeout time.Duration, jar http.CookieJar) *http.Client {
	return &http.Client{
		Timeout: timeout,
		Jar:     jar,
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: timeout}).DialContext,
			ForceAttemptHTTP2:      true,
			DisableKeepAlives:      true,
			MaxResponseHeaderBytes: maxHeader,
		},
		CheckRedirect: staysHome,
	}
}

// A refusedRedirect is a redirect that is not followed.
type refusedRedirect string

func (e refusedRedirect) Error() string { return string(e) }

func staysHome(next *http.Request, before []*http.Request) error {
	first := before[0].URL
	switch {
	case len(before) > maxRedirects:
		return refusedRedirect(fmt.Sprintf("redirects more than %d times", maxRedirects))
	case next.URL.Hostname() != first.Hostname():
		return refusedRedirect("redirects to another host")
	case first.Scheme == "https" && next.URL.Scheme != "https":
		return refusedRedirect("redirects from https to http")
	case next.URL.Port() != first.Port() && (first.Scheme != "http" || next.URL.Scheme != "https"):
		return refusedRedirect("redirects to another port")
	}
	return nil
}

// An answer is what came back, bounded.
type answer struct {
	status int
	body   []byte
	cut    bool // there was more
	url    *url.URL
}

// do sends a request and reads what may be read of the answer. Its errors are sentences without the address, which may
// hold a secret.
func do(client *http.Client, r *http.Request) (*answer, error) {
	r.Header.Set("User-Agent", userAgent)
	res, err := client.Do(r)
	if err != nil {
		return nil, explain(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	if err != nil {
		return nil, explain(err)
	}
	a := &answer{status: res.StatusCode, body: body, url: res.Request.URL}
	if len(body) > maxBody {
		a.body, a.cut = body[:maxBody], true
	}
	return a, nil
}

// explain says why there was no answer in a few words for operators.
func explain(err error) error {
	var refused refusedRedirect
	var dns *net.DNSError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	var timeout net.Error
	switch {
	case errors.As(err, &refused):
		return refused
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return errors.New("no answer in time")
	case errors.As(err, &dns):
		return errors.New("its name cannot be resolved")
	case errors.As(err, &unknown):
		return errors.New("its certificate is of an unknown authority")
	case errors.As(err, &host):
		return errors.New("its certificate is for another name")
	case errors.As(err, &invalid):
		return errors.New("its certificate is not valid: " + plain(invalid.Error()))
	case errors.As(err, &record):
		return errors.New("it does not speak TLS")
	}
	var address *url.Error
	if errors.As(err, &address) {
		err = address.Err
	}
	return errors.New(plain(err.Error()))
}

// plain is a text from outside as an alert may show it.
func plain(text string) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, text)
	if letters := []rune(text); len(letters) > 200 {
		text = string(letters[:200]) + "…"
	}
	return text
}
