package live

import (
	"slices"

	"github.com/tijorihq/tijori/internal/audit/bundle"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rules are what `audit http` looks for. The rules of audit bundle hold for pages as well.
func Rules() []finding.Rule { return slices.Clone(rules) }

// PageRules are those of audit bundle that pages of signed-in people can break.
func PageRules() []finding.Rule { return bundle.Rules() }

func ruleByID(id string) finding.Rule {
	i := slices.IndexFunc(rules, func(r finding.Rule) bool { return r.ID == id })
	return rules[i]
}

var (
	ownership = "Look the row up by its id and the account of the session in one query, and answer 404 when there is none. " +
		"Do it where the row is read, not in the page that leads there, so that no other way to the row forgets it."
	idor = []string{"CWE-639", "CWE-862"}
)

var rules = []finding.Rule{
	{
		ID: "http-read-nobody", Engine: "http", Severity: finding.Critical,
		Title: "Somebody who is not signed in reads a customer's data.",
		Why: "The attack was carried out: what a customer had stored came back without any session. " +
			"First American showed 885 million documents of house buyers this way, by a number in the address (2019).",
		Fix:  "Check the session in the route itself and refuse before anything is read. " + ownership,
		ASVS: []string{"8.2.1", "8.3.1"}, CWE: []string{"CWE-306", "CWE-862"},
	},
	{
		ID: "http-read-stranger", Engine: "http", Severity: finding.High,
		Title: "A customer reads another customer's data.",
		Why: "The attack was carried out: with the real id of one customer's row, another customer got it. Anybody can sign up, so " +
			"anybody can. Optus lost the data of ten million customers to requests with ids counted upwards (2022).",
		Fix: ownership, ASVS: []string{"8.2.2", "8.3.1"}, CWE: idor,
	},
	{
		ID: "http-read-role", Engine: "http", Severity: finding.Medium,
		Title: "A member with a lower role reads what the role must not see.",
		Why: "The button is hidden from the role, and the route behind it is not closed. Two people of Shopify's support took the records of " +
			"nearly 200 shops that their work did not need (2020).",
		Fix:  "Ask for the right in the route, with the role as the database has it, not as the page or the token says.",
		ASVS: []string{"8.2.1", "8.2.3"}, CWE: []string{"CWE-862", "CWE-863"},
	},
	{
		ID: "http-write-nobody", Engine: "http", Severity: finding.Critical,
		Title: "Somebody who is not signed in changes a customer's data.",
		Why: "The attack was carried out: the customer's own page shows the change. Moonpig took orders in the name of any of its three million " +
			"customers, by a number in the request (2015).",
		Fix:  "Check the session in the route itself and refuse before anything is written. " + ownership,
		ASVS: []string{"8.2.1", "8.3.1"}, CWE: []string{"CWE-306", "CWE-862"},
	},
	{
		ID: "http-write-stranger", Engine: "http", Severity: finding.High,
		Title: "A customer changes another customer's data.",
		Why: "The attack was carried out: the customer's own page shows the change. With bank details or an e-mail address in the row, " +
			"the next payment or the whole account goes to the attacker. Everybody with a login at usps.com could read the data of 60 million " +
			"others, and ask to change it (2018).",
		Fix: "Name the account of the session in the statement that writes, and never take an account, an owner or a price from the " +
			"request. " + ownership,
		ASVS: []string{"8.2.2", "8.3.1"}, CWE: idor,
	},
	{
		ID: "http-write-role", Engine: "http", Severity: finding.High,
		Title: "A member with a lower role changes what the role must not change.",
		Why: "A clerk who can change where money goes needs no other flaw. A tool that too many of Twitter's staff could use took over 130 accounts " +
			"of famous people (2020).",
		Fix:  "Ask for the right in the route, with the role as the database has it, not as the page or the token says.",
		ASVS: []string{"8.2.1", "8.2.3"}, CWE: []string{"CWE-862", "CWE-863"},
	},
	{
		ID: "http-paid-route", Engine: "http", Severity: finding.High,
		Title: "A customer who does not pay uses a paid route.",
		Why: "The page hides what the plan does not hold, and the route behind it answers. Somebody writes the address down, " +
			"and from then on it is free for everybody. The first paywall of the New York Times ended where somebody cut the end off the address (2011).",
		Fix:  "Ask for the entitlement in the route, derived from what is paid at that moment, before anything else is done.",
		ASVS: []string{"2.3.2", "8.2.1"}, CWE: []string{"CWE-862"},
	},
	{
		ID: "http-cache-shared", Engine: "http", Severity: finding.Critical,
		Title: "A cache answers others with somebody's personal page.",
		Why: "The attack was carried out: after its owner had looked at the page, others got it from the same address. Steam showed " +
			"34,000 people other people's accounts on Christmas Day 2015; ChatGPT showed names and addresses in March 2023.",
		Fix: "Send Cache-Control: private, no-store with everything that depends on who asks; have the cache keep only listed folders " +
			"of static files, whatever an address ends in; refuse addresses with something behind the page's own path.",
		ASVS: []string{"14.2.2", "14.3.2"}, CWE: []string{"CWE-524", "CWE-525"},
	},
	{
		ID: "http-cache-storable", Engine: "http", Severity: finding.High,
		Title: "A personal answer lets shared caches keep it.",
		Why: "Nothing has to be broken into: the day a CDN, a company's proxy or a hosting platform caches by what the headers allow, " +
			"one customer's page is served to others. Railway switched caching on by mistake for 52 minutes in March 2026: answers that " +
			"said nothing about caching were kept and went to other people.",
		Fix:  "Send Cache-Control: private, no-store with everything that depends on who asks.",
		ASVS: []string{"14.2.2", "14.3.2"}, CWE: []string{"CWE-524", "CWE-525"},
	},
	{
		ID: "http-cache-cookie", Engine: "http", Severity: finding.High,
		Title: "A session cookie is set on an answer that caches may keep.",
		Why: "A cache that keeps the answer hands the cookie to the next visitor, who is then signed in as somebody else, " +
			"with all rights. Steam's and ChatGPT's visitors (2015, 2023) only saw other people's pages.",
		Fix:  "Never send Set-Cookie together with public, max-age or s-maxage. Refresh sessions on answers that are private.",
		ASVS: []string{"14.2.2", "14.3.2"}, CWE: []string{"CWE-524", "CWE-539"},
	},
	{
		ID: "http-secret-field", Engine: "http", Severity: finding.High,
		Title: "An answer holds a field that no browser needs: a password hash, a token, a secret.",
		Why: "The row was sent as it stands in the database. Whoever can read the answer, including a script on the page, has it. " +
			"Peloton's API gave ages, weights and places of users to everybody who asked, whatever the page showed (2021).",
		Fix:  "Name the fields of each answer; never serialise the row.",
		ASVS: []string{"14.2.6", "15.3.1"}, CWE: []string{"CWE-213", "CWE-200"},
	},
	{
		ID: "http-browser-storage", Engine: "http", Severity: finding.High,
		Title: "The session is kept where every script on the site can read it.",
		Why: "A token in local or session storage is there for each script, library and browser extension on the page: one of them turns bad, " +
			"and every visitor's account is gone. Grammarly's extension gave its users' tokens to any site that asked (2018).",
		Fix: "Keep the session in a cookie that is HttpOnly, Secure and SameSite=Lax, and let the server read it. With Supabase, use the " +
			"server-side client that keeps its session in cookies.",
		ASVS: []string{"3.3.4", "14.3.3"}, CWE: []string{"CWE-922", "CWE-522"},
	},
	{
		ID: "http-token-in-url", Engine: "http", Severity: finding.Medium,
		Title: "A token stands in an address.",
		Why: "Addresses go into the browser's history, into the logs of every server on the way, and as referrers to other sites. Close to 100,000 " +
			"apps on Facebook passed their users' access tokens to advertisers in this way (2011).",
		Fix:  "Exchange the token for a session on the server and redirect to an address without it at once. Send Referrer-Policy: same-origin.",
		ASVS: []string{"14.2.1"}, CWE: []string{"CWE-598"},
	},
	{
		ID: "http-worker-cache", Engine: "http", Severity: finding.High,
		Title: "A service worker keeps personal pages in the browser.",
		Why: "Whoever uses the computer next opens the page without any session: the cache asks nobody. It is the mistake of Steam's cache, which showed " +
			"34,000 people other people's accounts (2015), inside the browser of a shop, a library or a family.",
		Fix: "Let the worker keep files that are the same for everybody and nothing else. Where pages have to work offline, keep them under the user's " +
			"name and delete that cache when they sign out (Clear-Site-Data: \"cache\", \"storage\").",
		ASVS: []string{"14.3.1", "14.3.2"}, CWE: []string{"CWE-524", "CWE-525"},
	},
	{
		ID: "http-third-party-script", Engine: "http", Severity: finding.Medium,
		Title: "A page of signed-in people runs a script from somebody else's server.",
		Why: "That script can read the page, the storage and every key that is pressed. British Airways lost 380,000 cards to one changed " +
			"script (2018); polyfill.io turned on 100,000 sites when its domain was sold (2024).",
		Fix:  "Serve the script yourself, or name its hash with integrity=. Keep statistics off pages where people sign in, recover or pay.",
		ASVS: []string{"3.6.1", "15.2.4"}, CWE: []string{"CWE-829", "CWE-353"},
	},
	{
		ID: "http-cors", Engine: "http", Severity: finding.High,
		Title: "Any site may read a signed-in person's data through their browser.",
		Why: "The answer allows the origin that asked, whichever it is, with credentials. A customer who opens the attacker's page hands " +
			"over everything that this route shows. Exchanges for bitcoin had it when James Kettle looked (2016).",
		Fix: "Compare the origin with a short list, as a whole and not by its beginning or end. Leave credentials out where no other site " +
			"of yours needs them.",
		ASVS: []string{"3.4.2", "3.5.2"}, CWE: []string{"CWE-942", "CWE-346"},
	},
	{
		ID: "http-csrf", Engine: "http", Severity: finding.High,
		Title: "Another site can change things in a signed-in person's name.",
		Why: "The session cookie came along with a form of another site, and the change was made. Netflix let any page change a customer's " +
			"address and order films in their name (2006), and it is found anew every year.",
		Fix:  "Set SameSite=Lax on the session cookie, refuse writes whose Sec-Fetch-Site or Origin is another site's, and change nothing by GET.",
		ASVS: []string{"3.5.1", "3.5.3"}, CWE: []string{"CWE-352"},
	},
	{
		ID: "http-open-redirect", Engine: "http", Severity: finding.Medium,
		Title: "A link to this site leads wherever its sender wants.",
		Why: "The link begins with your name, so people and mail filters trust it, and it ends on a copy of your sign-in page. With a " +
			"token in the address it hands over the account. Spam went out over 1.usa.gov links of the American government (2012).",
		Fix:  "Accept only a path of your own: one slash at its beginning, no second slash, backslash, tab or line end behind it.",
		ASVS: []string{"3.7.2"}, CWE: []string{"CWE-601"},
	},
	{
		ID: "http-cookie", Engine: "http", Severity: finding.Medium,
		Title: "The session cookie goes to more places than it has to.",
		Why: "A script, another site, a subdomain or the open network gets the session, and with it the account. Firesheep made that one click for " +
			"everybody in the same café (2010).",
		Fix:  "Set-Cookie: __Host-session=…; Path=/; Secure; HttpOnly; SameSite=Lax. No Domain.",
		ASVS: []string{"3.3.1", "3.3.2", "3.3.4"}, CWE: []string{"CWE-1004", "CWE-614", "CWE-1275"},
	},
	{
		ID: "http-headers", Engine: "http", Severity: finding.Low,
		Title: "Pages of signed-in people lack headers that contain a mistake.",
		Why: "Each of them turns a flaw that will be made one day into one that does little. Twitter's \"Don't click\" button spread because its pages " +
			"could be framed (2009).",
		Fix: "Send Content-Security-Policy with default-src 'self' and frame-ancestors 'none', X-Content-Type-Options: nosniff, and " +
			"Strict-Transport-Security.",
		ASVS: []string{"3.4.1", "3.4.3", "3.4.4", "3.4.6"}, CWE: []string{"CWE-693", "CWE-1021"},
	},
	{
		ID: "http-session-after-sign-out", Engine: "http", Severity: finding.Medium,
		Title: "A session works after its owner has signed out.",
		Why: "Signing out deletes the cookie in one browser, and a copy goes on. It is what is left to people who find out that somebody " +
			"has their session, and it does nothing. Sessions copied from files that customers had sent to Okta's support opened their accounts (2023).",
		Fix:  "Keep sessions in the database and delete the row on signing out; give tokens that cannot be revoked a life of minutes.",
		ASVS: []string{"7.4.1"}, CWE: []string{"CWE-613"},
	},
	{
		ID: "smoke-down", Engine: "smoke", Severity: finding.High,
		Title: "A page that has to open does not, or somebody cannot sign in.",
		Why:   "It is what customers see at this moment.",
		Fix:   "Go back to the release before, and look at the log of this one.",
	},
}
