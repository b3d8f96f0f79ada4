package pass

import (
	"regexp"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/model"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
)

var (
	external = lazyregexp.New(
		`(?i)customer|subscription_?id|cust_|stripe|razorpay|paddle|gateway|processor_?id|payer|billing_?id`,
	)
	event = lazyregexp.New(
		`(?i)event|invoice|payment|charge|refund|statement|transaction|provider_?ref|(^|_)ref($|_|erence)|external_?id|webhook|message_?id|idempot|receipt|order_?ref`,
	)
	delivered = lazyregexp.New(`(?i)(event|webhook|delivery|message|idempotency)_?(id|key)$`)
	harmless  = lazyregexp.New(
		`(?i)mail|name|slug|title|status|state|city|country|phone|mobile|label|tag|word|type|kind|category|locale|lang|path|hostname|url|code|token|key$|plate|body|note|title|sku|number`,
	)
)

// texts are the columns of a table that could hold somebody else's identifier.
func (p *Pass) texts(r *catalog.Relation) []*catalog.Column {
	var out []*catalog.Column
	for _, c := range r.Columns {
		if t := p.Schema.BaseType(c.Type); t.Category == "S" && t.Kind == "b" && c.Default == "" &&
			!p.Model.Isolating(r, c.Num) &&
			len(r.Refers(c.Num)) == 0 &&
			!c.Generated {
			out = append(out, c)
		}
	}
	return out
}

// unique says whether a key makes a column unique: by itself, or together with
// columns that tell providers apart.
func (p *Pass) unique(r *catalog.Relation, c *catalog.Column, extra func(*catalog.Column) bool) bool {
	for _, k := range r.Keys {
		if !slices.Contains(k.Columns, c.Num) || k.Predicate != "" && !strings.Contains(k.Predicate, "IS NOT NULL") {
			continue
		}
		ok := true
		for _, n := range k.Columns {
			if x := r.Column(n); n != c.Num && (x == nil || !extra(x)) {
				ok = false
			}
		}
		if ok {
			return true
		}
	}
	return false
}

func (p *Pass) ownerColumns(r *catalog.Relation) []*catalog.Column {
	var out []*catalog.Column
	for _, c := range r.Columns {
		if p.Model.Isolating(r, c.Num) {
			out = append(out, c)
		}
	}
	return out
}

// oneEach says whether a table holds one row for each owner.
func (p *Pass) oneEach(r *catalog.Relation) bool {
	for _, k := range r.Keys {
		if len(k.Columns) == 1 && p.Model.Isolating(r, k.Columns[0]) && k.Predicate == "" {
			return true
		}
	}
	return false
}

// SharedCustomer is a column with a provider's customer or subscription that
// two accounts can have, nil when there is none.
func (p *Pass) SharedCustomer(r *catalog.Relation) *catalog.Column {
	if !r.Table() || Platform(r.Schema) || r.Partition || len(p.ownerColumns(r)) == 0 {
		return nil
	}
	// a mode or provider, but neither the owner nor anything that differs by row
	owner := func(c *catalog.Column) bool {
		t := p.Schema.BaseType(c.Type)
		return !p.Model.Isolating(r, c.Num) &&
			(t.OID == 16 || t.Kind == "e" || c.Default != "" && t.Category == "S" ||
				lazyregexp.New(`(?i)provider|processor|gateway|source`).MatchString(c.Name))
	}
	mapping := p.mapping(r)
	for _, c := range p.texts(r) {
		named := external.MatchString(c.Name) && !event.MatchString(c.Name)
		if named && !mapping && !p.oneEach(r) {
			named = false // payments and events of a customer
		}
		looked := !harmless.MatchString(c.Name) && !event.MatchString(c.Name) &&
			(p.oneEach(r) && p.indexed(r, c) || mapping && p.halfUnique(r, c))
		if (named || looked) && !p.unique(r, c, owner) {
			return c
		}
	}
	return nil
}

// mapping says whether a table does nothing but map owners to texts.
func (p *Pass) mapping(r *catalog.Relation) bool {
	texts := 0
	for _, c := range r.Columns {
		t := p.Schema.BaseType(c.Type)
		switch {
		case p.Model.Isolating(r, c.Num) || r.InKey(c.Num) || t.OID == 16 || t.Category == "D":
		case t.Category == "S" && c.Default == "":
			texts++
		case t.Category == "S":
		default:
			return false
		}
	}
	return texts == 1 || texts == 2 && p.oneEach(r)
}

