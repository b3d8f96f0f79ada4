package frame

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/term"
)

func (f *Frame) sessionToken(r *http.Request) string {
	token := f.ReadCookie(r, SessionCookie)
	if len(token) > 128 {
		return ""
	}
	return token
}

// SetSession signs the browser in, and lets it be known again after the session has ended.
func (f *Frame) SetSession(w http.ResponseWriter, session account.Session) {
	f.SetCookie(w, SessionCookie, session.Token, time.Until(session.ExpiresAt))
	if session.Device != "" {
		f.SetCookie(w, DeviceCookie, session.Device, term.Device)
	}
}

// EndSession makes the browser forget its session.
func (f *Frame) EndSession(w http.ResponseWriter) {
	f.SetCookie(w, SessionCookie, "", -time.Second)
	f.SetCookie(w, ShopCookie, "", -time.Second)
}

// Device is what we keep of a caller's machine, and the token by which it is known.
func (f *Frame) Device(r *http.Request) account.Device {
	agent := r.UserAgent()
	if len(agent) > 300 {
		agent = agent[:300]
	}
	token := f.ReadCookie(r, DeviceCookie)
	if len(token) > 128 {
		token = ""
	}
	return account.Device{UserAgent: strings.ToValidUTF8(agent, ""), Network: f.Network(r), Token: token}
}

// Network is the caller's address. A forwarded one is believed only as far as
// trusted proxies wrote it. Whoever comes by a socket of this machine is one: nobody else may open it.
func (f *Frame) Network(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	addr, err := netip.ParseAddr(host)
	socket := err != nil && (host == "" || host == "@")
	if err != nil && !socket {
		return host
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && (socket || f.trusts(addr)); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr, socket = next, false
	}
	if socket {
		return "socket"
	}
	return addr.Unmap().String()
}

func (f *Frame) trusts(addr netip.Addr) bool {
	for _, p := range f.config.TrustedProxies {
		if p.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}
