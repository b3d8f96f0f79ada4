package cli

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/backup"
	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/postgres"
)

// supportBundleCmd writes what somebody who helps wants to see. It names no user, and has no secret.
type supportBundleCmd struct {
	doctorCmd `embed:""`

	File string `arg:"" type:"path" placeholder:"FILE.tar.gz" help:"Where to write it; it must not exist."`
}

// Run collects and writes. What cannot be collected is named in its place.
func (c *supportBundleCmd) Run(e *env) (err error) {
	f, err := os.OpenFile(c.File, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return &postgres.SetupError{
			Problem: "cannot write the bundle", Hint: "name a file that does not exist yet",
			Err: err,
		}
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = errors.Join(err, os.Remove(c.File))
		}
	}()
	zip := gzip.NewWriter(f)
	w := tar.NewWriter(zip)
	now := time.Now()
	for _, part := range []struct {
		name string
		of   func(io.Writer, *env) error
	}{
		{"version.txt", c.versionPart},
		{"settings.txt", settingsPart},
		{"doctor.json", c.doctorPart},
		{"database.txt", c.databasePart},
		{"back-ups.json", c.backupPart},
	} {
		var b bytes.Buffer
		if err := part.of(&b, e); err != nil {
			fmt.Fprintf(&b, "could not be collected: %s\n", brief(err))
		}
		text := hideSecrets(b.Bytes(), os.Environ())
		if err := w.WriteHeader(&tar.Header{
			Name: "tijori-support/" + part.name, Mode: 0o600, Size: int64(len(text)),
			ModTime: now,
		}); err != nil {
			return err
		}
		if _, err := w.Write(text); err != nil {
			return err
		}
	}
	if err := errors.Join(w.Close(), zip.Close(), f.Sync()); err != nil {
		return err
	}
	fmt.Fprintf(e.stdout,
		"%s: version, settings without values that are secret, doctor, figures of the database, back-ups\n", c.File)
	return nil
}

func (c *supportBundleCmd) versionPart(w io.Writer, e *env) error {
	if err := (versionCmd{}).Run(&env{Context: e, stdout: w, stderr: w}); err != nil {
		return err
	}
	fmt.Fprintf(w, "processors %d, user %d, at %s\n", runtime.NumCPU(), os.Geteuid(), stamp(time.Now()))
	for _, name := range []string{"/etc/os-release", "/proc/version", "/proc/meminfo"} {
		if b, err := os.ReadFile(name); err == nil {
			fmt.Fprintf(w, "\n%s\n%s", name, b[:min(len(b), 2000)])
		}
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		fmt.Fprintf(w, "\n%s\n", info)
	}
	return nil
}

// plainSettings are those whose values are no secret and name nobody.
var plainSettings = []string{
	"TIJORI_ADDR", "TIJORI_METRICS_ADDR", "TIJORI_PUBLIC_URL", "TIJORI_TRUSTED_PROXIES", "TIJORI_PLANS",
	"TIJORI_TLS_DOMAIN", "TIJORI_TLS_CERT", "TIJORI_TLS_KEY", "TIJORI_HTTP_ADDR", "TIJORI_ACME_DIRECTORY",
	"TIJORI_NO_MIGRATE", "TIJORI_NO_JOBS",
	"TIJORI_VERBOSE", "TIJORI_PERMIT", "TIJORI_ROLE_PREFIX", "TIJORI_DATA", "TIJORI_PG_BIN", "TIJORI_BACKUP",
	"TIJORI_BACKUP_EVERY", "TIJORI_BACKUP_KEEP",
	"TIJORI_BACKUP_RECIPIENTS", "AWS_REGION", "AWS_ENDPOINT_URL", "GOGC", "GOMEMLIMIT", "GOMAXPROCS",
}

// settingsPart names every setting that there is; of the others than the plain ones it says only that they are set.
func settingsPart(w io.Writer, _ *env) error {
	list := slices.Sorted(slices.Values(os.Environ()))
	for _, line := range list {
		name, value, _ := strings.Cut(line, "=")
		switch {
		case slices.Contains(plainSettings, name):
			fmt.Fprintf(w, "%s=%s\n", name, value)
		case secretSetting(name):
			fmt.Fprintf(w, "%s is set, %d characters\n", name, len(value))
		}
	}
	return nil
}

// secretSetting reports whether a variable is of ours, or of a library that we use, and not a plain one.
func secretSetting(name string) bool {
	if slices.Contains(plainSettings, name) {
		return false
	}
	for _, prefix := range []string{"TIJORI_", "DATABASE_", "STRIPE_", "RAZORPAY_", "AWS_", "PG"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// hideSecrets takes the values of secret settings out of a text, wherever they may have got into it; the passwords of
// addresses too.
func hideSecrets(text []byte, environ []string) []byte {
	for _, line := range environ {
		name, value, _ := strings.Cut(line, "=")
		if !secretSetting(name) {
			continue
		}
		for _, secret := range append(strings.FieldsFunc(value,
			func(r rune) bool { return strings.ContainsRune(",@/:?&=[]{}\"' ", r) }), value) {
			if len(secret) >= 8 {
				text = bytes.ReplaceAll(text, []byte(secret), []byte("(hidden)"))
			}
		}
	}
	return text
}

func (c *supportBundleCmd) doctorPart(w io.Writer, e *env) error {
	doctor := c.doctorCmd
	doctor.JSON = true
	err := doctor.Run(&env{Context: e, stdout: w, stderr: io.Discard})
	var found findings
	if errors.As(err, &found) {
		return nil
	}
	return err
}

func (c *supportBundleCmd) databasePart(w io.Writer, e *env) error {
	d, err := c.beside(e)
	if err != nil {
		return err
	}
	defer d.Close() //nolint:errcheck // nothing was written
	text, err := d.Inside(e)
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, text)
	return err
}

func (c *supportBundleCmd) backupPart(w io.Writer, e *env) error {
	if c.Backup == "" {
		return errors.New("TIJORI_BACKUP is not set")
	}
	target, err := backup.OpenTarget(c.Backup, false)
	if err != nil {
		return err
	}
	list, err := backup.List(e, target)
	if err != nil {
		return err
	}
	for i := range list {
		list[i].Tables = nil
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(list)
}

// drift adds what somebody has changed by hand.
func (c *doctorCmd) drift(e *env, x *examination, db *database) {
	list, err := db.Drift(e)
	switch {
	case err != nil:
		x.bad("roles and grants", billing.CheckUnknown, err, "")
	case len(list) > 0:
		x.bad("roles and grants", billing.CheckWrong, errors.New(strings.Join(list, "; ")),
			"undo what was changed by hand: it keeps accounts apart")
	default:
		x.ok("roles and grants", "as the migrations made them")
	}
	on, err := db.Checksums(e)
	switch {
	case err != nil:
		x.bad("checksums", billing.CheckUnknown, err, "")
	case !on:
		x.bad("checksums", billing.CheckWrong, errors.New("the server does not notice when the disk changes a page"),
			"pg_checksums --enable, while the server is stopped")
	default:
		x.ok("checksums", "on")
	}
}
