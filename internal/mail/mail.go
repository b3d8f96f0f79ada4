// Package mail writes the letters that Tijori sends, in English and Hindi, and
// sends them by SMTP, or keeps them in the outbox of a development set-up.
package mail

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"unicode"
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

// oneLine makes text fit for a header: no control characters at all.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || r == '\u2028' ||
			r == '\u2029'
	}), " ")
}

// plainName returns a name that strangers chose if it can pass as a name, else
// instead: whoever signs up with somebody else's address must not be able to send them
// a link or a speech.
func plainName(name, instead string) string {
	name = strings.TrimSpace(name)
	dotted := false
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsControl(r) || strings.ContainsRune(`/\:@<>?#%=[]{}|"。．｡`, r) ||
			unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d' {
			return instead
		}
		if r == '.' && i+1 < len(runes) && runes[i+1] != ' ' {
			dotted = true
		}
	}
	if name == "" || dotted || len(runes) > 60 {
		return instead
	}
	return name
}
