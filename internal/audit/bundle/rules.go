package bundle

import (
	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/secret"
)

// revoke begins the fix of every secret: what was public once stays known.
const revoke = "Revoke the key at its provider first, because whoever opened the site may have it. "

const serverOnly = "in a variable that the build does not put into client files " +
	"(without NEXT_PUBLIC_, VITE_, REACT_APP_, PUBLIC_ or EXPO_PUBLIC_ before its name)."

const moveToServer = "Then make the call on the server, and keep the new key " + serverOnly

var rules = []finding.Rule{
	{
		ID: "bundle-payment-key", Engine: "bundle", Severity: finding.Critical,
		Title: "A payment provider's secret key is in a file that every visitor downloads.",
		Why: "Client files are public: scanners read new sites for these letters within hours. With the key a stranger reads your customers and " +
			"payments, sends refunds to other cards, or cancels subscriptions.",
		Fix: revoke + moveToServer, ASVS: []string{"13.3.1"}, CWE: []string{"CWE-798", "CWE-200"},
	},
	{
		ID: "bundle-database-key", Engine: "bundle", Severity: finding.Critical,
		Title: "A key or password of the database is in a file that every visitor downloads.",
		Why: "A service_role key or a database password passes by every policy that keeps customers apart. One download is enough to copy " +
			"or delete all rows. The usual way: the anonymous key \"did not work\", so the other one was pasted " +
			"in its place.",
		Fix:  revoke + "In the browser use the anonymous (publishable) key with row-level security. " + moveToServer,
		ASVS: []string{"13.3.1", "8.3.1"}, CWE: []string{"CWE-798", "CWE-269"},
	},
	{
		ID: "bundle-webhook-secret", Engine: "bundle", Severity: finding.Critical,
		Title: "A webhook signing secret is in a file that every visitor downloads.",
		Why: "The secret is all that tells a provider's event from a stranger's. Whoever has it posts \"invoice.paid\" to your server and has a " +
			"paid plan without paying.",
		Fix:  "Roll the secret in the provider's dashboard, and keep the new one on the server only.",
		ASVS: []string{"13.3.1", "4.1.5"}, CWE: []string{"CWE-798", "CWE-345"},
	},
	{
		ID: "bundle-signing-secret", Engine: "bundle", Severity: finding.Critical,
		Title: "A secret that signs sessions or tokens is in a file that every visitor downloads.",
		Why:   "Whoever has it makes a valid session for any user, the administrator included. Nothing in your logs looks wrong.",
		Fix: "Sign and verify on the server only. Make a new secret, which signs everybody out, and keep it " +
			serverOnly, ASVS: []string{"13.3.1"}, CWE: []string{"CWE-321", "CWE-798"},
	},
	{
		ID: "bundle-cloud-key", Engine: "bundle", Severity: finding.Critical,
		Title: "A key of a cloud, a repository or a file store is in a file that every visitor downloads.",
		Why:   "Such keys start machines at your expense, read backups and uploads, or change the code that you deploy next.",
		Fix:   revoke + moveToServer + " For uploads from the browser, sign one address on the server for each file.",
		ASVS:  []string{"13.3.1"}, CWE: []string{"CWE-798"},
	},
	{
		ID: "bundle-service-key", Engine: "bundle", Severity: finding.High,
		Title: "A secret key of a service that costs money or sends mail is in a file that every visitor downloads.",
		Why:   "Strangers send mail from your domain, or run models on your bill: stolen keys are sold by the hour.",
		Fix:   revoke + moveToServer + " Set a spending limit at the provider.",
		ASVS:  []string{"13.3.1"}, CWE: []string{"CWE-798"},
	},
	{
		ID: "bundle-session-token", Engine: "bundle", Severity: finding.High,
		Title: "A person's session token is in a file that every visitor downloads.",
		Why: "A page that was built or cached while somebody was signed in holds that person's session. Every visitor can use it until it ends, " +
			"and a refresh token beside it makes new ones.",
		Fix: "Sign that person out everywhere. Render pages with a session for each request (cache-control: private, no-store), never at build time, " +
			"and keep tokens in HttpOnly cookies.",
		ASVS: []string{"14.2.5", "14.3.2"}, CWE: []string{"CWE-524", "CWE-522"},
	},
	{
		ID: "bundle-personal-data", Engine: "bundle", Severity: finding.High,
		Title: "The data in a page holds personal data that the page does not show.",
		Why: "A page that is given whole rows sends them whole to the browser, whatever it shows of them. \"View source\" is enough to read " +
			"e-mail addresses, phone numbers, password hashes or bank accounts.",
		Fix:  "Select the fields that the page shows, on the server, before they become props (a list of columns in the query, or a function that builds the view).",
		ASVS: []string{"15.3.1", "14.2.6"}, CWE: []string{"CWE-200", "CWE-359"},
	},
	{
		ID: "bundle-internal-notes", Engine: "bundle", Severity: finding.Medium,
		Title: "The data in a page holds internal notes, scores or costs that the page does not show.",
		Why: "Customers read what your team wrote about them, and competitors your cost prices. It comes from passing whole rows to a page " +
			"and hiding fields in the component.",
		Fix:  "Select the fields that the page shows, on the server, before they become props.",
		ASVS: []string{"15.3.1"}, CWE: []string{"CWE-200", "CWE-213"},
	},
	{
		ID: "bundle-source-map", Engine: "bundle", Severity: finding.Medium,
		Title: "A published source map holds server code.",
		Why: "Source maps carry whole source files with comments. Server code in them tells a stranger which checks exist, which do not, and how your " +
			"tables are called. It also shows that server code went into a client bundle.",
		Fix: "Do not publish source maps (productionBrowserSourceMaps: false, sourcemap: 'hidden'; upload them to the error tracker and delete them from " +
			"what is deployed). Import \"server-only\" in server files, so that a client import fails the build.",
		ASVS: []string{"13.4.7", "15.2.3"}, CWE: []string{"CWE-540"},
	},
	{
		ID: "bundle-private-file", Engine: "bundle", Severity: finding.High,
		Title: "A file that is not for visitors is among the published ones.",
		Why:   "Files such as .env, .git, database dumps and keys are asked for by every scanner. What lies in the published folder is served.",
		Fix:   "Publish the build output only, not the project folder. Delete the file there, and replace every secret that it holds.",
		ASVS:  []string{"13.4.1", "13.4.7"}, CWE: []string{"CWE-538", "CWE-527"},
	},
}

// Rules are what the engine looks for.
func Rules() []finding.Rule { return append([]finding.Rule(nil), rules...) }

func rule(id string) finding.Rule {
	for _, r := range rules {
		if r.ID == id {
			return r
		}
	}
	panic("no rule " + id)
}

var ruleOfClass = map[secret.Class]string{
	secret.Payment: "bundle-payment-key", secret.Database: "bundle-database-key",
	secret.Webhook: "bundle-webhook-secret",
	secret.Signing: "bundle-signing-secret", secret.Cloud: "bundle-cloud-key", secret.Service: "bundle-service-key",
	secret.Session: "bundle-session-token",
}

// newFinding begins a finding with what the rule says.
func newFinding(id string) finding.Finding {
	r := rule(id)
	return finding.Finding{
		Rule: r.ID, Severity: r.Severity, Title: r.Title, Why: r.Why, Fix: r.Fix, ASVS: r.ASVS,
		CWE: r.CWE, Actors: []string{"anonymous"},
	}
}
