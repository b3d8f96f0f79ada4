// Package export writes the ledger as files. It streams: memory does not grow
// with the number of entries. An error means that what was written is not a
// whole file; a handler must then break the connection (panic with
// http.ErrAbortHandler), never end the response in peace.
package export

import (
	"bufio"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tijorihq/tijori/internal/money"
)

const (
	byteOrderMark = "\ufeff" // without it Excel reads Hindi as Latin letters
	bufferSize    = 64 << 10
)

// csvWriter writes CSV as spreadsheets of shopkeepers read it: UTF-8 with a byte
// order mark, CRLF, ISO dates, plain decimals. Text that a spreadsheet would run
// as a formula gets a leading apostrophe; numbers never do. The first error of
// the writer below ends everything and is returned by end.
type csvWriter struct {
	w       *bufio.Writer
	first   bool
	scratch [32]byte
}

func newCSVWriter(w io.Writer) (*csvWriter, error) {
	c := &csvWriter{w: bufio.NewWriterSize(w, bufferSize), first: true}
	_, err := c.w.WriteString(byteOrderMark)
	return c, err
}

// cell writes a cell as it is. Errors of the buffer stay in it until endRow.
func (c *csvWriter) cell(s string) {
	if !c.first {
		c.w.WriteByte(',')
	}
	c.first = false
	c.w.WriteString(marked(s))
}

// marked is a cell with the marks around it that it needs.
func marked(s string) string {
	if !strings.ContainsAny(s, ",;\t\"\r\n") { // half the world's spreadsheets part columns at ;
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

// textCells are the first cells of rows that begin with the same words.
func textCells(texts ...string) string {
	cells := make([]string, len(texts))
	for i, s := range texts {
		cells[i] = marked(defused(s))
	}
	return strings.Join(cells, ",")
}

// text writes what people typed.
func (c *csvWriter) text(s string) { c.cell(defused(s)) }

func (c *csvWriter) date(d time.Time) { c.plain(d.AppendFormat(c.scratch[:0], time.DateOnly)) }

func (c *csvWriter) amount(minor int64, currency string) {
	c.plain(appendPlain(c.scratch[:0], minor, money.Digits(currency)))
}

// plain writes what needs no marks around it.
func (c *csvWriter) plain(b []byte) {
	if !c.first {
		c.w.WriteByte(',')
	}
	c.first = false
	c.w.Write(b)
}

// appendPlain is money.Plain without a string of its own: a million rows have three million amounts.
func appendPlain(b []byte, minor int64, digits int) []byte {
	u := uint64(minor)
	if minor < 0 {
		b, u = append(b, '-'), -u
	}
	start := len(b)
	b = strconv.AppendUint(b, u, 10)
	if digits == 0 {
		return b
	}
	for len(b)-start <= digits {
		b = slices.Insert(b, start, '0')
	}
	return slices.Insert(b, len(b)-digits, '.')
}

func (c *csvWriter) endRow() error {
	c.first = true
	_, err := c.w.WriteString("\r\n")
	return err
}

func (c *csvWriter) end() error { return c.w.Flush() }

// defused is text that no spreadsheet takes for a formula, in wide letters neither.
func defused(s string) string {
	if first, size := utf8.DecodeRuneInString(s); size > 0 && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
		return "'" + s
	}
	return s
}
