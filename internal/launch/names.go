package launch

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/net/publicsuffix"
)

// A resolver asks a DNS server that follows names for us.
type resolver struct {
	server string
	err    error // why there is none
}

func newResolver(server string) *resolver {
	if server != "" {
		if _, _, err := net.SplitHostPort(server); err != nil {
			server = net.JoinHostPort(server, "53")
		}
		return &resolver{server: server}
	}
	config, err := dns.ClientConfigFromFile("/etc/resolv.conf")
	if err == nil && len(config.Servers) == 0 {
		err = errors.New("/etc/resolv.conf names no DNS server")
	}
	if err != nil {
		return &resolver{err: err}
	}
	return &resolver{server: net.JoinHostPort(config.Servers[0], config.Port)}
}

// ask returns the records of a kind; none when the name or the kind does not exist.
func (r *resolver) ask(ctx context.Context, name string, kind uint16) ([]dns.RR, error) {
	if r.err != nil {
		return nil, r.err
	}
	q := new(dns.Msg)
	q.SetQuestion(dns.Fqdn(name), kind)
	q.SetEdns0(1232, false)
	var in *dns.Msg
	var err error
	for _, network := range []string{"udp", "tcp"} { // what does not fit comes by TCP
		client := dns.Client{Net: network, Timeout: patience / 2}
		if in, _, err = client.ExchangeContext(ctx, q, r.server); err == nil && !in.Truncated {
			break
		}
	}
	if err != nil {
		return nil, fmt.Errorf("no answer about %s from the DNS server: %w", name, err)
	}
	if in.Rcode != dns.RcodeSuccess && in.Rcode != dns.RcodeNameError {
		return nil, fmt.Errorf("the DNS server answers %s for %s", dns.RcodeToString[in.Rcode], name)
	}
	return slices.DeleteFunc(in.Answer, func(rr dns.RR) bool { return rr.Header().Rrtype != kind }), nil
}

// texts are the TXT records of a name that begin with a version.
func (r *resolver) texts(ctx context.Context, name, version string) (out []string, err error) {
	list, err := r.ask(ctx, name, dns.TypeTXT)
	for _, rr := range list {
		if t, ok := rr.(*dns.TXT); ok {
			text := strings.Join(t.Txt, "")
			if version == "" || text == version || len(text) > len(version) &&
				strings.EqualFold(text[:len(version)], version) && strings.ContainsRune(" ;",
				rune(text[len(version)])) {
				out = append(out, text)
			}
		}
	}
	return out, err
}

// addresses looks where the name leads, and whether somebody answers at each address.
func (s *site) addresses(ctx context.Context) (out []Check) {
	const fixA = "add an A record of the name with the server's public address at whoever runs the domain's DNS"
	for _, k := range []struct {
		subject string
		kind    uint16
	}{{"DNS A", dns.TypeA}, {"DNS AAAA", dns.TypeAAAA}} {
		list, err := s.dns.ask(ctx, s.host(), k.kind)
		switch {
		case err != nil:
			out = append(out, unknown(k.subject, err, "name another DNS server by --resolver")...)
			continue
		case len(list) == 0 && k.kind == dns.TypeA:
			out = append(out, wrong(k.subject, s.host()+" has no address for IPv4", fixA)...)
			continue
		case len(list) == 0:
			out = append(out, good(k.subject, "none: visitors come by IPv4")...)
			continue
		}
		out = append(out, s.reached(ctx, k.subject, list)...)
	}
	return out
}

func (s *site) reached(ctx context.Context, subject string, list []dns.RR) []Check {
	var seen []string
	for _, rr := range list {
		var ip net.IP
		switch a := rr.(type) {
		case *dns.A:
			ip = a.A
		case *dns.AAAA:
			ip = a.AAAA
		}
		addr, ok := netip.AddrFromSlice(ip)
		if !ok {
			continue
		}
		addr = addr.Unmap()
		if addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast() || addr.IsUnspecified() {
			return wrong(subject, fmt.Sprintf("%s leads to %s, which only your own network reaches", s.host(), addr),
				"name the server's public address there")
		}
		soon, cancel := context.WithTimeout(ctx, patience)
		conn, err := s.o.Dial(soon, "tcp", net.JoinHostPort(addr.String(), s.port()))
		cancel()
		if err != nil {
			return wrong(subject, fmt.Sprintf("nobody answers at %s, port %s: %v", addr, s.port(), err),
				"open the port there, or take the record away: some visitors get no other address")
		}
		_ = conn.Close() //nolint:errcheck // nothing was sent
		seen = append(seen, addr.String())
	}
	return good(subject, "%s answers at %s", s.host(), strings.Join(seen, ", "))
}

