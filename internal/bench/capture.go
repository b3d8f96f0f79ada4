package bench

import (
	"context"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/postgres"
)

// A statementLog is the server's log, of which it keeps what was written since
// the last reset.
type statementLog struct {
	mu sync.Mutex
	b  strings.Builder
	on bool
}

func (l *statementLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.on && l.b.Len() < 8<<20 {
		l.b.Write(p)
	}
	return len(p), nil
}

func (l *statementLog) record(on bool) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := l.b.String()
	l.b.Reset()
	l.on = on
	return text
}

// A statement as the database logged it, with its parameters as text.
type statement struct {
	sql  string
	args []string
}

var (
	entryStart = regexp.MustCompile(`^@(\S+) (LOG|DETAIL|ERROR|STATEMENT|HINT|CONTEXT|WARNING):  `)
	execution  = regexp.MustCompile(`(?s)^execute [^:]+: (.*)$`)
	plain      = regexp.MustCompile(`(?s)^statement: (.*)$`)
	argument   = regexp.MustCompile(`\$\d+ = (NULL|'(?:[^']|'')*')`)
)

// parseLog returns the statements that a role executed, in order.
func parseLog(text, role string) []statement {
	var out []statement
	var kind, user, body string
	flush := func() {
		switch {
		case user != role:
		case kind == "LOG":
			if m := execution.FindStringSubmatch(body); m != nil {
				out = append(out, statement{sql: m[1]})
			} else if m := plain.FindStringSubmatch(body); m != nil {
				out = append(out, statement{sql: m[1]})
			}
		case kind == "DETAIL" && len(out) > 0 && strings.HasPrefix(body, "parameters: "):
			for _, m := range argument.FindAllStringSubmatch(body, -1) {
				out[len(out)-1].args = append(out[len(out)-1].args, m[1])
			}
		}
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if m := entryStart.FindStringSubmatch(line); m != nil {
			flush()
			user, kind, body = m[1], m[2], line[len(m[0]):]
		} else {
			body += "\n" + strings.TrimPrefix(line, "\t")
		}
	}
	flush()
	return out
}

// capture sends a request as the owner of business n, and returns what the server
// said to the database for it. The request runs once before, so that what is
// prepared and remembered is.
func (r *run) capture(ctx context.Context, e endpoint, n int) ([]statement, error) {
	once := func() error {
		c, err := dial(r.server.addr)
		if err != nil {
			return err
		}
		defer c.close()
		_, err = c.do(e.request(n, 1))
		return err
	}
	for range 20 { // every connection of the server's pool
		if err := once(); err != nil {
			return nil, err
		}
	}
	if _, err := r.super.Exec(ctx, "alter system set log_statement = 'all'"); err != nil {
		return nil, err
	}
	if err := r.reload(ctx, "all"); err != nil {
		return nil, err
	}
	r.log.record(true)
	err := once()
	if _, resetErr := r.super.Exec(ctx, "alter system reset log_statement"); err == nil {
		err = resetErr
	}
	if err == nil {
		err = r.reload(ctx, "none")
	}
	time.Sleep(50 * time.Millisecond) // the log comes through a pipe
	statements := parseLog(r.log.record(false), postgres.RoleApp)
	if err == nil && len(statements) == 0 {
		err = fmt.Errorf("nothing was logged for %s", e.name)
	}
	return statements, err
}

// reload waits until sessions go by the new setting: each reads it before its next statement.
func (r *run) reload(ctx context.Context, want string) error {
	if _, err := r.super.Exec(ctx, "select pg_reload_conf()"); err != nil {
		return err
	}
	for range 100 {
		var now string
		if err := r.super.QueryRow(ctx, "select current_setting('log_statement')").Scan(&now); err != nil {
			return err
		}
		if now == want {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("log_statement does not become %s", want)
}

var placeholder = regexp.MustCompile(`\$\d+`)

// script turns captured statements into a pgbench script: the same statements in
// the same transactions, with the ids of business :n instead of the captured ones.
// What the server sends in one round trip is one pipeline here.
func script(statements []statement, n, parties int) string {
	hash := account.Hash(token(n))
	known := []struct{ captured, expr string }{
		{"'" + hex.EncodeToString(hash[:]) + "'", "encode(" + tokenHashSQL(":n::int") + ", 'hex')"},
		{"'" + seededID(accountKind, n).String() + "'", idSQL(accountKind, ":n::int")},
		{"'" + seededID(businessKind, n).String() + "'", idSQL(businessKind, ":n::int")},
		{"'" + seededID(userKind, n).String() + "'", idSQL(userKind, ":n::int")},
		{"'" + seededID(partyKind, n*1000+1).String() + "'", idSQL(partyKind, ":n::int * 1000 + :p::int")},
		{"'" + freshID(1).String() + "'", "gen_random_uuid()"},
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\\set n random(1, :businesses)\n\\set p random(1, %d)\n", min(heavy, parties))
	pipelined := false
	end := func() {
		if pipelined {
			b.WriteString("\\endpipeline\n")
		}
		pipelined = false
	}
	for i, s := range statements {
		reset := i > 0 && statements[i-1].sql == "reset all"
		next := i+1 < len(statements) && strings.HasPrefix(statements[i+1].sql, "begin")
		switch {
		case s.sql == "reset all" && next,
			strings.HasPrefix(s.sql, "begin") && !reset,
			s.sql == "commit" && !pipelined:
			end()
			b.WriteString("\\startpipeline\n")
			pipelined = true
		}
		sql := placeholder.ReplaceAllStringFunc(s.sql, func(p string) string {
			var k int
			if _, err := fmt.Sscanf(p, "$%d", &k); err != nil || k < 1 || k > len(s.args) {
				return p
			}
			for _, v := range known {
				if s.args[k-1] == v.captured {
					if strings.Contains(s.sql, "set_config") && strings.HasSuffix(v.expr, "::uuid") {
						return "(" + v.expr + ")::text"
					}
					return v.expr
				}
			}
			return s.args[k-1]
		})
		b.WriteString(strings.ReplaceAll(strings.TrimSuffix(strings.TrimSpace(sql), ";"), "\n", " ") + ";\n")
		// A transaction that writes goes on after it has asked who is asking; a read is one round trip.
		if pipelined && strings.Contains(s.sql, "from tijori_access.enter() e") && !readOnly(statements, i) {
			end()
		}
	}
	end()
	return b.String()
}

// readOnly reports whether statement i is in a transaction that began read only.
func readOnly(statements []statement, i int) bool {
	for ; i >= 0; i-- {
		if strings.HasPrefix(statements[i].sql, "begin") {
			return strings.Contains(statements[i].sql, "read only")
		}
	}
	return false
}
