package pass

import (
	"strings"

	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
)

var specifier = lazyregexp.New(`%(?:(\d)\$)?-?\d*([sil])|%%`)

// formatted takes the calls of format out of a statement. It returns the
// arguments that stand in the text as they are (%s), and the statement without
// the calls: what %I and %L take is quoted, however it is put together.
func formatted(st string) (raw []string, rest string) {
	for {
		i := strings.Index(st, "format(")
		if i < 0 {
			return raw, rest + st
		}
		args, n := arguments(st[i+len("format("):])
		rest += st[:i]
		st = st[i+len("format(")+n:]
		next := 0
		for _, m := range specifier.FindAllStringSubmatch(args[0], -1) {
			if m[0] == "%%" {
				continue
			}
			next++
			at := next
			if m[1] != "" {
				at = int(m[1][0] - '0')
			}
			if m[2] == "s" && at < len(args) {
				raw = append(raw, args[at])
			}
		}
	}
}

// arguments splits what stands between the parentheses of a call at its commas,
// and says where the call ends.
func arguments(s string) (out []string, end int) {
	depth, quoted, from := 0, false, 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\'':
			quoted = !quoted
		case quoted:
		case s[i] == '(' || s[i] == '[':
			depth++
		case s[i] == ')' && depth == 0:
			return append(out, strings.TrimSpace(s[from:i])), i + 1
		case s[i] == ')' || s[i] == ']':
			depth--
		case s[i] == ',' && depth == 0:
			out, from = append(out, strings.TrimSpace(s[from:i])), i+1
		}
	}
	return append(out, strings.TrimSpace(s[from:])), len(s)
}