// halfUnique says whether somebody meant a column to be unique and did not get
// there: the key holds for some rows only, or only together with the person.
func (p *Pass) halfUnique(r *catalog.Relation, c *catalog.Column) bool {
	for _, k := range r.Keys {
		if !slices.Contains(k.Columns, c.Num) || k.Primary {
			continue
		}
		if len(k.Columns) == 1 && k.Predicate != "" && !strings.Contains(k.Predicate, "IS NOT NULL") {
			return true
		}
		if len(k.Columns) == 2 && !r.InKey(c.Num) &&
			slices.ContainsFunc(k.Columns, func(n int) bool { return p.Model.PersonColumn(r, n) }) {
			return true
		}
	}
	return false
}

// indexed says whether an index that is not unique begins with the column.
func (p *Pass) indexed(r *catalog.Relation, c *catalog.Column) bool {
	return slices.ContainsFunc(r.Indexed, func(n []int) bool { return slices.Contains(n, c.Num) })
}

// Repeatable is a column with an event's or invoice's identifier that can be
// stored twice, nil when there is none.
func (p *Pass) Repeatable(r *catalog.Relation) *catalog.Column {
	if !r.Table() || Platform(r.Schema) || r.Partition || r.Schema == "" {
		return nil
	}
	scope := func(c *catalog.Column) bool {
		t := p.Schema.BaseType(c.Type)
		return t.Category != "D" && c.Identity == "" && !made(c.Default)
	}
	books := p.books(r)
	for _, c := range p.texts(r) {
		if p.unique(r, c, scope) || r.InKey(c.Num) && len(r.Primary().Columns) == 1 {
			continue
		}
		named := event.MatchString(c.Name) && !strings.Contains(strings.ToLower(c.Name), "type") &&
			!external.MatchString(c.Name)
		switch {
		case p.clocked(r, c): // a key that a time makes useless
			return c
		case books && c.NotNull && (named || c.Default == "" && !p.listed(r, c) && p.intake(r)):
			return c
		case c.NotNull && delivered.MatchString(c.Name) && p.payload(r):
			return c
		case named && p.indexed(r, c) && (p.figure(r) || p.payload(r)):
			return c
		case !harmless.MatchString(c.Name) && p.lookedUp(r, c) && !p.listed(r, c) && !p.told(r, c, scope) &&
			(p.figure(r) && len(p.ownerColumns(r)) > 0 && !p.oneEach(r) || p.payload(r) && len(p.ownerColumns(r)) == 0):
			return c
		}
	}
	return nil
}

// told says whether rows are told apart by another identifier that somebody else gave.
func (p *Pass) told(r *catalog.Relation, but *catalog.Column, scope func(*catalog.Column) bool) bool {
	return slices.ContainsFunc(p.texts(r), func(c *catalog.Column) bool {
		return c != but && c.NotNull && strings.HasSuffix(strings.ToLower(c.Name), "id") &&
			!harmless.MatchString(c.Name) && p.unique(r, c, scope)
	})
}

// intake says whether a login is there for nothing but storing rows of a table:
// what a provider reports comes in that way, and comes again.
func (p *Pass) intake(r *catalog.Relation) bool {
	writes := func(role string, t *catalog.Relation, verbs ...string) bool {
		return slices.ContainsFunc(verbs, func(v string) bool { return p.Privs.Some(role, t, v) })
	}
	return slices.ContainsFunc(p.Model.Acting, func(a *model.Actor) bool {
		return !a.Visitor && writes(a.Role, r, "insert") && !writes(a.Role, r, "update", "delete") &&
			!slices.ContainsFunc(p.Schema.Relations, func(t *catalog.Relation) bool {
				return t != r && writes(a.Role, t, "insert", "update", "delete")
			})
	})
}

// lookedUp says whether an index of texts alone, and not unique, finds rows by
// the column.
func (p *Pass) lookedUp(r *catalog.Relation, c *catalog.Column) bool {
	for _, list := range r.Indexed {
		all := slices.Contains(list, c.Num)
		for _, n := range list {
			x := r.Column(n)
			all = all && x != nil && p.Schema.BaseType(x.Type).Category == "S"
		}
		if all {
			return true
		}
	}
	return false
}

