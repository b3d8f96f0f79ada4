package incident

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
	"github.com/tijorihq/tijori/internal/role"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// A world is a database with two accounts and a log.
type world struct {
	*testing.T
	db   *pgtest.DB
	desk *Service
	a, b *pgtest.User
	at   time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db := pgtest.New(t)
	w := &world{T: t, db: db, desk: New(db.DB), at: time.Now().Add(-time.Hour).UTC().Truncate(time.Millisecond)}
	w.a, w.b = db.User(t, "Asha"), db.User(t, "Ravi")
	return w
}

func (w *world) exec(sql string, args ...any) {
	w.Helper()
	if _, err := w.db.Super.Exec(w.Context(), sql, args...); err != nil {
		w.Fatalf("%s: %v", sql, err)
	}
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// asked adds a row to the access log, a second after the one before.
func (w *world) asked(who *pgtest.User, business uuid.UUID, route, object, verdict string, rows int) {
	w.Helper()
	w.at = w.at.Add(time.Second)
	w.exec(`
		insert into access_log (at, request_id, user_id, operator, account_id, business_id, route, object, verdict,
		    status, rows, took_ms, device, release)
		values ($1, $2, $3, false, $4, nullif($5, $8::uuid), $6, nullif($7, ''), $9, 200, $10, 1, '', 'v1')`,
		w.at, fmt.Sprintf("%016x", w.at.UnixMilli()), who.UserID, who.AccountID, business, route, object, uuid.Nil,
		verdict, rows)
}

const invoiceRoute = "GET /billing/invoices/{provider}/{invoice}"

// TestBlastNamesWhatOthersSaw plants reads of A's things by B between reads of everybody's own.
func TestBlastNamesWhatOthersSaw(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	began := w.at
	w.db.Subscription(t, w.a.AccountID, "stripe", "sub_1")
	w.db.Subscription(t, w.b.AccountID, "stripe", "sub_2")
	w.exec(`insert into invoices (account_id, connection_id, id, provider, subscription_id, status, amount_minor, currency, issued_at)
		values ($1, 'stripe', 'in_a', 'stripe', 'sub_1', 'paid', 100, 'INR', now()),
		       ($2, 'stripe', 'in_b', 'stripe', 'sub_2', 'paid', 100, 'INR', now())`, w.a.AccountID, w.b.AccountID)
	w.asked(w.a, uuid.Nil, invoiceRoute, "in_a", "allowed", 1)
	w.asked(w.b, uuid.Nil, invoiceRoute, "in_b", "allowed", 1)
	for range 3 {
		w.asked(w.b, uuid.Nil, invoiceRoute, "in_a", "allowed", 2)
	}
	w.asked(w.b, uuid.Nil, invoiceRoute, "in_a", "not_found", 0) // was refused: nobody saw it
	w.asked(w.b, w.a.BusinessID, "GET /b/{business}", "", "allowed", 7)
	w.asked(w.a, w.a.BusinessID, "GET /b/{business}", "", "allowed", 7)
	w.asked(w.b, uuid.Nil, "GET /billing", "", "allowed", 4)
	w.asked(w.b, uuid.Nil, "GET /", uuid.NewString(), "allowed", 1) // nobody's id
	w.exec(`insert into access_log (at, request_id, operator, route, verdict, status, rows, took_ms, device, release)
		values ($1, '', false, '', 'lost', 0, 12, 0, '', 'v1')`, w.at)

	for name, c := range map[string]struct {
		q    Question
		want []string // object, times and rows of what belongs to others
	}{
		"a route":       {Question{Route: invoiceRoute}, []string{"in_a 3 6"}},
		"an object":     {Question{Object: "in_a"}, []string{"in_a 3 6"}},
		"a user":        {Question{User: w.b.UserID}, []string{"in_a 3 6", w.a.BusinessID.String() + " 1 7"}},
		"an account":    {Question{Account: w.a.AccountID}, []string{"in_a 3 6", w.a.BusinessID.String() + " 1 7"}},
		"another one":   {Question{User: w.a.UserID}, nil},
		"a release":     {Question{Route: invoiceRoute, Release: "v1"}, []string{"in_a 3 6"}},
		"no such one":   {Question{Route: invoiceRoute, Release: "v2"}, nil},
		"a shop by id":  {Question{Object: w.a.BusinessID.String()}, []string{w.a.BusinessID.String() + " 1 7"}},
		"nobody's past": {Question{Route: invoiceRoute, To: began}, nil},
	} {
		c.q.From = began.Add(-time.Minute)
		if c.q.To.IsZero() {
			c.q.To = time.Now()
		}
		r, err := w.desk.Blast(t.Context(), "the test", c.q)
		w.ok(err)
		var got []string
		for _, s := range r.Foreign() {
			got = append(got, fmt.Sprintf("%s %d %d", s.Object, s.Times, s.Rows))
			if s.UserID != w.b.UserID || s.Owner != w.a.AccountID || len(s.Requests) != s.Times {
				t.Errorf("%s: %+v", name, s)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: others saw %v, want %v", name, got, c.want)
		}
	}
	q := Question{User: w.b.UserID, From: began.Add(-time.Hour), To: time.Now()}
	r, err := w.desk.Blast(t.Context(), "the test", q)
	w.ok(err)
	for _, part := range []string{"begins at", "12 requests", "no named object", "not known whose", "copies outside"} {
		if !slices.ContainsFunc(r.NotKnown, func(s string) bool { return strings.Contains(s, part) }) {
			t.Errorf("what is not known lacks %q: %q", part, r.NotKnown)
		}
	}
	drafts, err := w.desk.DraftLetters(t.Context(), "the test", r)
	w.ok(err)
	if len(drafts) != 1 || drafts[0].To.Account != w.a.AccountID || drafts[0].Seen != 4 ||
		!strings.Contains(drafts[0].English, "invoices of your plan (1), pages of your shop (1), 4 times") ||
		!strings.Contains(drafts[0].Hindi, "कुल 4 बार") || strings.Contains(drafts[0].English, w.b.UserID.String()) {
		t.Errorf("drafts: %+v", drafts)
	}
	acts, err := w.desk.Acts(t.Context(), began, time.Now().Add(time.Minute))
	w.ok(err)
	if last := acts[len(acts)-1]; last.What != "letters" || last.Who != "the test" {
		t.Errorf("the log ends with %+v", last)
	}
	q.User = uuid.Nil
	if _, err := w.desk.Blast(t.Context(), "the test", q); !fault.Is(err, fault.Invalid) {
		t.Errorf("a question about nothing: %v", err)
	}
}

func (w *world) bundle(name string) string {
	w.Helper()
	file := filepath.Join(w.TempDir(), name)
	f, err := os.Create(file)
	w.ok(err)
	attached := filepath.Join(w.TempDir(), "the screenshot.png")
	w.ok(os.WriteFile(attached, []byte("PNG"), 0o600))
	_, err = w.desk.CollectEvidence(w.Context(), "the test", Bundle{
		From: w.at.Add(-time.Hour), To: time.Now(), Reason: "a drill", Settings: []byte("TIJORI_ADDR=x\n"),
		Version: "v1", Attach: []string{attached},
	}, f)
	w.ok(err)
	w.ok(f.Close())
	return file
}

func read(t *testing.T, bundle, name string) string {
	t.Helper()
	z, err := zip.OpenReader(bundle)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	f, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestEvidence makes three bundles and spoils them in every way.
func TestEvidence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.asked(w.a, w.a.BusinessID, "GET /b/{business}", "", "allowed", 7)
	first, second, third := w.bundle("1.zip"), w.bundle("2.zip"), w.bundle("3.zip")
	chain, err := w.desk.EvidenceChain(t.Context())
	w.ok(err)
	for name, part := range map[string]string{
		"access-log.csv": w.a.UserID.String(), "policies.csv": "parties_select_app", "grants.csv": "tijori_app",
		"roles.csv": "tijori_guard", "functions.csv": "tijori_access.scope", "migrations.csv": "1070",
		"migrations.json": "1070_incidents.sql", "settings.txt": "TIJORI_ADDR=x", "attached/1-the_screenshot.png": "PNG",
		"not-known.json": "copies outside", "tables.csv": "entries",
	} {
		if text := read(t, first, name); !strings.Contains(text, part) {
			t.Errorf("%s lacks %q: %.300s", name, part, text)
		}
	}
	wrong := func(chain []Link, files ...string) (all []string) {
		t.Helper()
		list, err := VerifyEvidence(files, chain)
		w.ok(err)
		for _, v := range list {
			all = append(all, v.Wrong...)
		}
		return all
	}
	if all := wrong(chain, first, second, third); len(all) > 0 {
		t.Errorf("bundles as they were written: %q", all)
	}
	if all := wrong(nil, first, second); len(all) > 0 {
		t.Errorf("without the database: %q", all)
	}
	for name, files := range map[string][]string{
		"another order": {second, first}, "one left out": {first, third},
	} {
		if all := wrong(nil, files...); len(all) == 0 {
			t.Errorf("%s: nothing is wrong", name)
		}
	}
	whole, err := os.ReadFile(second)
	w.ok(err)
	spoiled := filepath.Join(t.TempDir(), "spoiled.zip")
	for at := 0; at < len(whole); at += max(1, len(whole)/300) {
		changed := slices.Clone(whole)
		changed[at] ^= 4
		w.ok(os.WriteFile(spoiled, changed, 0o600))
		if len(wrong(chain, spoiled)) == 0 {
			t.Errorf("byte %d of %d was changed, and nothing is wrong", at, len(whole))
		}
	}
	for name, change := range map[string]func(string, []byte) []byte{
		"a file is missing": func(n string, b []byte) []byte {
			if n == "policies.csv" {
				return nil
			}
			return b
		},
		"a row is missing": func(n string, b []byte) []byte {
			if n == "access-log.csv" {
				return b[:bytes.IndexByte(b, '\n')+1]
			}
			return b
		},
		"another reason": func(n string, b []byte) []byte {
			if n == manifestName {
				return bytes.Replace(b, []byte("a drill"), []byte("nothing"), 1)
			}
			return b
		},
	} {
		w.ok(os.WriteFile(spoiled, rezip(t, second, change), 0o600))
		if len(wrong(chain, spoiled)) == 0 {
			t.Errorf("%s, and nothing is wrong", name)
		}
		if name != "another reason" && len(wrong(nil, spoiled)) == 0 {
			t.Errorf("%s, and without the database nothing is wrong", name)
		}
	}
	if len(wrong(nil, first, spoiled, third)) == 0 {
		t.Error("a bundle in the middle was made anew, and the next one does not notice")
	}
}

// rezip writes a bundle again, with what change makes of each file.
func rezip(t *testing.T, bundle string, change func(string, []byte) []byte) []byte {
	t.Helper()
	z, err := zip.OpenReader(bundle)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var out bytes.Buffer
	again := zip.NewWriter(&out)
	for _, f := range z.File {
		content := change(f.Name, []byte(read(t, bundle, f.Name)))
		if content == nil {
			continue
		}
		w, err := again.Create(f.Name)
		if err == nil {
			_, err = w.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestReleases tells one start from the next.
func TestReleases(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one := Release{
		Node: "n1", Version: "v1", Migration: 1070, Mode: "test", Settings: map[string]string{"TIJORI_ADDR": "a"},
		Accounts: map[string]string{"stripe": "acct_1"},
	}
	record := func(r Release, want ...string) {
		t.Helper()
		changes, err := w.desk.RecordRelease(t.Context(), r)
		w.ok(err)
		if !slices.Equal(changes, want) {
			t.Errorf("the start differs in %q, want %q", changes, want)
		}
	}
	record(one)
	record(one)
	two := one
	two.Version, two.Accounts = "v2", map[string]string{"stripe": "acct_2"}
	two.Settings = map[string]string{"STRIPE_SECRET_KEY": "(set)"}
	record(two, "version: v1 → v2", "account at stripe: acct_1 → acct_2", "STRIPE_SECRET_KEY: (none) → (set)",
		"TIJORI_ADDR: a → (none)")
	list, err := w.desk.Releases(t.Context(), time.Now().Add(time.Minute), 10)
	w.ok(err)
	if len(list) != 3 || list[0].Fingerprint == list[1].Fingerprint || list[1].Fingerprint != list[2].Fingerprint {
		t.Errorf("starts: %+v", list)
	}
}

// TestComplaints keeps what people report, counts it by release, and tells operators once.
func TestComplaints(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	began := time.Now().Add(-time.Minute)
	clerk := w.db.Member(t, w.a, &w.a.BusinessID, role.Counter)
	complain := func(u *pgtest.User, id uuid.UUID, page, words string) error {
		caller := u.Caller
		caller.Business = uuid.Nil
		return w.db.As(t.Context(), caller, func(tx *postgres.Tx) error {
			return Complain(t.Context(), tx, id, "v2", page, "00ff", words)
		})
	}
	id := uuid.New()
	w.ok(complain(w.a, id, "/b/"+w.b.BusinessID.String()+"?q=secret", "not my\x07 shop"))
	w.ok(complain(w.a, id, "/b", "sent twice"))
	w.ok(complain(clerk, uuid.New(), "/s/a-token-of-a-link", "a link"))
	if err := complain(w.a, uuid.New(), "/", " \t "); !fault.Is(err, fault.Invalid) {
		t.Errorf("a report without words: %v", err)
	}
	if err := w.desk.ComplainOfShare(t.Context(), make([]byte, 32), uuid.New(), "v2", "", "x"); !fault.Is(err,
		fault.NotFound) {
		t.Errorf("a report about no link of ours: %v", err)
	}
	list, err := w.desk.Complaints(t.Context(), began, time.Now().Add(time.Minute))
	w.ok(err)
	if len(list) != 2 || list[0].Page != "/b/"+w.b.BusinessID.String() || list[0].Object != w.b.BusinessID.String() ||
		list[0].AccountID != w.a.AccountID || list[0].Words != "not my  shop" || list[1].Page != "" {
		t.Errorf("reports: %+v", list)
	}
	told := 0
	tell := func(_ context.Context, list []Complaint) error { told += len(list); return nil }
	for range 2 {
		_, err := w.desk.TellComplaints(t.Context(), tell)
		w.ok(err)
	}
	if told != 2 {
		t.Errorf("%d reports were told, want 2 once", told)
	}
	starts := []Release{{Version: "v3", StartedAt: time.Now()}, {Version: "v2", StartedAt: began.Add(-time.Hour)}}
	counts := CountByRelease(list, starts, began)
	if len(counts) != 2 || counts[0].Release != "v2" || counts[0].Reports != 2 || counts[1].Release != "v3" ||
		counts[1].Reports != 0 {
		t.Errorf("by release: %+v", counts)
	}
}
