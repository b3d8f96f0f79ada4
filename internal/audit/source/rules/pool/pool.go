// Package pool finds settings and transactions that end up on different
// connections of a pool.
package pool

import (
	"strings"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/source/flow"
	"github.com/tijorihq/tijori/internal/audit/source/rule"
)

// Rules of this package.
var Rules = []*rule.Rule{{
	Rule: finding.Rule{
		ID: "tenant-setting-on-pool", Engine: "source", Severity: finding.High, ASVS: []string{"8.4.1"},
		CWE:   []string{"CWE-362"},
		Title: "The tenant is set on one connection of a pool, and the query runs on another",
		Why:   "The setting stays on a connection that serves somebody else next: row-level security then shows him the wrong tenant.",
		Fix:   "One transaction on one connection: BEGIN, set_config(name, value, true), the query, COMMIT.",
	},
	Check: check,
}}

func check(p *rule.Pass) {
	for _, e := range p.Entries {
		if e.Client {
			continue
		}
		for _, op := range e.Ops {
			if op.Kind != flow.OpDB || op.SQL == nil || op.SQL.Setting == "" || !tenant(op) {
				continue
			}
			onPool := op.Conn == "pool" && op.Tx == ""
			kept := op.Conn != "pool" && op.Conn != "" && !op.SQL.Local && op.Tx == "" &&
				strings.HasPrefix(op.Conn, "client:") && !reset(e, op) && released(e, op)
			if !onPool && !kept {
				continue
			}
			at := rule.Site(op)
			h := rule.Hit{At: at, Entry: e, Key: op.SQL.Setting + "@" + rule.Fn(op)}
			if onPool && op.SQL.Local {
				h.Title = "The tenant is set for a transaction that ends at once: the statement runs alone on a pool"
			}
			p.Report(h)
		}
	}
}

// tenant tells whether a setting carries a value, not a fixed option.
func tenant(op *flow.Op) bool {
	if op.SQL.Verb == "set" || op.SQL.Verb == "reset" {
		return strings.Contains(op.SQL.Setting, ".") && op.SQL.Verb == "set"
	}
	return strings.Contains(op.SQL.Setting, ".") || op.SQL.Setting == "role"
}

func reset(e *flow.Entry, op *flow.Op) bool {
	for _, x := range e.Ops {
		if x.Kind == flow.OpDB && x.Conn == op.Conn && x.SQL != nil &&
			(x.SQL.Verb == "reset" || x.SQL.Setting == op.SQL.Setting && x != op) {
			return true
		}
	}
	return false
}

func released(e *flow.Entry, op *flow.Op) bool {
	for _, x := range e.Ops {
		if x.Kind == flow.OpDB && x != op && x.Conn == op.Conn && x.Seq > op.Seq {
			return true
		}
	}
	return false
}
