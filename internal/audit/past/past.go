// Package past knows where a mistake has been made before. A rule says what is
// wrong; what happened to somebody says why it matters more than that.
package past

// Of is what happened where a rule's mistake, or its nearest relative, was made in public; empty where the rule's own
// words tell it.
func Of(rule string) string { return events[family[rule]] }

// events are what has been reported in public, told once for all rules that it explains.
var events = map[string]string{
	"lovable": "170 of 1,645 apps that were built with Lovable on Supabase gave names, addresses, keys and payments to anybody " +
		"with the public key, because policies were missing or let everybody through (CVE-2025-48757).",
	"first-american": "First American showed 885 million documents of house buyers to anybody who changed the number in the " +
		"address (2019).",
	"mchire": "The hiring assistant of McDonald's let one test account read the applications of 64 million people by counting " +
		"a number down (2025).",
	"usps": "Everybody with a login at usps.com could ask for the data of 60 million others, and ask to change it (2018).",
	"optus": "Optus left an interface open to the internet that asked for no session, and lost the data of ten million " +
		"customers (2022).",
	"peloton": "Peloton's interface gave ages, weights and places of its users to everybody who asked, whatever the page " +
		"showed (2021).",
	"github": "A field too many in a form made anybody an owner of Ruby on Rails' own repository on GitHub (2012).",
	"starbucks": "A gift card of Starbucks could be filled from nothing by two transfers at one moment (2015); the exchange " +
		"Flexcoin closed after the same race had emptied it of 896 bitcoins (2014).",
	"free-shopping": "Researchers bought from shops without paying: they paid themselves instead of the shop, presented an old payment " +
		"again, or told the shop that the provider had said yes (“How to Shop for Free Online”, 2011).",
	"noauth": "Apps that found the account by the e-mail address in a sign-in with Microsoft let anybody in who had set that " +
		"address on an account of his own (nOAuth, 2023).",
	"storm": "One check that was left out let a stolen key of Microsoft's consumer accounts sign for the mail of 25 organisations " +
		"(Storm-0558, 2023).",
	"keyczar": "The signatures of Google's Keyczar library could be guessed byte by byte from the time that a comparison took " +
		"(2009).",
	"santander": "Santander made 75,000 payments of its customers twice on Christmas Day, £130 million (2021).",
	"webhooks-lost": "When GitHub's databases disagreed for a day, 200,000 webhooks grew too old in the queue and were dropped: " +
		"what a receiver does not fetch again is lost (2018).",
	"redis": "For some hours ChatGPT gave answers on a shared connection to whoever asked next, with names, addresses and parts of " +
		"card numbers of 1.2 % of its paying customers (2023).",
	"steam": "Steam showed 34,000 people other people's accounts on Christmas Day, because a cache kept personal pages (2015).",
	"passwords-logged": "Twitter asked 330 million people to change their passwords, because a log had held them as they were typed " +
		"(2018).",
	"uber": "A key in a repository gave two strangers the data of 57 million of Uber's customers and drivers (2016).",
	"toyota": "A key to a server stood for five years in code that Toyota had published, with 296,019 customers' addresses behind " +
		"it (2022).",
	"grammarly":     "Grammarly's extension gave its users' tokens to any site that asked (2018).",
	"referrers":     "Close to 100,000 apps on Facebook passed their users' access tokens to advertisers in referrers (2011).",
	"firesheep":     "Firesheep made taking over a session one click for everybody in the same café (2010).",
	"newyork-times": "The first paywall of the New York Times ended where somebody cut the end off the address (2011).",
	"twitter-tool":  "A tool that too many of Twitter's staff could use took over 130 accounts of famous people (2020).",
	"slack": "For five years Slack sent members' hashed passwords along with links of invitation to everybody in the workspace " +
		"(2022).",
	"twitter-oracle": "An answer that told whether a telephone number has an account put names to the numbers of 5.4 million people " +
		"on Twitter (2022).",
	"parler": "Posts that people had deleted on Parler were only marked, and were copied with everything else before it went dark " +
		"(2021).",
	"zoom": "Thousands of recordings of Zoom calls were found in the open, by the names that all of them had (2020).",
	"tea": "A bucket that everybody could read held 72,000 pictures, among them the papers of women who had proved to the app Tea who " +
		"they are (2025).",
	"firebase": "Three people found 125 million records in the open databases of 900 sites: the rules that a project begins with had " +
		"been left as they were (2024).",
	"search-path": "Anybody who could create a function in PostgreSQL's public schema could have it run by others, because names are " +
		"looked up there (CVE-2018-1058).",
	"talktalk":  "A forgotten page that built its SQL from the address gave away 157,000 customers of TalkTalk (2015).",
	"heartland": "Software in the network of Heartland copied 130 million cards as they passed through in the clear (2008).",
	"knight": "Knight Capital lost 440 million dollars in 45 minutes to old code on one of eight servers that nobody had looked at " +
		"(2012).",
	"leap-day": "Azure was down on 29 February, because a date a year ahead was made by adding one to the year (2012): allowances need a " +
		"calendar of their own.",
	"tmobile": "Somebody read the data of 37 million customers from one interface of T-Mobile for six weeks before anybody looked at " +
		"how much it was asked (2023).",
}

