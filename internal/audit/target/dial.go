package target

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A door is where connections lead: one host whose addresses were looked up
// once, so that a name cannot first answer one address and then another.
type door struct {
	url   *url.URL
	local bool
	ips   []netip.Addr
}

// ErrUsage is a target that must not be audited as it is configured.
var ErrUsage = errors.New("the target is refused")

// openDoor looks the host up and refuses what nobody says they own.
func openDoor(ctx context.Context, raw string, own bool) (*door, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%w: %q is not an address such as https://staging.example.com", ErrUsage, raw)
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return nil, fmt.Errorf("%w: give the address of the site alone, without path, user or query", ErrUsage)
	}
	u.Path = ""
	d := &door{url: u}
	host := u.Hostname()
	if ip, err := netip.ParseAddr(host); err == nil {
		d.ips = []netip.Addr{ip.Unmap()}
	} else if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		d.ips = []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback()}
	} else {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		if d.ips, err = net.DefaultResolver.LookupNetIP(ctx, "ip", host); err != nil {
			return nil, fmt.Errorf("the name %s cannot be resolved: %w", host, err)
		}
	}
	d.local = !slices.ContainsFunc(d.ips, func(ip netip.Addr) bool { return !ip.Unmap().IsLoopback() })
	if !d.local && !own {
		return nil, fmt.Errorf("%w: %s is not this machine\nset i_own_this = true under [target] when it is yours, and only then",
			ErrUsage, host)
	}
	for _, ip := range d.ips {
		if ip = ip.Unmap(); ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsUnspecified() {
			return nil, fmt.Errorf("%w: %s leads to %s, where no product answers", ErrUsage, host, ip)
		}
	}
	return d, nil
}

func (d *door) port() string {
	if p := d.url.Port(); p != "" {
		return p
	}
	if d.url.Scheme == "https" {
		return "443"
	}
	return "80"
}

// leads reports whether an address is behind this door.
func (d *door) leads(u *url.URL) bool {
	return u.Scheme == d.url.Scheme && strings.EqualFold(u.Host, d.url.Host) && u.User == nil
}

// dial connects to one of the addresses, whatever the name says by now.
func (d *door) dial(ctx context.Context) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	var errs []error
	for _, ip := range d.ips {
		c, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(ip.Unmap().String(), d.port()))
		if err == nil {
			return c, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

// Dial opens a connection of one's own, with TLS where the target has it.
func (r *Range) Dial(ctx context.Context, protocols ...string) (net.Conn, string, error) {
	c, err := r.door.dial(ctx)
	if err != nil || r.door.url.Scheme != "https" {
		return c, "", err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	t := tls.Client(c, &tls.Config{
		MinVersion: tls.VersionTLS12, ServerName: r.door.url.Hostname(), NextProtos: protocols,
	})
	if err := t.HandshakeContext(ctx); err != nil {
		return nil, "", errors.Join(err, c.Close())
	}
	return t, t.ConnectionState().NegotiatedProtocol, nil
}

func (d *door) dialAny(ctx context.Context, _, _ string) (net.Conn, error) { return d.dial(ctx) }

// Connect opens a connection without TLS of ours, for a browser that brings its own.
func (r *Range) Connect(ctx context.Context) (net.Conn, error) { return r.door.dial(ctx) }
