// Package intake reads files of other programs into the khata: CSV, XLSX and
// vCard. Nothing is written before a plan of it has been seen; what is written is one
// batch, which can be undone. Files are hostile: sizes are held while they are
// unpacked, and formulas are never run.
package intake

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/tijorihq/tijori/internal/fault"
)

// The limits of a file.
const (
	MaxFile     = 10 << 20  // bytes as sent
	MaxUnpacked = 100 << 20 // bytes of a spreadsheet's parts together, unpacked
	MaxRows     = 50_000
	MaxColumns  = 64   // more are not read
	maxCell     = 4000 // bytes
	maxRead     = 128  // columns, before those with nothing under their head are dropped
)

// A Table is a file as rows of cells. Rows without anything in them are left out.
type Table struct {
	Kind     string   // "csv", "xlsx" or "vcard"
	Encoding string   // of the text, when it was not UTF-8
	Sheet    string   // of a spreadsheet with several, the one that was read: the first in sight with anything in it
	Sheets   []string // of a spreadsheet with several, those that can be read
	Cut      bool     // something stands to the right of the columns that are read
	Above    []Row    // what stands above the heads: titles and notes, of which nothing is taken
	Rows     []Row    // the heads, when there are any, and what is under them
	cells    int      // of all rows
	late     bool     // the numbers of days count from 1904, as old Macs did
}

// A Row is one line of a file.
type Row struct {
	Line     int // as the reader's program counts, from 1
	Cells    []string
	Formulas []int    // cells that hold a formula, whose value is not believed
	numbers  uint64   // cells that hold a number, not text that looks like one
	days     uint64   // cells that hold a day, not text that looks like one
	phones   []string // further numbers of a contact
}

// Width is the number of columns.
func (t *Table) Width() int {
	n := 0
	for _, r := range t.Rows {
		n = max(n, len(r.Cells))
	}
	return n
}

// ErrTooLarge is the answer to a file of more than MaxFile bytes.
var ErrTooLarge = fault.New(fault.TooLarge, "A file may have at most %d MB.", MaxFile>>20)

var (
	errUnpacked = fault.New(fault.TooLarge,
		"This file unpacks to more than we take at once. Save the sheet alone, as CSV.")
	errTooMany  = fault.New(fault.TooLarge, "A file may have at most %d rows. Send it in parts.", MaxRows)
	errEmpty    = fault.New(fault.Invalid, "There is nothing in this file.")
	errOldExcel = fault.New(fault.Invalid,
		"This is an old Excel file, or one with a password. Save it as .xlsx or CSV without a password.")
	errWebPage = fault.New(fault.Invalid,
		"This is a web page without a table, whatever its name says. Open it in Excel and save it as .xlsx or CSV.")
	errPDF     = fault.New(fault.Invalid, "A PDF is not a table. In the other app, choose Excel or CSV instead.")
	errArchive = fault.New(fault.Invalid,
		"This is an archive, not a table. Unpack it, and send the CSV, Excel (.xlsx) or contacts (.vcf) in it.")
	errNoTable = fault.New(fault.Invalid, "This is not a table. Send CSV, Excel (.xlsx) or contacts (.vcf).")
)

// Read reads a file, whose kind it finds out itself. What is wrong with the file as a whole is
// a fault, with the line where there is one.
func Read(body []byte) (*Table, error) { return ReadSheet(body, "") }

// ReadSheet is Read of a sheet that somebody has chosen by its name, where a spreadsheet has several.
func ReadSheet(body []byte, sheet string) (*Table, error) {
	var t *Table
	var err error
	switch {
	case len(body) > MaxFile:
		return nil, ErrTooLarge
	case bytes.HasPrefix(body, []byte("PK\x03\x04")):
		t, err = readXLSX(body, sheet)
	case bytes.HasPrefix(body, []byte("\xd0\xcf\x11\xe0")):
		return nil, errOldExcel
	case bytes.HasPrefix(body, []byte("%PDF")):
		return nil, errPDF
	default:
		t, err = readText(body)
	}
	if err != nil {
		return nil, err
	}
	if len(t.Rows) == 0 {
		return nil, errEmpty
	}
	if t.Kind != "vcard" {
		t.findHeads()
	}
	if len(t.Rows) > MaxRows+1 {
		return nil, errTooMany
	}
	return t, nil
}

