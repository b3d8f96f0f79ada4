package web

import (
	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/money"
)

// plan is the plan in force for the account of the page, as the database derived it.
func (s *Server) plan(r *request) billing.Plan {
	if p, ok := s.Plans.ByID(r.person.Plan); ok {
		return p
	}
	return s.Plans.Default()
}

func (s *Server) mayExport(r *request) bool {
	return s.plan(r).Has(entitlementExport)
}

func (r *request) amount(minor int64) money.Amount {
	currency := "INR"
	if r.person.Business != nil {
		currency = r.person.Business.Currency
	}
	return money.Amount{Minor: minor, Currency: currency}
}
