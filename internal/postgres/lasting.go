package postgres

import (
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A connection serves one caller after another. What a statement of one leaves for the whole session is cleared
// away when its transaction ends: resetSQL ends settings, unlockSQL ends locks. Other things are not worth
// clearing, because no statement of ours makes them, or cannot be cleared: LISTEN, a cursor with hold, a
// statement that was prepared under the name of one of the driver's and then runs for the next caller. They all
// take a statement of a kind of their own, for no function reaches them (PostgreSQL lets a query in a query
// only read), and the driver sends one statement at a time. So a connection that has seen such a kind is closed
// when its transaction ends.

// keepers are the kinds of statements that leave nothing but settings and locks.
var keepers = map[string]bool{
	"select": true, "with": true, "values": true, "table": true,
	"insert": true, "update": true, "delete": true, "merge": true,
	"lock": true, "savepoint": true, "release": true, "rollback to": true, "set local": true, "set constraints": true,
}

// lasts reports whether a statement may leave on its connection what is not cleared away.
func lasts(sql string) bool {
	first, rest := firstWord(sql)
	if keepers[first] {
		return false
	}
	second, _ := firstWord(rest)
	return !keepers[first+" "+second]
}

// firstWord returns the first word of a statement in lower case, without the comments and brackets before it, and what
// comes after it. A statement that begins otherwise has none.
func firstWord(sql string) (word, rest string) {
	for {
		sql = strings.TrimLeft(sql, " \t\n\r\f\v(")
		switch {
		case strings.HasPrefix(sql, "--"):
			end := strings.IndexAny(sql, "\n\r")
			if end < 0 {
				return "", ""
			}
			sql = sql[end:]
		case strings.HasPrefix(sql, "/*"):
			sql = afterComment(sql)
		default:
			n := 0
			for n < len(sql) && (isLetter(sql[n]) || sql[n] >= '0' && sql[n] <= '9' || sql[n] == '$') {
				n++
			}
			return strings.ToLower(sql[:n]), sql[n:]
		}
	}
}

// isLetter reports whether PostgreSQL takes a byte for part of a word.
func isLetter(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '_' || b >= 0x80
}

// afterComment returns what follows a comment, which may have others in it.
func afterComment(sql string) string {
	depth := 0
	for i := 0; i+1 < len(sql); i++ {
		switch sql[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			depth--
			i++
			if depth == 0 {
				return sql[i+1:]
			}
		}
	}
	return ""
}

// reading are the settings, of those that the server reports, by which it reads a statement. One that is
// prepared under others than its own keeps that meaning for as long as its connection lives.
var reading = [...]string{"standard_conforming_strings", "DateStyle", "IntervalStyle", "TimeZone", "client_encoding"}

type readings [len(reading)]string

func readingsOf(conn *pgconn.PgConn) (r readings) {
	for i, name := range reading {
		r[i] = conn.ParameterStatus(name)
	}
	return r
}

// anyLasts reports whether one of a batch's statements lasts, as they were sent.
func anyLasts(queries []*pgx.QueuedQuery) bool {
	return slices.ContainsFunc(queries, func(q *pgx.QueuedQuery) bool { return lasts(q.SQL) })
}

// splitOptions tells what the driver takes for options, not for values, at the beginning of a statement's arguments:
// how many they are, and whether they let it send other text than it was given, or several statements at once.
func splitOptions(args []any) (options int, free bool) {
	for _, a := range args {
		switch a := a.(type) {
		case pgx.QueryResultFormats, pgx.QueryResultFormatsByOID:
		case pgx.QueryExecMode:
			free = free || a == pgx.QueryExecModeSimpleProtocol
		case pgx.QueryRewriter:
			free = true
		default:
			return options, free
		}
		options++
	}
	return options, free
}
