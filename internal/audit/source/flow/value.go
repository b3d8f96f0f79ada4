// Package flow follows values through a program: it runs every route, action,
// page and job on what is known of its values, across files and helpers, and
// writes down in order what the program asks, decides, writes and answers.
// Rules read these records.
package flow

import (
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/source/ir"
	"github.com/tijorihq/tijori/internal/audit/source/sqltext"
)

// A Pos is a stretch of a file.
type Pos struct {
	File    *ir.File
	At, End int32
}

// Line of the position, from 1.
func (p Pos) Line() int {
	if p.File == nil {
		return 0
	}
	l, _ := p.File.Line(p.At)
	return l
}

// An OKind tells where a value comes from.
type OKind uint8

// Where values come from.
const (
	Session    OKind = iota // an identity that the server looked up or verified
	Unverified              // claims of a token nobody verified
	Request                 // the request as a whole
	Body
	Query
	Header
	Cookie
	Path
	Event     // of a provider, signature verified
	DB        // a query's result
	Provider  // a payment or other provider's answer
	Opaque    // the result of a function whose code is not at hand
	Param     // of a function looked at by itself
	Env       // an environment variable
	Mac       // the result of comparing signatures or secrets in constant time
	Compare   // the same, compared in another way
	Storage   // the browser's
	Fetched   // an answer to the browser's own request
	Random    //
	Clock     //
	Digest    // a hash or MAC
	Memory    // a module's own map or set
	RawBody   // the bytes as they were sent
	CtxUser   // kept in the request's context by code that is not at hand
	Exception // what was caught
)

var okinds = []string{
	"session", "unverified token", "request", "body", "query", "header", "cookie", "path", "event", "database",
	"provider", "unknown function", "parameter", "environment", "signature check", "comparison", "browser storage",
	"response",
	"random", "clock", "digest", "memory", "raw body", "request context", "error",
}

func (k OKind) String() string { return okinds[k] }

// Client tells whether the sender of a request chooses the value.
func (k OKind) Client() bool {
	return k == Body || k == Query || k == Header || k == Path || k == RawBody
}

// An Origin is where a value comes from, and on which way.
type Origin struct {
	Kind    OKind
	Path    string // members taken since, with dots
	Pos     Pos    // where it was read
	Op      *Op    // of a query, a provider's call, an unknown function
	Derived bool   // computed from it rather than it
	Called  bool   // what an unknown function gave back that was given it
	Given   string // the path that the function was given
	Base    Pos    // where the whole was read, of which this is a part
	Hops    *Hop
}

// A Hop is a step on the way of a value, the latest first.
type Hop struct {
	Pos  Pos
	What string
	Prev *Hop
	n    int
}

// Last is the last member of the path.
func (o *Origin) Last() string {
	return o.Path[strings.LastIndexByte(o.Path, '.')+1:]
}

func (o *Origin) same(b *Origin) bool {
	return o.Kind == b.Kind && o.Path == b.Path && o.Op == b.Op && o.Pos.File == b.Pos.File && o.Pos.At == b.Pos.At
}

const maxOrigins = 14

// A Cmp is a comparison on which a value depends.
type Cmp struct {
	Op   string
	L, R *Val
	Pos  Pos
}

// A Filter is a comparison of a column in a query.
type Filter struct {
	Col string
	Op  string
	Val *Val
	Or  bool
	Pos Pos
}

// A Write is a column that a statement sets.
type Write struct {
	Col      string
	Val      *Val
	Relative bool // from its own old value, in the statement
	Minus    bool
	Pos      Pos
}

// A Val is what is known of a value.
type Val struct {
	From   []*Origin
	Str    string
	IsStr  bool
	Num    string // a number or boolean
	Fields map[string]*Val
	Order  []string
	Elems  []*Val
	IsArr  bool
	Rest   []*Val // spread into the object, contents not known
	Fn     *Closure
	Class  *ClassVal
	Inst   *ClassVal
	Lib    string
	Type   *Ref
	Cmps   []*Cmp
	Ctl    []*Guard // on what it depends which value it is
	Op     *Op
	Alts   []*Val
	Strs   []string // of a template: alternate with Elems
	Tmpl   []*Val
	Conds  []Filter // of a query builder's condition
	Or     bool
	Conn   string // of a database handle: which connection
	Null   bool
	Mod    *Module
	Name   string // of a table, column or the like
	Expr   *ir.Expr
	Open   bool // an object schema that lets unknown keys through
	Depth  int
	Pos    Pos
	Enum   bool // one of a closed list
	Priv   int  // of a database client: 1 passes by row-level security, -1 is the user's own, -2 is nobody's
	Nested *Val
}

