package cli

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Whatever a dashboard took as a secret is that secret here, alone and in a list: no character of it separates
// anything.
func TestSecretsMayHaveAnyCharacter(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{
		"L26zm9kjbmx@JqH", "12345678,abcdefgh", "a@b,c@d;e f", `quo"te'd\n\\`,
		"@2026-12-31", "हिन्दी,गुप्त", "{\"secret\":1}", "[12345678]", " lead and trail ",
	} {
		got, err := parseSecrets("S", secret)
		if err != nil || len(got) != 1 || got[0].Key != secret || !got[0].Until.IsZero() {
			t.Errorf("%q is read as %+v, %v", secret, got, err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[ -~]{8,40}`).Filter(notBlank).Draw(t, "secret")
		alone, err := parseSecrets("S", secret)
		if err == nil && (len(alone) != 1 || alone[0].Key != secret) {
			t.Fatalf("%q is read as %+v", secret, alone)
		}
		if err != nil && !datedSecret.MatchString(secret) && !strings.Contains(secret, ",whsec_") &&
			!strings.HasPrefix(strings.TrimSpace(secret), "[{") {
			t.Fatalf("%q: %v", secret, err)
		}
		until := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
		list, err := json.Marshal([]map[string]any{{"secret": "the other one"}, {"secret": secret, "until": until}})
		if err != nil {
			t.Fatal(err)
		}
		got, err := parseSecrets("S", string(list))
		if err != nil || len(got) != 2 || got[1].Key != secret || !got[1].Until.Equal(until) ||
			got[0].Label == got[1].Label {
			t.Fatalf("%s is read as %+v, %v", list, got, err)
		}
	})
}

func notBlank(s string) bool { return strings.TrimSpace(s) != "" }

func TestSecretsThatAreRefused(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		`whsec_0123456789@2026-12-31T00:00:00Z`:                                                 "JSON list",
		`whsec_new12345,whsec_old12345@2026-12-31T00:00:00Z`:                                    "JSON list",
		`whsec_new12345,whsec_old12345`:                                                         "JSON list",
		`[{"secret":"abcdefgh"},{"secret":""}]`:                                                 "entry 2",
		`[{"secret":"  "}]`:                                                                     "entry 1",
		`[{"secret":"abcdefgh"},{}]`:                                                            "entry 2",
		`[{"secret":"abcdefgh","until":"2020-01-01T00:00:00Z"}]`:                                "has ended",
		`[{"secret":"abcdefgh","until":"2020-01-01T00:00:00Z","until":"2120-01-01T00:00:00Z"}]`: "begins like a list",
		`[{"secret":"abcdefgh","Until":"2020-01-01T00:00:00Z"}]`:                                "begins like a list",
		`[{"secret":"abcdefgh","until":"tomorrow"}]`:                                            "begins like a list",
		`[{"secret":"abcdefgh"}`:                                                                "begins like a list",
	} {
		if got, err := parseSecrets("S", text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %+v, %v, want a refusal with %q", text, got, err, says)
		}
	}
	for text, keys := range map[string]string{"\n": "", "        ": "empty", "short": "shorter"} {
		f := providerFlags{StripeKey: "sk_test_1", StripeWebhookSecrets: text}
		if _, _, err := f.clients(); err == nil || !strings.Contains(err.Error(), keys) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
