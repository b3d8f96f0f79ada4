// Package text knows which letters of a text from outside are never kept.
package text

import "unicode"

// Steers reports a character that is not there to be read: a control character, a separator of lines or paragraphs, or
// a mark that turns the direction of the text around it, by which one name looks like another. The joiners that Hindi
// is written with are letters like any other. A field of several lines lets line breaks pass.
func Steers(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r >= '\u202a' && r <= '\u202e' ||
		r >= '\u2066' && r <= '\u2069'
}
