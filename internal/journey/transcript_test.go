package journey

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/postgres/embedded"
)

// A transcript is what a command printed, with what differs from run to run made equal.
type transcript struct {
	*testing.T
	text  strings.Builder
	plain []string // old, new …
}

var (
	goVersion = regexp.MustCompile(`go1\.\d+(\.\d+)?(-\S+)?`)
	platform  = regexp.MustCompile(`(linux|darwin)/(amd64|arm64)`)
	processID = regexp.MustCompile(`pid \d+`)
	packages  = regexp.MustCompile(`(apt-get|dnf|yum|zypper|apk|pacman|brew) .*|install postgresql.*`)
	installed = regexp.MustCompile(`only version \d+ is installed`)
	stackLine = regexp.MustCompile(`(?m)^goroutine \d+|\.go:\d+`)
)

// run runs the program as on a fresh machine and writes down what it says. A command that goes on
// for half a minute is ended and fails the test.
func (x *transcript) run(env []string, change func(*exec.Cmd), args ...string) {
	x.Helper()
	ctx, cancel := context.WithTimeout(x.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	var stdout, stderr bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = environment(env...), &stdout, &stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	if change != nil {
		change(cmd)
	}
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		x.Fatalf("tijori %v: %v", args, err)
	}
	if ctx.Err() != nil {
		x.Errorf("tijori %v with %v went on instead of refusing\n%s%s", args, env, &stdout, &stderr)
	}
	if stack := stackLine.FindString(stderr.String() + stdout.String()); stack != "" {
		x.Errorf("tijori %v shows its insides: %s\n%s", args, stack, &stderr)
	}
	code := cmd.ProcessState.ExitCode()
	if code != 0 && !strings.Contains(stderr.String(), "  hint: ") {
		x.Errorf("tijori %v: exit %d without a hint:\n%s", args, code, &stderr)
	}
	if code != 0 && stdout.Len() > 0 {
		x.Errorf("tijori %v fails and prints to stdout: %q", args, stdout.String())
	}
	fmt.Fprintf(&x.text, "%s\n", strings.Join(append(append(x.shown(env), "$ tijori"), args...), " "))
	for _, out := range []struct{ mark, text string }{{"", stdout.String()}, {"! ", stderr.String()}} {
		for line := range strings.Lines(out.text) {
			x.text.WriteString(out.mark + strings.TrimRight(x.equal(line), " \n") + "\n")
		}
	}
	fmt.Fprintf(&x.text, "= %d\n\n", code)
}

// shown are the settings that a transcript is about; addresses that only avoid collisions are not.
func (x *transcript) shown(env []string) (out []string) {
	for _, e := range env {
		if !strings.HasPrefix(e, "TIJORI_DATA=") && !strings.HasSuffix(e, "127.0.0.1:0") {
			out = append(out, x.equal(e))
		}
	}
	return out
}

func (x *transcript) equal(line string) string {
	line = strings.NewReplacer(x.plain...).Replace(line)
	line = packages.ReplaceAllString(processID.ReplaceAllString(line, "pid PID"), "HOW TO INSTALL")
	line = installed.ReplaceAllString(line, "only version HERE is installed")
	return platform.ReplaceAllString(goVersion.ReplaceAllString(line, "GO"), "OS/ARCH")
}

// golden compares what was written down with the file of that name.
func (x *transcript) golden(name string) {
	x.Helper()
	path := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			x.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(x.text.String()), 0o644); err != nil {
			x.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		x.Fatal(err)
	}
	if got := x.text.String(); got != string(want) {
		x.Errorf("%s differs; with -update it is:\n%s", path, got)
	}
}

func anyPort(data string) []string {
	return []string{"TIJORI_DATA=" + data, "TIJORI_ADDR=127.0.0.1:0", "TIJORI_SIMULATOR_ADDR=127.0.0.1:0"}
}

func TestHelpTranscript(t *testing.T) {
	t.Parallel()
	x := &transcript{T: t}
	x.run(nil, nil)
	x.run(nil, nil, "--help")
	x.run(nil, nil, "version")
	x.run(nil, nil, "serve", "--help")
	x.run(nil, nil, "migrate", "--help")
	x.run(nil, nil, "demo", "--help")
	x.run(nil, nil, "serv")
	x.run(nil, nil, "serve", "--nonsense")
	x.run(nil, nil, "serve", "extra")
	x.golden("help")
}

