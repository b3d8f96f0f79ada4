package webhook

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/flow"
	"github.com/tijorihq/tijori/internal/audit/source/rule"
)

func isSecret(v *flow.Op, g *flow.Guard) bool {
	names := map[string]bool{}
	for _, a := range append(slices.Clone(v.Args), keyOf(v)...) {
		for _, o := range a.Origins() {
			if o.Kind == flow.Env {
				names[o.Path] = true
			}
		}
	}
	for _, o := range g.Val.Implied() {
		if o.Kind == flow.Env && (names[o.Path] || secretName.MatchString(o.Path)) {
			return true
		}
	}
	return false
}

var secretName = lazyregexp.New(`(?i)(secret|whsec|key)`)

// keyOf is the secret of a check.
func keyOf(op *flow.Op) []*flow.Val {
	switch op.Kind {
	case flow.OpHMAC:
		if len(op.Args) > 0 && op.Args[0] != nil {
			return op.Args[:1]
		}
	case flow.OpVerify:
		switch {
		case strings.Contains(op.Name, "constructEvent"), strings.Contains(op.Name, "ConstructEvent"),
			strings.Contains(op.Name, "razorpay"), strings.Contains(op.Name, "webhook.verify"),
			strings.Contains(op.Name, "ValidatePayload"):
			if len(op.Args) > 2 && op.Args[2] != nil {
				return op.Args[2:3]
			}
		case strings.Contains(op.Name, "paddle"):
			if len(op.Args) > 1 {
				return op.Args[1:2]
			}
		}
	case flow.OpMacCmp:
		var list []*flow.Val
		for _, a := range op.Args {
			if o := a.First(flow.Digest); o != nil && o.Op != nil && len(o.Op.Args) > 0 && o.Op.Args[0] != nil {
				list = append(list, o.Op.Args[0])
			}
		}
		return list
	}
	return nil
}

// envChecked tells whether an empty variable ends the request or the program
// before.
func envChecked(op *flow.Op, name string) bool {
	list := op.Guards
	if op.Mod != nil {
		list = append(slices.Clone(list), op.Mod.Guards...)
	}
	for _, g := range list {
		for _, o := range g.Val.Implied() {
			if o.Kind == flow.Env && o.Path == name {
				return true
			}
		}
	}
	return false
}

func fallbackSecret(p *rule.Pass) {
	p.Ops(func(e *flow.Entry, op *flow.Op) {
		if e.Client {
			return
		}
		goCode := op.Pos.File != nil && op.Pos.File.Lang == "go"
		for _, key := range keyOf(op) {
			if op.Kind == flow.OpMacCmp {
				continue
			}
			env := key.First(flow.Env)
			if g := skipped(e, op); g != nil && isSecret(op, g) {
				p.Report(rule.Hit{
					At: g.Pos, Entry: e, Key: "skipped",
					Title: "Without its secret the signature is not checked, and the event is applied all the same",
					Way:   []finding.Place{rule.Place(g.Pos, "only with a secret"), rule.Place(op.Pos, "the check")},
				})
				return
			}
			for _, a := range alternatives(key, 0) {
				if !a.IsStr || len(a.Origins()) > 0 {
					continue
				}
				at := op.Pos
				if a.Pos.File != nil {
					at = a.Pos
				}
				name := "the secret"
				if env != nil {
					name = env.Path
				}
				if env == nil && a.Str != "" {
					if a == key && len(a.Str) < 60 && comparedWith(e, op) {
						p.Report(rule.Hit{
							At: at, Entry: e, Key: "literal",
							Title: "The secret of the signature stands in the code",
						})
					}
					continue
				}
				if env != nil && envChecked(op, env.Path) && a.Str == "" {
					continue
				}
				if a.Str == "" {
					if strings.Contains(op.Name, "stripe.constructEvent") &&
						refusesEmpty(p.Version(op.Pos.File.Path, "stripe")) {
						continue
					}
					p.Report(rule.Hit{
						At: at, Entry: e, Key: "empty",
						Title: fmt.Sprintf("An unset %s becomes the empty string, and with an empty key everybody can sign", name),
						Way:   rule.Way(env, op.Pos, "the key of the signature"),
					})
				} else {
					p.Report(rule.Hit{
						At: at, Entry: e, Key: "default",
						Title: fmt.Sprintf("%s has a default that stands in the code", name),
						Way:   rule.Way(env, op.Pos, "the key of the signature"),
					})
				}
				return
			}
			if goCode && env != nil && !envChecked(op, env.Path) {
				p.Report(rule.Hit{
					At: op.Pos, Entry: e, Severity: finding.Medium, Key: "empty",
					Title: fmt.Sprintf("An unset %s is an empty key, and everybody can sign with it", env.Path),
					Way:   rule.Way(env, op.Pos, "the key of the signature"),
				})
			}
		}
	})
}

// comparedWith tells whether a MAC is compared with what was sent, and not
// only made to sign something.
func comparedWith(e *flow.Entry, op *flow.Op) bool {
	if op.Kind == flow.OpVerify {
		return true
	}
	for _, x := range e.Ops {
		if x.Kind != flow.OpMacCmp {
			continue
		}
		for _, a := range x.Args {
			if o := a.First(flow.Digest); o != nil && o.Op == op {
				return true
			}
		}
	}
	return false
}

// skipped is a condition of the check alone, not of what follows it.
func skipped(e *flow.Entry, v *flow.Op) *flow.Guard {
	for _, op := range effects(e) {
		if op.Seq > v.Seq {
			if g := optional(v, op); g != nil {
				return g
			}
		}
	}
	return nil
}

func alternatives(v *flow.Val, depth int) (list []*flow.Val) {
	if v == nil || depth > 3 {
		return nil
	}
	if len(v.Alts) == 0 {
		return []*flow.Val{v}
	}
	for _, a := range v.Alts {
		if a == v {
			continue
		}
		list = append(list, alternatives(a, depth+1)...)
	}
	return list
}

var exact = lazyregexp.New(`^[=v~]*(\d+)(?:\.(\d+))?(?:\.(\d+))?`)

// refusesEmpty tells whether a version of stripe-node refuses an empty secret:
// 22.6.2 and later do, earlier ones do not. A range gives its newest version.
func refusesEmpty(version string) bool {
	version = strings.TrimSpace(version)
	ranged := strings.HasPrefix(version, "^") || strings.HasPrefix(version, ">=")
	m := exact.FindStringSubmatch(strings.TrimLeft(version, "^>= "))
	if m == nil {
		return false
	}
	var n [3]int
	for i := range n {
		n[i], _ = strconv.Atoi(m[i+1])
	}
	if ranged || m[2] == "" {
		return n[0] >= 22
	}
	return n[0] > 22 || n[0] == 22 && (n[1] > 6 || n[1] == 6 && n[2] >= 2)
}
