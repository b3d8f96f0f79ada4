// Package accesslog keeps who asked for what: one row for each request, added
// in batches beside the requests and never in their way.
package accesslog

import (
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// A Verdict is what became of a request.
type Verdict string

const (
	Allowed  Verdict = "allowed"   // answered, also when the input was refused
	Denied   Verdict = "denied"    // not signed in, or not allowed to
	NotFound Verdict = "not_found" // also what is somebody else's
	Limited  Verdict = "limited"   // too often, or more than the plan holds
	Failed   Verdict = "failed"    // our fault
	Lost     Verdict = "lost"      // no request: Rows are missing from the log
)

// Verdicts are all of them.
var Verdicts = []Verdict{Allowed, Denied, NotFound, Limited, Failed, Lost}

// A Record is one request. It holds no secret, no body and no query.
type Record struct {
	At        time.Time // when the request began
	RequestID string
	UserID    uuid.UUID // zero for a stranger; this and the next ones as the database answered
	KeyID     uuid.UUID // the API key
	AccountID uuid.UUID
	Operator  bool      // used a page of the operators
	Business  uuid.UUID // that the path names, whether or not it is the caller's
	Route     string    // method and pattern
	Object    string    // the id that the path names last, or Mark of an address
	Verdict   Verdict
	Status    int
	Rows      int // that the database answered
	Took      time.Duration
	Address   netip.Addr
	Device    string // see Device
	Release   string

	// Credential is the hash of the API key that a program came with. It is never
	// written: the writer asks which key it is.
	Credential [32]byte
}

// Device shortens a User-Agent to browser and system. What it does not know is "other".
func Device(agent string) string {
	if agent == "" {
		return ""
	}
	name := func(known [][2]string) string {
		for _, k := range known {
			if strings.Contains(agent, k[0]) {
				return k[1]
			}
		}
		return "other"
	}
	browser := name([][2]string{ // the first that fits: most of them claim to be others too
		{"Edg", "Edge"},
		{"OPR/", "Opera"},
		{"SamsungBrowser", "Samsung Internet"},
		{"UCBrowser", "UC Browser"},
		{"Firefox/", "Firefox"},
		{"FxiOS/", "Firefox"},
		{"CriOS/", "Chrome"},
		{"Chrome/", "Chrome"},
		{"Safari/", "Safari"},
		{"curl/", "curl"},
		{"Go-http-client", "Go"},
		{"python", "Python"},
		{"node", "Node"},
		{"Stripe/", "Stripe"},
		{"Razorpay", "Razorpay"},
	})
	system := name([][2]string{
		{"Android", "Android"},
		{"iPhone", "iPhone"},
		{"iPad", "iPad"},
		{"Windows", "Windows"},
		{"Mac OS X", "Mac"},
		{"CrOS", "ChromeOS"},
		{"Linux", "Linux"},
	})
	if system == "other" {
		return browser
	}
	return browser + ", " + system
}

// clean cuts what came from outside to what a row holds.
func (r *Record) clean() {
	for _, f := range []struct {
		text *string
		most int
	}{{&r.RequestID, 64}, {&r.Route, 200}, {&r.Object, 100}, {&r.Device, 60}, {&r.Release, 100}} {
		*f.text = cut(*f.text, f.most)
	}
	r.Rows, r.Took = max(r.Rows, 0), max(r.Took, 0)
}

// cut returns at most so many letters of s, without what PostgreSQL keeps in no text.
func cut(s string, most int) string {
	if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		s = strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "")
	}
	if len(s) <= most {
		return s
	}
	n := 0
	for i := range s {
		if n == most {
			return s[:i]
		}
		n++
	}
	return s
}
