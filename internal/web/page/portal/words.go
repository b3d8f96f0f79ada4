package portal

// status is the word for where the subscription stands.
func status(v View) string {
	switch v.Status {
	case "none":
		return v.T("No charge")
	case "active":
		return v.T("Active")
	case "trialing":
		return v.T("Trial")
	case "past_due":
		return v.T("Payment failed")
	case "canceling":
		return v.T("Ends soon")
	case "canceled", "expired":
		return v.T("Ended")
	case "paused":
		return v.T("Paused")
	}
	return v.T("Being confirmed")
}

// next says what the next date is about.
func next(v View) string {
	switch v.Status {
	case "canceling", "canceled", "expired":
		return v.T("Access until")
	case "past_due":
		return v.T("Pay before")
	}
	return v.T("Next payment")
}

// invoiceStatus is the word for an invoice's status.
func invoiceStatus(v View, status string) string {
	switch status {
	case "paid":
		return v.T("Paid")
	case "failed":
		return v.T("Failed")
	case "refunded":
		return v.T("Refunded")
	case "void":
		return v.T("Void")
	}
	return v.T("Open")
}
