package frame

import (
	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/money"
)

// Plan is the plan in force for the account of the page, as the database derived it.
func (r *Request) Plan() billing.Plan {
	if p, ok := r.f.Plans.ByID(r.Person.Plan); ok {
		return p
	}
	return r.f.Plans.Default()
}

// MayExport reports whether the plan in force lets files out.
func (r *Request) MayExport() bool {
	return r.Plan().Has(billing.Export)
}

// Roomier names the plan that holds more parties than the caller's, "" when none does.
func (r *Request) Roomier() string { return r.f.offers.Roomier(r) }

// Amount is a sum in the currency of the open business.
func (r *Request) Amount(minor int64) money.Amount {
	currency := "INR"
	if r.Person.Business != nil {
		currency = r.Person.Business.Currency
	}
	return money.Amount{Minor: minor, Currency: currency}
}
