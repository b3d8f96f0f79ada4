package tree_test

import (
	"testing"

	"github.com/tijorihq/tijori/internal/audit/db/tree"
)

func TestParse(t *testing.T) {
	t.Parallel()
	nodes, err := tree.ParseNodes(`{OPEXPR :opno 98 :opretset false :args ({VAR :varno 1 :varattno 2 :location 7} ` +
		`{CONST :consttype 25 :constisnull false :constvalue 5 [ 20 0 0 0 97 ]}) :alias <> :name "a \"b" :location 9}`)
	if err != nil || len(nodes) != 1 {
		t.Fatalf("ParseNodes = %v, %v", nodes, err)
	}
	n := nodes[0]
	args := n.Nodes("args")
	if n.Tag != "OPEXPR" || n.Int("opno") != 98 || n.Bool("opretset") || len(args) != 2 || n.Get("alias") != nil {
		t.Errorf("node = %+v", n)
	}
	if args[0].Int("varattno") != 2 || string(args[1].Datum()[4:]) != "a" {
		t.Errorf("arguments = %+v, %+v", args[0], args[1])
	}
	if n.Text("name") != `a "b` {
		t.Errorf("name = %q", n.Text("name"))
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`{A :b (1 2 {C :d <>}) :e [ 1 2 ]}`)
	f.Add(`((((`)
	f.Fuzz(func(t *testing.T, text string) { _, _ = tree.Parse(text) }) // neither panics nor hangs
}