// A Ref is a type: of the program when Decl is set, else of a library.
type Ref struct {
	Name string // module#Name
	Type *ir.Type
	Decl *ir.TypeDecl
	File *ir.File
}

// A Closure is a function with what it closes over.
type Closure struct {
	Fn    *ir.Func
	Scope *Scope
	This  *Val
	Mod   *Module
	Bound []*Val
}

// A ClassVal is a class of the program.
type ClassVal struct {
	Class *ir.Class
	Scope *Scope
	Mod   *Module
	Super *Val
	inst  *Val
}

// A Guard is a condition under which code runs.
type Guard struct {
	Val    *Val
	Neg    bool
	Pos    Pos
	Exit   bool // the other branch ended the function or the request
	Throw  bool
	Status int // answered in the other branch
	Frame  *frame
	Short  bool // the left side of && or ||
	Unless bool // of &&: the right side is negated, so that without the left it does not count
}

// An OpKind is a kind of event.
type OpKind uint8

// The kinds of events.
const (
	OpDB OpKind = iota
	OpProvider
	OpRespond
	OpLog
	OpStore  // in the browser
	OpCookie // set by the server
	OpHeader // of the answer
	OpVerify // of a signature, token or password
	OpCall   // of a function whose code is not at hand
	OpThrow
	OpIf
	OpCtx    // kept for later handlers
	OpMemory // of the process: has, add
	OpCache
	OpFetch
	OpMacCmp
	OpHMAC
	OpDecode // of a token, without verification
	OpTokenURL
	OpNext
)

// An Op is an event: something the program does to the outside.
type Op struct {
	Kind     OpKind
	Seq      int
	Verb     string
	Table    string
	Name     string // of a library's function
	Flavor   string // supabase, prisma, sql …
	Filters  []Filter
	Writes   []Write
	Data     *Val // the object that is written, as a whole
	Select   []string
	Args     []*Val
	Recv     *Val
	Val      *Val
	SQL      *sqltext.Stmt
	Text     string // of the statement
	Lock     bool
	Conflict string
	Priv     int
	RLS      bool
	Conn     string
	Tx       string
	Status   int
	Pos      Pos
	Stmt     Pos
	Fn       *ir.Func
	Mod      *Module
	Guards   []*Guard
	Tries    []*Try
	Sites    []Pos // calls that led here, outermost first
	Then     Outcome
	Else     Outcome
	From, To int  // of an If: the events inside
	Throws   bool // errors are thrown
	Caught   bool // errors are swallowed by .catch
	Floating bool // nobody waits for it
	Dropped  bool // nobody looks at its error, in Go
	Loop     int
	Limit    bool
	Serial   bool // in a serialisable transaction
	Header   string
	Ident    string
	Fixed    bool
	Entry    *Entry
}

// An Outcome tells how a branch ended.
type Outcome struct {
	Done   bool // it never falls through
	Throw  bool
	Status int  // the worst answered status, 0 when none
	Resp   bool // something was answered
	Next   bool
}

// Fails tells whether the branch tells the sender that something went wrong.
func (o Outcome) Fails() bool { return o.Throw || o.Status >= 400 }

// A Try is a try block around an event.
type Try struct {
	Pos      Pos
	Has      bool
	Catch    Outcome
	From, To int
	CatchTo  int
}

// A Scope binds names.
type Scope struct {
	vars   map[string]*binding
	parent *Scope
}

type binding struct {
	val   *Val
	depth int
	typ   *Ref
}

func newScope(parent *Scope) *Scope { return &Scope{vars: map[string]*binding{}, parent: parent} }

func (s *Scope) find(name string) *binding {
	for ; s != nil; s = s.parent {
		if b := s.vars[name]; b != nil {
			return b
		}
	}
	return nil
}

func (s *Scope) set(name string, v *Val, depth int) *binding {
	b := &binding{val: v, depth: depth}
	s.vars[name] = b
	return b
}

func str(s string) *Val { return &Val{Str: s, IsStr: true} }

func origin(k OKind, path string, pos Pos) *Val {
	return &Val{From: []*Origin{{Kind: k, Path: path, Pos: pos}}}
}

func addOrigins(dst []*Origin, src []*Origin) []*Origin {
	for _, o := range src {
		if len(dst) >= maxOrigins {
			return dst
		}
		if !slices.ContainsFunc(dst, o.same) {
			dst = append(dst, o)
		}
	}
	return dst
}

// Has tells whether the value comes from one of the kinds.
func (v *Val) Has(kinds ...OKind) bool { return v.First(kinds...) != nil }

// First is the first origin of one of the kinds, also inside of objects.
func (v *Val) First(kinds ...OKind) *Origin {
	return v.first(kinds, 0)
}

