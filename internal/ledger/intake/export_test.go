package intake

// Agrees reports balances that all follow from the entries.
func (c *Check) Agrees() bool { return c.Wrong == 0 && c.Start == 0 }
