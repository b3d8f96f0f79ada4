package web

import (
	"net/http"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/role"
)

// An access says who may use a route. Rights are those in the business that the
// path names, or in the session's account where the path names none.
type access int

const (
	anyone     access = iota // no session needed
	signedIn                 // a session, whatever the role
	member                   // every member, whatever the role
	seesTotals               // members with the right of this name; so on for the next three
	addsEntries
	runsKhata
	owns
	operator // who runs this server; everybody else gets 404
	program  // an API key, in the header Authorization; no session
)

// admits reports whether a member with these rights may use a route.
func (a access) admits(r role.Rights) bool {
	switch a {
	case member:
		return true
	case seesTotals:
		return r.SeesTotals
	case addsEntries:
		return r.AddsEntries
	case runsKhata:
		return r.RunsKhata
	case owns:
		return r.Owns
	}
	return false
}

// A route is one line of the list below.
type route struct {
	pattern     string
	access      access
	handle      func(*Server, http.ResponseWriter, *request) error
	maxBody     int64 // bytes; 0 means maxForm, parsed as a form
	secret      bool  // the path holds a token: no referrer, no index
	keepsFlash  bool  // not a page
	development bool  // exists in a development set-up only
}

// admit checks a route's access against a scope.
func (rt *route) admit(scope postgres.Scope) error {
	switch rt.access {
	case anyone, signedIn:
		return nil
	case operator:
		return fault.New(fault.NotFound, "There is nothing here.")
	}
	if scope.AccountID == uuid.Nil {
		return fault.New(fault.NotFound, "There is nothing here.")
	}
	if !rt.access.admits(scope.Rights) {
		return fault.New(fault.Forbidden, "Your role does not allow this.")
	}
	return nil
}