// listed says whether a check lists the values of a column.
func (p *Pass) listed(r *catalog.Relation, c *catalog.Column) bool {
	return slices.ContainsFunc(r.Checks, func(k *catalog.Check) bool {
		return slices.Contains(k.Columns, c.Num) &&
			(strings.Contains(k.Expression, "ANY (") || strings.Contains(k.Expression, "~"))
	})
}

// made says whether a default makes every row different.
func made(d string) bool { return strings.Contains(d, "nextval") || strings.Contains(d, "uuid") }

// clocked says whether the only key with a column also holds the time of
// arrival.
func (p *Pass) clocked(r *catalog.Relation, c *catalog.Column) bool {
	for _, k := range r.Keys {
		if !slices.Contains(k.Columns, c.Num) || k.Primary {
			continue
		}
		for _, n := range k.Columns {
			if x := r.Column(n); x != nil && p.Schema.BaseType(x.Type).Category == "D" &&
				strings.Contains(x.Default, "now") {
				return true
			}
		}
	}
	return false
}

// books says whether a trigger on new rows grants something: it adds to what
// another row holds.
func (p *Pass) books(r *catalog.Relation) bool {
	for _, t := range r.Triggers {
		f := p.Schema.Function(t.Function)
		if f != nil && t.Fires("insert") && !t.Before() &&
			lazyregexp.New(`update [^;]* set [^;]*\+`).MatchString(Code(f)) &&
			p.Model.Tied(p.target(f, r)) {
			return !p.fromPeople(r)
		}
	}
	return false
}

// fromPeople says whether customers insert the rows themselves.
func (p *Pass) fromPeople(r *catalog.Relation) bool {
	return r.RLS && p.may(r, "insert")
}

func (p *Pass) target(f *catalog.Function, from *catalog.Relation) *catalog.Relation {
	for _, r := range p.Schema.Relations {
		if r != from && r.Table() && Writes(Code(f), r, "update") {
			return r
		}
	}
	return from
}

func (p *Pass) figure(r *catalog.Relation) bool {
	return slices.ContainsFunc(r.Columns, func(c *catalog.Column) bool {
		return p.Schema.BaseType(c.Type).Category == "N" && c.NotNull && !r.InKey(c.Num) &&
			!p.Model.Isolating(r, c.Num) &&
			len(r.Refers(c.Num)) == 0
	})
}

func (p *Pass) payload(r *catalog.Relation) bool {
	return slices.ContainsFunc(r.Columns, func(c *catalog.Column) bool {
		t := p.Schema.BaseType(c.Type)
		return (t.OID == 114 || t.OID == 3802) && c.NotNull
	})
}

// Unbounded is the figure of an account that may go below zero.
func (p *Pass) Unbounded(r *catalog.Relation) *catalog.Column {
	if !r.Table() || Platform(r.Schema) || r.Partition {
		return nil
	}
	k := r.Primary()
	if k == nil || len(k.Columns) != 1 {
		return nil
	}
	var found *catalog.Column
	for _, c := range r.Columns {
		t := p.Schema.BaseType(c.Type)
		switch {
		case c.Num == k.Columns[0]:
		case t.Category == "D" || len(r.Refers(c.Num)) > 0:
		case t.Category == "N" && c.NotNull && constant(c.Default) && !p.bounded(r, c) && p.spent(r, c):
			return c
		case t.Category != "N":
			return p.spentAfter(r, c)
		case found == nil && c.NotNull && constant(c.Default) && !p.bounded(r, c) && p.booked(r, c):
			found = c
		}
	}
	return found
}

// spentAfter is the first figure behind a column that functions take from.
func (p *Pass) spentAfter(r *catalog.Relation, from *catalog.Column) *catalog.Column {
	for _, c := range r.Columns {
		if c.Num > from.Num && p.Schema.BaseType(c.Type).Category == "N" && c.NotNull && constant(c.Default) &&
			len(r.Refers(c.Num)) == 0 && !p.bounded(r, c) && p.spent(r, c) {
			return c
		}
	}
	return nil
}

