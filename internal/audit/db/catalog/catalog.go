// Package catalog is a snapshot of a database's catalogue: what there is, who
// may reach it, and the conditions that decide, as node trees.
package catalog

import (
	"fmt"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/db/tree"
)

// A Schema is everything of a database that does not belong to the system.
type Schema struct {
	Relations []*Relation // in the order of their names
	Functions []*Function
	Roles     []*Role
	Grants    []DefaultGrant
	Published []Publication

	Operators map[int]string // names by number
	Builtin   map[int]string // functions of the system, by number
	Types     map[int]*Type
	Labels    map[string]string // of enums, by number
	Buckets   map[string]bool   // of a file store: whether they are public

	relations map[int]*Relation
	functions map[int]*Function
	roles     map[string]*Role
	byName    map[string]*Relation
}

// A Relation is a table, partitioned table, view or materialised view.
type Relation struct {
	OID          int
	Schema, Name string
	Kind         string // r, p, v, m, f
	Owner        string
	RLS, Force   bool
	Invoker      bool // a view with security_invoker
	Barrier      bool
	Parents      []int // partitioned table or inherited tables
	Partition    bool
	Columns      []*Column
	Keys         []*Key // primary, unique and exclusion, including plain unique indexes
	Foreign      []*Foreign
	Checks       []*Check
	Policies     []*Policy
	Triggers     []*Trigger
	Query        *tree.Node // of a view
	Definition   string     // of a view, as text
	Insertable   bool       // a view that can be written through
	Updatable    bool
	Extension    bool    // belongs to an extension
	Indexed      [][]int // columns of indexes that are not unique, or only in part
}

// A Column is a column of a relation.
type Column struct {
	Num       int
	Name      string
	Type      int
	TypeMod   int
	TypeText  string
	NotNull   bool
	Identity  string // a, d or empty
	Generated bool
	Default   string
	DefaultAt *tree.Node
}

// A Key is a unique constraint or a unique index.
type Key struct {
	Name      string
	Primary   bool
	Columns   []int // 0 stands for an expression
	Predicate string
	OID       int
}

// A Foreign is a foreign key.
type Foreign struct {
	OID      int
	Name     string
	Columns  []int
	Target   int
	Targets  []int
	OnDelete string // a, r, c, n, d
}

// A Check is a check constraint; Domain says that it comes with a type.
type Check struct {
	Name       string
	Columns    []int
	Expression string
	Node       *tree.Node
}

// A Policy is a row-level security policy.
type Policy struct {
	OID        int
	Name       string
	Command    string // *, r, a, w, d
	Permissive bool
	Roles      []string // empty: everybody
	Using      *tree.Node
	Check      *tree.Node
	UsingText  string
	CheckText  string
	Relation   *Relation
}

// A Trigger is a trigger that is on.
type Trigger struct {
	Name     string
	Function int
	Type     int
	Columns  []int
}

// Before says whether the trigger runs before the row is stored.
func (t *Trigger) Before() bool { return t.Type&2 != 0 }

// Fires says whether the trigger runs for insert, update or delete.
func (t *Trigger) Fires(verb string) bool {
	return t.Type&map[string]int{"insert": 4, "delete": 8, "update": 16}[verb] != 0
}

// A Function is a function or procedure that does not belong to the system.
type Function struct {
	OID          int
	Schema, Name string
	Kind         string // f, p, a, w
	Owner        string
	Language     string
	Definer      bool
	Config       []string
	Body         string
	Volatile     string
	ReturnType   int
	ReturnsSet   bool
	Args         []Arg
	Defaults     int
	Trigger      bool
	Identity     string       // public.f(uuid,integer)
	Queries      []*tree.Node // of a function in SQL, resolved
	Extension    bool
	Strict       bool
	Atomic       bool // the body was resolved when the function was made
}

// An Arg is an argument that a caller supplies.
type Arg struct {
	Name string
	Type int
}

// A Role is a role of the server.
type Role struct {
	Name             string
	Super, Login     bool
	Inherit, Bypass  bool
	Replication      bool
	CreateRole       bool
	MemberOf         []string // directly
	System           bool     // was there before the schema
	OwnsDatabase     bool
	Config           []string
	CreateSchemaTemp bool
}

// A DefaultGrant is a line of the default privileges.
type DefaultGrant struct {
	OID                int
	Role, Schema, Kind string
	Grantee, Privilege string
	Objects            int
}

// A Publication is a published table.
type Publication struct {
	OID      int
	Name     string
	All      bool
	Relation int
	Columns  []int
	Filter   bool
}

