package secret

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/audit/finding"
)

var now = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

// join keeps keys from standing whole in this file, where other scanners would report them.
func join(parts ...string) string { return strings.Join(parts, "") }

func token(claims string) string {
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + enc([]byte(claims)) + "." +
		enc([]byte("a signature of 32 bytes, or so..."))
}

const random = "q7Rk2Zw9TnB4xVd8MsL3hYc6"

func TestKinds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kind, text string }{
		{"stripe-secret-live", join(`"sk_li`, `ve_51H`, random, `"`)},
		{"stripe-secret-test", join(`'sk_te`, `st_51H`, random, `'`)},
		{"stripe-restricted-live", join("rk_li", "ve_", random)},
		{"webhook-secret", join("secret:`whs", "ec_", random, random, "`")},
		{"supabase-secret", join(`createClient(u,"sb_se`, `cret_`, random, `_ab")`)},
		{"github-token", join("ghp", "_", random, "Aa3Dq8Zx7Lw0")},
		{"openai-key", join("sk-pr", "oj-", random, random)},
		{"openai-key", join("sk-", random[:20], "T3Blbk", "FJ", random[4:])},
		{"anthropic-key", join("sk-a", "nt-api03-", random, random)},
		{"resend-key", join(`"re_`, `Ab3dEf8h`, "_", random, `"`)},
		{"sendgrid-key", join("SG", ".", random[:22], ".", random, random[:19])},
		{"mailgun-key", join(`"ke`, `y-0f3a9c1d2e4b5a6978c0d1e2f3a4b5c6"`)},
		{"mailchimp-key", join(`"0f3a9c1d2e4b5a6978c0d1e2f3a4b5c6-`, `us12"`)},
		{"azure-client-secret", join(`"abc8Q`, `~`, random, `9Kd7Ls2`, `"`)},
		{"azure-storage-key", join("AccountK", "ey=", random, random, random, "Aa3Dq8Zx7Lw0Pk", "==")},
		{"gemini-key", join(`fetch("https://generativelanguage.googleapis.com/v1?key=AI`, `za`, random,
			`Aa3Dq8Zx7Lw")`)},
		{"service-role", `"` + token(`{"iss":"supabase","ref":"abcdefgh","role":"service_role","exp":2000000000}`) +
			`"`},
		{"admin-token", token(`{"role":"admin","sub":"7"}`)},
		{"session-token", token(`{"sub":"0b0c","email":"asha@shop.in","role":"authenticated","exp":2000000000}`)},
		{"database-url", `DATABASE_URL="postgresql://postgres.abcd:` + random +
			`@aws-0-ap-south-1.pooler.supabase.com:6543/postgres"`},
		{"database-url", `redis://default:` + random + `@eu1.upstash.io:6379`},
		{"private-key", "-----BEGIN RSA PRIV" + "ATE KEY-----\n" + strings.Repeat(random,
			8) + "\n-----END RSA PRIVATE KEY-----"},
		{"google-service-account", `{"type":"service_account","private_key":"-----BEGIN PRIV` + `ATE KEY-----` +
			strings.Repeat(random, 8) + `-----END PRIVATE KEY-----"}`},
		{"aws-secret", join(`{accessKeyId:"AK`, `IAQ7RZW9TNB4XVD3MS",secretAccessKey:"`, random, `AbCd/fGh+jKl1234"}`)},
		{"aws-key-id", join(`id="AK`, `IAQ7RZW9TNB4XVD3MS"`)},
		{"razorpay-secret", `new Razorpay({key_id:"rzp_live_Ab3dEf8hIj1kLm",key_secret:"` + random + `"})`},
		{"razorpay-secret", `a="rzp_live_Ab3dEf8hIj1kLm",b="` + random + `"`},
		{"razorpay-secret", `rzp_live_Ab3dEf8hIj1kLm:` + random},
		{"razorpay-secret", `RAZORPAY_KEY_SECRET:"` + random + `"`},
		{"signing-secret", `NEXTAUTH_SECRET="` + random + `"`},
		{"signing-secret", `process.env.JWT_SECRET||"` + random + `"`},
		{"webhook-secret-named", `webhookSecret = '` + random + `'`},
		{"database-password", `DB_PASSWORD:"` + random + `"`},
		{"client-secret", `client_secret:"` + random + `"`},
	} {
		found, _ := Scan([]byte("x=1;"+c.text+";y"), now)
		if len(found) != 1 || found[0].ID != c.kind {
			t.Errorf("%s: %+v", c.kind, found)
			continue
		}
		m := found[0]
		for i := 0; i+9 <= len(random); i++ {
			if part := random[i : i+9]; strings.Contains(m.Masked()+m.Detail+m.Name+m.Mark(), part) {
				t.Errorf("%s shows %q of its secret: %s", c.kind, part, m.Masked())
			}
		}
		if m.Can == "" || m.Name_() == "" {
			t.Errorf("%s does not say what it can do", c.kind)
		}
	}
}

// Name_ is the kind's name, which the match's own name hides.
func (m Match) Name_() string { return m.Kind.Name }

