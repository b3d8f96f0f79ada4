package isolation

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// asvs are the requirements of levels 1 and 2 of the Application Security Verification Standard 5.0.0, by section:
// how many the section has, without those of level 3.
var asvs = []struct {
	section string
	numbers []int
}{
	{"1.1", upTo(2)},
	{"1.2", upTo(9)},
	{"1.3", upTo(11)},
	{"1.4", upTo(3)},
	{"1.5", upTo(2)},
	{"2.1", upTo(3)},
	{"2.2", upTo(3)},
	{"2.3", upTo(4)},
	{"2.4", upTo(1)},
	{"3.2", upTo(2)},
	{"3.3", upTo(4)},
	{"3.4", upTo(6)},
	{"3.5", upTo(5)},
	{"3.7", upTo(2)},
	{"4.1", upTo(3)},
	{"4.2", upTo(1)},
	{"4.3", upTo(2)},
	{"4.4", upTo(4)},
	{"5.1", upTo(1)},
	{"5.2", upTo(3)},
	{"5.3", upTo(2)},
	{"5.4", upTo(3)},
	{"6.1", upTo(3)},
	{"6.2", upTo(12)},
	{"6.3", upTo(4)},
	{"6.4", upTo(4)},
	{"6.5", upTo(5)},
	{"6.6", upTo(3)},
	{"6.8", upTo(4)},
	{"7.1", upTo(3)},
	{"7.2", upTo(4)},
	{"7.3", upTo(2)},
	{"7.4", upTo(5)},
	{"7.5", upTo(2)},
	{"7.6", upTo(2)},
	{"8.1", upTo(2)},
	{"8.2", upTo(3)},
	{"8.3", upTo(1)},
	{"8.4", upTo(1)},
	{"9.1", upTo(3)},
	{"9.2", upTo(4)},
	{"10.1", upTo(2)},
	{"10.2", upTo(2)},
	{"10.3", upTo(4)},
	{"10.4", upTo(11)},
	{"10.5", upTo(5)},
	{"10.6", upTo(2)},
	{"10.7", upTo(3)},
	{"11.1", upTo(2)},
	{"11.2", upTo(3)},
	{"11.3", upTo(3)},
	{"11.4", upTo(4)},
	{"11.5", upTo(1)},
	{"11.6", upTo(1)},
	{"12.1", upTo(3)},
	{"12.2", upTo(2)},
	{"12.3", upTo(4)},
	{"13.1", upTo(1)},
	{"13.2", upTo(5)},
	{"13.3", upTo(2)},
	{"13.4", upTo(5)},
	{"14.1", upTo(2)},
	{"14.2", upTo(4)},
	{"14.3", upTo(3)},
	{"15.1", upTo(3)},
	{"15.2", upTo(3)},
	{"15.3", upTo(7)},
	{"16.1", upTo(1)},
	{"16.2", upTo(5)},
	{"16.3", upTo(4)},
	{"16.4", upTo(3)},
	{"16.5", upTo(3)},
	{"17.1", upTo(1)},
	{"17.2", upTo(4)},
	{"17.3", upTo(2)},
}

func upTo(n int) (list []int) {
	for i := range n {
		list = append(list, i+1)
	}
	return list
}

var (
	asvsRow  = regexp.MustCompile(`(?m)^\| ([0-9.]+) \| (met|not applicable|open) \| (.+) \|$`)
	namedIn  = regexp.MustCompile("`([a-z0-9/]+\\.)?((?:Test|Fuzz)[A-Za-z0-9]+)`")
	promise  = regexp.MustCompile(`(?i)\b(comes? with|until then|will|soon|not yet|later)\b`)
	fileIn   = regexp.MustCompile("`((?:internal|client)/[A-Za-z0-9_./]+|go\\.(?:mod|sum)|Makefile)`|\\b(docs/[a-z0-9.-]+\\.md)")
	testFunc = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Za-z0-9]+)\(`)
)

// docs/asvs.md has every requirement of level 2 once, and each test and file that it names is there: the test in the
// room that it names. The analyser's tests are about other people's apps. What is promised would be forgotten here when
// it is kept.
func TestASVSNamesWhatThereIs(t *testing.T) {
	t.Parallel()
	const root = "../.."
	text, err := os.ReadFile(root + "/docs/asvs.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := testsBelow(t, root)
	var want, got []string
	for _, s := range asvs {
		for _, n := range s.numbers {
			want = append(want, fmt.Sprintf("%s.%d", s.section, n))
		}
	}
	count := map[string]int{}
	for _, row := range asvsRow.FindAllStringSubmatch(string(text), -1) {
		number, state, where := row[1], row[2], row[3]
		got = append(got, number)
		count[state]++
		for _, m := range namedIn.FindAllStringSubmatch(where, -1) {
			if room := strings.TrimSuffix(m[1], "."); !tests[room+"."+m[2]] {
				t.Errorf("%s names %s, which is no test of the room %q", number, m[2], room)
			} else if strings.HasPrefix(room, "audit") {
				t.Errorf("%s names %s of the analyser", number, m[2])
			}
		}
		if said := promise.FindString(where); said != "" {
			t.Errorf("%s promises: %q", number, said)
		}
		for _, m := range fileIn.FindAllStringSubmatch(where, -1) {
			if _, err := os.Stat(root + "/" + m[1] + m[2]); err != nil {
				t.Errorf("%s names %s: %v", number, m[1]+m[2], err)
			}
		}
		if len(strings.Fields(where)) < 2 && !strings.ContainsAny(where, "`/") {
			t.Errorf("%s is %s without a word why: %q", number, state, where)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("docs/asvs.md has the requirements\n%v\nlevel 2 has\n%v", got, want)
	}
	summary := fmt.Sprintf("%d are met, %d do not apply, %d are open.", count["met"], count["not applicable"],
		count["open"])
	if !strings.Contains(string(text), summary) {
		t.Errorf("docs/asvs.md does not say %q", summary)
	}
}