// authorities are the names by which CAA records permit those who issue most certificates.
var authorities = map[string]string{
	"Let's Encrypt": "letsencrypt.org", "Google Trust Services": "pki.goog", "ZeroSSL": "sectigo.com",
	"Sectigo Limited": "sectigo.com", "DigiCert Inc": "digicert.com", "Amazon": "amazon.com",
}

// caa looks who may issue certificates for the name. The records of the nearest name upwards count.
func (s *site) caa(ctx context.Context) []Check {
	const subject = "DNS CAA"
	issuer := authorities[s.issuer(ctx)]
	example := issuer
	if example == "" {
		example = "letsencrypt.org"
	}
	for name := s.host(); strings.Contains(name, "."); _, name, _ = strings.Cut(name, ".") {
		list, err := s.dns.ask(ctx, name, dns.TypeCAA)
		if err != nil {
			return unknown(subject, err, "an authority that gets no answer either issues no certificate")
		}
		if len(list) == 0 {
			continue
		}
		var may []string
		for _, rr := range list {
			if c, ok := rr.(*dns.CAA); ok && strings.EqualFold(c.Tag, "issue") {
				who, _, _ := strings.Cut(c.Value, ";")
				if who = strings.TrimSpace(who); who != "" {
					may = append(may, who)
				}
			}
		}
		if issuer != "" && !slices.Contains(may, issuer) {
			return wrong(subject, fmt.Sprintf("the records of %s do not permit %s, which issued the certificate: it cannot be renewed",
				name, issuer), fmt.Sprintf("add: %s. CAA 0 issue %q", name, issuer))
		}
		return good(subject, "%s may issue certificates", strings.Join(may, ", "))
	}
	return wrong(subject, "any authority may issue a certificate for "+s.host(),
		fmt.Sprintf("add: %s. CAA 0 issue %q", s.host(), example))
}

const noMail = "mail that people do not get cannot confirm their address or recover a password"

// spf looks who may send mail of the domain.
func (s *site) spf(ctx context.Context) []Check {
	const subject = "DNS SPF"
	domain := s.o.MailDomain
	if domain == "" {
		return unknown(subject, errors.New("nothing says from which address mail is sent"), "set TIJORI_MAIL_FROM")
	}
	list, err := s.dns.texts(ctx, domain, "v=spf1")
	switch {
	case err != nil:
		return unknown(subject, err, "name another DNS server by --resolver")
	case len(list) == 0:
		return wrong(subject, domain+" does not say who may send its mail: "+noMail,
			`add the TXT record that your mail provider names, such as "v=spf1 include:… -all"`)
	case len(list) > 1:
		return wrong(subject, fmt.Sprintf("%s has %d SPF records, and then none counts", domain, len(list)),
			"make them one record")
	}
	words := strings.Fields(strings.ToLower(list[0]))
	last := words[len(words)-1]
	redirects := strings.HasPrefix(last, "redirect=")
	if last != "-all" && last != "~all" && !redirects {
		return wrong(subject, fmt.Sprintf("the record of %s lets everybody send: %s", domain, list[0]),
			"end it with -all, or with ~all while you try it")
	}
	n := s.lookups(ctx, list[0], 0)
	if n > 10 {
		return wrong(subject, fmt.Sprintf("the record of %s needs more than 10 look-ups, and then it does not count", domain),
			"take out what no longer sends mail")
	}
	return good(subject, "%s: %s", domain, list[0])
}

// lookups counts what whoever receives mail has to look up for a record, 11 for more than is allowed.
func (s *site) lookups(ctx context.Context, record string, depth int) (n int) {
	for _, word := range strings.Fields(strings.ToLower(record))[1:] {
		word = strings.TrimLeft(word, "+-~?")
		name, value, _ := strings.Cut(strings.ReplaceAll(word, "=", ":"), ":")
		name, _, _ = strings.Cut(name, "/")
		switch name {
		case "a", "mx", "ptr", "exists":
			n++
		case "include", "redirect":
			n++
			if n > 10 || depth > 10 {
				return 11
			}
			if list, err := s.dns.texts(ctx, value, "v=spf1"); err == nil && len(list) == 1 {
				n += s.lookups(ctx, list[0], depth+1)
			}
		}
		if n > 10 {
			return 11
		}
	}
	return n
}

