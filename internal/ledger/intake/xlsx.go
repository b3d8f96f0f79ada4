package intake

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"math/big"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/fault"
)

// maxTexts is how many texts the cells of a book may share.
const maxTexts = 1_000_000

// A book is an opened XLSX. Its parts are streamed, and what they unpack to is counted.
type book struct {
	parts map[string]*zip.File
	left  int64 // bytes that may still be unpacked
	texts []string
	late  bool     // its days are counted from 1904
	looks []format // of cells, by their style
	paths map[string]relation
	home  string // the folder of the workbook
}

// A relation is a part that the workbook names.
type relation struct{ kind, target string }

// A format is what the format of a number says beside the number.
type format struct {
	day    bool
	suffix string // Dr or Cr, as Tally writes them
}

// A bookSheet is a sheet of a workbook that is not hidden.
type bookSheet struct{ name, id string }

// readXLSX reads a sheet of a spreadsheet as text: the one that is wanted, or the first with anything in it. Only what
// a khata needs is looked at: texts, numbers and whether a cell holds a formula. The library that writes our own
// files builds a model of the whole book; a stranger's file is worth less trust and memory.
func readXLSX(body []byte, wanted string) (*Table, error) {
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil || len(z.File) > 2000 {
		return nil, brokenBook(err)
	}
	b := &book{parts: map[string]*zip.File{}, left: MaxUnpacked}
	for _, f := range z.File {
		b.parts[strings.TrimPrefix(path.Clean("/"+strings.ReplaceAll(f.Name, `\`, "/")), "/")] = f
	}
	workbook := b.workbook()
	if b.parts[workbook] == nil {
		return nil, errArchive
	}
	sheets, err := b.sheets(workbook)
	if err != nil {
		return nil, err
	}
	if err := b.readTexts(b.part("sharedStrings", "sharedStrings.xml")); err != nil {
		return nil, err
	}
	if err := b.readLooks(b.part("styles", "styles.xml")); err != nil {
		return nil, err
	}
	var names []string
	for _, sheet := range sheets {
		names = append(names, fileName(sheet.name))
	}
	wantedAt := slices.Index(names, wanted)
	for i, sheet := range sheets {
		if wanted != "" && wantedAt >= 0 && i != wantedAt {
			continue
		}
		part, err := b.sheetPart(sheet, len(sheets))
		if err != nil {
			return nil, err
		}
		t, err := b.readSheet(part)
		if err != nil {
			return nil, err
		}
		if len(t.Rows) == 0 && i < len(sheets)-1 && i < 20 && wantedAt < 0 { // an empty sheet in front
			continue
		}
		if len(sheets) > 1 {
			t.Sheet, t.Sheets = names[i], names
		}
		return t, nil
	}
	return nil, errEmpty
}

// workbook is the part that the archive names as its document.
func (b *book) workbook() string {
	target := ""
	if b.parts["_rels/.rels"] != nil {
		_ = b.tokens("_rels/.rels", func(t xml.Token) error { // what cannot be read names nothing
			if e, ok := t.(xml.StartElement); ok && e.Name.Local == "Relationship" &&
				strings.HasSuffix(attribute(e, "Type"), "/officeDocument") {
				target = strings.TrimPrefix(path.Clean("/"+attribute(e, "Target")), "/")
			}
			return nil
		})
	}
	if b.parts[target] == nil {
		return "xl/workbook.xml"
	}
	return target
}

// part is the part of a kind: the one that the workbook names, or the one that is where all have it.
func (b *book) part(kind, usual string) string {
	for _, r := range b.paths {
		if r.kind == kind && b.parts[r.target] != nil {
			return r.target
		}
	}
	return path.Join(b.home, usual)
}

func brokenBook(err error) error {
	return fault.New(fault.Invalid,
		"This Excel file is damaged. Open it, save it again and send the new one.").Because(err)
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
		counted.bare = 0
		if err := fn(token); err != nil {
			return err
		}
	}
}

// A counter ends a stream when more was unpacked than a file may have, whatever the archive says of itself.
// So does a megabyte without the end of a token, whatever stands in it: the reader of XML holds a tag, a text, a
// comment or an instruction as a whole.
type counter struct {
	r    io.Reader
	left *int64
	bare int // bytes since a token ended
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

// sheets are those of the workbook that are not hidden. One that names none has one, in the usual place.
func (b *book) sheets(workbook string) ([]bookSheet, error) {
	b.home, b.paths = path.Dir(workbook), map[string]relation{}
	var sheets []bookSheet
	err := b.tokens(workbook, func(t xml.Token) error {
		e, ok := t.(xml.StartElement)
		switch {
		case !ok:
		case e.Name.Local == "workbookPr":
			b.late = attribute(e, "date1904") == "1" || attribute(e, "date1904") == "true"
		case e.Name.Local == "sheet" && !strings.Contains(attribute(e, "state"), "idden") && len(sheets) < 1000:
			s := bookSheet{name: attribute(e, "name")}
			for _, a := range e.Attr {
				if a.Name.Space != "" && a.Name.Local == "id" { // r:id, whatever the prefix is
					s.id = a.Value
				}
			}
			sheets = append(sheets, s)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(sheets) == 0 {
		sheets = []bookSheet{{}}
	}
	rels := path.Join(b.home, "_rels", path.Base(workbook)+".rels")
	if b.parts[rels] == nil {
		return sheets, nil
	}
	return sheets, b.tokens(rels, func(t xml.Token) error {
		e, ok := t.(xml.StartElement)
		if !ok || e.Name.Local != "Relationship" || attribute(e, "TargetMode") == "External" || len(b.paths) > 2000 {
			return nil
		}
		target := strings.ReplaceAll(attribute(e, "Target"), `\`, "/")
		if !strings.HasPrefix(target, "/") {
			target = "/" + b.home + "/" + target
		}
		b.paths[attribute(e, "Id")] = relation{
			path.Base(attribute(e, "Type")),
			strings.TrimPrefix(path.Clean(target), "/"),
		}
		return nil
	})
}

// sheetPart is the part of a sheet. Where the workbook does not say it, there must be no doubt.
func (b *book) sheetPart(s bookSheet, sheets int) (string, error) {
	if r, ok := b.paths[s.id]; ok && s.id != "" {
		return r.target, nil
	}
	only := ""
	for name := range b.parts {
		if strings.HasPrefix(name, b.home+"/worksheets/") && strings.HasSuffix(name, ".xml") {
			if only != "" {
				return "", brokenBook(nil)
			}
			only = name
		}
	}
	if only == "" || sheets > 1 {
		return "", brokenBook(nil)
	}
	return only, nil
}

// readLooks reads which styles show a number as a day, and which write Dr or Cr beside it.
func (b *book) readLooks(part string) error {
	if b.parts[part] == nil {
		return nil
	}
	codes, in := map[string]string{}, false
	return b.tokens(part, func(t xml.Token) error {
		switch e := t.(type) {
		case xml.StartElement:
			switch {
			case e.Name.Local == "numFmt" && len(codes) < 5000:
				codes[attribute(e, "numFmtId")] = attribute(e, "formatCode")
			case e.Name.Local == "cellXfs":
				in = true
			case e.Name.Local == "xf" && in && len(b.looks) < 70_000:
				id := attribute(e, "numFmtId")
				b.looks = append(b.looks, lookOf(id, codes[id]))
			}
		case xml.EndElement:
			if e.Name.Local == "cellXfs" {
				in = false
			}
		}
		return nil
	})
}

// lookOf reads the format of a number: one that Excel has of its own, or its code.
func lookOf(id, code string) format {
	n, err := strconv.Atoi(id)
	if code == "" {
		return format{day: err == nil && (n >= 14 && n <= 17 || n == 22 || n >= 27 && n <= 36 || n >= 50 && n <= 58)}
	}
	code, _, _ = strings.Cut(code, ";") // that of positive numbers
	var letters, words strings.Builder
	for i := 0; i < len(code); i++ {
		switch c := code[i]; c {
		case '"', '[':
			end := strings.IndexByte(code[i+1:], map[byte]byte{'"': '"', '[': ']'}[c])
			if end < 0 {
				end = len(code) - i - 1
			}
			if c == '"' {
				words.WriteString(code[i+1:i+1+end] + " ")
			}
			i += end + 1
		case '\\', '_', '*':
			i++
		default:
			letters.WriteByte(c)
		}
	}
	out := format{day: strings.ContainsAny(strings.ToLower(letters.String()), "yd") &&
		!strings.ContainsAny(letters.String(), "0#")}
	if s := sideWords[headKey(words.String())]; s == debit || s == credit {
		out.suffix = " " + strings.TrimSpace(words.String())
	}
	return out
}

// readTexts reads the texts that cells share.
func (b *book) readTexts(part string) error {
	if b.parts[part] == nil {
		return nil
	}
	var text strings.Builder
	in, phonetic := false, false
	return b.tokens(part, func(t xml.Token) error {
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
	var row Row
	var kind string
	var merged []area
	style, width := 0, 0
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
				row, column = Row{Line: lines, Cells: make([]string, 0, width)}, -1
			case "c":
				column++
				if at, ok := columnOf(attribute(e, "r")); ok {
					column = at
				}
				kind = attribute(e, "t")
				style, _ = strconv.Atoi(attribute(e, "s"))
				value.Reset()
			case "mergeCell":
				if a, ok := areaOf(attribute(e, "ref")); ok && len(merged) < MaxRows {
					merged = append(merged, a)
				}
			case "f":
				if column >= 0 && column < maxRead && !contains(row.Formulas, column) {
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
				t.Cut = t.Cut || column >= maxRead && value.Len() > 0
				if column >= 0 && column < maxRead {
					for len(row.Cells) <= column {
						row.Cells = append(row.Cells, "")
					}
					b.put(&row, column, kind, value.String(), style)
				}
			case "row":
				width = len(row.Cells)
				return t.add(row)
			}
		case xml.CharData:
			if reading && value.Len() <= maxCell {
				value.Write(e)
			}
		}
		return nil
	})
	t.spread(merged)
	return t, err
}

// An area is cells of one column that are merged.
type area struct{ column, from, to int }

func areaOf(ref string) (area, bool) {
	first, last, ok := strings.Cut(ref, ":")
	column, found := columnOf(first)
	from, err := strconv.Atoi(strings.TrimLeft(first, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
	to, err2 := strconv.Atoi(strings.TrimLeft(last, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
	return area{column, from, to},
		ok && found && err == nil && err2 == nil && to > from && column >= 0 && column < MaxColumns
}

// spread writes what stands in a merged cell into each line that it spans. Its words hold for all of them; a number
// would be counted more than once.
func (t *Table) spread(merged []area) {
	left := 4 * MaxRows
	for _, a := range merged {
		i, found := slices.BinarySearchFunc(t.Rows, a.from, func(r Row, line int) int { return r.Line - line })
		if !found || a.column >= len(t.Rows[i].Cells) || t.Rows[i].numbers&(1<<a.column) != 0 {
			continue
		}
		value := t.Rows[i].Cells[a.column]
		for i++; i < len(t.Rows) && t.Rows[i].Line <= a.to && left > 0; i++ {
			r := &t.Rows[i]
			for len(r.Cells) <= a.column {
				r.Cells = append(r.Cells, "")
			}
			if r.Cells[a.column] == "" {
				r.Cells[a.column] = value
				r.days |= t.Rows[i-1].days & (1 << a.column)
			}
			left--
		}
	}
}

// put writes a cell: its text, its number, or the day that its number stands for.
func (b *book) put(row *Row, column int, kind, value string, style int) {
	text := b.text(kind, value)
	if kind == "" || kind == "n" {
		if text != "" && len(value) < 40 {
			row.numbers |= 1 << column
		}
		if style >= 0 && style < len(b.looks) {
			l := b.looks[style]
			if day, ok := b.day(text); ok && l.day {
				text = day
				row.numbers &^= 1 << column
				row.days |= 1 << column
			} else if text != "" {
				text += l.suffix
			}
		}
	} else if kind == "d" {
		row.days |= 1 << column
	}
	row.Cells[column] = text
}

// day writes the number of a day, and of a part of it, as a date.
func (b *book) day(number string) (string, bool) {
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || math.IsNaN(n) {
		return "", false
	}
	if b.late {
		n += 1462
	}
	if n < 36_526 || n >= 73_051 { // 2000 to 2099
		return "", false
	}
	at := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).Add(time.Duration(math.Round(n*86400)) * time.Second)
	if n == math.Trunc(n) {
		return at.Format(time.DateOnly), true
	}
	return at.Format(time.DateTime), true
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
	if len(mantissa) > 40 || strings.Trim(mantissa, "0123456789.+-") != "" ||
		exponent != "" && (err != nil || e > 40 || e < -40) {
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
