package billing

// status is the word for a subscription's status.
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
	case "canceled":
		return v.T("Ended")
	case "paused":
		return v.T("Paused")
	case "pending":
		return v.T("Being confirmed")
	}
	return v.Status
}

// next says what the next date is about.
func next(v View) string {
	switch v.Status {
	case "canceling", "canceled":
		return v.T("Access until")
	case "past_due":
		return v.T("Pay before")
	}
	return v.T("Next payment")
}

// lapsed says what was paid until when, and why it is no more.
func lapsed(v View) string {
	plan, paid := v.Lapsed.PlanName, v.Date(v.Lapsed.Paid)
	switch v.Lapsed.Why {
	case "past_due":
		return v.T("%s was paid until %s. The next payment did not go through.", plan, paid)
	case "paused":
		return v.T("%s was paid until %s. The payments are paused.", plan, paid)
	case "canceled":
		return v.T("%s was paid until %s. It was cancelled.", plan, paid)
	}
	return v.T("%s was paid until %s.", plan, paid)
}

// invoiceStatus is the word for an invoice's status.
func invoiceStatus(v View, status string) string {
	switch status {
	case "paid":
		return v.T("Paid")
	case "open":
		return v.T("Open")
	case "failed":
		return v.T("Failed")
	case "refunded":
		return v.T("Refunded")
	case "void":
		return v.T("Void")
	}
	return status
}