// dkim looks for the keys by which mail is signed.
func (s *site) dkim(ctx context.Context) (out []Check) {
	const subject = "DNS DKIM"
	switch {
	case s.o.MailDomain == "":
		return unknown(subject, errors.New("nothing says from which address mail is sent"), "set TIJORI_MAIL_FROM")
	case len(s.o.Selectors) == 0:
		return unknown(subject, errors.New("nothing says under which selector the key is published"),
			"name what your mail provider shows by --dkim-selector")
	}
	for _, selector := range s.o.Selectors {
		name := selector + "._domainkey." + s.o.MailDomain
		list, err := s.dns.texts(ctx, name, "")
		if err != nil {
			out = append(out, unknown(subject, err, "name another DNS server by --resolver")...)
			continue
		}
		out = append(out, key(subject, name, list)...)
	}
	return out
}

func key(subject, name string, list []string) []Check {
	if len(list) != 1 {
		return wrong(subject, fmt.Sprintf("%s has %d TXT records, not one with a key: receivers take mail for forged",
			name, len(list)), "publish the record that your mail provider names")
	}
	tags := tagsOf(list[0])
	text := strings.Join(strings.Fields(tags["p"]), "")
	if text == "" {
		return wrong(subject, name+" holds no key: it was withdrawn", "publish the key that your mail provider names")
	}
	der, err := base64.StdEncoding.DecodeString(text)
	if err == nil && tags["k"] == "ed25519" && len(der) == 32 {
		return good(subject, "%s holds an Ed25519 key", name)
	}
	var public any
	if err == nil {
		public, err = x509.ParsePKIXPublicKey(der)
	}
	k, ok := public.(*rsa.PublicKey)
	switch {
	case err != nil || !ok:
		return wrong(subject, name+" holds no key that can be read",
			"copy it again from your mail provider, as one text")
	case k.N.BitLen() < 1024:
		return wrong(subject, fmt.Sprintf("%s holds a key of %d bits, which receivers refuse", name, k.N.BitLen()),
			"have your mail provider make one of 2048 bits")
	}
	return good(subject, "%s holds a key of %d bits", name, k.N.BitLen())
}

// tagsOf reads a list such as "v=DMARC1; p=reject".
func tagsOf(text string) map[string]string {
	out := map[string]string{}
	for part := range strings.SplitSeq(text, ";") {
		if name, value, ok := strings.Cut(part, "="); ok {
			out[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
		}
	}
	return out
}

// dmarc looks what receivers do with forged mail. Without a record of its own, that of the registered domain counts.
func (s *site) dmarc(ctx context.Context) []Check {
	const subject = "DNS DMARC"
	domain := s.o.MailDomain
	if domain == "" {
		return unknown(subject, errors.New("nothing says from which address mail is sent"), "set TIJORI_MAIL_FROM")
	}
	names := []string{domain}
	if registered, err := publicsuffix.EffectiveTLDPlusOne(domain); err == nil && registered != domain {
		names = append(names, registered)
	}
	for i, name := range names {
		list, err := s.dns.texts(ctx, "_dmarc."+name, "v=DMARC1")
		switch {
		case err != nil:
			return unknown(subject, err, "name another DNS server by --resolver")
		case len(list) == 0:
			continue
		case len(list) > 1:
			return wrong(subject, fmt.Sprintf("_dmarc.%s has %d records, and then none counts", name, len(list)),
				"make them one record")
		}
		tags := tagsOf(list[0])
		policy := strings.ToLower(tags["p"])
		if sub, ok := tags["sp"]; ok && i > 0 {
			policy = strings.ToLower(sub)
		}
		if policy != "quarantine" && policy != "reject" {
			return wrong(subject, fmt.Sprintf("forged mail of %s is delivered: _dmarc.%s says %q", domain, name,
				list[0]),
				"once the reports show nothing of yours failing, set p=quarantine or p=reject")
		}
		return good(subject, "_dmarc.%s: %s", name, list[0])
	}
	return wrong(subject, "_dmarc."+domain+" does not exist: forged mail is delivered",
		fmt.Sprintf(`add: _dmarc.%s. TXT "v=DMARC1; p=quarantine; rua=mailto:you@%s"`, domain, domain))
}

// margins are how long before its end a certificate should have been renewed: three weeks, less for a short life.
func margins(from, until time.Time) time.Duration {
	return min(21*24*time.Hour, until.Sub(from)/4)
}