// A Type is a data type.
type Type struct {
	OID      int
	Name     string
	Kind     string // b, e, d, c, r
	Category string
	Base     int      // of a domain
	Element  int      // of an array
	Labels   []string // of an enum
	NotNull  bool
	Checks   []*Check // of a domain
}

// Relation finds a relation by its number, nil when there is none.
func (s *Schema) Relation(oid int) *Relation { return s.relations[oid] }

// Function finds a function by its number, nil when it belongs to the system.
func (s *Schema) Function(oid int) *Function { return s.functions[oid] }

// Role finds a role by its name, nil when there is none.
func (s *Schema) Role(name string) *Role { return s.roles[name] }

// ByName finds a relation by schema.name.
func (s *Schema) ByName(name string) *Relation { return s.byName[name] }

// FullName is schema.name, as reports write it.
func (r *Relation) FullName() string { return r.Schema + "." + r.Name }

// SQL is the quoted name.
func (r *Relation) SQL() string { return Quote(r.Schema) + "." + Quote(r.Name) }

// Table says whether rows are stored in it or below it.
func (r *Relation) Table() bool { return r.Kind == "r" || r.Kind == "p" || r.Kind == "f" }

// Column finds a column by its number.
func (r *Relation) Column(num int) *Column {
	for _, c := range r.Columns {
		if c.Num == num {
			return c
		}
	}
	return nil
}

// Primary is the primary key, nil when there is none.
func (r *Relation) Primary() *Key {
	for _, k := range r.Keys {
		if k.Primary {
			return k
		}
	}
	return nil
}

// InKey says whether the column is part of the primary key.
func (r *Relation) InKey(num int) bool {
	k := r.Primary()
	if k == nil {
		return false
	}
	for _, c := range k.Columns {
		if c == num {
			return true
		}
	}
	return false
}

// Refers are the foreign keys that a column is part of.
func (r *Relation) Refers(num int) []*Foreign {
	var out []*Foreign
	for _, f := range r.Foreign {
		for _, c := range f.Columns {
			if c == num {
				out = append(out, f)
			}
		}
	}
	return out
}

// Applies says whether a policy counts for a role and a command (r, a, w, d).
func (s *Schema) Applies(p *Policy, role, command string) bool {
	if p.Command != "*" && p.Command != command {
		return false
	}
	if len(p.Roles) == 0 {
		return true
	}
	for _, r := range p.Roles {
		if s.Member(role, r, true) {
			return true
		}
	}
	return false
}

// Member says whether role is, or belongs to, another; by inheritance only
// when inherit is set.
func (s *Schema) Member(role, of string, inherit bool) bool {
	seen := map[string]bool{}
	var walk func(string) bool
	walk = func(n string) bool {
		if n == of {
			return true
		}
		if seen[n] {
			return false
		}
		seen[n] = true
		r := s.roles[n]
		if r == nil || inherit && !r.Inherit {
			return false
		}
		for _, m := range r.MemberOf {
			if walk(m) {
				return true
			}
		}
		return false
	}
	return walk(role)
}

// Exempt says whether a role passes by a table's policies.
func (s *Schema) Exempt(role string, r *Relation) bool {
	if x := s.roles[role]; x != nil && (x.Super || x.Bypass) {
		return true
	}
	return !r.RLS || !r.Force && s.Member(role, r.Owner, true)
}

// BaseType is the type behind domains.
func (s *Schema) BaseType(oid int) *Type {
	t := s.Types[oid]
	for t != nil && t.Kind == "d" && s.Types[t.Base] != nil {
		t = s.Types[t.Base]
	}
	if t == nil {
		return &Type{OID: oid, Name: "unknown"}
	}
	return t
}

// Quote writes an identifier.
func Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Literal writes a string.
func Literal(v string) string {
	if strings.Contains(v, `\`) {
		return ` E'` + strings.ReplaceAll(strings.ReplaceAll(v, `\`, `\\`), `'`, `''`) + `'`
	}
	return `'` + strings.ReplaceAll(v, `'`, `''`) + `'`
}

// SQL is the quoted name of the function.
func (f *Function) SQL() string { return Quote(f.Schema) + "." + Quote(f.Name) }

// Setting is the value of a setting that the function fixes.
func (f *Function) Setting(name string) (string, bool) {
	for _, c := range f.Config {
		if v, ok := strings.CutPrefix(c, name+"="); ok {
			return v, true
		}
	}
	return "", false
}

// String names a column in messages.
func (r *Relation) String() string { return fmt.Sprintf("%s (%s)", r.FullName(), r.Kind) }
