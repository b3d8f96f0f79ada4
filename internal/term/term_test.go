package term_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/postgres/pgtest"
	"github.com/tijorihq/tijori/internal/term"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// What the database keeps by itself is what people are told. Each of these has one interval, and it is the term.
func TestTermsOfTheDatabase(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	for what, c := range map[string]struct {
		sql  string
		want time.Duration
	}{
		"leave_account": {
			`select prosrc from pg_proc where oid = 'tijori_access.leave_account(uuid)'::regprocedure`,
			term.Deletion,
		},
		"tell_leaving": {
			`select prosrc from pg_proc where oid = 'tijori_access.tell_leaving(uuid)'::regprocedure`,
			term.LastDays,
		},
		"fresh": {
			`select prosrc from pg_proc where oid = 'tijori_access.fresh(bytea)'::regprocedure`,
			term.StepUp,
		},
		"the policy of entries": {
			`select coalesce(string_agg(distinct qual || coalesce(with_check, ''), ' '), '') from pg_policies
			where schemaname = 'tijori' and tablename = 'entries' and cmd = 'UPDATE' and qual ~ 'interval'`,
			term.Correction,
		},
	} {
		var text string
		if err := db.Super.QueryRow(t.Context(), c.sql).Scan(&text); err != nil {
			t.Fatal(err)
		}
		found := map[string]bool{}
		for _, m := range regexp.MustCompile(`interval '([^']+)'|'([^']+)'::interval`).FindAllStringSubmatch(text, -1) {
			found[m[1]+m[2]] = true
		}
		if len(found) != 1 {
			t.Errorf("%s has the intervals %v, want one: %.300s", what, found, text)
		}
		for literal := range found {
			var got time.Duration
			if err := db.Super.QueryRow(t.Context(),
				`select extract(epoch from $1::text::interval)::bigint * 1000000000`, literal).Scan(&got); err != nil ||
				got != c.want {
				t.Errorf("%s says %s, the term is %v (%v)", what, literal, c.want, err)
			}
		}
	}
}

// No sentence and no statement of the program states a span of time of its own.
func TestNobodyElseStatesATerm(t *testing.T) {
	t.Parallel()
	told := regexp.MustCompile(`(?i)\b(\d+|one|two|three|five|six|seven|ten|twelve|thirty|half an) ?(days?|hours?|minutes?|weeks?)\b|interval '\d+ (days?|hours?|minutes?)'|\d+ (दिन|घंटे|मिनट)|(एक|दो|सात|तीस) (दिन|घंटे)`)
	// What is no promise: samples, buckets of a report, housekeeping, what waits for the machine, and for how long an
	// operator may choose to keep an alert quiet.
	allowed := regexp.MustCompile(`12 days|12 दिन|0–30|31–60|61–90|Over 90 days|90 दिन|interval '1 day'|interval '90 days'|interval '2 days'|interval '1 hour'|a minute or two|0–30|31–60|एक दिन|एक-दो मिनट|एक मिनट|three days|thirty days|तीस दिन`)
	for _, root := range []string{
		"../account", "../ledger", "../billing", "../credits", "../mail", "../jobs",
		"../web",
	} {
		err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			skip := strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, "_templ.go")
			switch {
			case err != nil:
				return err
			case d.IsDir() && (d.Name() == "testdata" || d.Name() == "pagetest" || d.Name() == "simulator" ||
				d.Name() == "static" || d.Name() == "preview"):
				return filepath.SkipDir
			case skip || !strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, ".templ"):
				return nil
			}
			text, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			for i, line := range strings.Split(string(text), "\n") {
				line, _, _ = strings.Cut(line, "//")
				for _, found := range told.FindAllString(line, -1) {
					if !allowed.MatchString(found) && !allowed.MatchString(line) {
						t.Errorf("%s:%d states %q; a term has its home in package term", name, i+1, found)
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
