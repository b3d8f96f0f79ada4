// Package export writes the ledger as files. It streams: memory does not grow
// with the number of entries. An error means that what was written is not a
// whole file; a handler must then break the connection (panic with
// http.ErrAbortHandler), never end the response in peace.
package export

import (
	"bufio"
	"io"
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
	w     *bufio.Writer
	first bool
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
	if !strings.ContainsAny(s, ",;\t\"\r\n") { // half the world's spreadsheets part columns at ;
		c.w.WriteString(s)
		return
	}
	c.w.WriteByte('"')
	c.w.WriteString(strings.ReplaceAll(s, `"`, `""`))
	c.w.WriteByte('"')
}

// text writes what people typed.
func (c *csvWriter) text(s string) { c.cell(defused(s)) }

func (c *csvWriter) date(d time.Time) { c.cell(d.Format(time.DateOnly)) }

func (c *csvWriter) amount(paise int64, currency string) { c.cell(money.Plain(paise, currency)) }

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
