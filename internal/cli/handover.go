package cli

import (
	"context"
	"fmt"
	"html/template"
	"io"
	"net/mail"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/incident"
	"github.com/tijorihq/tijori/internal/postgres"
)

// A document is what whoever takes over a server reads.
type document struct {
	Title, Intro string
	Sections     []section
}

// A section is a table of two columns, and what is said before it.
type section struct {
	Title, Intro string
	Rows         [][2]string
}

func (s *section) add(name, format string, args ...any) {
	s.Rows = append(s.Rows, [2]string{name, fmt.Sprintf(format, args...)})
}

// handover reads the settings, and of the database which servers have started.
func (c *launchHandoverCmd) handover(e *env) (*document, error) {
	public, err := publicAddress(c.PublicURL, c.listenAddr(), c.TLSDomain, c.tls())
	if err != nil {
		return nil, err
	}
	if err := c.operatorFlags.check(); err != nil {
		return nil, err
	}
	return &document{
		Title: "Handover: " + public.Host,
		Intro: fmt.Sprintf("Written by tijori %s on %s from the settings in force. It holds no secret; of secrets it says only whether they are set.",
			versionText(), time.Now().UTC().Format("2006-01-02 15:04 UTC")),
		Sections: []section{
			c.handoverDomains(public), c.handoverEnvironment(e), c.handoverRoles(), c.handoverSecrets(),
			c.handoverContacts(), c.handoverMonitoring(public), c.handoverRollback(), c.handoverOpen(public),
		},
	}, nil
}

func (c *launchHandoverCmd) handoverDomains(public *url.URL) section {
	s := section{Title: "Domains and TLS"}
	s.add("Public address", "%s", public)
	s.add("Listens on", "%s", c.listenAddr())
	switch {
	case len(c.TLSDomain) > 0:
		s.add("Certificate", "automatic, by ACME, for %s; kept in certificates below the state directory",
			strings.Join(c.TLSDomain, ", "))
	case c.TLSCert != "":
		s.add("Certificate", "from %s and %s, read again when they change; somebody has to renew them", c.TLSCert, c.TLSKey)
	case public.Scheme == "https":
		s.add("Certificate", "the proxy's in front; trusted proxies: %s", orNone(strings.Join(c.TrustedProxies, ", ")))
	default:
		s.add("Certificate", "none: sessions could be read on the way")
	}
	if addr := c.httpAddr(); addr != "" {
		s.add("Visitors without TLS", "are sent on from %s", addr)
	}
	if a, err := mail.ParseAddress(c.MailFrom); err == nil {
		_, domain, _ := strings.Cut(a.Address, "@")
		s.add("Mail comes from", "%s; SPF, DKIM and DMARC are records of %s", a.Address, domain)
	}
	s.add("Check", "tijori launch check %s", public)
	return s
}

func (c *launchHandoverCmd) handoverEnvironment(ctx context.Context) section {
	s := section{Title: "Environment"}
	s.add("Program", "tijori %s, with migrations up to %d", versionText(), postgres.NewestMigration())
	switch s1, r, err := c.clients(); {
	case c.simulated():
		s.add("Payments", "simulated: nobody pays anything")
	case err != nil:
		s.add("Payments", "the keys cannot be used")
	default:
		if s1 != nil {
			s.add("Stripe", "%s keys; webhook at /api/stripe/webhook", modeWord(s1.Live()))
		}
		if r != nil {
			s.add("Razorpay", "%s keys, account %s; webhook at /api/razorpay/webhook", modeWord(r.Live()),
				orNone(c.RazorpayAccountID))
		}
	}
	dir := c.Data
	if dir == "" {
		dir = defaultData()
	}
	s.add("State directory", "%s", dir)
	if c.Plans == "" {
		s.add("What is sold", "the plan file that is built in")
	} else {
		s.add("What is sold", "%s", c.Plans)
	}
	if len(c.AppPlans) > 0 {
		s.add("Apps of founders", "%s", strings.Join(c.AppPlans, ", "))
	}
	db, err := c.beside(ctx)
	if err != nil {
		s.add("Database", "could not be reached")
		return s
	}
	defer db.Close() //nolint:errcheck // nothing was written
	s.add("Database", "%s", db.describe)
	if version, _, err := db.Server(ctx); err == nil {
		s.add("Database server", "PostgreSQL %s", version)
	}
	list, err := incident.New(db.DB).Releases(ctx, time.Now().Add(time.Hour), 3)
	if err != nil {
		s.add("Last starts", "could not be read")
	}
	for _, r := range list {
		s.add("Started", "%s on %s at %s, %s", r.Version, r.Node, stamp(r.StartedAt), r.Mode)
	}
	return s
}

