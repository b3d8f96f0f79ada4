package race

import (
	"slices"

	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rules are what `audit race` looks for.
func Rules() []finding.Rule { return slices.Clone(rules) }

func ruleByID(id string) finding.Rule {
	return rules[slices.IndexFunc(rules, func(r finding.Rule) bool { return r.ID == id })]
}

var rules = []finding.Rule{
	{
		ID: "race-balance", Engine: "race", Severity: finding.Critical,
		Title: "Requests at one moment spend the same credits twice.",
		Why: "More was accepted than the balance fell. Whoever sends requests side by side pays for one of them. Starbucks' gift cards could " +
			"be filled from nothing this way (2015): two transfers at one moment, one debit.",
		Fix: "Let the database decide in one statement: update … set balance = balance - cost where balance >= cost, and look whether a row " +
			"came back. A read before the write, in whatever transaction, is not enough.",
		ASVS: []string{"2.3.3", "2.3.4", "15.4.2"}, CWE: []string{"CWE-362", "CWE-367"},
	},
	{
		ID: "race-quota", Engine: "race", Severity: finding.High,
		Title: "Requests at one moment go beyond a limit of the plan.",
		Why:   "The limit is counted before the row is inserted, so all requests of one moment see the same count and all are let in.",
		Fix: "Lock one row of the account before counting, or hold the count in a row with a check constraint and raise it in the " +
			"transaction that inserts.",
		ASVS: []string{"2.3.4", "15.4.2"}, CWE: []string{"CWE-362", "CWE-367"},
	},
	{
		ID: "race-repeated", Engine: "race", Severity: finding.High,
		Title: "A repeated request with one idempotency key counts more than once.",
		Why: "The key is looked up before it is written down, so copies of one moment all find nothing. A client that tries again, as every " +
			"client does, is charged twice.",
		Fix:  "Insert the key under a unique constraint in the transaction that does the work, and answer the stored result when it is there.",
		ASVS: []string{"2.3.3", "15.4.2"}, CWE: []string{"CWE-362", "CWE-837"},
	},
}
