package ui

import (
	"slices"

	"github.com/tijorihq/tijori/internal/role"
)

// Rights are what the open business offers to the user, none outside a business.
// They only keep useless buttons away: the server and the database decide by
// themselves.
func (s Shell) Rights() role.Rights { return s.Business.Rights() }

// Rights are what the user may do in a business.
func (b Business) Rights() role.Rights { return role.Of(b.Role) }

// OwnsAccount reports whether the user owns an account, and so may add
// businesses, invite and buy.
func (s Shell) OwnsAccount() bool {
	return slices.ContainsFunc(s.Businesses, func(b Business) bool { return b.Rights().Owns })
}

// RoleName is the word for a role.
func (s Shell) RoleName(name string) string { return role.Named(name).Title.In(s.Locale) }

// RoleMeaning says in one line what a role may do.
func (s Shell) RoleMeaning(name string) string { return role.Named(name).Meaning.In(s.Locale) }

// Roles are the choices of a member's role, each explained, the narrowest first.
func (s Shell) Roles() []Option { return s.options(role.All()) }

// RolesInBusiness are the choices for a member of a single business: an owner
// owns the whole account.
func (s Shell) RolesInBusiness() []Option {
	return s.options(slices.DeleteFunc(role.All(), func(r role.Role) bool { return r.Rights.Owns }))
}

func (s Shell) options(roles []role.Role) []Option {
	var out []Option
	for _, r := range slices.Backward(roles) {
		out = append(out, Option{Value: r.Name, Label: r.Title.In(s.Locale), Hint: r.Meaning.In(s.Locale)})
	}
	return out
}
