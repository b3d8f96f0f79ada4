package web

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/upgrade"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// upgradeSays is what the upgrade page says for each code, to an owner on Free.
var upgradeSays = map[string]string{
	fault.PartiesMax: "Your plan holds 5 parties, and you have them. Nothing was added, and nothing is lost.",
	fault.MembersMax: "Your plan has room for 3 people. Whoever is there stays; nobody new was invited.",
	fault.ExportNeedsPlan: "Downloads are not in the plan Free. " +
		"Your figures are still all on the screen.",
	fault.BatchEntryNeedsPlan: "The grid is not in the plan Free. You can still add any number of entries one by one.",
}

// upgradeOf is the code with which a route refuses an owner on Free whose khata
// and team are full. Routes that are not named serve them.
func upgradeOf(pattern string) string {
	switch method, path, _ := strings.Cut(pattern, " "); {
	case strings.Contains(path, "/export."), strings.Contains(path, "/reports."), path == "/billing/usage.csv":
		return fault.ExportNeedsPlan
	case strings.HasSuffix(path, "/grid"), strings.HasSuffix(path, "/grid/draft"),
		strings.HasSuffix(path, "/entries/batch"):
		return fault.BatchEntryNeedsPlan
	case strings.HasSuffix(path, "/parties/new"), pattern == "POST /b/{business}/p/{party}/restore",
		method == "POST" && strings.HasSuffix(path, "/parties"):
		return fault.PartiesMax
	case path == "/team/invite":
		return fault.MembersMax
	}
	return ""
}

// Whatever an owner on Free is refused, the page says why, and the reason is that of what was asked for.
func TestUpgradePageFitsTheRefusal(t *testing.T) {
	t.Parallel()
	w := owned(t)
	w.free(w.a)
	w.ok(w.db.As(t.Context(), w.a.Caller, func(tx *postgres.Tx) error {
		for range 3 { // beside the two that are there
			fields := ledger.PartyFields{Kind: ledger.Customer, Name: "Mohan"}
			if _, err := ledger.AddParty(t.Context(), tx, fresh(), fields); err != nil {
				return err
			}
		}
		return nil
	}))
	met := map[string]bool{}
	back := regexp.MustCompile(`class="back" href="([^"]+)"`)
	for _, rt := range routes {
		method, path, _ := strings.Cut(rt.Pattern, " ")
		code := upgradeOf(rt.Pattern)
		if rt.Access == frame.Program || rt.Access.OfApp() || code == "" && method != "GET" {
			continue
		}
		got := w.send(method, trials[rt.Pattern].ask(newIDs(w.a.ids)), w.a.Token)
		if code == "" {
			if got.status == 403 {
				t.Errorf("%s on Free: 403 for a reason that upgradeOf does not name: %.300s", rt.Pattern, got.body)
			}
			continue
		}
		met[code] = true
		if strings.HasPrefix(path, "/api/") {
			if got.status != 403 || !strings.Contains(got.body, `"error":"upgrade_required","code":"`+code+`"`) {
				t.Errorf("%s on Free: %d %.300s, want 403 with the code %s", rt.Pattern, got.status, got.body, code)
			}
			continue
		}
		if got.status != 403 {
			t.Errorf("%s on Free: %d, want 403", rt.Pattern, got.status)
		}
		for c, says := range upgradeSays {
			if strings.Contains(got.body, says) != (c == code) {
				t.Errorf("%s on Free is refused with %s, and the page of %s says %q: %t", rt.Pattern, code, c, says,
					c != code)
			}
		}
		if full := "Your khata is full"; strings.Contains(got.body, full) != (code == fault.PartiesMax) {
			t.Errorf("%s on Free is refused with %s, and its page says %q: %t", rt.Pattern, code, full,
				code != fault.PartiesMax)
		}
		if m := back.FindStringSubmatch(got.body); m == nil {
			t.Errorf("%s: its upgrade page leads nowhere back", rt.Pattern)
		} else if there := w.send("GET", ask{path: m[1]}, w.a.Token); there.status != 200 {
			t.Errorf("%s: its upgrade page leads back to %s, which answers %d", rt.Pattern, m[1], there.status)
		}
	}
	for _, code := range upgradeCodes(t) {
		if !met[code] {
			t.Errorf("no route of the test is refused with %s", code)
		}
	}
}

// upgradeCodes returns every code that the program's source gives to an upgrade fault.
func upgradeCodes(t *testing.T) (codes []string) {
	t.Helper()
	source, err := os.ReadFile("../fault/fault.go")
	if err != nil {
		t.Fatal(err)
	}
	_, plans, _ := strings.Cut(string(source), "// The codes of what a plan does not include.")
	plans, _, ok := strings.Cut(plans, "\n)")
	if !ok {
		t.Fatal("package fault has no codes of plans")
	}
	values := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^\t(\w+) += "([a-z_.]+)"`).FindAllStringSubmatch(plans, -1) {
		values["fault."+m[1]] = m[2]
	}
	used := map[string]bool{}
	err = filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		for _, m := range regexp.MustCompile(`fault\.Upgrade\(([^,]+),`).FindAllStringSubmatch(string(b), -1) {
			if m[1] == `right+"_needs_plan"` { // of an entitlement that has no sentence yet
				continue
			}
			if m[1] == `"not_in_plan"` { // of an app's own plans, which the khata's page does not sell
				continue
			}
			if values[m[1]] == "" {
				t.Errorf("%s: the code %s is no constant of package fault", path, m[1])
			}
			used[values[m[1]]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range values {
		if !used[code] {
			t.Errorf("nothing is refused with the code %s", code)
		}
		codes = append(codes, code)
	}
	if len(codes) != len(upgradeSays) {
		t.Errorf("the codes are %q, and the test knows %d sentences", codes, len(upgradeSays))
	}
	return codes
}

// A code that the page does not know blames nothing that has nothing to do with it.
func TestUpgradePageOfAnUnknownCode(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	view := upgrade.View{
		Shell: ui.Shell{Locale: "en"}, Reason: "reminders_needs_plan", PlanName: "Pro", Limit: 5,
		PeopleNow: 3,
	}
	if err := upgrade.Page(view).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "This is not in the plan that you have.") {
		t.Errorf("the page says %s", b.String())
	}
	for code, says := range upgradeSays {
		if strings.Contains(b.String(), says) {
			t.Errorf("the page of an unknown code says what that of %s does", code)
		}
	}
}
