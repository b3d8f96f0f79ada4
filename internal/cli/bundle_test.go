package cli

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// The bundle has what helps, and nothing that opens a door or names somebody, though the settings do.
func TestSupportBundle(t *testing.T) {
	db := pgtest.New(t)
	u := db.User(t, "Asha Sharma")
	admin := db.Config.Admin
	t.Setenv("DATABASE_URL", fmt.Sprintf("postgres://%s:pass-word-12345@/%s?host=%s&port=%d&sslmode=disable",
		admin.User, admin.Database, admin.Host, admin.Port))
	t.Setenv("TIJORI_DATA", t.TempDir())
	t.Setenv("TIJORI_SMTP_URL", "smtp://mailer:mail-secret-9@127.0.0.1:1")
	t.Setenv("TIJORI_OPERATORS", "operator@example.com")
	t.Setenv("TIJORI_BACKUP", filepath.Join(t.TempDir(), "none"))
	file := filepath.Join(t.TempDir(), "bundle.tar.gz")
	var stdout, stderr bytes.Buffer
	if exit := Main([]string{"support", "bundle", file}, &stdout, &stderr); exit != 0 {
		t.Fatalf("exit %d\n%s%s", exit, &stdout, &stderr)
	}
	text := unpacked(t, file)
	for _, want := range []string{
		"tijori ", "PostgreSQL 1", "tijori.entries: ", `"subject": "roles and grants"`,
		"TIJORI_SMTP_URL is set", "TIJORI_BACKUP=", "is no folder of back-ups",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the bundle lacks %q", want)
		}
	}
	for _, not := range []string{"pass-word-12345", "mail-secret-9", "operator@example.com", "Asha", u.Email, u.Token} {
		if strings.Contains(text, not) {
			t.Errorf("the bundle has %q", not)
		}
	}
	if exit := Main([]string{"support", "bundle", file}, &stdout, &stderr); exit != 1 ||
		!strings.Contains(stderr.String(), "name a file that does not exist yet") {
		t.Errorf("over a file: exit %d\n%s", exit, &stderr)
	}
}

func unpacked(t *testing.T, file string) string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zip, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for r := tar.NewReader(zip); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "== %s\n%s", h.Name, b)
	}
}