func TestSettingsTranscript(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("plan = 1"), 0o644); err != nil {
		t.Fatal(err)
	}
	x := &transcript{T: t, plain: []string{dir, "DIR", taken.Addr().String(), "127.0.0.1:TAKEN"}}
	base := anyPort(filepath.Join(dir, "state"))
	with := func(more ...string) { x.Helper(); x.run(append(base[:len(base):len(base)], more...), nil, "serve") }
	with("TIJORI_ADDR=" + taken.Addr().String())
	with("TIJORI_SIMULATOR_ADDR=" + taken.Addr().String())
	with("TIJORI_ADDR=nonsense")
	with("TIJORI_ADDR=127.0.0.1:99999")
	with("TIJORI_ADDR=0.0.0.0:0")
	with("TIJORI_PUBLIC_URL=https://khata.example.com")
	with("TIJORI_PUBLIC_URL=khata.example.com")
	with("TIJORI_TRUSTED_PROXIES=everywhere")
	with("TIJORI_PLANS=" + file)
	with("TIJORI_PLANS=" + dir + "/missing.toml")
	x.run(append(anyPort(filepath.Join(dir, "no-programs")), "TIJORI_PG_BIN="+dir), nil, "serve")
	with("TIJORI_SMTP_URL=mail.example.com")
	with("STRIPE_SECRET_KEY=sk_live_0123456789abcdef")
	with("STRIPE_SECRET_KEY=sk_live_0123456789abcdef", "TIJORI_SMTP_URL=smtp://127.0.0.1:2525")
	with("STRIPE_SECRET_KEY=sk_live_0123456789abcdef", "STRIPE_WEBHOOK_SECRETS=",
		"TIJORI_SMTP_URL=smtp://127.0.0.1:2525")
	with("STRIPE_SECRET_KEY=pk_live_0123456789abcdef", "STRIPE_WEBHOOK_SECRETS=whsec_0123456789abcdef",
		"TIJORI_SMTP_URL=smtp://127.0.0.1:2525")
	with("STRIPE_WEBHOOK_SECRETS=whsec_0123456789abcdef@2026-12-31T00:00:00Z",
		"STRIPE_SECRET_KEY=sk_live_0123456789abcdef", "TIJORI_SMTP_URL=smtp://127.0.0.1:2525")
	with(`STRIPE_WEBHOOK_SECRETS=[{"secret": "whsec_0123456789abcdef", "until": "2020-01-01T00:00:00Z"}]`,
		"STRIPE_SECRET_KEY=sk_live_0123456789abcdef", "TIJORI_SMTP_URL=smtp://127.0.0.1:2525")
	with("STRIPE_WEBHOOK_SECRETS=whsec_0123456789abcdef", "STRIPE_SECRET_KEY=sk_live_0123456789abcdef",
		"TIJORI_SMTP_URL=smtp://127.0.0.1:2525", "TIJORI_PUBLIC_URL=http://khata.example.com")
	with("STRIPE_WEBHOOK_SECRETS=whsec_0123456789abcdef", "STRIPE_SECRET_KEY=sk_live_0123456789abcdef",
		"TIJORI_SMTP_URL=smtp://127.0.0.1:2525", "TIJORI_PERMIT=everything")
	with("RAZORPAY_KEY_ID=rzp_live_0123456789", "TIJORI_SMTP_URL=smtp://127.0.0.1:2525")
	with("RAZORPAY_KEY_ID=rzp_live_0123456789", "RAZORPAY_KEY_SECRET=0123456789", "RAZORPAY_WEBHOOK_SECRETS=,",
		"TIJORI_SMTP_URL=smtp://127.0.0.1:2525")
	with("TIJORI_TLS_DOMAIN=khata.example.com")
	with("TIJORI_TLS_DOMAIN=khata")
	with("TIJORI_TLS_DOMAIN=khata.example.com", "TIJORI_PUBLIC_URL=https://other.example.com")
	with("TIJORI_TLS_DOMAIN=khata.example.com", "TIJORI_PUBLIC_URL=http://khata.example.com")
	with("TIJORI_TLS_DOMAIN=khata.example.com", "TIJORI_TLS_CERT="+file)
	with("TIJORI_TLS_CERT=" + file)
	with("TIJORI_TLS_CERT="+file, "TIJORI_TLS_KEY="+file)
	with("TIJORI_HTTP_ADDR=127.0.0.1:0")
	with("TIJORI_ADDR=unix:" + dir + "/socket")
	with("TIJORI_ADDR=unix:"+file, "TIJORI_PUBLIC_URL=http://localhost:8080")
	with("DATABASE_URL=mysql://root@127.0.0.1/tijori")
	with("DATABASE_URL=nonsense")
	with("DATABASE_URL=postgres://u:topsecret@127.0.0.1:1/tijori?sslmode=disable")
	x.golden("settings")
	if strings.Contains(x.text.String(), "topsecret@") && strings.Contains(strings.ReplaceAll(x.text.String(),
		"DATABASE_URL=postgres://u:topsecret@", ""), "topsecret") {
		t.Error("the password of DATABASE_URL is printed")
	}
}