func (v *Val) first(kinds []OKind, depth int) *Origin {
	if v == nil || depth > 5 {
		return nil
	}
	for _, o := range v.From {
		if slices.Contains(kinds, o.Kind) {
			return o
		}
	}
	if o := v.opOrigin(); o != nil && slices.Contains(kinds, o.Kind) {
		return o
	}
	for _, k := range v.Order {
		if o := v.Fields[k].first(kinds, depth+1); o != nil {
			return o
		}
	}
	for _, list := range [][]*Val{v.Elems, v.Rest, v.Tmpl} {
		for _, x := range list {
			if o := x.first(kinds, depth+1); o != nil {
				return o
			}
		}
	}
	return nil
}

// Origins are all origins, also inside of objects.
func (v *Val) Origins() []*Origin {
	var out []*Origin
	v.origins(&out, 0)
	return out
}

func (v *Val) origins(out *[]*Origin, depth int) {
	if v == nil || depth > 5 || len(*out) > 60 {
		return
	}
	*out = append(*out, v.From...)
	if o := v.opOrigin(); o != nil {
		*out = append(*out, o)
	}
	for _, k := range v.Order {
		v.Fields[k].origins(out, depth+1)
	}
	for _, list := range [][]*Val{v.Elems, v.Rest, v.Tmpl} {
		for _, x := range list {
			x.origins(out, depth+1)
		}
	}
}

// opOrigin is the origin of what a query, a provider's call or an unknown
// function returned.
func (v *Val) opOrigin() *Origin {
	if v.Op == nil {
		return nil
	}
	switch v.Op.Kind {
	case OpDB, OpProvider, OpCall:
		return &Origin{Kind: opOrigin(v.Op), Op: v.Op, Pos: v.Op.Pos}
	}
	return nil
}

// FirstClient is the first origin that the sender of a request chooses.
func (v *Val) FirstClient() *Origin { return v.First(Body, Query, Header, Path) }

// Implied are the origins of conditions on which the value depends.
func (v *Val) Implied() []*Origin {
	seen := map[*Val]bool{}
	var out []*Origin
	var walk func(v *Val, depth int)
	walk = func(v *Val, depth int) {
		if v == nil || depth > 5 || seen[v] || len(out) > 120 {
			return
		}
		seen[v] = true
		v.origins(&out, 0)
		for _, c := range v.Cmps {
			walk(c.L, depth+1)
			walk(c.R, depth+1)
		}
		for _, g := range v.Ctl {
			walk(g.Val, depth+1)
		}
		for _, a := range v.Alts {
			walk(a, depth+1)
		}
	}
	walk(v, 0)
	return out
}

// AllCmps are the comparisons on which the value depends, also through the
// conditions inside of helpers.
func (v *Val) AllCmps() []*Cmp {
	seen := map[*Val]bool{}
	var out []*Cmp
	var walk func(v *Val, depth int)
	walk = func(v *Val, depth int) {
		if v == nil || depth > 5 || seen[v] || len(out) > 60 {
			return
		}
		seen[v] = true
		for _, c := range v.Cmps {
			out = append(out, c)
			walk(c.L, depth+1)
			walk(c.R, depth+1)
		}
		for _, g := range v.Ctl {
			walk(g.Val, depth+1)
		}
		for _, a := range v.Alts {
			walk(a, depth+1)
		}
		for _, k := range v.Order {
			if depth < 3 {
				walk(v.Fields[k], depth+1)
			}
		}
	}
	walk(v, 0)
	return out
}

// Join is a value that is either of two.
func Join(a, b *Val) *Val { return joinTo(a, b, 0) }

// mostNested is how far down fields are joined. Objects may hold themselves, so that there is no end to them.
const mostNested = 8

