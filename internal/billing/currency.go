package billing

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/money"
)

// stripeCurrencies is what Stripe charges cards in (docs.stripe.com/currencies, presentment currencies).
var stripeCurrencies = strings.Fields(`
	USD AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BIF BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CLP
	CNY COP CRC CVE CZK DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS
	INR ISK JMD JPY KES KGS KHR KMF KRW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MUR MVR MWK MXN
	MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SEK SGD SHP SLE
	SOS SRD STD SZL THB TJS TOP TRY TTD TWD TZS UAH UGX UYU UZS VND VUV WST XAF XCD XOF XPF YER ZAR ZMW BHD JOD
	KWD OMR TND`)

// stripeLeast is the least that Stripe charges, in minor units, where it names one
// (docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).
var stripeLeast = map[string]int64{
	"USD": 50, "AED": 200, "AUD": 50, "BGN": 100, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250, "EUR": 50,
	"GBP": 30, "HKD": 400,
	"HUF": 17500, "JPY": 50, "MXN": 1000, "MYR": 200, "NOK": 300, "NZD": 50, "PLN": 200, "RON": 200, "SEK": 300,
	"SGD": 50,
	"THB": 1000,
}

// chargeable says why Stripe cannot charge an amount, "" when it can. Rupees are Razorpay's.
func chargeable(a money.Amount) string {
	switch {
	case a.Currency == "INR":
		return "INR is sold by Razorpay"
	case !slices.Contains(stripeCurrencies, a.Currency):
		return fmt.Sprintf("Stripe charges nothing in %q", a.Currency)
	case a.Minor < stripeLeast[a.Currency]:
		return fmt.Sprintf("amount %d is below Stripe's least, %d", a.Minor, stripeLeast[a.Currency])
	case stripeDigits(a.Currency) != money.Digits(a.Currency):
		return fmt.Sprintf("%s has %d decimal places at Stripe and %d on our pages, so it cannot be sold in",
			a.Currency,
			stripeDigits(a.Currency), money.Digits(a.Currency))
	case stripeDigits(a.Currency) == 3 && a.Minor%10 != 0:
		return fmt.Sprintf("amount %d is finer than Stripe charges in %s", a.Minor, a.Currency)
	}
	return ""
}

// stripeDigits is how many decimal places Stripe's minor units of a currency have
// (docs.stripe.com/currencies#zero-decimal).
func stripeDigits(currency string) int {
	switch currency {
	case "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0
	case "BHD", "JOD", "KWD", "OMR", "TND":
		return 3
	}
	return 2
}
