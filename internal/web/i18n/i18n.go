// Package i18n turns the English sentences of the program into the reader's
// language. The English sentence is the key, so code reads as people do, and a
// test fails when a sentence has no Hindi.
package i18n

import (
	"fmt"
	"strings"
)

// The languages there are. Every other value is treated as English.
const (
	English = "en"
	Hindi   = "hi"
)

// T returns the sentence of an English key in locale, with args put into its
// verbs. A key that the catalogue lacks comes back in English.
func T(locale, key string, args ...any) string {
	text := key
	if locale == Hindi {
		if hi, ok := hindi[key]; ok {
			text = hi
		}
	}
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}

// N returns the sentence for n things: one when n is 1, else many. Both are
// keys and hold one %d.
func N(locale string, n int, one, many string) string {
	if n == 1 {
		return T(locale, one, n)
	}
	return T(locale, many, n)
}

// Match picks a language for a reader we do not know yet, from the
// Accept-Language header of the request: the first of ours that it names.
func Match(acceptLanguage string) string {
	for part := range strings.SplitSeq(acceptLanguage, ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		switch base, _, _ := strings.Cut(strings.ToLower(tag), "-"); base {
		case English, Hindi:
			return base
		}
	}
	return English
}

// Known returns locale when it is one of ours, else English.
func Known(locale string) string {
	if locale == Hindi {
		return Hindi
	}
	return English
}