func modeWord(live bool) string {
	if live {
		return "live"
	}
	return "test"
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

func (c *launchHandoverCmd) handoverRoles() section {
	s := section{
		Title: "Roles",
		Intro: "In the database each part of the program logs in as a role of its own, and row-level security decides what it reads. docs/isolation.md says what each may do.",
	}
	prefix := c.RolePrefix
	if prefix == "" {
		prefix = "tijori"
	}
	for _, role := range postgres.LoginRoles() {
		s.add(prefix+strings.TrimPrefix(role, "tijori"), "logs in; changes no schema")
	}
	s.add("Administrator", "the role of TIJORI_ADMIN_URL or DATABASE_URL; needed to migrate only (--no-migrate serves without)")
	s.add("Operators", "%s; they open /admin after giving a reason, which is logged", orNone(strings.Join(c.Operators,
		", ")))
	return s
}

// rotation says how each secret is replaced.
var rotation = [][2]string{
	{"STRIPE_SECRET_KEY", "make a new key at Stripe, set it, restart, end the old one there"},
	{"STRIPE_WEBHOOK_SECRETS", "roll the secret at Stripe; set both as a JSON list, the old one with until (docs/providers.md); no event is lost"},
	{"RAZORPAY_KEY_SECRET", "make a new pair at Razorpay, set RAZORPAY_KEY_ID with it, restart"},
	{"RAZORPAY_WEBHOOK_SECRETS", "set the new and the old one as a JSON list, then change it at Razorpay"},
	{"TIJORI_SMTP_URL", "change the password at the mail server, set it, restart; mail waits meanwhile"},
	{"TIJORI_ALERT_URL", "make a new address where alerts arrive, set it, restart"},
	{"TIJORI_ALERT_SECRET", "set a new one on both sides, restart"},
	{"TIJORI_KEY", "seals authenticator apps and the secrets of apps' webhooks, which are set up anew after a change: change it only when it leaked"},
	{"DATABASE_URL", "alter role … password in the database, set it on every node, restart"},
	{"TIJORI_ADMIN_URL", "as DATABASE_URL"},
	{"TIJORI_DATABASE_SECRET", "the passwords of the login roles follow from it: docs/postgresql.md"},
	{"TIJORI_BACKUP_RECIPIENTS", "tijori backup key makes a pair; older back-ups still need the older secret key"},
	{"AWS_SECRET_ACCESS_KEY", "make a new pair for the bucket, set AWS_ACCESS_KEY_ID with it, restart"},
}

func (c *launchHandoverCmd) handoverSecrets() section {
	s := section{
		Title: "Secrets and their rotation",
		Intro: "A secret X may be in the file that X_FILE names. Keys of users are made and ended at /developer, keys of apps by tijori app key.",
	}
	for _, r := range rotation {
		state := "not set"
		if os.Getenv(r[0]) != "" {
			state = "set"
		}
		s.add(r[0], "%s. To change it: %s", state, r[1])
	}
	return s
}

func (c *launchHandoverCmd) handoverContacts() section {
	s := section{Title: "Contacts"}
	for i, who := range c.Contact {
		s.add(fmt.Sprintf("Contact %d", i+1), "%s", who)
	}
	s.add("Operators", "%s", orNone(strings.Join(c.Operators, ", ")))
	s.add("Alerts by mail", "%s", orNone(strings.Join(c.AlertMail, ", ")))
	s.add("Suspected leak", "docs/incident.md, from the first minute on")
	return s
}

// hostOf names the host of an address, whose path may be a secret.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return "none"
	}
	return u.Hostname()
}

