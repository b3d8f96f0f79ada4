package ui

import "slices"

// May is what pages offer to a role. It only keeps useless buttons away: the
// server and the database decide by themselves.
type May struct {
	SeeBalances bool // totals, balances, history
	AddEntry    bool
	Edit        bool // parties, and entries that exist; delete and restore
	Export      bool
	Manage      bool // business settings
	Own         bool // team, plan and billing
}

// May returns what the open business offers to the user.
func (s Shell) May() May {
	switch s.Business.Role {
	case "owner":
		return May{SeeBalances: true, AddEntry: true, Edit: true, Export: true, Manage: true, Own: true}
	case "manager":
		return May{SeeBalances: true, AddEntry: true, Edit: true, Export: true, Manage: true}
	case "accountant":
		return May{SeeBalances: true, Export: true}
	case "counter":
		return May{AddEntry: true}
	}
	return May{}
}

// OwnsAccount reports whether the user owns an account, and so may add
// businesses, invite and buy.
func (s Shell) OwnsAccount() bool {
	return slices.ContainsFunc(s.Businesses, func(b Business) bool { return b.Role == "owner" })
}

// RoleName is the word for a role.
func (s Shell) RoleName(role string) string {
	switch role {
	case "owner":
		return s.T("Owner")
	case "manager":
		return s.T("Manager")
	case "accountant":
		return s.T("Accountant")
	case "counter":
		return s.T("Counter")
	}
	return role
}

// RoleMeaning says in one line what a role may do.
func (s Shell) RoleMeaning(role string) string {
	switch role {
	case "owner":
		return s.T("Everything, including team and billing.")
	case "manager":
		return s.T("Runs the khata: parties, entries, exports. No team, no billing.")
	case "accountant":
		return s.T("Reads and exports everything. Changes nothing.")
	case "counter":
		return s.T("Adds entries at the counter. Sees no totals and no balances.")
	}
	return ""
}
