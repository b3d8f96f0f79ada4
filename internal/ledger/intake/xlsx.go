package intake

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math/big"
	"path"
	"strconv"
	"strings"

	"github.com/tijorihq/tijori/internal/fault"
)

// maxTexts is how many texts the cells of a book may share.
const maxTexts = 1_000_000

// A book is an opened XLSX. Its parts are streamed, and what they unpack to is counted.
type book struct {
	parts map[string]*zip.File
	left  int64 // bytes that may still be unpacked
	texts []string
	late  bool   // its days are counted from 1904
	name  string // of the sheet that is read, when it is not the only one in sight
}

// readXLSX reads the first sheet of a spreadsheet as text. Only what a khata needs is looked at:
// texts, numbers and whether a cell holds a formula. The library that writes our own
// files builds a model of the whole book; a stranger's file is worth less trust and memory.
func readXLSX(body []byte) (*Table, error) {
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil || len(z.File) > 2000 {
		return nil, brokenBook(err)
	}
	b := &book{parts: map[string]*zip.File{}, left: MaxUnpacked}
	for _, f := range z.File {
		b.parts[strings.TrimPrefix(path.Clean("/"+strings.ReplaceAll(f.Name, `\`, "/")), "/")] = f
	}
	if b.parts["xl/workbook.xml"] == nil {
		return nil, errNoTable
	}
	sheet, err := b.firstSheet()
	if err != nil {
		return nil, err
	}
	if b.parts["xl/sharedStrings.xml"] != nil {
		if err := b.readTexts(); err != nil {
			return nil, err
		}
	}
	return b.readSheet(sheet)
}

func brokenBook(err error) error {
	return fault.New(fault.Invalid, "This Excel file is damaged. Open it, save it again and send the new one.").Because(err)
}

// tokens streams the XML of a part. fn is given start and end tags and text.
func (b *book) tokens(name string, fn func(xml.Token) error) error {
	f := b.parts[name]
	if f == nil {
		return brokenBook(nil)
	}
	r, err := f.Open()
	if err != nil {
		return brokenBook(err)
	}
	defer r.Close()
	counted := &counter{r: r, left: &b.left}
	d := xml.NewDecoder(counted)
	for {
		token, err := d.RawToken()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case counted.over:
			return errUnpacked
		case err != nil:
			return brokenBook(err)
		}
		if err := fn(token); err != nil {
			return err
		}
	}
}

// A counter ends a stream when more was unpacked than a file may have, whatever the archive says of itself.
// So does a stretch of a megabyte without a tag, which the reader of XML would hold as a whole.
type counter struct {
	r    io.Reader
	left *int64
	bare int // bytes since a tag began
	over bool
}

const maxBare = 1 << 20

func (c *counter) Read(p []byte) (int, error) {
	if *c.left <= 0 || c.bare > maxBare {
		c.over = true
		return 0, errUnpacked
	}
	n, err := c.r.Read(p)
	*c.left -= int64(n)
	if i := bytes.LastIndexByte(p[:n], '<'); i >= 0 {
		c.bare = 0
	}
	c.bare += n
	return n, err
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// firstSheet is the part of the first sheet that is not hidden.
func (b *book) firstSheet() (string, error) {
	id, name, sheets := "", "", 0
	err := b.tokens("xl/workbook.xml", func(t xml.Token) error {
		e, ok := t.(xml.StartElement)
		switch {
		case !ok:
		case e.Name.Local == "workbookPr":
			b.late = attribute(e, "date1904") == "1" || attribute(e, "date1904") == "true"
		case e.Name.Local == "sheet" && !strings.Contains(attribute(e, "state"), "idden"):
			if sheets++; sheets > 1 {
				b.name = name
				return nil
			}
			name = attribute(e, "name")
			for _, a := range e.Attr {
				if a.Name.Space == "r" && a.Name.Local == "id" {
					id = a.Value
				}
			}
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	target := ""
	if b.parts["xl/_rels/workbook.xml.rels"] != nil {
		err = b.tokens("xl/_rels/workbook.xml.rels", func(t xml.Token) error {
			if e, ok := t.(xml.StartElement); ok && e.Name.Local == "Relationship" && attribute(e, "Id") == id && id != "" {
				target = attribute(e, "Target")
			}
			return nil
		})
		if err != nil {
			return "", err
		}
	}
	if target == "" {
		return "xl/worksheets/sheet1.xml", nil
	}
	if !strings.HasPrefix(target, "/") {
		target = "/xl/" + target
	}
	return strings.TrimPrefix(path.Clean(target), "/"), nil
}

// readTexts reads the texts that cells share.
func (b *book) readTexts() error {
	var text strings.Builder
	in, phonetic := false, false
	return b.tokens("xl/sharedStrings.xml", func(t xml.Token) error {
		switch t := t.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "si":
				text.Reset()
			case "t":
				in = true
			case "rPh":
				phonetic = true
			}
		case xml.EndElement:
			switch t.Name.Local {
			case "t":
				in = false
			case "rPh":
				phonetic = false
			case "si":
				if len(b.texts) == maxTexts {
					return errUnpacked
				}
				b.texts = append(b.texts, text.String())
			}
		case xml.CharData:
			if in && !phonetic && text.Len() <= maxCell {
				text.Write(t)
			}
		}
		return nil
	})
}

func (b *book) readSheet(name string) (*Table, error) {
	t := &Table{Kind: "xlsx", late: b.late}
	if b.name != "" {
		t.Sheet = fileName(b.name)
	}
	var row Row
	var kind string
	var value strings.Builder
	column, lines, reading := 0, 0, false
	err := b.tokens(name, func(token xml.Token) error {
		switch e := token.(type) {
		case xml.StartElement:
			switch e.Name.Local {
			case "row":
				lines++
				if n, err := strconv.Atoi(attribute(e, "r")); err == nil && n > 0 {
					lines = n
				}
				row, column = Row{Line: lines}, -1
			case "c":
				column++
				if at, ok := columnOf(attribute(e, "r")); ok {
					column = at
				}
				kind = attribute(e, "t")
				value.Reset()
			case "f":
				if column >= 0 && column < MaxColumns && !contains(row.Formulas, column) {
					row.Formulas = append(row.Formulas, column)
				}
			case "v", "t":
				reading = true
			}
		case xml.EndElement:
			switch e.Name.Local {
			case "v", "t":
				reading = false
			case "c":
				t.Cut = t.Cut || column >= MaxColumns && value.Len() > 0
				if column >= 0 && column < MaxColumns {
					for len(row.Cells) <= column {
						row.Cells = append(row.Cells, "")
					}
					row.Cells[column] = b.text(kind, value.String())
				}
			case "row":
				return t.add(row)
			}
		case xml.CharData:
			if reading && value.Len() <= maxCell {
				value.Write(e)
			}
		}
		return nil
	})
	return t, err
}

// text is what a cell says.
func (b *book) text(kind, value string) string {
	switch kind {
	case "s":
		if i, err := strconv.Atoi(value); err == nil && i >= 0 && i < len(b.texts) {
			return b.texts[i]
		}
		return ""
	case "", "n":
		return b.number(value)
	}
	return value
}

// number writes a number as people do. Spreadsheets hold binary fractions: 0.3 may read
// 0.30000000000000004, and 1E+5 is a hundred thousand.
func (b *book) number(value string) string {
	value = strings.TrimSpace(value)
	mantissa, exponent, _ := strings.Cut(strings.ToUpper(value), "E")
	e, err := strconv.Atoi(strings.TrimPrefix(exponent, "+"))
	if len(mantissa) > 40 || strings.Trim(mantissa, "0123456789.+-") != "" || exponent != "" && (err != nil || e > 40 || e < -40) {
		return value
	}
	n, ok := new(big.Rat).SetString(value)
	if !ok {
		return value
	}
	out := n.FloatString(6)
	return strings.TrimSuffix(strings.TrimRight(out, "0"), ".")
}

// columnOf reads the column of a reference such as BC12, from 0.
func columnOf(ref string) (int, bool) {
	n := 0
	for i := 0; i < len(ref) && i < 4; i++ {
		if ref[i] < 'A' || ref[i] > 'Z' {
			return n - 1, i > 0
		}
		n = n*26 + int(ref[i]-'A') + 1
	}
	return 0, false
}
