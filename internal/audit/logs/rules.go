package logs

import "github.com/tijorihq/tijori/internal/audit/finding"

const (
	ruleGuarded = "logs-guarded-without-session"
	ruleForeign = "logs-foreign-id"
	ruleWalking = "logs-walking-ids"
	ruleSpike   = "logs-read-spike"
)

var rules = []finding.Rule{
	{
		ID: ruleGuarded, Engine: "logs", Severity: finding.High,
		Title: "A route that needs a session has answered somebody without one.",
		Why: "The same route refuses strangers, or is only used by people who are signed in, and yet gave 200 to a request without a session. " +
			"Either a check was forgotten on one of its ways, or a cache answered in its place.",
		Fix: "Send the request of the proof again, without a cookie. If it answers with data, add the session check to the route itself (not only to the " +
			"page that leads to it), and tell the people whose data was read.",
		ASVS: []string{"8.3.1", "16.2.1"}, CWE: []string{"CWE-306", "CWE-862"},
	},
	{
		ID: ruleForeign, Engine: "logs", Severity: finding.High,
		Title: "Somebody read or changed an object of another customer.",
		Why:   "The request names, or the answer returned, an id that belongs to another user or account. It is what a broken ownership check looks like from outside.",
		Fix: "Look the object up together with the account of the session (where id = … and account_id = …), and answer 404 otherwise. Repeat the request of " +
			"the proof as that user to see whether it still works.",
		ASVS: []string{"8.2.2", "16.3.2"}, CWE: []string{"CWE-639"},
	},
	{
		ID: ruleWalking, Engine: "logs", Severity: finding.High,
		Title: "Somebody walks through ids.",
		Why:   "Many ids of one route in a few minutes, one after the other or mostly refused, is how data is copied: each answer of 200 may be another customer's record.",
		Fix: "Check which of the answers belonged to the caller. Limit requests for each user, look objects up with the account of the session, and use ids " +
			"that cannot be counted (UUIDv7).",
		ASVS: []string{"2.4.1", "8.2.2"}, CWE: []string{"CWE-639", "CWE-799"},
	},
	{
		ID: ruleSpike, Engine: "logs", Severity: finding.Medium,
		Title: "Far more invoices or exports were read than usual.",
		Why:   "Invoices and exports hold names, addresses and amounts in one place, so whoever copies data goes there first.",
		Fix:   "Ask the person whether it was them. If not, end their sessions, change their password, and keep the log.",
		ASVS:  []string{"2.4.1", "16.3.3"}, CWE: []string{"CWE-799"},
	},
}

// Rules are what the engine looks for.
func Rules() []finding.Rule { return append([]finding.Rule(nil), rules...) }

func newFinding(id string) finding.Finding {
	for _, r := range rules {
		if r.ID == id {
			return finding.Finding{
				Rule: r.ID, Severity: r.Severity, Title: r.Title, Why: r.Why, Fix: r.Fix,
				ASVS: r.ASVS, CWE: r.CWE,
			}
		}
	}
	panic("no rule " + id)
}
