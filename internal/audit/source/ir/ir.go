// Package ir is the form to which every language is brought: expressions and
// statements with their places, without what only a compiler needs.
package ir

import "sort"

// A Kind tells which fields of an Expr count.
type Kind uint8

// The kinds of expressions. X, Y, Z, List and Name are used as noted.
const (
	Bad      Kind = iota
	Ident         // Name
	This          // this, or the receiver
	Super         //
	Str           // Name is the value
	Num           // Name is the text
	Bool          // Name is true or false
	Null          // null, nil
	Undef         // undefined
	Regex         // Name
	Template      // Strs and List alternate; X is the tag
	Member        // X.Name
	Index         // X[Y]
	Call          // X(List)
	New           // new X(List)
	Object        // List of Prop and Spread; Type when it is a typed literal
	Prop          // Name or [X]: Y
	Array         // List
	Spread        // ...X
	FuncLit       // Func
	ClassLit      // Class
	Unary         // Name X
	Binary        // X Name Y
	Cond          // X ? Y : Z
	Assign        // X Name Y
	Update        // X++ or X--
	Await         // await X
	Yield         // yield X
	Seq           // List, the last counts
	JSX           // Name, List of Prop and Spread, Kids
	Cast          // X as Type
	Default       // in patterns: X = Y
	Addr          // &X
	Tuple         // several values
	Receive       // from a channel
)

// An Expr is an expression or a pattern.
type Expr struct {
	Kind     Kind
	Opt      bool // of Member, Index and Call: ?.
	Pos, End int32
	Name     string
	X, Y, Z  *Expr
	List     []*Expr
	Kids     []*Expr
	Strs     []string
	Func     *Func
	Class    *Class
	Type     *Type
	Value    any // of a constant, kept by the data flow
}

// A Type is a type as far as it is needed to recognise libraries.
type Type struct {
	Name   string // "Stripe.Event", "[]", "|", "{}", "func"
	Args   []*Type
	Fields []Field
	Pos    int32
}

// A Field is a member of an object type, interface or struct.
type Field struct {
	Name     string
	Type     *Type
	Tag      string // of a Go struct: the name in JSON
	Pos      int32
	Embedded bool
}

// A SKind tells which fields of a Stmt count.
type SKind uint8

// The kinds of statements.
const (
	SEmpty         SKind = iota
	SExpr                // X
	SVar                 // Decls
	SIf                  // Init, X, Body, Else
	SBlock               // Body
	SReturn              // X
	SThrow               // X
	SFor                 // Init, X, Post, Body
	SForIn               // Decls[0] over X, Body; Name is "of", "in" or "range"
	SWhile               // X, Body
	STry                 // Body, Param, Catch, Finally
	SSwitch              // Init, X, Cases
	SFunc                // Func
	SClass               // Class
	SBreak               // Name is the label
	SContinue            //
	SDefer               // X
	SGo                  // X
	SExportDefault       // X
)

// A Stmt is a statement.
type Stmt struct {
	Kind      SKind
	Pos, End  int32
	Name      string
	X         *Expr
	Init      *Stmt
	Post      *Stmt
	Body      []*Stmt
	Else      []*Stmt
	HasElse   bool
	Decls     []*Decl
	Cases     []*Case
	Param     *Expr
	Catch     []*Stmt
	Finally   []*Stmt
	HasCatch  bool
	Func      *Func
	Class     *Class
	Exported  bool
	Decorator []*Expr
}

// A Decl binds a pattern.
type Decl struct {
	Target *Expr
	Type   *Type
	Init   *Expr
}

// A Case of a switch; a default has no Values.
type Case struct {
	Values []*Expr
	Body   []*Stmt
	Pos    int32
}

// A Param of a function.
type Param struct {
	Target     *Expr
	Type       *Type
	Default    *Expr
	Rest       bool
	Decorators []*Expr
	Property   bool // a constructor's private or public parameter
}

// A Func is a function, method or arrow.
type Func struct {
	Name       string
	Recv       *Param // of a Go method
	RecvType   string
	Params     []*Param
	Results    []*Type
	ResultName []string
	Body       []*Stmt
	Arrow      *Expr // body of an arrow that is an expression
	Async      bool
	Generator  bool
	IsArrow    bool
	Directives []string
	Decorators []*Expr
	Pos, End   int32
	File       *File
	Class      *Class
	Locals     map[string]bool
}

// A Class has members in order.
type Class struct {
	Name       string
	Super      *Expr
	Members    []*ClassMember
	Decorators []*Expr
	Pos, End   int32
	File       *File
}

// A ClassMember is a member of a class: a method, when Func is set, or a field.
type ClassMember struct {
	Name       string
	Func       *Func
	Init       *Expr
	Type       *Type
	Static     bool
	Getter     bool
	Decorators []*Expr
	Pos        int32
}

// An Import binds a local name to a name of a module; Name is "*" for the
// module itself and "default" for its default.
type Import struct {
	Module string
	Name   string
	Local  string
	Type   bool
	Pos    int32
}

// An Export names a local binding, or re-exports from a module.
type Export struct {
	Name   string
	Local  string
	Module string
	Pos    int32
}

// A Comment is a comment, without its marks.
type Comment struct {
	Text string
	Pos  int32
}

// A TypeDecl is a named type: its fields, or what it stands for.
type TypeDecl struct {
	Name    string
	Type    *Type
	Extends []*Type
	Methods map[string]*Func
	Pos     int32
}

// A File is a parsed file.
type File struct {
	Path       string
	Lang       string // "js", "ts", "go"
	Package    string // of Go
	Src        string
	Stmts      []*Stmt
	Imports    []Import
	Exports    []Export
	Directives []string
	Comments   []Comment
	Types      map[string]*TypeDecl
	Funcs      []*Func // all of them, in order
	Problems   []Problem
	lines      []int32
}

// A Problem is a stretch of a file that could not be parsed.
type Problem struct {
	Pos  int32
	Text string
}

// Line and column of an offset, from 1; the column in bytes.
func (f *File) Line(pos int32) (line, col int) {
	if f.lines == nil {
		f.lines = []int32{0}
		for i := 0; i < len(f.Src); i++ {
			if f.Src[i] == '\n' {
				f.lines = append(f.lines, int32(i+1))
			}
		}
	}
	i := sort.Search(len(f.lines), func(i int) bool { return f.lines[i] > pos }) - 1
	if i < 0 {
		i = 0
	}
	return i + 1, int(pos-f.lines[i]) + 1
}

// LineText is the text of a line, from 1.
func (f *File) LineText(line int) string {
	f.Line(0)
	if line < 1 || line > len(f.lines) {
		return ""
	}
	start, end := int(f.lines[line-1]), len(f.Src)
	if line < len(f.lines) {
		end = int(f.lines[line]) - 1
	}
	return f.Src[start:end]
}
