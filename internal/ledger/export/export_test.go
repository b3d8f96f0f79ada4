package export

import "strings"

// TextRow is a row of text cells, without the byte order mark.
func TextRow(cells ...string) (string, error) {
	var b strings.Builder
	c, err := newCSVWriter(&b)
	if err != nil {
		return "", err
	}
	for _, s := range cells {
		c.text(s)
	}
	if err := c.endRow(); err != nil {
		return "", err
	}
	err = c.end()
	return strings.TrimPrefix(b.String(), byteOrderMark), err
}

// Plain is how files write an amount.
func Plain(minor int64, digits int) string { return string(appendPlain(nil, minor, digits)) }
