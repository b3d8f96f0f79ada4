// Package payee says where a business is paid by UPI.
package payee

import (
	"time"

	"github.com/tijorihq/tijori/internal/web/ui"
)

// A View is the page of /b/{business}/upi. Its form posts as id, upi and payee.
type View struct {
	ui.Shell
	ui.Form
	UPI     string
	Payee   string
	InForce string // the id in force, "" when none
	Other   bool   // the business's currency is not INR: UPI is of no use
	Changes []Change
}

// A Change is one decision, the newest first.
type Change struct {
	UPI, Payee string // "" when it was taken away
	By         string
	When       time.Time
}
