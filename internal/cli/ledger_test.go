package cli

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// A sum that is not that of its entries is named, and makes the command fail.
func TestLedgerVerify(t *testing.T) {
	db := pgtest.New(t)
	admin := db.Config.Admin
	t.Setenv("DATABASE_URL", fmt.Sprintf("host=%s port=%d user=%s dbname=%s sslmode=disable", admin.Host, admin.Port,
		admin.User, admin.Database))
	t.Setenv("TIJORI_DATA", t.TempDir())
	u := db.Pro(t, db.User(t, "asha"))
	exec := func(sql string, args ...any) {
		t.Helper()
		if _, err := db.Super.Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec(`insert into parties (account_id, business_id, id, kind, name, name_key, request_hash, created_by)
		values ($1, $2, $3, 'customer', 'Ram', 'ram', sha256('x'), $3)`,
		u.AccountID, u.BusinessID, u.UserID)
	for _, c := range []struct {
		before string
		exit   int
		says   string
	}{
		{"select 1", 0, "the sums of every party are those of its entries"},
		{"update party_sums set given = 5, balance = 5, entries = 1, last_date = '2026-04-01', due_since = '2026-04-01'", 3, "party " + u.UserID.String() + ": the sum of what was given"},
	} {
		exec(c.before)
		var stdout, stderr bytes.Buffer
		if exit := Main([]string{"ledger", "verify"}, &stdout, &stderr); exit != c.exit ||
			!strings.Contains(stdout.String(), c.says) {
			t.Errorf("after %s: exit %d\n%s%s; want %d and %q", c.before, exit, &stdout, &stderr, c.exit, c.says)
		}
	}
}
