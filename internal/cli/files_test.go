package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// TestSettingsFromFiles reads settings from files as Docker, Kubernetes and systemd hand them over.
func TestSettingsFromFiles(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	secret := file("secret", "sk_live_ from a file \r\n\n")
	for _, c := range []struct {
		name    string
		env     map[string]string
		setting string
		want    string
		err     string
	}{
		{"read", map[string]string{"STRIPE_SECRET_KEY_FILE": secret}, "STRIPE_SECRET_KEY", "sk_live_ from a file ", ""},
		{
			"of an app",
			map[string]string{"TIJORI_APP_ACME_STRIPE_SECRET_KEY_FILE": secret},
			"TIJORI_APP_ACME_STRIPE_SECRET_KEY", "sk_live_ from a file ", "",
		},
		{"not ours", map[string]string{"AWS_SHARED_CREDENTIALS_FILE": secret}, "AWS_SHARED_CREDENTIALS", "", ""},
		{"named empty", map[string]string{"STRIPE_SECRET_KEY_FILE": ""}, "STRIPE_SECRET_KEY", "", ""},
		{
			"both",
			map[string]string{"DATABASE_URL": "postgres://a", "DATABASE_URL_FILE": secret},
			"", "",
			"DATABASE_URL and DATABASE_URL_FILE are both set",
		},
		{"missing", map[string]string{"TIJORI_KEY_FILE": filepath.Join(dir, "none")}, "", "", "TIJORI_KEY_FILE"},
		{"empty", map[string]string{"TIJORI_SMTP_URL_FILE": file("empty", "\n")}, "", "", "holds no setting"},
		{
			"binary",
			map[string]string{"TIJORI_SMTP_URL_FILE": file("binary", "a\x00b")},
			"", "",
			"holds no setting",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, name := range []string{"STRIPE_SECRET_KEY", "TIJORI_APP_ACME_STRIPE_SECRET_KEY", "DATABASE_URL"} {
				t.Setenv(name, "")
			}
			for name, value := range c.env {
				t.Setenv(name, value)
			}
			parser, err := kong.New(&commands{}, kong.Vars{"baseline": baselineFile})
			if err != nil {
				t.Fatal(err)
			}
			err = settingsFromFiles(parser.Model)
			if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Fatalf("settingsFromFiles = %v, want %q", err, c.err)
			}
			if c.setting != "" && os.Getenv(c.setting) != c.want {
				t.Errorf("%s = %q, want %q", c.setting, os.Getenv(c.setting), c.want)
			}
		})
	}
}

// TestFileOfSetting: a command reads what a file holds, and says which file it cannot read.
func TestFileOfSetting(t *testing.T) {
	t.Setenv("DATABASE_URL", "")
	t.Setenv("DATABASE_URL_FILE", "/nonexistent/url")
	var out, errs bytes.Buffer
	if code := Main([]string{"migrate"}, &out, &errs); code != exitUsage ||
		!strings.Contains(errs.String(), "DATABASE_URL_FILE") {
		t.Errorf("exit %d: %s", code, &errs)
	}
	path := filepath.Join(t.TempDir(), "url")
	if err := os.WriteFile(path, []byte("mysql://root@127.0.0.1/x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DATABASE_URL_FILE", path)
	errs.Reset()
	if code := Main([]string{"migrate"}, &out, &errs); code != exitUsage ||
		!strings.Contains(errs.String(), "DATABASE_URL is not a PostgreSQL address") {
		t.Errorf("exit %d: %s", code, &errs)
	}
}