// spent says whether a function of the schema takes from a column, and does not
// ask in the same statement whether there is enough.
func (p *Pass) spent(r *catalog.Relation, c *catalog.Column) bool {
	name := `"?` + regexp.QuoteMeta(strings.ToLower(c.Name)) + `"?`
	takes := lazyregexp.New(`(?:^|[\s,(])` + name + ` ?= ?[^;,]*? - [^;]*`)
	asks := lazyregexp.New(name + ` ?(?:>=|>|-)[^;]*$`)
	for _, f := range p.Schema.Functions {
		if f.Extension {
			continue
		}
		for _, statement := range strings.Split(Code(f), ";") {
			if !Sets(statement, r, c) {
				continue
			}
			_, where, _ := strings.Cut(statement, " where ")
			if takes.MatchString(statement) && !asks.MatchString(where) {
				return true
			}
		}
	}
	return false
}

// booked says whether functions of the schema add to a column or take from it.
func (p *Pass) booked(r *catalog.Relation, c *catalog.Column) bool {
	for _, f := range p.Schema.Functions {
		if !f.Extension && Sets(Code(f), r, c) &&
			!lazyregexp.New(`"?`+regexp.QuoteMeta(strings.ToLower(c.Name))+`"? ?= ?(?:\w+\.)?"?`+
				regexp.QuoteMeta(strings.ToLower(c.Name))+`"? ?\+ ?1(?:\D|$)`).
				MatchString(Code(f)) {
			return true
		}
	}
	return false
}

// ReadThenWrite is the table on whose figures a function decides before it
// writes, without a lock; nil when there is none.
func (p *Pass) ReadThenWrite(f *catalog.Function) *catalog.Relation {
	code := Bare(f)
	if lazyregexp.New(`for (?:no key )?update|advisory|lock table|on conflict|serializable`).MatchString(code) {
		return nil
	}
	for _, r := range p.Schema.Relations {
		if !r.Table() || Platform(r.Schema) {
			continue
		}
		name := ident(r.Name)
		var reads []int
		for _, pat := range []string{
			`select (?:\w+\.)?"?[\w*]+"?(?: ?, ?[\w.]+)* into (?:strict )?[\w., ]+ from ` + name,
			`select (?:count|sum|coalesce|max)\([^;]*? (?:into [\w.]+ )?from ` + name,
			`if \(? ?\(? ?select (?:\w+\.)?"?\w+"? from ` + name,
		} {
			for _, m := range lazyregexp.New(pat).FindAllStringIndex(code, -1) {
				reads = append(reads, m[0])
			}
		}
		if len(reads) == 0 {
			continue
		}
		first := slices.Min(reads)
		decide := lazyregexp.New(`(?:^|\W)if\W`).FindStringIndex(code[first:])
		if decide == nil && !strings.Contains(code[max(0, first-8):first+3], "if") {
			continue
		}
		rest := code[first+1:]
		if f.Trigger && p.triggerOn(f, r, "insert") && lazyregexp.New(`count\(`).MatchString(code) {
			return r
		}
		up := lazyregexp.New(`update (?:only )?` + name + `[^;]*`).FindString(rest)
		ins := lazyregexp.New(`insert into ` + name).FindString(rest)
		if up == "" && ins == "" {
			continue
		}
		if up != "" && p.conditional(r, up) && ins == "" {
			continue
		}
		return r
	}
	return nil
}

func (p *Pass) triggerOn(f *catalog.Function, r *catalog.Relation, verb string) bool {
	return slices.ContainsFunc(
		r.Triggers,
		func(t *catalog.Trigger) bool { return t.Function == f.OID && t.Fires(verb) },
	)
}

// conditional says whether an update asks again for what it changes.
func (p *Pass) conditional(r *catalog.Relation, update string) bool {
	set, where, ok := strings.Cut(update, " where ")
	if !ok {
		return false
	}
	for _, c := range r.Columns {
		n := `"?` + regexp.QuoteMeta(strings.ToLower(c.Name)) + `"?`
		if lazyregexp.New(`set (?:.*, ?)?`+n+` ?=`).MatchString(set) &&
			lazyregexp.New(n+` ?(?:>=|>|=|is null|is not|<)`).MatchString(where) {
			return true
		}
	}
	return false
}
