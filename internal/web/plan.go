package web

import (
	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/money"
)

// plan is the plan in force for the account of the page, as the database derived it.
func (s *Server) Plan(r *Request) billing.Plan {
	if p, ok := s.Plans.ByID(r.Person.Plan); ok {
		return p
	}
	return s.Plans.Default()
}

func (s *Server) MayExport(r *Request) bool {
	return s.Plan(r).Has(entitlementExport)
}

func (r *Request) Amount(minor int64) money.Amount {
	currency := "INR"
	if r.Person.Business != nil {
		currency = r.Person.Business.Currency
	}
	return money.Amount{Minor: minor, Currency: currency}
}
