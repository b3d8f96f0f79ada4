package source

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/source/flow"
)

// TestDump prints what was recorded of the folder that DUMP names.
func TestDump(t *testing.T) {
	dir := os.Getenv("DUMP")
	if dir == "" {
		t.Skip("DUMP names no folder")
	}
	r := &reader{opt: Options{Dir: dir, MaxFile: 1 << 20, MaxFiles: 20000}, texts: map[string]string{}, report: &finding.Report{}}
	if err := r.read(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := flow.New(r.files, r.texts)
	p.Run(func() bool { return false })
	fmt.Println("panics:", p.Panics)
	for _, e := range p.Entries {
		fmt.Printf("== %s %s [%s] mw=%v client=%v dyn=%v (%s)\n", e.Kind, e.Label(), e.Framework, e.AuthMW, e.Client, e.Dynamic, e.Module.Path)
		for _, op := range e.Ops {
			fmt.Printf("  %3d L%d %s\n", op.Seq, op.Pos.Line(), opText(op))
		}
	}
	for k, v := range p.Ctx {
		fmt.Println("ctx", k, vtext(v))
	}
}

var opNames = []string{"DB", "Provider", "Respond", "Log", "Store", "Cookie", "Header", "Verify", "Call", "Throw", "If", "Ctx", "Memory", "Cache", "Fetch", "MacCmp", "HMAC", "Decode", "TokenURL", "Next"}

func opText(op *flow.Op) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s %s", opNames[op.Kind], op.Verb, op.Table, op.Name)
	if op.Kind == flow.OpDB {
		fmt.Fprintf(&b, " [%s conn=%s tx=%s priv=%d lock=%v conflict=%q sel=%v]", op.Flavor, op.Conn, op.Tx, op.Priv, op.Lock, op.Conflict, op.Select)
	}
	for _, f := range op.Filters {
		fmt.Fprintf(&b, " WHERE %s %s %s", f.Col, f.Op, vtext(f.Val))
	}
	for _, w := range op.Writes {
		fmt.Fprintf(&b, " SET %s rel=%v %s", w.Col, w.Relative, vtext(w.Val))
	}
	for _, a := range op.Args {
		fmt.Fprintf(&b, " arg(%s)", vtext(a))
	}
	if op.Val != nil {
		fmt.Fprintf(&b, " val(%s)", vtext(op.Val))
	}
	if op.Kind == flow.OpRespond || op.Kind == flow.OpThrow {
		fmt.Fprintf(&b, " status=%d", op.Status)
	}
	if op.Kind == flow.OpIf {
		fmt.Fprintf(&b, " then=%+v else=%+v", op.Then, op.Else)
	}
	for _, g := range op.Guards {
		fmt.Fprintf(&b, " {if L%d neg=%v exit=%v}", g.Pos.Line(), g.Neg, g.Exit)
	}
	return b.String()
}

func vtext(v *flow.Val) string {
	if v == nil {
		return "nil"
	}
	var parts []string
	for _, o := range v.Origins() {
		s := o.Kind.String() + ":" + o.Path
		if o.Op != nil {
			s += fmt.Sprintf("#%d", o.Op.Seq)
		}
		if o.Derived {
			s += "~"
		}
		parts = append(parts, s)
	}
	if v.IsStr {
		parts = append(parts, fmt.Sprintf("%.30q", v.Str))
	}
	if v.Num != "" {
		parts = append(parts, v.Num)
	}
	if v.Lib != "" {
		parts = append(parts, "lib="+v.Lib)
	}
	if v.Fn != nil {
		parts = append(parts, "fn")
	}
	for _, c := range v.Cmps {
		parts = append(parts, "cmp"+c.Op)
	}
	if len(v.Ctl) > 0 {
		parts = append(parts, fmt.Sprintf("ctl%d", len(v.Ctl)))
	}
	if v.Name != "" {
		parts = append(parts, "name="+v.Name)
	}
	return strings.Join(parts, ",")
}
