package isolation

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/audit/db"
	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// auditOf audits a database as a customer of Tijori would audit his own: by reading, and by an attack on a copy.
// Requests come as tijori_app; the other logins are the server's own.
func auditOf(t *testing.T, d *pgtest.DB) *finding.Report {
	t.Helper()
	a := d.Config.Admin
	report, err := db.Audit(t.Context(), db.Options{
		DSN: fmt.Sprintf("host=%s port=%d user=%s password='%s' dbname=%s sslmode=disable", a.Host, a.Port, a.User,
			a.Password, a.Database),
		Attack: true, ConnectsAs: []string{"tijori_app"}, Patience: time.Hour,
	})
	if err != nil {
		t.Fatalf("audit the database: %v", err)
	}
	return report
}

// TestAuditOfOurOwn audits the schema with the auditor that everybody gets: it finds nothing, and leaves nothing out.
func TestAuditOfOurOwn(t *testing.T) {
	t.Parallel()
	report := auditOf(t, pgtest.New(t))
	for _, f := range report.Findings {
		t.Errorf("%s %s on %s: %s", f.Severity, f.Rule, f.Object, f.Title)
	}
	for _, n := range report.NotTested {
		if notSeeded[n.What] == "" {
			t.Errorf("not tested: %s: %s", n.What, n.Reason)
		}
	}
}

// notSeeded are the tables of which the auditor makes no row, with the reason.
var notSeeded = map[string]string{
	"tijori.totps":                   "a sealed secret has at least 48 bytes, and it makes shorter ones; only sign-in reaches the table",
	"tijori.access_log":              "rows belong to parts by verdict and day, which it does not choose; tijori_app has no grant on it",
	"tijori.access_log_allowed":      "a part of the access log",
	"tijori.access_log_refused":      "a part of the access log",
	"tijori.access_log_refused_rest": "a part of the access log",
}

// TestAuditSeesWhatWePlant opens the schema in several ways: had the audit only looked at an empty or unreachable
// copy, it would find nothing here either.
func TestAuditSeesWhatWePlant(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	for _, sql := range []string{
		`create policy parties_leak on tijori.parties for select to tijori_app using (true)`,
		`alter table tijori.drafts no force row level security`,
		`alter table tijori.drafts disable row level security`,
		`create function tijori_khata.planted(account uuid) returns setof tijori.entries language sql security definer
		 set search_path = '' as $$ select * from tijori.entries e where e.account_id = account $$`,
		`grant execute on function tijori_khata.planted to tijori_app`,
	} {
		if _, err := d.Super.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	report := auditOf(t, d)
	for _, want := range []struct{ rule, object string }{
		{"policy-left-over", "tijori.parties"},
		{"rls-off", "tijori.drafts"},
		{"secdef-unchecked-argument", "tijori_khata.planted(uuid)"},
	} {
		i := slices.IndexFunc(report.Findings, func(f finding.Finding) bool {
			return f.Rule == want.rule && f.Object == want.object
		})
		if i < 0 {
			t.Errorf("%s on %s is planted and not found", want.rule, want.object)
			continue
		}
		if report.Findings[i].Proof == nil {
			t.Errorf("%s on %s is found without a proof", want.rule, want.object)
		}
	}
	if n := len(report.Findings); n != 3 {
		t.Errorf("found %d, planted 3", n)
	}
}
