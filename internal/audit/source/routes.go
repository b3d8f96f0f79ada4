package source

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/source/flow"
)

// Routes are the addresses that the code of a folder registers, as "GET /invoices/:id", in order.
func Routes(ctx context.Context, dir string) ([]string, error) {
	_, prog, err := follow(ctx, Options{Dir: dir})
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range prog.Entries {
		if e.Kind != "route" && e.Kind != "page" && e.Kind != "load" || !strings.HasPrefix(e.Path, "/") {
			continue
		}
		label := e.Label()
		if verb, path, ok := strings.Cut(label, " "); !ok {
			label = "GET " + label
		} else if verb == "ALL" {
			label = "GET " + path
		}
		if !slices.Contains(out, label) {
			out = append(out, label)
		}
	}
	slices.Sort(out)
	return out, nil
}

func (r *reader) count(p *flow.Program) {
	kinds := map[string]int{}
	for _, e := range p.Entries {
		switch e.Kind {
		case "route", "load", "static":
			kinds["routes"]++
		case "action":
			kinds["server actions"]++
		case "page":
			kinds["pages"]++
		}
		for _, op := range e.Ops {
			if op.Kind == flow.OpDB {
				kinds["queries"]++
			}
		}
	}
	if len(r.files) > 0 && kinds["routes"]+kinds["server actions"]+kinds["pages"] == 0 {
		built := ""
		if len(r.built) > 0 {
			built = "; built files are left out: " + strings.Join(slices.Sorted(maps.Keys(r.built)), ", ")
		}
		r.notTested(r.opt.Dir, "no route, action or page of a known framework was recognised, so what requests can do was not "+
			"judged%s", built)
	}
	r.report.Looked = []finding.Count{
		{What: "files", N: len(r.files) + len(r.texts)},
		{What: "routes", N: kinds["routes"]},
		{What: "server actions", N: kinds["server actions"]},
		{What: "pages", N: kinds["pages"]},
		{What: "queries", N: kinds["queries"]},
	}
}