func joinTo(a, b *Val, nested int) *Val {
	switch {
	case a == nil || a == b:
		return b
	case b == nil:
		return a
	case a.Null && a.plain() && len(a.Ctl) == 0:
		return b
	case b.Null && b.plain() && len(b.Ctl) == 0:
		return a
	}
	v := &Val{From: addOrigins(slices.Clone(a.From), b.From)}
	if a.IsStr && b.IsStr && a.Str == b.Str {
		v.Str, v.IsStr = a.Str, true
	}
	if a.Num != "" && a.Num == b.Num {
		v.Num = a.Num
	}
	v.Cmps = appendMax(slices.Clone(a.Cmps), b.Cmps, 10)
	v.Ctl = appendMax(slices.Clone(a.Ctl), b.Ctl, 10)
	v.Alts = flatAlts(a, b)
	first, second := a, b
	if a.Null {
		first, second = b, a
	}
	v.Fn, v.Class, v.Inst, v.Lib, v.Type, v.Op, v.Conn, v.Mod, v.Name = first.Fn, first.Class, first.Inst, first.Lib,
		first.Type, first.Op, first.Conn, first.Mod, first.Name
	if v.Fn == nil {
		v.Fn = second.Fn
	}
	if v.Lib == "" {
		v.Lib = second.Lib
	}
	if v.Op == nil {
		v.Op = second.Op
	}
	if v.Type == nil {
		v.Type = second.Type
	}
	if v.Inst == nil {
		v.Inst = second.Inst
	}
	v.Priv = a.Priv
	if b.Priv != 0 {
		v.Priv = b.Priv
	}
	v.IsArr = a.IsArr || b.IsArr
	v.Enum = a.Enum && b.Enum
	v.Conds = appendMax(slices.Clone(a.Conds), b.Conds, 20)
	v.Strs, v.Tmpl = first.Strs, first.Tmpl
	if a.Fields != nil || b.Fields != nil {
		v.Depth = max(a.Depth, b.Depth) + 1
		if v.Depth < 6 && nested < mostNested {
			for _, x := range []*Val{a, b} {
				for _, k := range x.Order {
					if x == b && a.Fields[k] != nil {
						v.put(k, joinTo(a.Fields[k], b.Fields[k], nested+1))
					} else {
						v.put(k, x.Fields[k])
					}
				}
			}
		}
	}
	v.Elems = appendMax(slices.Clone(a.Elems), b.Elems, 12)
	v.Rest = appendMax(slices.Clone(a.Rest), b.Rest, 6)
	return v
}

func flatAlts(list ...*Val) (out []*Val) {
	for _, v := range list {
		if len(v.Alts) > 0 {
			out = appendMax(out, v.Alts, 8)
		} else {
			out = appendMax(out, []*Val{v}, 8)
		}
	}
	return out
}

// plain tells that nothing is known but the constant.
func (v *Val) plain() bool {
	return len(v.From) == 0 && v.Fields == nil && v.Fn == nil && v.Lib == "" && v.Op == nil
}

func appendMax[T comparable](dst, src []T, n int) []T { return appendMaxFunc(dst, src, n) }

func appendMaxFunc[T any](dst, src []T, n int) []T {
	for _, x := range src {
		if len(dst) >= n {
			break
		}
		dst = append(dst, x)
	}
	return dst
}

func (v *Val) put(name string, x *Val) {
	if v.Fields == nil {
		v.Fields = map[string]*Val{}
	}
	if _, ok := v.Fields[name]; !ok {
		if len(v.Order) > 200 {
			return
		}
		v.Order = append(v.Order, name)
	}
	v.Fields[name] = x
}

// derive is a value computed from others.
func derive(vals ...*Val) *Val {
	v := &Val{}
	for _, x := range vals {
		if x == nil {
			continue
		}
		for _, o := range x.Origins() {
			if !o.Derived {
				c := *o
				c.Derived = true
				o = &c
			}
			v.From = addOrigins(v.From, []*Origin{o})
		}
		v.Cmps = appendMax(v.Cmps, x.Cmps, 10)
		v.Ctl = appendMax(v.Ctl, x.Ctl, 10)
	}
	return v
}

// called marks what an unknown function made of its arguments: it need not hold them.
func called(v *Val) *Val {
	for i, o := range v.From {
		if !o.Called {
			c := *o
			c.Called, c.Given = true, o.Path
			v.From[i] = &c
		}
	}
	return v
}

// Looked tells whether the origin is a member of what an unknown function found
// by a single value: that function's word, not the sender's.
func (o *Origin) Looked() bool { return o.Called && o.Given != "" && o.Path != o.Given }

// pass is a value that a function hands on unchanged as far as origin goes.
func pass(x *Val) *Val {
	if x == nil {
		return &Val{}
	}
	v := &Val{
		From: slices.Clone(x.From), Cmps: x.Cmps, Ctl: x.Ctl, Alts: x.Alts, Enum: x.Enum, Tmpl: x.Tmpl,
		Strs: x.Strs,
	}
	if len(v.From) == 0 {
		v.From = addOrigins(nil, x.Origins())
	}
	if x.IsStr {
		v.Str, v.IsStr = x.Str, true
	}
	v.Num = x.Num
	return v
}

// hop notes a step on the way of all origins of a value.
func hop(v *Val, pos Pos, what string) *Val {
	if v == nil || len(v.From) == 0 {
		return v
	}
	c := *v
	c.From = make([]*Origin, len(v.From))
	for i, o := range v.From {
		n := 0
		if o.Hops != nil {
			n = o.Hops.n
			if n >= 8 || o.Hops.Pos.File == pos.File && o.Hops.Pos.Line() == pos.Line() {
				c.From[i] = o
				continue
			}
		}
		d := *o
		d.Hops = &Hop{Pos: pos, What: what, Prev: o.Hops, n: n + 1}
		c.From[i] = &d
	}
	return &c
}
