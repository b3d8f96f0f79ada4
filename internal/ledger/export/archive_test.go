package export

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// notTaken are tables of an account that its archive leaves out, with the reason.
var notTaken = map[string]string{
	"customer_links":     "ways to a page for some minutes, as hashes",
	"customer_requests":  "what an app has asked for already, so that it is not done twice",
	"customer_tokens":    "hashes of tokens that end within minutes",
	"plan_spans":         "the subscriptions and payments that it follows from are taken",
	"watch_hours":        "numbers that watch for attacks, gone after 36 days",
	"tasks":              "how far long work is; forgotten within a day",
	"uploads":            "files that the owner has; emptied within the hour",
	"provider_directory": "a directory of all accounts; billing role only",
	"provider_customers": "the provider's number of the account, which stands on each subscription",
	"credit_reclaims":    "what was taken back of grants; the entries tell it",
	"credit_lots":        "how the balance is kept; the grants and entries tell it",
	"credit_anchors":     "how the calendar is kept",
	"calendar_changes":   "a queue of what the calendar must look at; empty within a second",
	"party_sums":         "an index of the entries, which are there",
}

// No table of an account is forgotten, and none is read that is not there.
func TestArchiveTakesEveryTable(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	rows, err := db.Super.Query(t.Context(), `
		select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'account_id'
		    and a.attnotnull
		 where c.relnamespace = 'tijori'::regnamespace and c.relkind in ('r', 'p')`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var table string
		if err := rows.Scan(&table); err != nil {
			t.Fatal(err)
		}
		read := slices.ContainsFunc(slices.Concat(accountTables, businessTables), func(a archiveTable) bool {
			return strings.Contains(a.sql, "tijori."+table+" ") ||
				strings.Contains(a.sql, "tijori_access."+table+"(") || table == "members" && strings.Contains(a.sql,
				"tijori_access.team()")
		})
		if read == (notTaken[table] != "") {
			t.Errorf("table %s: in the archive %t, left out because %q", table, read, notTaken[table])
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// pack is the whole archive of a user's account.
func pack(t *testing.T, db *pgtest.DB, u *pgtest.User) (map[string]string, error) {
	t.Helper()
	var file bytes.Buffer
	a := NewArchive(&file, time.Now())
	whole := u.Caller
	whole.Business = uuid.Nil
	err := db.As(t.Context(), whole, func(tx *postgres.Tx) error { return a.Account(t.Context(), tx) })
	if err == nil {
		err = db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error {
			return a.Business(t.Context(), tx,
				"Asha/ & Sons..", "INR")
		})
	}
	if err != nil {
		return nil, err
	}
	if err := a.Close(); err != nil {
		return nil, err
	}
	z, err := zip.NewReader(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		files[f.Name] = string(body)
	}
	return files, nil
}

// The archive of a Free account has all rows, the bin and the history too, and each file can be read again.
func TestArchive(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u, stranger := db.User(t, "Asha"), db.User(t, "Ravi")
	for _, who := range []*pgtest.User{u, stranger} {
		err := db.As(t.Context(), who.Caller, func(tx *postgres.Tx) error {
			p, err := ledger.AddParty(t.Context(), tx, uuid.New(), ledger.PartyFields{
				Kind: ledger.Customer,
				Name: "=Ram of " + who.BusinessID.String(), Phone: "9876543210",
			})
			for i := 0; err == nil && i < 3; i++ {
				var e ledger.Entry
				e, err = ledger.AddEntry(t.Context(), tx, uuid.New(), p.ID, ledger.EntryFields{
					Side:        ledger.Given,
					AmountMinor: 123450, Date: ledger.FirstDate.AddDate(20, 0, i), Note: "चीनी, \"5\" kg",
				})
				if err == nil && i == 2 {
					_, err = ledger.DeleteEntry(t.Context(), tx, e.ID, 1)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	files, err := pack(t, db, u)
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range files {
		if strings.Contains(body, stranger.BusinessID.String()) ||
			strings.Contains(body, stranger.AccountID.String()) || strings.Contains(body, stranger.UserID.String()) {
			t.Errorf("%s has rows of a stranger", name)
		}
		switch path.Ext(name) {
		case ".json":
			var list []map[string]any
			if err := json.Unmarshal([]byte(body), &list); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			twin, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(files[strings.TrimSuffix(name,
				".json")+".csv"], byteOrderMark))).ReadAll()
			if err != nil || len(twin) != len(list)+1 {
				t.Errorf("%s has %d rows, its CSV %d (%v)", name, len(list), len(twin)-1, err)
			}
		case ".csv", ".txt":
		default:
			t.Errorf("file %q", name)
		}
	}
	shop := "01 Asha- & Sons/"
	if n := strings.Count(files[shop+"entries.csv"], ",1234.50,"); n != 3 {
		t.Errorf("entries.csv has %d entries, want 3 with the one in the bin: %s", n, files[shop+"entries.csv"])
	}
	if !strings.Contains(files[shop+"entries.csv"], "'=Ram of") || !strings.Contains(files[shop+"changes.json"],
		`"action":"delete"`) || !strings.Contains(files["account/you.csv"], u.UserID.String()) {
		t.Errorf("the archive lacks something: %v", files)
	}
	if len(files) != 1+2*(len(accountTables)+len(businessTables)) {
		t.Errorf("%d files", len(files))
	}
}

// Only the owner takes the account along.
func TestArchiveIsTheOwners(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	owner := db.Pro(t, db.User(t, "Asha"))
	for _, role := range []string{"manager", "accountant", "counter"} {
		m := db.Member(t, owner, nil, role)
		if _, err := pack(t, db, m); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s: %v, want Forbidden", role, err)
		}
		err := db.As(t.Context(), m.Caller, func(tx *postgres.Tx) error {
			return NewArchive(io.Discard, time.Now()).Business(t.Context(), tx, "x", "INR")
		})
		if !fault.Is(err, fault.Forbidden) {
			t.Errorf("business as %s: %v, want Forbidden", role, err)
		}
	}
}
