package account

import (
	"strings"

	"github.com/tijorihq/tijori/internal/fault"
)

// Email returns an e-mail address as we store it: trimmed and in lower case. It
// takes what mail servers deliver in practice, dot-separated words and a host
// name with a dot; quoted words, address literals and letters outside ASCII are refused.
func Email(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	for _, r := range s {
		if r > 127 {
			return "", fault.InvalidField("email", "Write the address in plain letters, a to z.")
		}
	}
	local, host, ok := strings.Cut(s, "@")
	if !ok || len(s) > 254 || len(local) > 64 || !words(local, isAtom) || !words(host, isHostByte) || !hostName(host) {
		return "", fault.InvalidField("email", "This is not an email address.")
	}
	return s, nil
}

// words reports whether s is made of non-empty words of allowed bytes with dots between.
func words(s string, allowed func(byte) bool) bool {
	for word := range strings.SplitSeq(s, ".") {
		if word == "" {
			return false
		}
		for i := range len(word) {
			if !allowed(word[i]) {
				return false
			}
		}
	}
	return true
}

func isAtom(b byte) bool {
	return isHostByte(b) || strings.IndexByte("!#$%&'*+/=?^_`{|}~", b) >= 0
}

func isHostByte(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || b == '-'
}

// hostName reports whether every label is of a host name's shape and the last is not a number.
func hostName(host string) bool {
	labels := strings.Split(host, ".")
	for _, l := range labels {
		if len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
			return false
		}
	}
	last := labels[len(labels)-1]
	return len(labels) > 1 && len(last) > 1 && strings.Trim(last, "0123456789") != ""
}
