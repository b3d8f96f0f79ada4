// Package paymentcustomernotunique is the rule payment-customer-not-unique.
package paymentcustomernotunique

import (
	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:     "payment-customer-not-unique",
		Engine: "db",
		Title:  "One payment customer can belong to two accounts.",
		Why: "One customer's events change the other's plan, and one's portal shows the other's " +
			"invoices.",
		Fix:      "UNIQUE on the customer's id alone, and on the account alone.",
		Severity: finding.High,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-694"},
	},
	Find: find,
}

func find(p *pass.Pass) {
	for _, r := range p.Schema.Relations {
		if c := p.SharedCustomer(r); c != nil {
			f := p.Finding(
				"payment-customer-not-unique",
				r,
				finding.High,
				"two accounts can share "+c.Name+" of "+r.FullName(),
				"mapping",
			)
			f.Key, f.Actors = c.Name, []string{"another tenant"}
			f.Patch = "create unique index on " + r.SQL() + " (" + pass.Quoted([]*catalog.Column{c}) + ");"
			p.Add(f)
		}
	}
}
