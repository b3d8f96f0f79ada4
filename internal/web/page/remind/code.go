package remind

import (
	"strconv"
	"strings"

	"rsc.io/qr"

	"github.com/tijorihq/tijori/internal/money"
)

// largeUPI is what most UPI apps pay at most in a day, in paise.
const largeUPI = 100_000_00

// NewPay draws the way to pay by a UPI link; without a link there is none.
func NewPay(link, upi, payee string, amount money.Amount) (Pay, error) {
	if link == "" {
		return Pay{}, nil
	}
	code, err := qr.Encode(link, qr.L)
	if err != nil {
		return Pay{}, err
	}
	return Pay{
		Link: link, Code: squares(code), Size: code.Size, UPI: upi, Payee: payee, Amount: amount,
		Large: amount.Minor > largeUPI,
	}, nil
}

// squares draws the dark squares of a code as one path, a bar for each run of a row.
func squares(c *qr.Code) string {
	var b strings.Builder
	for y := range c.Size {
		for x := 0; x < c.Size; x++ {
			from := x
			for x < c.Size && c.Black(x, y) {
				x++
			}
			if n := x - from; n > 0 {
				b.WriteString("M" + strconv.Itoa(from) + " " + strconv.Itoa(y) + "h" + strconv.Itoa(n) + "v1h-" +
					strconv.Itoa(n) + "z")
			}
		}
	}
	return b.String()
}
