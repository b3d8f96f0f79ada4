package bench

import (
	"regexp"
	"strings"
	"testing"
)

// What the program sends in one round trip is one pipeline of the script.
func TestScriptKeepsRoundTrips(t *testing.T) {
	t.Parallel()
	const scope = "select (select e from tijori_access.enter() e)"
	read := []string{"reset all", "begin, read only", scope, "select 3", "commit", "reset all", "select 4"}
	write := []string{"reset all", "begin, read write", scope, "insert", "commit", "reset all", "select 4"}
	for _, c := range []struct {
		statements []string
		want       string
	}{
		{read, "[reset all; begin, read only; scope; select 3; commit; reset all; select 4]"},
		{write, "[reset all; begin, read write; scope] insert [commit; reset all; select 4]"},
		{append(read, write...), "[reset all; begin, read only; scope; select 3; commit; reset all; select 4] " +
			"[reset all; begin, read write; scope] insert [commit; reset all; select 4]"},
	} {
		var statements []statement
		for _, sql := range c.statements {
			statements = append(statements, statement{sql: sql})
		}
		got := strings.ReplaceAll(script(statements, 1, 10), scope, "scope")
		got = regexp.MustCompile(`(?m)^\\set .*\n`).ReplaceAllString(got, "")
		got = strings.NewReplacer(";\n\\endpipeline\n", "] ", "\\startpipeline\n", "[", ";\n", "; ").Replace(got)
		got = strings.ReplaceAll(got, "; [", " [")
		if got = strings.TrimSpace(got); got != c.want {
			t.Errorf("script of %q =\n%s\nwant\n%s", c.statements, got, c.want)
		}
	}
}
