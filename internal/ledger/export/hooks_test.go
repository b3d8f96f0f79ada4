package export

import (
	"fmt"
	"strconv"
)

// SetMaxRows makes sheets of spreadsheets shorter, until the function that it returns is called.
func SetMaxRows(n int) (reset func()) {
	was := maxRows
	maxRows = n
	return func() { maxRows = was }
}

// Number is what a spreadsheet is given for an amount, as it is read there, and whether that is text.
func Number(minor int64, currency string) (string, bool) {
	switch v := number(minor, currency).(type) {
	case float64:
		return strconv.FormatFloat(v, 'f', 2, 64), false
	default:
		return fmt.Sprint(v), true
	}
}