func readText(body []byte) (*Table, error) {
	text, encoding, err := decode(body)
	if err != nil {
		return nil, err
	}
	var t *Table
	switch start := strings.TrimLeft(text, " \t\r\n"); {
	case len(start) >= 11 && strings.EqualFold(start[:11], "BEGIN:VCARD"):
		t, err = readVCard(text)
	case strings.HasPrefix(strings.ToLower(start[:min(len(start), 13)]), "mime-version:"):
		err = errWebPage
	case isMarkup(start):
		t, err = readMarkup(text)
	case strings.HasPrefix(start, "{") && strings.Contains(start, `":`), strings.HasPrefix(start, `{\rtf`),
		strings.HasPrefix(start, "[{"), strings.HasPrefix(start, "%PDF"):
		err = errNoTable
	default:
		t, err = readCSV(text)
	}
	if err != nil {
		return nil, err
	}
	t.Encoding = encoding
	return t, nil
}

// decode turns a text file into UTF-8. What is neither UTF-8 nor UTF-16 is what Windows
// writes in the West, which every byte can be.
func decode(body []byte) (text, encoding string, err error) {
	switch {
	case bytes.HasPrefix(body, []byte("\xef\xbb\xbf")):
		body = body[3:]
	case bytes.HasPrefix(body, []byte("\xff\xfe")):
		return fromUTF16(body[2:], 0), "UTF-16", nil
	case bytes.HasPrefix(body, []byte("\xfe\xff")):
		return fromUTF16(body[2:], 1), "UTF-16", nil
	}
	if nul := bytes.Count(body, []byte{0}); nul > 0 {
		// Plain text in UTF-16 has a NUL in every second place; anything else with NULs is no text.
		high, low := 0, 0
		for i, b := range body {
			if b == 0 && i%2 == 0 {
				high++
			} else if b == 0 {
				low++
			}
		}
		switch {
		case low > len(body)/4 && high == 0:
			return fromUTF16(body, 0), "UTF-16", nil
		case high > len(body)/4 && low == 0:
			return fromUTF16(body, 1), "UTF-16", nil
		}
		return "", "", errNoTable
	}
	if utf8.Valid(body) {
		return string(body), "", nil
	}
	control := 0
	for _, b := range body {
		if b < 32 && b != '\n' && b != '\r' && b != '\t' {
			control++
		}
	}
	if control > len(body)/100 {
		return "", "", errNoTable
	}
	out, err := charmap.Windows1252.NewDecoder().Bytes(body)
	if err != nil {
		return "", "", errNoTable.Because(err)
	}
	return string(out), "Windows-1252", nil
}

// fromUTF16 decodes pairs of bytes; in order 1 the higher one stands first.
func fromUTF16(b []byte, order int) string {
	units := make([]uint16, 0, len(b)/2)
	for i := 0; i+1 < len(b); i += 2 {
		lo, hi := b[i], b[i+1]
		if order == 1 {
			lo, hi = hi, lo
		}
		units = append(units, uint16(lo)|uint16(hi)<<8)
	}
	return string(utf16.Decode(units))
}

// add takes a row into the table unless it is blank.
func (t *Table) add(r Row) error {
	for len(r.Cells) > 0 && strings.TrimSpace(r.Cells[len(r.Cells)-1]) == "" && !contains(r.Formulas, len(r.Cells)-1) {
		r.Cells = r.Cells[:len(r.Cells)-1]
	}
	if len(r.Cells) == 0 {
		return nil
	}
	if len(t.Rows) > MaxRows+maxAbove { // for the heads, and what stands above them
		return errTooMany
	}
	if len(r.Cells) > maxRead {
		r.Cells, t.Cut = slices.Clone(r.Cells[:maxRead]), true
	}
	if t.cells += len(r.Cells); t.cells > (MaxRows+maxAbove)*MaxColumns {
		return errUnpacked
	}
	for i, c := range r.Cells {
		if len(c) > maxCell {
			return fault.New(fault.Invalid,
				"Line %d: there is far too much text in one cell. A quotation mark may be missing.", r.Line)
		}
		r.Cells[i] = legible(c)
	}
	t.Rows = append(t.Rows, r)
	return nil
}

func contains(list []int, n int) bool {
	for _, v := range list {
		if v == n {
			return true
		}
	}
	return false
}

// legible drops what cannot be seen: the marks of direction that phones and Windows put around copied numbers, and
// control characters.
func legible(c string) string {
	plain := true
	for i := range len(c) {
		if b := c[i]; b < ' ' || b == 0x7f || b == 0xc2 || b == 0xe2 || b == 0xef || b == 0xd8 {
			plain = false
			break
		}
	}
	if plain {
		return c
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t', r == '\u200c', r == '\u200d':
			return r
		case r == '\r', r == '\u2028', r == '\u2029', r == '\u0085':
			return '\n'
		case r == '\u061c', r >= '\u200b' && r <= '\u200f', r >= '\u202a' && r <= '\u202e',
			r >= '\u2060' && r <= '\u2069', r == '\ufeff', r == utf8.RuneError, r < ' ', r >= 0x7f && r < 0xa0:
			return -1
		}
		return r
	}, strings.ReplaceAll(c, "\r\n", "\n"))
}
