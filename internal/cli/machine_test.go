package cli

import (
	"net/http/httptest"
	"net/url"
	"testing"
	"time"
)

// TestMachine asks what a directory and an address tell. The certificate of a test's server is nobody's to trust, which
// is what is told then.
func TestMachine(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	public, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	k := &keeper{every: time.Hour, keep: 14}
	ended := time.Now().Add(-30 * time.Minute).Truncate(time.Second)
	k.newest.Store(ended.Unix())
	m := &machine{public: public, keeper: k, data: t.TempDir()}
	got := m.look(t.Context())
	if !got.Backups || got.BackupEvery != time.Hour || got.BackupsKept != 14 ||
		!got.NewestBackup.Equal(ended) || got.KeepsLog {
		t.Errorf("back-ups: %+v", got)
	}
	if got.DiskTotal == 0 || got.DiskFree > got.DiskTotal {
		t.Errorf("disk: %d of %d", got.DiskFree, got.DiskTotal)
	}
	if !got.TLS || !got.CertUntil.IsZero() || got.CertTrouble == "" {
		t.Errorf("an untrusted certificate: %+v", got)
	}
	server.Close()
	if again := m.look(t.Context()); again.CertTrouble != got.CertTrouble {
		t.Errorf("asked again at once: %q, then %q", got.CertTrouble, again.CertTrouble)
	}
	plain := (&machine{public: &url.URL{Scheme: "http", Host: "127.0.0.1:8080"}}).look(t.Context())
	if plain.TLS || plain.Backups || plain.DiskTotal != 0 || plain.Host != "127.0.0.1" {
		t.Errorf("a plain set-up: %+v", plain)
	}
}
