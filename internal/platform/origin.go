package platform

import (
	"net/netip"
	"net/url"
	"strings"
)

// Origin returns the origin of an address that a browser may be led to, "" for what is none: https, or http for this
// machine's own names, without a user.
func Origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Opaque != "" {
		return ""
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !thisMachine(u.Hostname())) {
		return ""
	}
	return u.Scheme + "://" + strings.ToLower(u.Host)
}

func thisMachine(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
