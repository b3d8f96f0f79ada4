package intake

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/xuri/excelize/v2"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
)

func cells(t *Table) [][]string {
	var out [][]string
	for _, r := range t.Rows {
		out = append(out, r.Cells)
	}
	return out
}

func utf16Of(s string, order binary.ByteOrder, bom bool) []byte {
	units := utf16.Encode([]rune(s))
	if bom {
		units = append([]uint16{0xfeff}, units...)
	}
	var b bytes.Buffer
	binary.Write(&b, order, units)
	return b.Bytes()
}

func TestReadsText(t *testing.T) {
	t.Parallel()
	want := [][]string{{"Name", "Balance"}, {"श्री कृष्ण", "1,200"}, {"O'Hara, \"Bob\"", "-5"}}
	const text = "Name,Balance\r\nश्री कृष्ण,\"1,200\"\r\n\r\n,,\r\n\"O'Hara, \"\"Bob\"\"\",-5,,\r\n"
	for name, c := range map[string]struct {
		body     []byte
		encoding string
	}{
		"plain": {[]byte(text), ""}, "with a mark": {[]byte("\xef\xbb\xbf" + text), ""},
		"lines of Unix": {[]byte(strings.ReplaceAll(text, "\r\n", "\n")), ""},
		"UTF-16 little": {utf16Of(text, binary.LittleEndian, true), "UTF-16"},
		"UTF-16 big":    {utf16Of(text, binary.BigEndian, true), "UTF-16"},
		"semicolons":    {[]byte("Name;Balance\nश्री कृष्ण;1,200\n\"O'Hara, \"\"Bob\"\"\";-5\n"), ""},
		"tabs":          {[]byte("Name\tBalance\nश्री कृष्ण\t1,200\n\"O'Hara, \"\"Bob\"\"\"\t-5\n"), ""},
	} {
		got, err := Read(c.body)
		if err != nil || got.Encoding != c.encoding {
			t.Errorf("%s: encoding %q, %v, want %q", name, got.Encoding, err, c.encoding)
			continue
		}
		if diff := cmp.Diff(want, cells(got)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	got, err := Read(utf16Of("Name,Due\nRam,5\n", binary.LittleEndian, false))
	if err != nil || got.Encoding != "UTF-16" || got.Rows[1].Cells[0] != "Ram" {
		t.Errorf("UTF-16 without a mark: %+v, %v", got, err)
	}
	got, err = Read([]byte("Name,Due\nJos\xe9 \x80,5\n"))
	if err != nil || got.Encoding != "Windows-1252" || got.Rows[1].Cells[0] != "José €" {
		t.Errorf("Windows-1252: %+v, %v", got, err)
	}
	got, err = Read([]byte("Name,Due\nPipe 5\" x 2,5\nRam,7\n'=1+1,3\n=1+1,4\n'tis,5\n"))
	if err != nil || got.Rows[1].Cells[0] != `Pipe 5" x 2` || got.Rows[3].Cells[0] != "=1+1" ||
		len(got.Rows[3].Formulas) != 0 || len(got.Rows[4].Formulas) != 1 || got.Rows[5].Cells[0] != "'tis" {
		t.Errorf("marks within words, apostrophes, formulas: %+v, %v", got, err)
	}
}

func TestRefusesWithLineAndReason(t *testing.T) {
	t.Parallel()
	zipped := func(parts map[string]string) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for name, text := range parts {
			w, err := z.Create(name)
			if err != nil {
				t.Fatal(err)
			}
			w.Write([]byte(text))
		}
		z.Close()
		return b.Bytes()
	}
	for name, c := range map[string]struct {
		body []byte
		kind fault.Kind
		says string
	}{
		"empty":                {nil, fault.Invalid, "nothing in this file"},
		"blank":                {[]byte("\r\n , ,\n"), fault.Invalid, "nothing in this file"},
		"a quote left open":    {[]byte("Name,Due\nRam,5\n\"Sita,6\nMohan,7\n"), fault.Invalid, "Line 3:"},
		"text after a quote":   {[]byte("Name,Due\n\"Ram\"x,5\n"), fault.Invalid, "Line 2:"},
		"a cell of a book":     {[]byte("Name\n" + strings.Repeat("x", 5000)), fault.Invalid, "Line 2:"},
		"thousands of columns": {[]byte("Name\nRam" + strings.Repeat(",", 3000)), fault.Invalid, "Line 2:"},
		"a million rows":       {[]byte(strings.Repeat("a\n", MaxRows+2)), fault.TooLarge, "50000"},
		"too large":            {make([]byte, MaxFile+1), fault.TooLarge, "10 MB"},
		"a picture":            {[]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00"), fault.Invalid, "not a table"},
		"a PDF":                {[]byte("%PDF-1.7 hello"), fault.Invalid, "not a table"},
		"an old Excel file":    {[]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1..."), fault.Invalid, "old Excel"},
		"a cut archive":        {[]byte("PK\x03\x04hello"), fault.Invalid, "damaged"},
		"another archive":      {zipped(map[string]string{"hello.txt": "x"}), fault.Invalid, "not a table"},
		"no sheet":             {zipped(map[string]string{"xl/workbook.xml": "<workbook/>"}), fault.Invalid, "damaged"},
		"a broken sheet": {zipped(map[string]string{
			"xl/workbook.xml":          "<workbook/>",
			"xl/worksheets/sheet1.xml": "<worksheet><row r=\"1\"><c",
		}), fault.Invalid, "damaged"},
		"an entity bomb": {zipped(map[string]string{
			"xl/workbook.xml":          "<workbook/>",
			"xl/worksheets/sheet1.xml": `<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><worksheet><sheetData><row r="1"><c t="inlineStr"><is><t>&b;</t></is></c></row></sheetData></worksheet>`,
		}), fault.Invalid, "damaged"},
		"a contact cut off": {
			[]byte("BEGIN:VCARD\nFN:Ram\nEND:VCARD\nBEGIN:VCARD\nFN:Sita\n"), fault.Invalid,
			"Line 4:",
		},
		"contacts entangled": {[]byte("BEGIN:VCARD\nFN:Ram\nBEGIN:VCARD\n"), fault.Invalid, "Line 3:"},
		"between contacts":   {[]byte("BEGIN:VCARD\nFN:Ram\nEND:VCARD\nhello\n"), fault.Invalid, "Line 4:"},
	} {
		_, err := Read(c.body)
		f := fault.Of(err)
		if f == nil || f.Kind != c.kind || !strings.Contains(fmt.Sprintf(f.Text, f.Args...), c.says) {
			t.Errorf("%s: %v, want kind %d and %q", name, err, c.kind, c.says)
		}
	}
}

// Hostile files cost their refusal, not the server: the memory that reading needs is held for each kind, as is the
// time. It runs
// alone, so that it measures nobody else.
func TestHostileFilesCostLittle(t *testing.T) {
	zipped := func(sheet func(io.Writer)) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		w, _ := z.Create("xl/workbook.xml")
		io.WriteString(w, "<workbook/>")
		w, _ = z.Create("xl/worksheets/sheet1.xml")
		io.WriteString(w, "<worksheet><sheetData>")
		sheet(w)
		z.Close()
		return b.Bytes()
	}
	repeat := func(text string, n int) func(io.Writer) {
		return func(w io.Writer) {
			block := strings.Repeat(text, 1000)
			for range n / 1000 {
				io.WriteString(w, block)
			}
		}
	}
	within := func(before, after string) func(io.Writer) {
		return func(w io.Writer) {
			io.WriteString(w, before)
			repeat("<r> ", 20_000_000)(w)
			io.WriteString(w, after)
		}
	}
	for name, c := range map[string]struct {
		body []byte
		kind fault.Kind // -1: it is read, but for what is too much of it
	}{
		"a gigabyte of spaces":   {zipped(repeat(" ", 200<<20)), fault.TooLarge},
		"tags in a comment":      {zipped(within("<!--", "-->")), fault.TooLarge},
		"tags in CDATA":          {zipped(within("<![CDATA[", "]]>")), fault.TooLarge},
		"tags in an instruction": {zipped(within("<?x ", "?>")), fault.TooLarge},
		"tags in a directive":    {zipped(within("<!x '", "'>")), fault.TooLarge},
		"tags in an attribute":   {zipped(within("<x a='", "'/>")), fault.Invalid}, // no XML
		"millions of columns": {zipped(func(w io.Writer) {
			io.WriteString(w, "<row>")
			repeat("<c><v>1</v></c>", 3_000_000)(w)
			io.WriteString(w, "</row>")
		}), -1},
		"a column far to the right": {zipped(func(w io.Writer) {
			io.WriteString(w,
				`<row r="1"><c r="A1"><v>1</v></c><c r="XFD1"><v>1</v></c><c r="ZZZZZZZ1"><v>1</v></c></row>`)
		}), -1},
		"rows that are wide": {zipped(repeat(`<row><c r="DX1"><v>1</v></c></row>`, MaxRows)), fault.TooLarge},
		"rows that are wide, as text": {
			bytes.Repeat(append(bytes.Repeat([]byte(","), 250), "1\n"...), MaxFile/252),
			fault.Invalid,
		},
		"merged cells without end": {zipped(func(w io.Writer) {
			repeat(`<row><c t="inlineStr"><is><t>x</t></is></c></row>`, 40_000)(w)
			repeat(`<mergeCell ref="A1:A1048576"/>`, 1_000_000)(w)
		}), -1},
		"a web page without end": {bytes.Repeat([]byte("<table><tr><td colspan=999>"), MaxFile/27), fault.Invalid},
		"tags that never end":    {append([]byte("<html>"), bytes.Repeat([]byte("<"), MaxFile-6)...), -1},
		"comments that never end": {
			append([]byte("<html>"), bytes.Repeat([]byte("<!--x"), (MaxFile-6)/5)...),
			fault.Invalid,
		},
		"cards within cards": {bytes.Repeat([]byte("BEGIN:VCARD\nAGENT:\n"), MaxFile/19), fault.Invalid},
		"a row far down": {zipped(func(w io.Writer) {
			io.WriteString(w,
				`<row r="999999999"><c><v>1</v></c></row>`)
		}), -1},
		"a bomb of tags": {zipped(repeat("<c/>", 40_000_000)), fault.TooLarge},
		"deep nesting":   {zipped(repeat("<a>", 5_000_000)), -1},
		"one endless cell": {zipped(func(w io.Writer) {
			io.WriteString(w, "<row><c><v>")
			repeat("1", 80<<20)(w)
			io.WriteString(w, "</v></c></row>")
		}), fault.TooLarge},
		"one endless name":  {zipped(repeat("a", 60<<20)), fault.TooLarge},
		"millions of rows":  {zipped(repeat("<row><c><v>1</v></c></row>", 3_000_000)), fault.TooLarge},
		"lines without end": {bytes.Repeat([]byte("\n"), MaxFile), fault.Invalid},
		"quotes":            {bytes.Repeat([]byte("\""), MaxFile-1), fault.Invalid},
		"separators":        {bytes.Repeat([]byte(",\n"), MaxFile/2), fault.Invalid},
		"a folded contact": {
			append([]byte("BEGIN:VCARD\nFN:x\n"), bytes.Repeat([]byte(" x\n"), MaxFile/4)...),
			fault.Invalid,
		},
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		most, over := before.HeapAlloc, make(chan struct{})
		var watching sync.WaitGroup
		watching.Go(func() {
			for {
				runtime.ReadMemStats(&after)
				most = max(most, after.HeapAlloc)
				select {
				case <-over:
					return
				case <-time.After(5 * time.Millisecond):
				}
			}
		})
		start := processorTime(t)
		_, err := Read(c.body)
		took := processorTime(t) - start
		close(over)
		watching.Wait()
		if f := fault.Of(err); c.kind >= 0 && (f == nil || f.Kind != c.kind) || err != nil && f == nil {
			t.Errorf("%s: %v, want kind %d", name, err, c.kind)
		}
		if grown := (most - before.HeapAlloc) >> 20; grown > 128 || took > 30*time.Second {
			t.Errorf("%s: %d MB and %v", name, grown, took)
		} else {
			t.Logf("%s (%d KB): %d MB, %v", name, len(c.body)>>10, grown, took.Round(time.Millisecond))
		}
	}
}

// processorTime is what this process has used: unlike the time of day it says something on a busy machine.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// External links, macros and other parts of a workbook are never opened; days that count from 1904 are what they were.
func TestWorkbookParts(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range map[string]string{
		"xl/workbook.xml":             `<workbook xmlns:r="r"><workbookPr date1904="1"/><sheets><sheet name="Hidden" state="veryHidden" r:id="r9"/><sheet name="Dues &lt;b&gt;" r:id="r1"/><sheet name="Other" r:id="r2"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels":  `<Relationships><Relationship Id="r9" Target="worksheets/none.xml"/><Relationship Id="r1" Target="worksheets/dues.xml"/><Relationship Id="r8" TargetMode="External" Target="file:///etc/passwd"/></Relationships>`,
		"xl/worksheets/dues.xml":      `<worksheet><sheetData><row r="1"><c t="inlineStr"><is><t>Party</t></is></c><c t="inlineStr"><is><t>Date</t></is></c><c t="inlineStr"><is><t>Gave</t></is></c></row><row r="2"><c t="inlineStr"><is><t>Ram</t></is></c><c><v>44651</v></c><c><v>5</v></c></row></sheetData></worksheet>`,
		"xl/vbaProject.bin":           "\xd0\xcf\x11\xe0 macro",
		"xl/externalLinks/link1.xml":  `<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>`,
		"../../../../tmp/tijori-slip": "x",
	} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, text)
	}
	z.Close()
	table, err := Read(b.Bytes())
	if err != nil || table.Sheet != "Dues <b>" || len(table.Rows) != 2 {
		t.Fatalf("table = %+v, %v", table, err)
	}
	p := build(table, Options{Upload: uuid.New(), Mapping: Guess(table), Desk: ledger.Desk{
		Currency: "INR",
		Today:    time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC),
	}}, existing{})
	if len(p.Entries) != 1 || p.Entries[0].Date.Format(time.DateOnly) != "2026-04-01" {
		t.Errorf("plan = %+v, %v", p, p.Problems)
	}
	wide, err := Read([]byte(strings.Repeat("a,", 70) + "b\nRam\n"))
	if err != nil || !wide.Cut || wide.Width() != MaxColumns {
		t.Errorf("a wide table: cut %t, %d columns, %v", wide.Cut, wide.Width(), err)
	}
}

// sheet is a workbook as Excel and our own exports write it.
func sheet(t testing.TB, rows ...[]any) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for i, row := range rows {
		for j, v := range row {
			at, err := excelize.CoordinatesToCellName(j+1, i+1)
			if err != nil {
				t.Fatal(err)
			}
			if s, ok := v.(string); ok && strings.HasPrefix(s, "=") {
				err = f.SetCellFormula("Sheet1", at, s)
			} else {
				err = f.SetCellValue("Sheet1", at, v)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadsSpreadsheets(t *testing.T) {
	t.Parallel()
	got, err := Read(sheet(t, []any{"Date", "Party", "Gave", "Got"},
		[]any{time.Date(2026, 3, 31, 0, 0, 0, 0, time.UTC), "राम", 0.1 + 0.2, nil}, []any{},
		[]any{"1/4/2026", "Sita", "=SUM(C2)", 1e5}))
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"Date", "Party", "Gave", "Got"},
		{"2026-03-31", "राम", "0.3"},
		{"1/4/2026", "Sita", "", "100000"},
	}
	if diff := cmp.Diff(want, cells(got)); diff != "" {
		t.Error(diff)
	}
	if got.Rows[2].Line != 4 || len(got.Rows[2].Formulas) != 1 || got.Rows[2].Formulas[0] != 2 {
		t.Errorf("the row with a formula = %+v", got.Rows[2])
	}
}

func TestReadsContacts(t *testing.T) {
	t.Parallel()
	got, err := Read([]byte("\xef\xbb\xbfBEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:;=E0=A4=B0=E0=A4=BE=E0=A4=AE;;;\r\nTEL;HOME:011 2345678\r\nTEL;CELL:98765 43210\r\nEND:VCARD\r\n" +
		"BEGIN:VCARD\nVERSION:3.0\nFN:Sharma\\, Sons\n  and more\nitem1.TEL;type=CELL:+91-9999988888\nNOTE:pays\\nlate\nPHOTO;ENCODING=b:AAAA\n BBBB\nEND:VCARD\n\n" +
		"BEGIN:VCARD\nVERSION:4.0\nN:Devi;Sita;;;\nTEL;VALUE=uri:tel:+919000000001\nEND:VCARD\n" +
		"BEGIN:VCARD\nTEL:100200300\nEND:VCARD\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		contactHead,
		{"राम", "98765 43210"},
		{"Sharma, Sons and more", "+91-9999988888", "pays\nlate"},
		{"Sita Devi", "tel:+919000000001"},
		{"100200300", "100200300"},
	}
	want[3][1] = "+919000000001"
	if diff := cmp.Diff(want, cells(got)); diff != "" {
		t.Error(diff)
	}
}

func TestGuess(t *testing.T) {
	t.Parallel()
	for head, want := range map[string][]Field{
		"Name,Phone,Balance\nx,1,2":                      {Name, Phone, Opening},
		"Customer Name,Mobile No.,Amount,Type\nx,1,2,Dr": {Name, Phone, Opening, Side},
		"नाम,मोबाइल,बाकी\nx,1,2":                         {Name, Phone, Opening},
		"तारीख,पार्टी,दिए,मिले,विवरण\n1/1/2026,x,1,,": {
			Date, Name, Given, Received,
			Details,
		},
		"Party,Kind,Phone,Date,Details,Gave,Got,Balance\nx,Customer,,1/1/2026,,1,,1": {
			Name, Kind, Phone, Date, Details,
			Given, Received, Running,
		},
		"Date,Particulars,Debit,Credit,Balance,Party\n1,2,3,4,5,x": {Date, Details, Given, Received, Running, Name},
		"name,type\nx,supplier": {Name, Kind},
		"Ram,98765\nSita,98766": {Name, Ignore},
		"wer,was\nRam,x":        {Name, Ignore},
		"Name,Name,note\nx,y,z": {Name, Ignore, Note},
	} {
		table, err := Read([]byte(head))
		if err != nil {
			t.Fatal(err)
		}
		m := Guess(table)
		if diff := cmp.Diff(want, m.Columns); diff != "" {
			t.Errorf("%s: %s", head, diff)
		}
		if m.Head != !strings.HasPrefix(head, "Ram") {
			t.Errorf("%s: head = %t", head, m.Head)
		}
	}
}

func plan(t testing.TB, text string, there existing) *Plan {
	t.Helper()
	table, err := Read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return build(table, Options{
		Upload: uuid.Must(uuid.NewV7()), Mapping: Guess(table), Desk: ledger.Desk{
			Currency: "INR",
			Today:    time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC),
		},
		OpeningDate: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC), OpeningNote: "Opening balance",
	}, there)
}

func balances(p *Plan) map[string]int64 {
	out := map[string]int64{}
	for _, party := range p.Parties {
		out[party.Name+party.Phone] = party.After
	}
	return out
}

func TestPlanReadsAmountsAndSides(t *testing.T) {
	t.Parallel()
	p := plan(t, "Name,Balance\nA,\"1,200\"\nB,-500\nC,(500.50)\nD,300 Cr\nE,300 Dr.\nF,0.00\nG,\nH,₹ -5\nI,१२३\nJ,(10) Cr\n", existing{})
	want := map[string]int64{
		"A": 120000, "B": -50000, "C": -50050, "D": -30000, "E": 30000, "F": 0, "G": 0, "H": -500,
		"I": 12300, "J": 1000,
	}
	if diff := cmp.Diff(want, balances(p)); diff != "" || len(p.Problems) > 0 || p.New != 10 || len(p.Entries) != 8 {
		t.Errorf("%s %v, %d new, %d entries", diff, p.Problems, p.New, len(p.Entries))
	}
	p = plan(t, "Name,Amount,Type\nA,100,You'll Get\nB,100,You'll Give\nC,100,जमा\nD,5,what\n", existing{})
	if diff := cmp.Diff(map[string]int64{"A": 10000, "B": -10000, "C": -10000}, balances(p)); diff != "" ||
		len(p.Problems) != 1 || p.Problems[0].Column != "Type" || p.Problems[0].Line != 5 {
		t.Errorf("%s %v", diff, p.Problems)
	}
}

func TestPlanSaysLineColumnAndReason(t *testing.T) {
	t.Parallel()
	p := plan(t, `Date,Party,Phone,Gave,Got,Note
31/2/2026,A,,1,,
1/1/2026,,,1,,
1/1/2026,A,12x,1,,
1/1/2026,A,,1,2,
,A,,1,,
1/1/2026,A,,1.234,,
1/1/2026,A,,ten,,
1/1/2026,A,,=1+1,,
1/1/2031,A,,1,,
1/1/2020,A,,1,,
1/1/2026,A,,1,0.00,fine
`, existing{lockedUntil: time.Date(2020, 12, 31, 0, 0, 0, 0, time.UTC)})
	var got []string
	for _, problem := range p.Problems {
		got = append(got, fmt.Sprint(problem.Line, " ", problem.Column))
	}
	want := []string{"2 Date", "3 Party", "5 Got", "6 Date", "7 Gave", "8 Gave", "9 Gave", "10 Date", "11 Date"}
	if diff := cmp.Diff(want, got); diff != "" || len(p.Entries) != 2 || p.New != 1 || p.Lines[0] != 4 ||
		p.Lines[1] != 12 || len(p.Notes) != 1 || p.Notes[0].Column != "Phone" {
		t.Errorf("%s entries %d, new %d", diff, len(p.Entries), p.New)
	}
}

func TestPlanFindsParties(t *testing.T) {
	t.Parallel()
	ram, one, two := uuid.New(), uuid.New(), uuid.New()
	there := existing{byName: map[string][]known{
		"ram": {{
			id: ram, fields: ledger.PartyFields{Name: "Ram", Phone: "+919876543210"}, balance: 500,
			opening: true,
		}},
		"sita": {
			{id: one, fields: ledger.PartyFields{Name: "Sita", Phone: "+919000000001"}},
			{id: two, fields: ledger.PartyFields{Name: "Sita", Phone: "+919000000002"}},
		},
	}, byPhone: map[string][]known{"+919876543210": {{id: ram, fields: ledger.PartyFields{
		Name:  "Ram",
		Phone: "+919876543210",
	}}}}}
	p := plan(t, "Name,Phone,Balance\n RAM ,,5\nRam,,\nSita,9000000002,7\nSita,,7\nNew,9000000003,1\nnew,9000000004,2\nNEW,9000000003,3\n", there)
	if len(p.Problems) != 3 { // Ram has an opening balance; Sita is two; New has had one in line 6
		t.Errorf("problems %v", p.Problems)
	}
	if p.New != 2 || len(p.Entries) != 3 || p.Entries[0].PartyID != two ||
		p.Entries[1].PartyID == p.Entries[2].PartyID {
		t.Errorf("%d new, entries %+v", p.New, p.Entries)
	}
	contacts, err := Read([]byte("BEGIN:VCARD\nFN:Ramu Kaka\nTEL:98765 43210\nEND:VCARD\nBEGIN:VCARD\nFN:Mohan\nEND:VCARD\n"))
	if err != nil {
		t.Fatal(err)
	}
	p = build(contacts, Options{Upload: uuid.New(), Mapping: Guess(contacts), Desk: ledger.Desk{Currency: "INR"}},
		there)
	if p.New != 1 || len(p.Parties) != 2 || p.Parties[0].ID != ram || p.Parties[0].Name != "Ram" {
		t.Errorf("contacts: %+v", p)
	}
	again, first := plan(t, "Name,Balance\nA,1\n", existing{}), entryID(uuid.Must(uuid.NewV7()), "line", 5)
	if len(again.Entries) != 1 || first.Version() != 7 {
		t.Errorf("ids: %v", first)
	}
	up := uuid.Must(uuid.NewV7())
	for i := 1; i < 300_000; i += 997 {
		if a, b := entryID(up, "line", i), entryID(up, "line", i+1); strings.Compare(a.String(), b.String()) >= 0 ||
			entryID(up, "opening", i+1).String() >= a.String() {
			t.Fatalf("ids of lines %d and %d are not in order", i, i+1)
		}
	}
}

func TestFiftyThousandRows(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	text.WriteString("Date,Party,Gave,Got,Note\n")
	for i := range MaxRows {
		fmt.Fprintf(&text, "%d/4/2026,Party %d,%d,,rice\n", i%28+1, i%5000, i+1)
	}
	start := time.Now()
	p := plan(t, text.String(), existing{})
	if len(p.Problems) > 0 || len(p.Entries) != MaxRows || p.New != 5000 {
		t.Errorf("%d entries, %d new, %v", len(p.Entries), p.New, p.Problems)
	}
	t.Logf("planned %d rows in %v", MaxRows, time.Since(start))
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("Name,Balance\nराम,\"1,200\"\n"))
	f.Add([]byte("BEGIN:VCARD\r\nN;ENCODING=QUOTED-PRINTABLE:;=E0=A4=\r\n=B0;;;\r\nTEL;CELL:98765\r\nEND:VCARD\r\n"))
	f.Add(utf16Of("Date,Party,Gave\n1/1/2026,x,5\n", binary.LittleEndian, true))
	f.Add(sheet(f, []any{"Date", "Party", "Gave"}, []any{"1/1/2026", "x", 5.5}, []any{46112, "y", "=1+1"}))
	if own, err := os.ReadFile("../export/testdata/book_hindi.csv"); err == nil {
		f.Add(own)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		table, err := Read(body)
		if err != nil {
			if fault.Of(err) == nil {
				t.Fatalf("an error that is no fault: %v", err)
			}
			return
		}
		m := Guess(table).Clean(table)
		read := time.Now()
		p := build(table, Options{
			Upload: uuid.New(), Mapping: m, Desk: ledger.Desk{Currency: "INR", Today: read},
			OpeningDate: read,
		}, existing{})
		var given, received, after, ahead int64
		for _, e := range p.Entries {
			if _, err := e.Clean(); err != nil {
				t.Fatalf("an entry that the ledger refuses: %+v: %v", e, err)
			}
			if e.Side == ledger.Given {
				given += e.AmountMinor
			} else {
				received += e.AmountMinor
			}
			if e.Date.After(read) { // it is brought in, and counts from its day on
				ahead += e.Signed()
			}
		}
		for _, party := range p.Parties {
			if _, err := party.PartyFields.Clean(); err != nil {
				t.Fatalf("a party that the ledger refuses: %+v: %v", party, err)
			}
			after += party.After
		}
		if after+ahead != given-received || given != p.Given || received != p.Received {
			t.Fatalf("balances %d, entries %d - %d", after, given, received)
		}
		if n := len(p.Problems); n > 0 && p.Problems[n-1].Reason == nil {
			t.Fatal("a problem without a reason")
		}
	})
}