// family is which event tells of a rule's mistake.
var family = map[string]string{}

func init() {
	for event, rules := range map[string][]string{
		"lovable": {
			"any-logged-in", "auth-role-check", "policy-left-over", "policy-to-public", "rls-off", "select-true",
			"view-owner-rights", "view-without-barrier", "materialised-view", "partition-child", "inverted-check",
			"self-comparison", "permissive-instead-of-restrictive", "bypassrls-in-request-path", "owner-connection",
			"secdef-unchecked-argument", "bundle-database-key", "service-key-in-client",
		},
		"first-american": {"query-without-owner", "logs-foreign-id", "hierarchy"},
		"mchire":         {"owner-filter-by-client-id", "admin-of-any-tenant", "tenant-from-client"},
		"usps": {
			"identity-from-request", "insert-without-tenant-check", "update-moves-tenant", "cross-tenant-fk",
		},
		"optus":   {"privileged-client-without-check", "job-route-open"},
		"peloton": {"bundle-internal-notes"},
		"github": {
			"mass-assignment", "own-row-privileged-column", "self-insert-membership", "user-metadata-trusted",
		},
		"starbucks": {"credit-read-then-write", "balance-without-check", "race-quota", "race-repeated"},
		"free-shopping": {
			"access-without-payment", "price-from-client", "verify-trusts-client", "webhook-no-signature",
			"webhook-fallback-secret", "webhook-signature-parsed-body", "webhook-no-time-limit", "webhook-foreign",
			"webhook-other-mode", "webhook-stale", "webhook-unpaid", "webhook-wrong-signature",
			"billing-table-writable",
			"portal-any-customer",
		},
		"noauth":  {"email-match", "customer-by-email", "payment-customer-not-unique"},
		"storm":   {"token-not-verified"},
		"toyota":  {"bundle-signing-secret", "bundle-webhook-secret"},
		"keyczar": {"non-constant-time-compare"},
		"santander": {
			"idempotency-in-memory", "idempotency-missing", "idempotency-not-unique", "webhook-repeated",
			"billing-reason-ignored",
		},
		"webhooks-lost": {
			"webhook-200-on-error", "webhook-ok-on-error", "webhook-lost", "webhook-late", "effect-before-inbox",
			"webhook-oversized",
		},
		"redis":            {"tenant-setting-on-pool", "personal-data-cached"},
		"steam":            {"personal-page-shared-cache", "personal-page-static"},
		"passwords-logged": {"secrets-logged"},
		"uber":             {"bundle-payment-key"},
		"grammarly":        {"token-in-browser-storage"},
		"referrers":        {"token-in-url"},
		"firesheep":        {"cookie-without-httponly"},
		"newyork-times":    {"tier-check-only-in-client"},
		"twitter-tool":     {"admin-check-only-in-ui", "delete-or-write-by-lower-role"},
		"slack":            {"invitation-token-readable", "secret-readable-by-lower-role"},
		"twitter-oracle":   {"fk-unique-oracle", "membership-oracle"},
		"parler":           {"soft-delete-ignored"},
		"zoom":             {"public-share"},
		"tea":              {"storage-policy"},
		"firebase":         {"default-privileges", "realtime-publication"},
		"search-path":      {"secdef-search-path"},
		"talktalk":         {"secdef-sql-injection"},
		"heartland":        {"card-data-stored"},
		"knight":           {"gate-review-missing", "gate-review-stale", "smoke-down"},
		"leap-day":         {"annual-gap"},
		"tmobile":          {"logs-read-spike"},
	} {
		for _, r := range rules {
			family[r] = event
		}
	}
}
