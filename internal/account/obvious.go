package account

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

//go:embed common.txt
var commonText string

// commonHearts are the passwords that leaks have most often, without digits and signs around them.
var commonHearts = sync.OnceValue(func() map[string]bool {
	hearts := map[string]bool{}
	for line := range strings.Lines(commonText) {
		if !strings.HasPrefix(line, "#") {
			hearts[strings.TrimSuffix(line, "\n")] = true
		}
	}
	return hearts
})

// often reports whether a password is one of those found most often, however its letters are written, and with
// whatever digits and signs around it.
func often(password string) bool {
	const around = "0123456789!@#$%^&*()._-+=? "
	password = strings.ToLower(password)
	return commonHearts()[password] || commonHearts()[strings.Trim(password, around)]
}

// runs are rows that people walk along.
var runs = []string{
	"abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "qwertyuiop", "asdfghjkl", "zxcvbnm",
	"1qaz2wsx3edc4rfv5tgb6yhn7ujm", "1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0",
}

// common are words at the heart of the passwords found most often in leaks, also
// in India. What is left of a password without them must not be trivial.
var common = []string{
	"password", "passw0rd", "p@ssw0rd", "p@ssword", "pass", "welcome", "admin", "administrator", "login", "letmein",
	"iloveyou", "iloveu", "monkey", "dragon", "football", "baseball", "cricket", "princess", "sunshine", "superman",
	"master", "shadow", "michael", "secret", "changeme", "default", "qwerty", "azerty", "qazwsx", "asdf", "zxcv",
	"india", "bharat", "hindustan", "mumbai", "delhi", "krishna", "ganesh", "jaishreeram", "jaihind", "saibaba",
	"omsairam",
	"omnamahshivaya", "shop", "dukan", "kirana", "khata", "khatabook", "tijori", "test", "user", "guest", "hello",
	"abc", "xyz", "pokemon", "starwars", "batman", "google", "facebook", "whatsapp", "samsung", "computer", "internet",
}

// obvious reports whether a password is among those found most often, whether little is left of it after its common
// words, the user's own words and runs are taken out, or it has few different letters.
func obvious(password string, own []string) bool {
	if often(password) {
		return true
	}
	rest := strings.ToLower(password)
	different := map[rune]bool{}
	for _, r := range rest {
		different[r] = true
	}
	if len(different) < 5 {
		return true
	}
	words := append([]string{}, common...)
	for _, o := range own {
		words = append(words, strings.FieldsFunc(strings.ToLower(o), func(r rune) bool {
			return !unicode.IsLetter(r) &&
				!unicode.IsDigit(r)
		})...)
	}
	for _, w := range words {
		if utf8.RuneCountInString(w) >= 3 {
			rest = strings.ReplaceAll(rest, w, "")
		}
	}
	rest = withoutRuns(rest)
	return utf8.RuneCountInString(rest) < 4 || digitsOnly(rest) && utf8.RuneCountInString(rest) < 6
}

func digitsOnly(s string) bool { return strings.Trim(s, "0123456789!@#._- ") == "" }

// withoutRuns takes out every piece of four or more letters that walks along a row, either way.
func withoutRuns(s string) string {
	const piece = 4
	for i := 0; i+piece <= len(s); {
		n := longestRun(s[i:])
		if n < piece {
			i++
			continue
		}
		s = s[:i] + s[i+n:]
	}
	return s
}

func longestRun(s string) int {
	longest := 0
	for _, row := range runs {
		for _, r := range []string{row, reversed(row)} {
			for n := min(len(s), len(r)); n > longest; n-- {
				if strings.Contains(r, s[:n]) {
					longest = n
				}
			}
		}
	}
	return longest
}

func reversed(s string) string {
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}
