package live

import (
	"context"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/leaky"
	"github.com/tijorihq/tijori/internal/audit/target"
)

// found is what each flaw has to be reported as: rule and object.
var found = map[leaky.Flaw][]string{
	leaky.ReadByPath:    {"http-read-stranger GET /invoices/{invoice}"},
	leaky.ReadByQuery:   {"http-read-stranger GET /api/invoice?id={invoice}"},
	leaky.ReadByJSON:    {"http-read-stranger POST /api/search"},
	leaky.ReadByForm:    {"http-read-stranger POST /api/print"},
	leaky.ReadByAccount: {"http-read-stranger GET /api/invoices"},
	leaky.ReadByMix:     {"http-read-stranger POST /api/invoices/{invoice}/send"},
	leaky.ReadByMethod:  {"http-read-stranger GET /invoices/{invoice}"},
	leaky.ReadByHeader: {
		"http-read-nobody GET /api/invoice?id={invoice}", "http-read-nobody GET " +
			"/api/invoices", "http-read-nobody GET /bank",
		"http-read-nobody GET /invoices/{invoice}", "http-read-nobody GET /me", "http-read-nobody GET /receipts",
		"http-read-nobody POST /api/invoices/{invoice}/send",
		"http-read-nobody POST /api/print", "http-read-nobody POST /api/search", "http-write-nobody POST /bank",
		"http-write-nobody POST /invoices/{invoice}/delete", "http-write-nobody POST /invoices/{invoice}/edit",
	},
	leaky.ReadByRole:    {"http-read-role GET /bank"},
	leaky.WriteByHidden: {"http-write-stranger POST /invoices/{invoice}/edit"},
	leaky.WriteByPath:   {"http-write-stranger POST /invoices/{invoice}/edit"},
	leaky.WriteByRole:   {"http-write-role POST /bank"},
	leaky.DeleteByPath:  {"http-write-stranger POST /invoices/{invoice}/delete"},
	leaky.PaidForFree:   {"http-paid-route GET /export.csv"},
	leaky.BatchForFree:  {"http-paid-route POST /api/batch"},
	leaky.CacheShared:   {"http-cache-shared GET /receipts"},
	leaky.CacheDeceived: {"http-cache-shared GET /invoices/{invoice}"},
	leaky.CacheAllowed:  {"http-cache-storable GET /me"},
	leaky.CacheSilent:   {"http-cache-storable GET /me"},
	leaky.CookieCached:  {"http-cache-cookie GET /me", "http-cache-storable GET /me"},
	leaky.PageFields:    {"bundle-internal-notes GET /me", "bundle-personal-data GET /me"},
	leaky.SecretFields:  {"http-secret-field GET /api/me"},
	leaky.ThirdParty:    {"http-third-party-script GET /me"},
	leaky.OpenCORS: {
		"http-cors GET /api/invoice?id={invoice}", "http-cors GET /api/invoices", "http-cors GET " +
			"/bank", "http-cors GET /export.csv",
		"http-cors GET /invoices/{invoice}", "http-cors GET /me", "http-cors GET /receipts",
	},
	leaky.NoCSRF: {
		"http-cookie cookie session", "http-csrf POST /api/batch", "http-csrf POST /bank", "http-csrf POST " +
			"/invoices/{invoice}/delete",
		"http-csrf POST /invoices/{invoice}/edit",
	},
	leaky.OpenRedirect: {"http-open-redirect GET /?next={redirect}", "http-open-redirect POST /login"},
	leaky.WeakCookie:   {"http-cookie cookie session"},
	leaky.NoHeaders:    {"http-headers URL"},
	leaky.SignOutKeeps: {"http-session-after-sign-out POST /logout"},
}

// elsewhere are the flaws of other engines.
var otherEngines = []string{"quota-raced", "credits-raced", "hook-", "browser-"}

func audit(t *testing.T, flaws ...leaky.Flaw) (*finding.Report, string) {
	t.Helper()
	server := httptest.NewServer(leaky.New(flaws...))
	t.Cleanup(server.Close)
	c, err := target.Read(strings.NewReader(leaky.Config(server.URL)))
	if err != nil {
		t.Fatal(err)
	}
	r, err := Audit(context.Background(), Options{Config: c})
	if err != nil {
		t.Fatal(err)
	}
	return r, server.URL
}

func says(r *finding.Report, url string) (out []string) {
	for _, f := range r.Findings {
		out = append(out, strings.ReplaceAll(f.Rule+" "+f.Object, url, "URL"))
	}
	slices.Sort(out)
	return out
}

// Each flaw alone is found, and nothing besides it: the shop with the other flaws
// repaired is the twin.
func TestEveryFlawIsFound(t *testing.T) {
	t.Parallel()
	for _, flaw := range leaky.Flaws() {
		t.Run(string(flaw), func(t *testing.T) {
			t.Parallel()
			want := found[flaw]
			other := slices.ContainsFunc(otherEngines, func(s string) bool {
				return strings.HasPrefix(string(flaw),
					s)
			})
			if want == nil && !other {
				t.Fatal("no rule says that it finds this flaw")
			}
			if other {
				return // package race and package webhook say so
			}
			r, url := audit(t, flaw)
			slices.Sort(want)
			if got := says(r, url); !slices.Equal(got, want) {
				t.Errorf("found\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
			}
			for _, n := range r.NotTested {
				t.Errorf("not tested: %s: %s", n.What, n.Reason)
			}
			for _, f := range r.Findings {
				if f.Rule != "bundle-internal-notes" && f.Rule != "bundle-personal-data" && (f.Proof == nil ||
					f.Proof.Saw == "") {
					t.Errorf("%s has no proof", f.Rule)
				}
			}
		})
	}
}

func TestSoundShopIsSilent(t *testing.T) {
	t.Parallel()
	r, _ := audit(t)
	for _, f := range r.Findings {
		t.Errorf("%s on %s: %+v", f.Rule, f.Object, f.Proof)
	}
	for _, n := range r.NotTested {
		t.Errorf("not tested: %s: %s", n.What, n.Reason)
	}
	for _, c := range r.Looked {
		if c.N == 0 {
			t.Errorf("0 %s were looked at", c.What)
		}
	}
	if len(r.Did) < 100 {
		t.Errorf("the report names %d requests", len(r.Did))
	}
}

// All at once: every rule that one of them breaks speaks.
func TestAllFlawsAtOnce(t *testing.T) {
	t.Parallel()
	r, url := audit(t, leaky.Flaws()...)
	for _, n := range r.NotTested {
		t.Errorf("not tested: %s: %s", n.What, n.Reason)
	}
	got := says(r, url)
	for flaw, want := range found {
		if flaw == leaky.CacheDeceived { // what leaks directly is said to, not the cache in front of it
			continue
		}
		for _, w := range want {
			if !slices.Contains(got, w) {
				t.Errorf("%q of %s is silent", w, flaw)
			}
		}
	}
}
