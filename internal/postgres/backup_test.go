package postgres_test

import (
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// The role of back-ups reads every row, by pg_dump too, and changes none.
func TestBackupRole(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.User(t, "Asha")
	dumps(t, db, u.Email)
	conn := super(t, db.Config)
	exec(t, conn, "set role tijori_backup")
	for _, sql := range []string{
		"update tijori.users set name = 'x'", "delete from tijori.entries",
		"insert into tijori.plans default values", "create table tijori.t ()", "truncate tijori.users",
	} {
		if _, err := conn.Exec(t.Context(), sql); err == nil || !strings.Contains(err.Error(), "42501") {
			t.Errorf("%s: %v, want that it is not permitted", sql, err)
		}
	}
}

// dumps tries pg_dump as the role of back-ups, where the server's programs have one.
func dumps(t *testing.T, db *pgtest.DB, want string) {
	t.Helper()
	program := filepath.Join(pgtest.BinDir(t), "pg_dump")
	if _, err := os.Stat(program); err != nil {
		t.Logf("no pg_dump: %v", err)
		return
	}
	admin := db.Config.Admin
	cmd := osexec.CommandContext(t.Context(), program, "--data-only",
		"--role=tijori_backup", "--enable-row-security", "--schema=tijori*",
		"--host="+admin.Host, "--port=5432", "--username="+admin.User, "--dbname="+admin.Database)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), want) || !strings.Contains(string(out), "Asha's shop") {
		t.Errorf("pg_dump: %v\n%.2000s", err, out)
	}
}
