package backup

// AllowSame lets an upgrade lead to the version that is there.
func AllowSame(u *Upgrader) { u.same = true }