// The state directory: not a folder, of another user, in use, of another major version.
func TestStateTranscript(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	x := &transcript{T: t, plain: []string{dir, "DIR"}}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	x.run(anyPort(file), nil, "serve")
	closed := filepath.Join(dir, "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	somebody := func(*exec.Cmd) {}
	if os.Geteuid() == 0 { // root may read everything, so somebody else tries
		somebody = func(c *exec.Cmd) {
			c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		}
	} else if err := os.Chmod(closed, 0); err != nil {
		t.Fatal(err)
	}
	x.run(anyPort(closed), somebody, "serve")
	x.run(anyPort(filepath.Join(closed, "below")), somebody, "serve")

	data := filepath.Join(dir, "state")
	s := serve(t, data)
	x.run(anyPort(data), nil, "serve")
	s.stop()
	version := filepath.Join(data, "postgres", "data", "PG_VERSION")
	was, err := os.ReadFile(version)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(version, []byte("13\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	x.run(anyPort(data), nil, "serve")
	x.golden("state")
	if err := os.WriteFile(version, was, 0o600); err != nil {
		t.Fatal(err)
	}
	serve(t, data) // nothing of it was touched
}

// With DATABASE_URL the same program runs on a server of one's own, as a role that is no superuser.
func TestOwnServer(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	pg, err := embedded.Start(within(t, time.Minute), embedded.Config{
		Dir: filepath.Join(dir, "pg"), Fast: true,
		AnyUser: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pg.Stop(); err != nil {
			t.Error(err)
		}
	})
	admin, err := pgx.Connect(t.Context(), pg.DSN("postgres", "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(context.Background())
	do := func(conn *pgx.Conn, sql string) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	for _, sql := range []string{
		"create role keeper login createrole password 'of the shop'", "create role weak login password 'weak'",
		"create database khata", "grant create on database khata to keeper", "create database other",
		"grant create on database other to weak",
	} {
		do(admin, sql)
	}
	address := func(user, database string) string {
		return fmt.Sprintf("DATABASE_URL=postgres://%s@/%s?host=%s&port=5432&sslmode=disable", user, database,
			pg.SocketDir())
	}
	env := func(user, database string) []string {
		return append(anyPort(filepath.Join(dir, "state")), address(user, database))
	}
	x := &transcript{T: t, plain: []string{dir, "DIR"}}
	x.run(env("weak:weak", "other"), nil, "migrate")
	x.run(env("keeper:of%20the%20shop", "missing"), nil, "migrate")
	x.run(env("keeper:of%20the%20shop", "khata"), nil, "migrate")

	s := serve(t, filepath.Join(dir, "state"), address("keeper:of%20the%20shop", "khata"))
	if !strings.Contains(s.greeting, "khata") || strings.Contains(s.greeting, "of the shop") ||
		strings.Contains(s.greeting, "of%20the") {
		t.Errorf("the greeting names the wrong database, or the password:\n%s", s.greeting)
	}
	asha := register(t, s, "asha@example.com")
	if status := asha.api(s.url, "POST", "/api/businesses/"+asha.business+"/parties", map[string]string{
		"id":   newID(),
		"kind": "customer", "name": "Ramesh",
	}, nil); status != 201 {
		t.Errorf("add a party: %d\n%s", status, s.stderr)
	}
	s.stop()
	s = serve(t, filepath.Join(dir, "state"), address("keeper:of%20the%20shop", "khata"))
	var list struct {
		Parties []struct {
			Name string `json:"name"`
		} `json:"parties"`
	}
	if status := asha.api(s.url, "GET", "/api/businesses/"+asha.business+"/parties", nil, &list); status != 200 ||
		len(list.Parties) != 1 || list.Parties[0].Name != "Ramesh" {
		t.Errorf("after the second start: %d %v", status, list)
	}
	s.stop()

	khata, err := pgx.Connect(t.Context(), pg.DSN("khata", "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer khata.Close(context.Background())
	var privileged int
	if err := khata.QueryRow(t.Context(),
		`select count(*) from pg_roles where rolname like 'tijori\_%' and (rolsuper or rolbypassrls
			or rolcreaterole)`).Scan(&privileged); err != nil || privileged != 0 {
		t.Errorf("%d of Tijori's roles have more rights than they may (%v)", privileged, err)
	}
	do(khata, "insert into tijori.goose_db_version (version_id, is_applied) values (9999, true)")
	newest := regexp.MustCompile(`at migration \d+|only \d+`)
	x.run(env("keeper:of%20the%20shop", "khata"), nil, "serve")
	text := newest.ReplaceAllStringFunc(x.text.String(), func(s string) string {
		if strings.Contains(s, "9999") {
			return s
		}
		return regexp.MustCompile(`\d+`).ReplaceAllString(s, "N")
	})
	x.text.Reset()
	x.text.WriteString(text)
	x.golden("own-server")
}