// cryptography is where the program uses more of it than random bytes, SHA-256 and comparisons in constant time, and
// for what: the inventory that requirement 11.1.2 asks for. The analyser, which protects nothing, stands apart.
var cryptography = map[string]string{
	"internal/account/account.go":         "go-webauthn",       // passkeys
	"internal/account/passkey.go":         "go-webauthn",       // the same
	"internal/account/passkey_signin.go":  "go-webauthn",       // the same
	"internal/account/password.go":        "argon2",            // passwords
	"internal/account/seal.go":            "aes, cipher, hkdf", // secrets of authenticator apps
	"internal/account/totp.go":            "hmac, sha1",        // codes of authenticator apps
	"internal/platform/deliver.go":        "hmac",              // signatures of events
	"internal/platform/platform.go":       "cipher, ecdsa",     // secrets of webhook endpoints; snapshots
	"internal/platform/snapshot.go":       "ecdsa, elliptic, hkdf",
	"client/snapshot.go":                  "ecdsa, elliptic",   // snapshots, by who reads them
	"client/webhook.go":                   "hmac",              // signatures of events, by who hears them
	"internal/platform/webhook.go":        "aes, cipher, hkdf", // the same
	"internal/backup/archive.go":          "age",               // back-ups
	"internal/backup/log.go":              "age",               // the same
	"internal/backup/logical.go":          "age",               // the same
	"internal/backup/restore.go":          "age",               // the same
	"internal/backup/s3.go":               "hmac",              // requests to a bucket
	"internal/billing/facts/verify.go":    "hmac",              // webhooks
	"internal/billing/razorpay/verify.go": "hmac",              // the same
	"internal/cli/alerts.go":              "hmac",              // alerts that are posted
	"internal/web/frame/access.go":        "hmac",              // marks of addresses in the access log
	"internal/cli/backup.go":              "age",               // keys of back-ups
	"internal/certificate/certificate.go": "acme, tls, x509",   // the own certificate
	"internal/cli/app.go":                 "tls",               // the same
	"internal/cli/machine.go":             "tls",               // the end of the certificate
	"internal/cli/settings.go":            "argon2",            // the login roles' password
	"internal/launch/answers.go":          "tls",               // what a site presents
	"internal/launch/launch.go":           "tls, x509",         // the same
	"internal/launch/names.go":            "rsa, x509",         // keys that sign mail
	"internal/mail/smtp.go":               "tls",               // mail
	"internal/spool/spool.go":             "aes, cipher",       // files that wait on the disk
	"internal/watch/probe/fetch.go":       "tls, x509",
}

// What is used of cryptography, and where, is in the inventory.
func TestCryptographyIsListed(t *testing.T) {
	t.Parallel()
	const root = "../.."
	used := regexp.MustCompile(
		`"(?:crypto|golang\.org/x/crypto|filippo\.io|github\.com)/(age|go-webauthn|[a-z0-9]+)(?:/[a-z0-9/]+)?"`)
	got := map[string]string{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		apart := []string{"testdata", ".git", "audit", "tools", "mailtest", "passkeytest", "acmetest"}
		if d.IsDir() && slices.Contains(apart, d.Name()) {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		var list []string
		for _, m := range used.FindAllStringSubmatch(string(text), -1) {
			if strings.HasPrefix(m[0], `"github.com`) && m[1] != "go-webauthn" ||
				slices.Contains([]string{"rand", "sha256", "subtle"}, m[1]) || slices.Contains(list, m[1]) {
				continue
			}
			list = append(list, m[1])
		}
		if len(list) > 0 {
			slices.Sort(list)
			got[strings.TrimPrefix(filepath.ToSlash(name), root+"/")] = strings.Join(list, ", ")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for file, what := range got {
		if cryptography[file] != what {
			t.Errorf("%s uses %s; the inventory has %q. docs/asvs.md (11.1.2) lists it too", file, what,
				cryptography[file])
		}
	}
	for file := range cryptography {
		if got[file] == "" {
			t.Errorf("%s uses nothing of the inventory", file)
		}
	}
}

// testsBelow are all tests of the repository: the folder below internal, a dot, the name.
func testsBelow(t *testing.T, root string) map[string]bool {
	t.Helper()
	tests := map[string]bool{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == ".git") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		room := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(name)), root+"/internal/")
		for _, m := range testFunc.FindAllStringSubmatch(string(text), -1) {
			tests[room+"."+m[1]] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(tests) < 500 {
		t.Fatalf("found %d tests, which cannot be all", len(tests))
	}
	return tests
}
