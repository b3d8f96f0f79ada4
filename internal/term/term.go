// Package term is the one home of the spans of time that people are promised: how long
// a link works, how long something can be taken back. Pages, letters and SQL read them
// here. Two stand in the schema as well, where a function or a policy of the database
// keeps them whoever asks; a test compares.
package term

import "time"

const day = 24 * time.Hour

// The terms.
const (
	SignUpLink   = 24 * time.Hour   // of a link that confirms an address
	RecoveryLink = 30 * time.Minute // of a link for a new password
	RecoveryAsk  = 24 * time.Hour   // within which the letter of a recovery must have been made
	Invitation   = 7 * day          // of an invitation, and of one sent again
	Session      = 30 * day         // without a visit
	SessionEnd   = 180 * day        // of a session, however often it is used
	OperatorIdle = time.Hour        // of an operator's session without a visit
	OperatorEnd  = 12 * time.Hour   // of an operator's session, however often it is used
	Device       = 365 * day        // in which a browser is known again
	EmailChange  = 24 * time.Hour   // within which both ends must confirm a change of address
	EmailBack    = 14 * day         // in which the former address can take the change back
	SecurityLog  = 365 * day        // that the security log keeps a line; also in tijori_access.write_log
	StepUp       = 10 * time.Minute // after a proof, in which it counts; also in tijori_access.fresh
	HalfWay      = 10 * time.Minute // between the password and the second step of a sign-in
	Challenge    = 5 * time.Minute  // of a question to a passkey
	// of a link to the page with what a customer of an app has bought, which works once, and of the session that it
	// begins
	PortalLink    = 10 * time.Minute
	PortalSession = 30 * time.Minute
	// in which an owner may keep an account that is being deleted; also in tijori_access.leave_account
	Deletion     = 30 * day
	LastDays     = 3 * day        // before its end, when owners are told again; also in tijori_access.tell_leaving
	PaymentGrace = 7 * day        // in which a plan goes on when a renewal fails or is late
	DisputeSoon  = 3 * day        // before a dispute's deadline, when it is told again
	DisputeLast  = 24 * time.Hour // before it, when it is told for the last time
	// in which who has no more rights edits an own entry; also in the policy of tijori.entries
	Correction = 24 * time.Hour
	GridUndo   = 24 * time.Hour // in which a batch of the grid can be taken back
	ImportUndo = 30 * day       // in which an import can be taken back
	MergeUndo  = 30 * day       // in which a merge of two parties can be taken back
	Comparison = 6 * time.Hour  // between two comparisons with a payment provider
	Snooze     = 31 * day       // at most, of an alert or an item of the operators
	SharedLink = 30 * day       // of a link to a statement, where nothing else is chosen
)

// Days is a term in days, as people read it.
func Days(d time.Duration) int { return int(d / day) }

// Hours is a term in hours.
func Hours(d time.Duration) int { return int(d / time.Hour) }

// Minutes is a term in minutes.
func Minutes(d time.Duration) int { return int(d / time.Minute) }