func (c *launchHandoverCmd) handoverMonitoring(public *url.URL) section {
	s := section{Title: "Monitoring"}
	s.add("Health", "%s/readyz answers 200, or says what is missing; %s/admin/health has a line for each part", public, public)
	s.add("Status page", "%s/status", public)
	s.add("Metrics", "%s; rules and dashboard are in packaging/prometheus and packaging/grafana", orNone(c.MetricsAddr))
	s.add("Alerts", "by mail to %d, posted to %s", len(c.AlertMail), hostOf(c.AlertURL))
	s.add("Probes from outside", "%s", orNone(c.Probe))
	s.add("Traces", "%s", hostOf(c.OTLP))
	s.add("Back-ups", "%s", c.backupText())
	return s
}

func (c *launchHandoverCmd) backupText() string {
	if c.Backup == "" {
		return "none"
	}
	to := c.Backup
	if u, err := url.Parse(to); err == nil && u.Scheme != "" {
		to = u.Scheme + "://" + u.Host + u.Path
	}
	sealed := "not encrypted"
	if len(c.Recipients) > 0 {
		sealed = fmt.Sprintf("encrypted to %d keys", len(c.Recipients))
	}
	return fmt.Sprintf("every %s to %s, %d kept, %s", c.BackupEvery, to, c.Keep, sealed)
}

func (c *launchHandoverCmd) handoverRollback() section {
	s := section{Title: "Upgrade and rollback"}
	s.add("1. Before", "tijori backup, and tijori backup list shows it as verified")
	s.add("2. Upgrade", "install the newer package or put the newer program in its place, and restart: it migrates by itself")
	s.add("3. Look", "tijori doctor, and tijori release list, which shows what the start changed")
	s.add("4. Back by a version", "install the older package and restart. It is refused, with nothing changed, when the schema no longer suits it")
	s.add("5. Back in time", "tijori restore, into an empty place first: docs/backup.md. Payments since then come back from the providers by tijori reconcile")
	return s
}

// handoverOpen says what somebody has still to do.
func (c *launchHandoverCmd) handoverOpen(public *url.URL) section {
	s := section{Title: "Open"}
	for _, k := range []struct {
		open       bool
		name, text string
	}{
		{public.Scheme != "https", "TLS", "the public address has none"},
		{c.simulated(), "Payments", "are simulated"},
		{c.SMTPURL == "", "Mail", "no mail server is set"},
		{len(c.Operators) == 0, "Operators", "nobody may open /admin"},
		{len(c.AlertMail) == 0 && c.AlertURL == "", "Alerts", "nobody hears of trouble"},
		{c.Backup == "", "Back-ups", "the server makes none"},
		{c.Backup != "" && len(c.Recipients) == 0, "Back-ups", "are not encrypted"},
		{c.MetricsAddr == "", "Metrics", "are not served"},
		{len(c.Contact) == 0, "Contacts", "nobody is named; --contact does"},
	} {
		if k.open {
			s.add(k.name, "%s", k.text)
		}
	}
	if len(s.Rows) == 0 {
		s.Intro = "Nothing."
	}
	return s
}

// inTable is a text as a cell of a Markdown table.
func inTable(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "<", "&lt;", "`", "\\`", "[", `\[`, "*", `\*`, "_",
		`\_`).Replace(text)
}

func (d *document) markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n", inTable(d.Title), inTable(d.Intro))
	for _, s := range d.Sections {
		fmt.Fprintf(&b, "\n## %s\n\n", s.Title)
		if s.Intro != "" {
			fmt.Fprintf(&b, "%s\n\n", inTable(s.Intro))
		}
		if len(s.Rows) > 0 {
			b.WriteString("| | |\n|---|---|\n")
		}
		for _, r := range s.Rows {
			fmt.Fprintf(&b, "| %s | %s |\n", inTable(r[0]), inTable(r[1]))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

var handoverPage = template.Must(template.New("handover").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid #8886;
  overflow-wrap: anywhere; }
th { width: 14rem; font-weight: 600; }
@media (max-width: 36rem) { th, td { display: block; width: auto; } th { border: 0; padding-bottom: 0; } }
</style>
<main>
<h1>{{.Title}}</h1>
<p>{{.Intro}}</p>
{{range .Sections}}<section>
<h2>{{.Title}}</h2>
{{with .Intro}}<p>{{.}}</p>
{{end}}{{if .Rows}}<table>
{{range .Rows}}<tr><th scope="row">{{index . 0}}</th><td>{{index . 1}}</td></tr>
{{end}}</table>
{{end}}</section>
{{end}}</main>
</html>
`))

func (d *document) html(w io.Writer) error { return handoverPage.Execute(w, d) }
