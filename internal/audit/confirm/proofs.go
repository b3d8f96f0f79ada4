package confirm

// A proof is the engine that can show a flaw on a running app, and what it reports then.
type proof struct {
	engine string
	rules  []string
}

var (
	strangers = []string{
		"http-read-nobody", "http-read-stranger", "http-read-role", "http-write-nobody", "http-write-stranger",
		"http-write-role",
	}
	caches = []string{"http-cache-shared", "http-cache-storable", "http-cache-cookie"}
)

// proofs are the checks of a running app by the rule of audit source that they prove. The other rules are about what
// cannot be seen from outside, such as logs; or what a check would have to pay for, such as another price.
var proofs = map[string]proof{
	"query-without-owner":             {"http", strangers},
	"owner-filter-by-client-id":       {"http", strangers},
	"identity-from-request":           {"http", strangers},
	"privileged-client-without-check": {"http", strangers},
	"token-not-verified":              {"http", strangers},
	"job-route-open":                  {"http", strangers},
	"mass-assignment":                 {"http", strangers},
	"portal-any-customer":             {"http", strangers},
	"tenant-setting-on-pool":          {"http", strangers},
	"admin-check-only-in-ui":          {"http", strangers},
	"tier-check-only-in-client":       {"http", []string{"http-paid-route"}},
	"personal-page-shared-cache":      {"http", caches},
	"personal-page-static":            {"http", append([]string{"http-read-nobody", "http-read-stranger"}, caches...)},
	"personal-data-cached":            {"http", append([]string{"http-read-nobody", "http-read-stranger"}, caches...)},
	"cookie-without-httponly":         {"http", []string{"http-cookie"}},
	"credit-read-then-write":          {"race", []string{"race-balance", "race-quota", "race-repeated"}},
	"webhook-no-signature":            {"webhook", []string{"webhook-unsigned"}},
	"webhook-fallback-secret":         {"webhook", []string{"webhook-unsigned"}},
	"webhook-signature-parsed-body":   {"webhook", []string{"webhook-altered", "webhook-unsigned"}},
	"webhook-no-time-limit":           {"webhook", []string{"webhook-stale"}},
	"webhook-200-on-error":            {"webhook", []string{"webhook-ok-on-error", "webhook-lost"}},
	"idempotency-missing":             {"webhook", []string{"webhook-repeated"}},
	"idempotency-in-memory":           {"webhook", []string{"webhook-repeated"}},
	"effect-before-inbox":             {"webhook", []string{"webhook-repeated", "webhook-lost"}},
	"access-without-payment":          {"webhook", []string{"webhook-unpaid"}},
	"email-match":                     {"webhook", []string{"webhook-foreign"}},
	"customer-by-email":               {"webhook", []string{"webhook-foreign"}},
	"service-key-in-client": {"bundle", []string{
		"bundle-service-key", "bundle-payment-key", "bundle-webhook-secret", "bundle-signing-secret",
		"bundle-database-key", "bundle-cloud-key",
	}},
}

// wholeSite are rules whose check looks at every page, whatever the route.
var wholeSite = map[string]bool{"cookie-without-httponly": true}
