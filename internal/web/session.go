package web

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/account"
)

func (s *Server) sessionToken(r *http.Request) string {
	token := s.Cookie(r, SessionCookie)
	if len(token) > 128 {
		return ""
	}
	return token
}

func (s *Server) SetSession(w http.ResponseWriter, session account.Session) {
	s.SetCookie(w, SessionCookie, session.Token, time.Until(session.ExpiresAt))
}

func (s *Server) EndSession(w http.ResponseWriter) {
	s.SetCookie(w, SessionCookie, "", -time.Second)
}

// device is what we keep of a caller's machine, to show in the list of sessions.
func (s *Server) Device(r *http.Request) account.Device {
	agent := r.UserAgent()
	if len(agent) > 300 {
		agent = agent[:300]
	}
	return account.Device{UserAgent: strings.ToValidUTF8(agent, ""), Network: s.Network(r)}
}

// network is the caller's address. A forwarded one is believed only as far as
// trusted proxies wrote it.
func (s *Server) Network(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && s.trusts(addr); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = next
	}
	return addr.Unmap().String()
}

func (s *Server) trusts(addr netip.Addr) bool {
	for _, p := range s.TrustedProxies {
		if p.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}
