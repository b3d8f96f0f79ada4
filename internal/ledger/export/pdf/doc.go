// Package pdf writes documents that are read, printed and searched in Indian
// languages. Text is shaped (a conjunct is one sign, ि stands before its letter)
// and carries what was meant, so that copying and searching give back the very text.
//
// Pages are written as they are finished: memory does not grow with them. The
// same calls give the same bytes.
package pdf

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// A4 in points.
const (
	Width  = 595
	Height = 842
)

// Ids that every document has, in the order of the cross-reference table.
const (
	catalogID = iota + 1
	pagesID
	resourcesID
	fontsID
	infoID
	firstFreeID
)

// Info is what a reader's window shows of a document.
type Info struct {
	Title string
	Lang  string // "hi", "en"
}

// A Doc is a document on its way to a writer. The first error of the writer ends
// everything and is returned by Close. Not for several goroutines.
type Doc struct {
	w       *bufio.Writer
	n       int64   // bytes written
	offsets []int64 // by id, 0 while an object is not written
	err     error
	zip     *zlib.Writer
	zipped  bytes.Buffer
	text    *shaper
	info    Info
	pages   []int
	open    *Canvas
	forms   []*Form
}

// New begins a document.
func New(w io.Writer, info Info) *Doc {
	d := &Doc{w: bufio.NewWriterSize(w, 64<<10), offsets: make([]int64, firstFreeID), info: info, text: newShaper()}
	d.zip = zlib.NewWriter(&d.zipped)
	d.print("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	return d
}

// NewPage finishes the open page, if any, and begins the next.
func (d *Doc) NewPage() *Canvas {
	d.endPage()
	d.open = &Canvas{doc: d}
	return d.open
}

// Pages is how many pages were begun.
func (d *Doc) Pages() int {
	if d.open == nil {
		return len(d.pages)
	}
	return len(d.pages) + 1
}

// A Form is a picture that pages show before it is drawn: sums and the number of
// pages are known at the end only.
type Form struct {
	Canvas
	id   int
	name string
}

// NewForm makes a form, which pages may Place at once. What is drawn on it until
// Close appears on all of them, its origin where it was placed.
func (d *Doc) NewForm() *Form {
	f := &Form{Canvas: Canvas{doc: d}, id: d.newID()}
	f.name = "X" + strconv.Itoa(len(d.forms))
	d.forms = append(d.forms, f)
	return f
}

// Close finishes the document and returns the first error that there was. It
// does not close the writer below.
func (d *Doc) Close() error {
	d.endPage()
	box := fmt.Sprintf("/Type/XObject/Subtype/Form/BBox[%d %d %d %d]/Resources<</Font %d 0 R>>",
		-Width, -Height, Width, Height, fontsID)
	var forms strings.Builder
	for _, f := range d.forms {
		d.stream(f.id, box, f.body.Bytes())
		fmt.Fprintf(&forms, "/%s %d 0 R", f.name, f.id)
	}
	d.object(fontsID, d.writeFonts())
	d.object(resourcesID, fmt.Sprintf("<</Font %d 0 R/XObject<<%s>>>>", fontsID, forms.String()))
	var kids strings.Builder
	for _, id := range d.pages {
		fmt.Fprintf(&kids, "%d 0 R ", id)
	}
	d.object(pagesID, fmt.Sprintf("<</Type/Pages/Count %d/MediaBox[0 0 %d %d]/Resources %d 0 R/Kids[%s]>>",
		len(d.pages), Width, Height, resourcesID, kids.String()))
	d.object(catalogID, fmt.Sprintf("<</Type/Catalog/Pages %d 0 R/Lang(%s)/ViewerPreferences<</DisplayDocTitle true>>>>", pagesID, d.info.Lang))
	d.object(infoID, fmt.Sprintf("<</Title<%s>/Producer(Tijori)>>", utf16Hex(d.info.Title)))
	at := d.n
	d.print(fmt.Sprintf("xref\n0 %d\n0000000000 65535 f \n", len(d.offsets)))
	for _, o := range d.offsets[1:] {
		d.print(fmt.Sprintf("%010d 00000 n \n", o))
	}
	d.print(fmt.Sprintf("trailer\n<</Size %d/Root %d 0 R/Info %d 0 R>>\nstartxref\n%d\n%%%%EOF\n",
		len(d.offsets), catalogID, infoID, at))
	if d.err == nil {
		d.err = d.w.Flush()
	}
	return d.err
}

// Err is the first error of the writer, for loops that would go on for nothing.
func (d *Doc) Err() error { return d.err }

func (d *Doc) endPage() {
	if d.open == nil {
		return
	}
	content, page := d.newID(), d.newID()
	d.stream(content, "", d.open.body.Bytes())
	d.object(page, fmt.Sprintf("<</Type/Page/Parent %d 0 R/Contents %d 0 R>>", pagesID, content))
	d.pages = append(d.pages, page)
	d.open = nil
}

func (d *Doc) newID() int {
	d.offsets = append(d.offsets, 0)
	return len(d.offsets) - 1
}

func (d *Doc) print(s string) {
	if d.err == nil {
		_, d.err = d.w.WriteString(s)
		d.n += int64(len(s))
	}
}

func (d *Doc) object(id int, body string) {
	d.offsets[id] = d.n
	d.print(strconv.Itoa(id) + " 0 obj\n" + body + "\nendobj\n")
}

// stream writes a compressed stream object; dict is what stands in its dictionary beside that.
func (d *Doc) stream(id int, dict string, body []byte) {
	d.zipped.Reset()
	d.zip.Reset(&d.zipped)
	d.zip.Write(body) // a bytes.Buffer accepts everything
	d.zip.Close()
	d.offsets[id] = d.n
	d.print(fmt.Sprintf("%d 0 obj\n<<%s/Filter/FlateDecode/Length %d>>\nstream\n", id, dict, d.zipped.Len()))
	d.print(d.zipped.String())
	d.print("\nendstream\nendobj\n")
}
