package gate

import (
	"slices"

	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rules are what `audit gate` holds besides the rules of the reports.
func Rules() []finding.Rule { return slices.Clone(rules) }

var rules = []finding.Rule{
	{
		ID: "gate-coverage", Engine: "gate", Severity: finding.Medium,
		Title: "A critical package is tested less than it has to be.",
		Why: "What no test runs, nobody has seen work. Knight Capital lost 440 million dollars in 45 minutes to old code that a release " +
			"switched on (2012).",
		Fix: "Test the statements that the profile shows as not covered, errors first.", CWE: []string{"CWE-1059"},
	},
	{
		ID: "gate-review-missing", Engine: "gate", Severity: finding.High,
		Title: "Nobody has reviewed a billing route.",
		Why: "Three questions find most flaws of billing before any tool does: who can read it, who can write it, and what happens when an id " +
			"is tampered with. Nobody has written the answers down.",
		Fix: "Have a person read the handler and answer in " +
			"reviews.toml.", ASVS: []string{"15.1.5"}, CWE: []string{"CWE-862"},
	},
	{
		ID: "gate-review-stale", Engine: "gate", Severity: finding.High,
		Title: "A billing route has changed since somebody reviewed it.",
		Why:   "The answers in reviews.toml are about other code. A check is lost in a change that looks like tidying.",
		Fix:   "Read what has changed, and renew the review with its date and the handler's hash.",
		CWE:   []string{"CWE-862"},
	},
	{
		ID: "gate-incident", Engine: "gate", Severity: finding.High,
		Title: "An incident is open.",
		Why:   "A release in the middle of an incident destroys its traces and hides whether it is over.",
		Fix:   "Close it, with its day, or release from the commit before.", CWE: []string{"CWE-778"},
	},
}
