// Package mail writes the letters that Tijori sends, in English and Hindi, and
// sends them by SMTP, or keeps them in the outbox of a development set-up.
package mail

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"unicode"

	"github.com/tijorihq/tijori/internal/text"
)

// A Message is one mail to one address, as plain text and as HTML that says the same.
type Message struct {
	To, Subject, Text, HTML string
}

// A Sender sends messages. When Send returns nil the message is with the next
// server, or in the outbox, and will not be lost. Errors name no address and quote nothing
// of the message; ErrRefused is one that no later try will change.
type Sender interface {
	Send(context.Context, Message) error
}

// ErrRefused says that the server will never take a message for this address.
var ErrRefused = errors.New("the address was refused")

// Links makes the addresses that letters lead to.
type Links struct {
	Public *url.URL // where users reach this server
}

func (l Links) to(parts ...string) string {
	escaped := make([]string, len(parts))
	for i, p := range parts {
		escaped[i] = url.PathEscape(p)
	}
	return strings.TrimSuffix(l.Public.Scheme+"://"+l.Public.Host+l.Public.EscapedPath(), "/") + "/" +
		strings.Join(escaped, "/")
}

// oneLine makes text fit for a header: one line, in the direction that it has.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, text.Steers), " ")
}

// plainName returns a name that its reader, or an owner of the reader's own account, chose, if it can pass as a
// name, else instead. A name that a stranger chose stands in no letter at all.
func plainName(name, instead string) string {
	name = strings.TrimSpace(name)
	dotted, digits := false, 0
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsControl(r) || strings.ContainsRune(`/\:@<>?#%=[]{}|"。．｡`, r) ||
			unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d' {
			return instead
		}
		if r == '.' && i+1 < len(runes) && runes[i+1] != ' ' {
			dotted = true
		}
		if unicode.IsDigit(r) {
			digits++
		}
	}
	if name == "" || dotted || len(runes) > 60 || digits > 4 || len(strings.Fields(name)) > 6 {
		return instead
	}
	return name
}

// plainAddress is a confirmed address of somebody else, as a letter names it: whole when it can pass as an address,
// otherwise with its first letter alone before the sign. A speech does not fit into few words and digits.
func plainAddress(address string) string {
	local, host, ok := strings.Cut(address, "@")
	if !ok || local == "" || len(host) > 40 || strings.Count(host, "-") > 1 || digitsIn(host) > 3 {
		return ""
	}
	words := strings.FieldsFunc(local, func(r rune) bool { return strings.ContainsRune("._-+", r) })
	if len(local) > 30 || len(words) > 3 || digitsIn(local) > 6 || strings.Trim(local, plainLetters) != "" {
		return local[:1] + "…@" + host
	}
	return address
}

const plainLetters = "abcdefghijklmnopqrstuvwxyz0123456789._-+"

func digitsIn(s string) (n int) {
	for _, r := range s {
		if unicode.IsDigit(r) {
			n++
		}
	}
	return n
}
