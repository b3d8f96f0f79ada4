package flow

import (
	"strings"

	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/ir"
)

// ctx is what an earlier handler kept under a key, or an identity when the
// code that keeps it is not at hand.
func (in *interp) ctx(key string, pos Pos) *Val {
	in.entry.readCtx = true
	// what this route's own middleware has kept counts before what other routes keep under the same name
	var own *Val
	for _, op := range in.entry.Ops {
		if op.Kind == OpCtx && op.Name == key && op.Val != nil {
			own = Join(own, op.Val)
		}
	}
	last := key[strings.LastIndexByte(key, '.')+1:]
	if own == nil {
		own = in.p.Ctx[key]
	}
	if own == nil {
		return origin(Session, last, pos)
	}
	return hop(identify(last, own, pos), pos, "read from the request's context")
}

// identify adds to what is kept as the request's user that it says who calls, where nothing tells how that was found out.
func identify(name string, v *Val, pos Pos) *Val {
	if v == nil || !identityName.MatchString(name) ||
		v.Has(Session, CtxUser, DB, Unverified, Body, RawBody, Query, Path, Header, Cookie) {
		return v
	}
	return Join(v, origin(Session, "", pos))
}

var identityName = lazyregexp.New(`(?i)^(current_?|auth_?|session_?)?(user|account|session|principal|viewer|identity)$`)

// keep notes that a value is kept for later handlers.
func (in *interp) keep(key string, v *Val, e *ir.Expr) {
	in.emit(&Op{Kind: OpCtx, Name: key, Val: v}, e)
	if in.p.ctxNew != nil && v != nil {
		in.p.ctxNew[key] = Join(in.p.ctxNew[key], v)
	}
}
