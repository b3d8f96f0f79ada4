//go:build linux

package embedded

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Only the process's own account connects, and only as the roles that were named; the account of the server, which it
// may share with other clusters, does not, and cannot change that.
func TestWhoMayConnect(t *testing.T) {
	t.Parallel()
	dir := clusterDir(t)
	s := startIn(t, Config{
		Dir: dir, Users: []string{"clerk", `odd "name`},
		ExtraSettings: map[string]string{"hba_file": "/dev/null", "ident_file": "/dev/null"},
	})
	for _, role := range []string{`clerk`, `"odd ""name"`, `stranger superuser`} {
		query(t, s, "create role "+role+" login")
	}
	for role, want := range map[string]bool{"clerk": true, `odd "name`: true, "stranger": false, "postgres": true} {
		conn, err := pgx.Connect(t.Context(), s.DSN("postgres", role))
		if err == nil {
			err = conn.Close(t.Context())
		}
		if (err == nil) != want {
			t.Errorf("as %s: %v, want in: %v", role, err, want)
		}
		if err != nil && !strings.Contains(err.Error(), "Peer authentication failed") {
			t.Errorf("as %s: %v", role, err)
		}
	}
	if got := query(t, s,
		"select string_agg(concat_ws(' ', type, auth_method, options[1], error), '; ') from pg_hba_file_rules"); got != "local peer map=tijori; local peer map=tijori" {
		t.Errorf("pg_hba.conf says %q", got)
	}
	if got, us := query(t, s,
		"select string_agg(distinct concat_ws(' ', sys_name, error), '; ') from pg_ident_file_mappings"),
		accountName(uint32(os.Geteuid())); got != us {
		t.Errorf("the accounts of pg_ident.conf are %q, want %q", got, us)
	}
	for _, name := range []string{hbaName, identName} {
		fi, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if own := fi.Sys().(*syscall.Stat_t); int(own.Uid) != os.Geteuid() || fi.Mode().Perm()&0o027 != 0 {
			t.Errorf("%s is %v of uid %d: others may read or change it", name, fi.Mode(), own.Uid)
		}
	}
}