func TestWhatIsNoSecret(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`if(k.startsWith("sk_live_"))throw Error("a secret key")`,
		join(`"sk_te`, `st_4eC39HqLyjWDarjtT1zdp7dc"`), join("sk_li", "ve_xxxxxxxxxxxxxxxxxxxxxxxx"),
		join("sk_te", "st_your_key_goes_here1"), "risk_live_" + random,
		join("whs", "ec_", "1234567890abcdefghijklmnop"),
		token(`{"iss":"supabase","ref":"abcdefgh","role":"anon","exp":2000000000}`),
		token(`{"sub":"1234567890","name":"John Doe","iat":1516239022}`), token(`{"aud":"maps"}`),
		`"pk_live_` + random + `"`, `sb_publishable_` + random,
		`{apiKey:"AIzaSy` + random + `Aa3Dq8Zx7",authDomain:"a.firebaseapp.com"}`,
		`postgres://user:password@localhost:5432/db`, `postgresql://USER:PASSWORD@HOST:5432/db`,
		`postgres://postgres:[YOUR-PASSWORD]@db.abcd.supabase.co`,
		"mysql://root:${PASSWORD}@db.internal.net/x", "postgres://a:b@example.com/x", `redis://localhost:6379`,
		`client_secret:"pi_3Abc123_secret_` + random + `"`, `clientSecret:e.clientSecret`,
		`password:"Password must have 8 characters"`,
		`{"password":"Mot_de_passe"}`, `resetPasswordPath:"/auth/reset-password/step1"`, `"auth.secret.help_2"`,
		`__SECRET_INTERNALS_DO_NOT_USE_OR_YOU_WILL_BE_FIRED={a:1}`,
		`https://b.s3.amazonaws.com/x?X-Amz-Credential=` + join("AK", "IAQ7RZW9TNB4XVD3MS") + `%2F20260101`,
		join("AK", "IAIOSFODNN7EXAMPLE"),
		"-----BEGIN PRIV" + "ATE KEY-----\n${key}\n-----END PRIVATE KEY-----",
		"-----BEGIN PUBLIC KEY-----\n" + strings.Repeat(random, 8) + "\n-----END PUBLIC KEY-----",
		"cache-key-0f3a9c1d2e4b5a6978c0d1e2f3a4b5c6", `re_render_the_component_again_please`, `key_secret:"a"`,
		`secret:"_secret_1x8f2_70"`, `tfa_secret:"两步验证密钥2步"`, `secretKey:"primary-button-label"`,
	} {
		if found, _ := Scan([]byte(text), now); len(found) != 0 {
			t.Errorf("%s is taken for %+v", text, found)
		}
	}
	if _, n := Scan([]byte(`"pk_live_`+random+`" "pk_live_`+random+`" "`+token(`{"role":"anon"}`)+`"`), now); n != 2 {
		t.Errorf("%d publishable keys, want 2", n)
	}
}

func TestEndedTokensAreLess(t *testing.T) {
	t.Parallel()
	found, _ := Scan([]byte(token(`{"role":"service_role","exp":1600000000}`)), now)
	if len(found) != 1 || found[0].Severity != finding.Low || !strings.Contains(found[0].Detail,
		"ended on 2020-09-13") {
		t.Errorf("%+v", found)
	}
	found, _ = Scan([]byte(token(`{"role":"service_role","iss":"supabase-demo","exp":2000000000}`)), now)
	if len(found) != 1 || found[0].Severity != finding.Low {
		t.Errorf("%+v", found)
	}
}

func TestMask(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"": "••••", "hunter2": "••••", "0123456789abcdef": "01…ef",
		"sk_live_0123456789abcdef": "sk_l…cdef",
	} {
		if got := Mask(s); got != want {
			t.Errorf("Mask(%q) = %q, want %q", s, got, want)
		}
	}
}

// Texts that are long, or that begin like keys without end, take time in
// proportion to their length.
func TestLongTexts(t *testing.T) {
	t.Parallel()
	for _, piece := range []string{
		"eyJ", "sk_live_", "postgres://a:", "-----BEGIN PRIVATE KEY-----", "secret:\"",
		"AKIA", "://", "JQQJ99", "a=1;", "\x00", "Q~", ":AA", "password||",
	} {
		b := []byte(strings.Repeat(piece, (1<<20)/len(piece)))
		start := time.Now()
		Scan(b, now)
		if took := time.Since(start); took > 2*time.Minute {
			t.Errorf("%q repeated takes %v", piece, took)
		}
	}
	b := []byte(strings.Repeat(fmt.Sprintf("%q,", join("sk_li", "ve_51H", random)), 20000))
	if found, _ := Scan(b, now); len(found) != maxMatches {
		t.Errorf("%d matches", len(found))
	}
}

func FuzzScan(f *testing.F) {
	f.Add([]byte(token(`{"role":"service_role"}`)))
	f.Add([]byte("postgres://a:b@c.d"))
	f.Add([]byte("-----BEGIN PRIVATE KEY----------END"))
	f.Fuzz(func(t *testing.T, b []byte) {
		found, _ := Scan(b, now)
		last := 0
		for _, m := range found {
			if m.Start < last || m.End <= m.Start || m.End > len(b) {
				t.Fatalf("%+v in %d bytes", m, len(b))
			}
			last = m.End
		}
	})
}
