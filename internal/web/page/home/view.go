// Package home is the page of / for a user of several businesses.
package home

import (
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// A View is what the list of businesses shows.
type View struct {
	ui.Shell
	Email string // of who looks
	Shops []Shop
	Sums  []Sum // one a currency; of the shops that the user owns, when there are several
}

// A Sum is what all shops of one owner come to in one currency.
type Sum struct {
	Shops, Parties int
	Get, Give      money.Amount // both positive
}

// SumShops adds up the shops that the user owns, a currency after the other in
// their order. With fewer than two there is nothing to add up.
func SumShops(shops []Shop) []Sum {
	var sums []Sum
	at, owned := map[string]int{}, 0
	for _, b := range shops {
		if !b.Rights().Owns {
			continue
		}
		owned++
		i, ok := at[b.Currency]
		if !ok {
			i = len(sums)
			at[b.Currency] = i
			sums = append(sums, Sum{Get: money.Amount{Currency: b.Currency}, Give: money.Amount{Currency: b.Currency}})
		}
		s := &sums[i]
		s.Shops, s.Parties = s.Shops+1, s.Parties+b.Parties
		s.Get.Minor, s.Give.Minor = s.Get.Minor+b.Get.Minor, s.Give.Minor+b.Give.Minor
	}
	if owned < 2 {
		return nil
	}
	return sums
}

// A Shop is one business with its totals.
type Shop struct {
	ui.Business
	Parties   int
	Get, Give money.Amount // both positive; not shown where the role may not see them
}
