package source

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/audit/finding"
)

const leak = `import { prisma } from './db'
import { auth } from '@/auth'

export async function spend() {
  const session = await auth()
  if (!session) throw new Error('sign in')
  const a = await prisma.account.findUniqueOrThrow({ where: { userId: session.user.id } })
  if (a.credits < 1) throw new Error('no credits')
  await prisma.account.update({ where: { userId: session.user.id }, data: { credits: a.credits - 1 } })COMMENT
}
`

func audit(t *testing.T, comment string, only ...string) *finding.Report {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "app/actions.ts", "'use server'\n"+strings.Replace(leak, "COMMENT", comment, 1))
	r, err := Audit(t.Context(), Options{Dir: dir, Only: only})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestFindingShowsTheWay checks that a finding has all that a reader needs.
func TestFindingShowsTheWay(t *testing.T) {
	t.Parallel()
	r := audit(t, "")
	if len(r.Findings) != 1 {
		t.Fatalf("%d findings, want one: %+v", len(r.Findings), r.Findings)
	}
	f := r.Findings[0]
	if f.Rule != "credit-read-then-write" || f.Place.File != "app/actions.ts" || f.Place.Line != 10 {
		t.Errorf("found %s at %s, want credit-read-then-write at app/actions.ts:10", f.Rule, f.Place)
	}
	if len(f.Way) < 2 || f.Way[0].Line != 8 {
		t.Errorf("way %v, want one from line 8", f.Way)
	}
	if f.Why == "" || !strings.Contains(f.Fix, "updateMany") || len(f.CWE) == 0 || len(f.ASVS) == 0 {
		t.Errorf("the finding explains too little: %+v", f)
	}
	if len(r.Looked) == 0 || r.Looked[0].N == 0 {
		t.Errorf("looked at %v, want files", r.Looked)
	}
}

// TestMissingModules checks that what is not there is said.
func TestMissingModules(t *testing.T) {
	t.Parallel()
	r := audit(t, "")
	if len(r.NotTested) != 2 || !strings.Contains(r.NotTested[0].What+r.NotTested[1].What, "@/auth") {
		t.Errorf("not tested %v, want the two modules that are not there", r.NotTested)
	}
}

// TestAllow checks that a comment accepts a finding only with a reason.
func TestAllow(t *testing.T) {
	t.Parallel()
	r := audit(t, " // tijori:allow credit-read-then-write one worker only")
	if len(r.Open()) != 0 || len(r.Findings) != 1 || r.Findings[0].Reason != "one worker only" {
		t.Errorf("open %+v", r.Findings)
	}
	r = audit(t, " // tijori:allow credit-read-then-write")
	said := slices.ContainsFunc(r.NotTested, func(n finding.NotTested) bool {
		return strings.Contains(n.Reason, "without a reason")
	})
	if len(r.Open()) != 1 || !said {
		t.Errorf("without a reason: %d open, not tested %v; want 1 and a word about it", len(r.Open()), r.NotTested)
	}
	r = audit(t, " // tijori:allow mass-assignment another rule")
	if len(r.Open()) != 1 {
		t.Errorf("another rule's comment accepted it")
	}
}

func TestOnly(t *testing.T) {
	t.Parallel()
	if r := audit(t, "", "mass-assignment"); len(r.Findings) != 0 {
		t.Errorf("a rule that was not asked for found %+v", r.Findings)
	}
	if _, err := Audit(t.Context(), Options{Dir: t.TempDir(), Only: []string{"no-such-rule"}}); err == nil {
		t.Error("an unknown rule was taken")
	}
}

func TestNothingToAudit(t *testing.T) {
	t.Parallel()
	if _, err := Audit(t.Context(), Options{Dir: t.TempDir()}); err == nil {
		t.Error("an empty folder is not clean")
	}
	if _, err := Audit(t.Context(), Options{Dir: "/no/such/folder"}); err == nil {
		t.Error("a missing folder is not clean")
	}
}

var ruleID = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

func TestRulesExplainThemselves(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range Rules() {
		if !ruleID.MatchString(r.ID) || seen[r.ID] || r.Engine != "source" || r.Title == "" || r.Why == "" ||
			r.Fix == "" || len(r.ASVS) == 0 || len(r.CWE) == 0 {
			t.Errorf("rule %+v lacks something or comes twice", r)
		}
		seen[r.ID] = true
	}
}

// TestSecretsAreMasked checks that a report never holds a whole secret.
func TestSecretsAreMasked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	key := "sk_live_" + strings.Repeat("a1B2", 8)
	write(t, dir, "src/pay.tsx", "'use client'\nexport const key = '"+key+"'\n")
	r, err := Audit(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Findings) != 1 || strings.Contains(r.Findings[0].Place.Text, key) {
		t.Errorf("findings %+v, want one with the key masked", r.Findings)
	}
}
