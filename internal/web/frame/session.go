package frame

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/account"
)

func (f *Frame) sessionToken(r *http.Request) string {
	token := f.ReadCookie(r, SessionCookie)
	if len(token) > 128 {
		return ""
	}
	return token
}

// SetSession signs the browser in.
func (f *Frame) SetSession(w http.ResponseWriter, session account.Session) {
	f.SetCookie(w, SessionCookie, session.Token, time.Until(session.ExpiresAt))
}

// EndSession makes the browser forget its session.
func (f *Frame) EndSession(w http.ResponseWriter) {
	f.SetCookie(w, SessionCookie, "", -time.Second)
}

// Device is what we keep of a caller's machine, to show in the list of sessions.
func (f *Frame) Device(r *http.Request) account.Device {
	agent := r.UserAgent()
	if len(agent) > 300 {
		agent = agent[:300]
	}
	return account.Device{UserAgent: strings.ToValidUTF8(agent, ""), Network: f.Network(r)}
}

// Network is the caller's address. A forwarded one is believed only as far as
// trusted proxies wrote it.
func (f *Frame) Network(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && f.trusts(addr); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = next
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
