package webhook

import (
	"slices"

	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rules are what `audit webhook` looks for.
func Rules() []finding.Rule { return slices.Clone(rules) }

func ruleByID(id string) finding.Rule {
	return rules[slices.IndexFunc(rules, func(r finding.Rule) bool { return r.ID == id })]
}

const verify = "Verify the signature over the raw bytes of the body, with a secret that is never empty, before anything is parsed. " +
	"Refuse to start without the secret."

var rules = []finding.Rule{
	{
		ID: "webhook-unsigned", Engine: "webhook", Severity: finding.Critical,
		Title: "Anyone can report a payment: webhooks without a signature count.",
		Why: "The attack was carried out: the plan was paid afterwards, and no money moved. The address of a webhook is in every " +
			"tutorial of the framework. n8n's node for Stripe started workflows for any request (CVE-2026-21894).",
		Fix: verify, ASVS: []string{"2.3.2", "4.1.5"}, CWE: []string{"CWE-345", "CWE-306"},
	},
	{
		ID: "webhook-wrong-signature", Engine: "webhook", Severity: finding.Critical,
		Title: "Webhooks with a wrong signature count.",
		Why: "The header is looked for and not verified, or a secret is accepted that somebody else knows: an empty one, which is what a " +
			"missing setting becomes, or one that was rotated away because it had leaked. New API gave quota away to who signed with the empty secret, its default " +
			"(GHSA-xff3-5c9p-2mr4).",
		Fix:  verify + " Take ended secrets out of the configuration on the day on which their time of overlap is over.",
		ASVS: []string{"11.4.1", "13.3.4"}, CWE: []string{"CWE-347"},
	},
	{
		ID: "webhook-altered", Engine: "webhook", Severity: finding.High,
		Title: "The signature of a webhook is verified over something else than what was sent.",
		Why: "The body was parsed and written down anew before the check. Two parsers that differ about a repeated key then verify one " +
			"event and apply another; and genuine events fail whenever the provider's spelling differs. Two JSON parsers that read a repeated key differently made " +
			"anybody an administrator of CouchDB (CVE-2017-12635).",
		Fix: verify, ASVS: []string{"11.4.1"}, CWE: []string{"CWE-347"},
	},
	{
		ID: "webhook-stale", Engine: "webhook", Severity: finding.Medium,
		Title: "A recorded webhook counts an hour later.",
		Why:   "The signature says when it was made, and nobody looks. A copy from a log or a proxy pays again and again.",
		Fix:   "Refuse signatures that are more than five minutes old or from the future, as the provider's own library does by default.",
		ASVS:  []string{"2.3.1"}, CWE: []string{"CWE-294"},
	},
	{
		ID: "webhook-repeated", Engine: "webhook", Severity: finding.High,
		Title: "A repeated webhook grants again.",
		Why: "Providers deliver at least once, and they say so. Each repeat gives away what one payment bought; one time-out of your server " +
			"is enough.",
		Fix: "Insert the event's id under a unique constraint in the transaction that grants. Memory of the process does not count: there " +
			"are two of them, and they restart.",
		ASVS: []string{"2.3.3"}, CWE: []string{"CWE-837", "CWE-294"},
	},
	{
		ID: "webhook-late", Engine: "webhook", Severity: finding.High,
		Title: "An old webhook undoes a newer one.",
		Why: "Providers promise no order. A payment's event that is delivered again after the subscription has ended gives it back, for " +
			"good; the other way round, somebody who pays is locked out.",
		Fix: "On any event, fetch the subscription from the provider and take what it says now. Or keep the time of the newest event that " +
			"was applied, and leave older ones.",
		ASVS: []string{"2.3.1"}, CWE: []string{"CWE-696", "CWE-841"},
	},
	{
		ID: "webhook-other-mode", Engine: "webhook", Severity: finding.Critical,
		Title: "Test payments count in production.",
		Why:   "An event of the other mode was taken for a payment. Test cards are printed in the provider's documentation.",
		Fix:   "Compare livemode with the mode that the server runs in, on every event, and keep one secret for each.",
		ASVS:  []string{"2.3.2", "13.4.2"}, CWE: []string{"CWE-489", "CWE-345"},
	},
	{
		ID: "webhook-foreign", Engine: "webhook", Severity: finding.High,
		Title: "A payment for something else, or to somebody else, counts.",
		Why: "The provider's account sells more than one thing, or serves several accounts, and every event goes to every address. " +
			"Somebody buys the cheapest thing and gets the dearest.",
		Fix:  "Derive the plan from the price id that was paid, by a list of your own, and refuse accounts and prices that are not on it.",
		ASVS: []string{"2.2.1", "2.3.2"}, CWE: []string{"CWE-345", "CWE-840"},
	},
	{
		ID: "webhook-ok-on-error", Engine: "webhook", Severity: finding.High,
		Title: "An event that failed is acknowledged, and lost for good.",
		Why: "The provider sends again until it hears 2xx. A handler that answers 200 after an error throws the payment away: the customer " +
			"has paid and gets nothing, and no log of the provider shows it.",
		Fix:  "Answer 2xx only after the transaction has committed, or after the event is stored where something else applies it.",
		ASVS: []string{"2.3.3", "16.5.3"}, CWE: []string{"CWE-390", "CWE-754"},
	},
	{
		ID: "webhook-unpaid", Engine: "webhook", Severity: finding.Critical,
		Title: "A subscription counts although its payment has not happened.",
		Why: "Providers report a subscription when it is created, a checkout when it is finished, and a mandate when it is signed. None of " +
			"these is money: a card that is declined goes through all of them.",
		Fix:  "Grant on the paid invoice or a subscription that is active, after fetching it; for a checkout look at payment_status.",
		ASVS: []string{"2.3.1", "2.3.2"}, CWE: []string{"CWE-841"},
	},
	{
		ID: "webhook-lost", Engine: "webhook", Severity: finding.High,
		Title: "A payment is lost when its events come in another order, or a connection breaks.",
		Why: "The event was noted as seen, or acknowledged, before it was applied. The customer has paid, the provider has delivered, and " +
			"nothing will ever happen.",
		Fix: "Store the raw event first and acknowledge it; apply it in a job that tries again. Mark it as done in the transaction that " +
			"applies it, and give that work a context of its own.",
		ASVS: []string{"2.3.3"}, CWE: []string{"CWE-754", "CWE-460"},
	},
	{
		ID: "webhook-oversized", Engine: "webhook", Severity: finding.Low,
		Title: "A webhook of any size is read into memory.",
		Why:   "A few requests at one moment end the process, and no secret is needed: the body is read before it is verified.",
		Fix:   "Limit the body to one megabyte before reading it. Providers' events are far smaller.",
		ASVS:  []string{"4.3.1", "15.2.2"}, CWE: []string{"CWE-770", "CWE-400"},
	},
}
