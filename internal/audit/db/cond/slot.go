package cond

import (
	"strings"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
)

// A Slot is where a request says who it is: a setting, or a claim within one.
type Slot struct {
	Setting string // such as app.tenant, request.jwt.claims or session_user
	Path    string // of the claim, with dots; empty for the whole setting
}

// String is setting, or setting->path.
func (s Slot) String() string {
	if s.Path == "" {
		return s.Setting
	}
	return s.Setting + "->" + s.Path
}

// Login says whether the slot is the database role itself.
func (s Slot) Login() bool { return !strings.Contains(s.Setting, ".") }

// Role says whether the slot holds a database role rather than a person.
func (s Slot) Role() bool {
	return s.Login() || s.Path == "role" || s.Path == "aud" || s.Setting == "request.jwt.claim.role" ||
		s.Path == "aal" ||
		s.Path == "iss"
}

// Client says whether the caller fills the slot as he likes.
func (s Slot) Client() bool {
	return s.UserMetadata() || strings.HasPrefix(s.Setting, "request.header") ||
		strings.HasPrefix(s.Setting, "request.cookie") ||
		s.Setting == "request.path" ||
		s.Setting == "request.method" ||
		s.Setting == "application_name"
}

// UserMetadata says whether the slot is the part of a token that its bearer edits.
func (s Slot) UserMetadata() bool {
	return s.Path == "user_metadata" || strings.HasPrefix(s.Path, "user_metadata.")
}

// SlotOf reads an expression that depends on the request alone.
func SlotOf(x *Expr) (Slot, bool) {
	if x == nil {
		return Slot{}, false
	}
	switch x.Op {
	case Setting:
		return Slot{Setting: x.Name}, true
	case Coalesce:
		var best Slot
		found := false
		for _, a := range x.Args {
			if depends(a) {
				return Slot{}, false
			}
			if s, ok := SlotOf(a); ok && (!found || len(s.Path) > len(best.Path)) {
				best, found = s, true
			}
		}
		return best, found
	case Oper, Func:
		if len(x.Args) == 0 {
			return Slot{}, false
		}
		if x.Called != nil && !pure(x) {
			return Slot{}, false
		}
		s, ok := SlotOf(x.Args[0])
		if !ok {
			if len(x.Args) > 1 && x.Args[0].Op == Const && !depends(x.Args[1]) {
				return SlotOf(x.Args[1])
			}
			return Slot{}, false
		}
		for _, a := range x.Args[1:] {
			if depends(a) {
				return Slot{}, false
			}
		}
		switch x.Name {
		case "->",
			"->>",
			"jsonb_extract_path_text",
			"json_extract_path_text",
			"jsonb_extract_path",
			"json_extract_path",
			"#>>",
			"#>":
			for _, a := range x.Args[1:] {
				if a.Op == Array {
					for _, b := range a.Args {
						s.Path = join(s.Path, b.Text)
					}
				} else {
					s.Path = join(s.Path, a.Text)
				}
			}
		}
		return s, true
	case Case:
		for i := 1; i < len(x.Args); i += 2 {
			if s, ok := SlotOf(x.Args[i]); ok && !depends(x) {
				return s, true
			}
		}
		return SlotOf(x.Args[len(x.Args)-1])
	}
	return Slot{}, false
}

func pure(x *Expr) bool { return x.Called == nil }

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "." + b
}

// depends says whether an expression reads a row.
func depends(x *Expr) bool {
	if x == nil {
		return false
	}
	switch x.Op {
	case Var, Exists, Param, Opaque:
		return true
	case Sub:
		return true
	}
	for _, a := range x.Args {
		if depends(a) {
			return true
		}
	}
	return false
}

// Walk visits an expression and all below it, into sub-queries as well.
func Walk(x *Expr, visit func(*Expr)) {
	if x == nil {
		return
	}
	visit(x)
	for _, a := range x.Args {
		Walk(a, visit)
	}
	if x.Query != nil {
		WalkQuery(x.Query, visit)
	}
}

// WalkQuery visits the expressions of a query.
func WalkQuery(q *Query, visit func(*Expr)) {
	if q == nil {
		return
	}
	for _, w := range q.Where {
		Walk(w, visit)
	}
	for _, s := range q.Select {
		Walk(s, visit)
	}
}

// Sources lists every use of a relation in an expression.
func Sources(x *Expr) []*Source {
	var out []*Source
	seen := map[*Source]bool{}
	Walk(x, func(e *Expr) {
		if e.Query == nil {
			return
		}
		for _, s := range e.Query.From {
			if !seen[s] {
				seen[s] = true
				out = append(out, s)
			}
		}
	})
	return out
}

// VarOf reads an expression that is one column, through functions of it.
func VarOf(x *Expr) *Expr {
	switch {
	case x == nil:
		return nil
	case x.Op == Var:
		return x
	case x.Op == Func || x.Op == Oper || x.Op == Coalesce:
		var found *Expr
		for _, a := range x.Args {
			if v := VarOf(a); v != nil {
				if found != nil && (found.Source != v.Source || found.Column != v.Column) {
					return nil
				}
				found = v
			}
		}
		return found
	case x.Op == Aggregate && len(x.Args) == 1:
		return VarOf(x.Args[0])
	case x.Op == Sub && x.Query != nil && len(x.Query.Select) == 1:
		return nil
	}
	return nil
}

// Same says whether two expressions are the same column of the same row.
func Same(a, b *Expr) bool {
	return a != nil && b != nil && a.Op == Var && b.Op == Var && a.Source == b.Source && a.Column == b.Column
}

// Place names a column of a relation.
type Place struct {
	Relation *catalog.Relation
	Column   int
}
