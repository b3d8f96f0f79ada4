package web

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/xml"
	"fmt"
	"html"
	"math"
	"net/url"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/postgres"
)

// A figures is a statement as people read it off a page, a sheet or a file: rows
// of day, details, gave, got and balance, the opening first, the closing last.
// Days are 2026-04-01 and amounts plain decimals, "" where nothing stands.
type figures [][5]string

// A modelBook is what was done to a party, in the slowest and most obvious form.
type modelBook struct {
	party   uuid.UUID
	entries []*khataEntry
}

type khataEntry struct {
	id      uuid.UUID
	f       ledger.EntryFields
	version int
	deleted bool
}

// statement adds up by hand, from scratch for every row.
func (k modelBook) statement(from, to string) figures {
	living := slices.DeleteFunc(slices.Clone(k.entries), func(e *khataEntry) bool { return e.deleted })
	slices.SortFunc(living, func(a, b *khataEntry) int {
		if c := a.f.Date.Compare(b.f.Date); c != 0 {
			return c
		}
		return bytes.Compare(a.id[:], b.id[:])
	})
	balance := func(n int) string {
		var sum int64
		for _, e := range living[:n] {
			if e.f.Side == ledger.Given {
				sum += e.f.AmountMinor
			} else {
				sum -= e.f.AmountMinor
			}
		}
		return money.Plain(sum, "INR")
	}
	first, last := 0, 0
	var gave, got int64
	var rows figures
	for i, e := range living {
		day := e.f.Date.Format(time.DateOnly)
		if from != "" && day < from {
			first, last = i+1, i+1
			continue
		}
		if to != "" && day > to {
			continue
		}
		last = i + 1
		row := [5]string{day, e.f.Note, "", "", balance(i + 1)}
		if e.f.Opening {
			row[1] = strings.TrimSuffix("Old balance: "+e.f.Note, ": ")
		}
		if e.f.Side == ledger.Given {
			row[2] = money.Plain(e.f.AmountMinor, "INR")
			gave += e.f.AmountMinor
		} else {
			row[3] = money.Plain(e.f.AmountMinor, "INR")
			got += e.f.AmountMinor
		}
		rows = append(rows, row)
	}
	opening := [5]string{from, "Opening balance", "", "", balance(first)}
	closing := [5]string{
		to, "Closing balance", money.Plain(gave, "INR"), money.Plain(got, "INR"),
		balance(max(first, last)),
	}
	return slices.Concat(figures{opening}, rows, figures{closing})
}

// TestStatementIsTheSameEverywhere holds the page, the PDF, the spreadsheet and
// the CSV of random histories and ranges against the model, sign included.
func TestStatementIsTheSameEverywhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.db.Pro(w, w.db.User(w, "Asha"))
	rapid.Check(t, func(r *rapid.T) {
		w.exec(`delete from throttles`) // so many files are no person's
		k := w.history(r, owner.Caller)
		day := rapid.SampledFrom([]string{"", "2026-03-31", "2026-04-01", "2026-04-02", "2026-04-04", "2026-05-01"})
		from, to := day.Draw(r, "from"), day.Draw(r, "to")
		if from != "" && to != "" && to < from {
			from, to = to, from
		}
		want := k.statement(from, to)
		path := "/b/" + owner.BusinessID.String() + "/p/" + k.party.String()
		for _, f := range []struct {
			file string
			read func(testing.TB, string) figures
		}{
			{"/statement", pageFigures},
			{"/export.csv", csvFigures},
			{"/export.xlsx", xlsxFigures},
			{"/export.pdf", pdfFigures},
		} {
			got := w.send("GET", ask{path: path + f.file, query: url.Values{"from": {from}, "to": {to}}}, owner.Token)
			if got.status != 200 {
				r.Fatalf("%s from %q to %q: %d %.300s", f.file, from, to, got.status, got.body)
			}
			if rows := f.read(t, got.body); !slices.Equal(rows, want) {
				r.Fatalf("%s from %q to %q says\n%s\nwant\n%s", f.file, from, to, rows, want)
			}
		}
	})
}

func (f figures) String() string {
	var b strings.Builder
	for _, row := range f {
		fmt.Fprintf(&b, "%q\n", row)
	}
	return b.String()
}

// history adds, edits, deletes, restores and back-dates entries of a new party.
func (w *world) history(r *rapid.T, who postgres.Caller) modelBook {
	k := modelBook{party: fresh()}
	run := func(call func(*postgres.Tx) error) {
		if err := w.db.As(w.Context(), who, call); err != nil {
			r.Fatal(err)
		}
	}
	run(func(tx *postgres.Tx) error {
		_, err := ledger.AddParty(w.Context(), tx, k.party, ledger.PartyFields{
			Kind: ledger.Customer,
			Name: rapid.SampledFrom([]string{"Sharma & Sons शर्मा", "=राम"}).Draw(r, "name"),
		})
		return err
	})
	fields := func() ledger.EntryFields {
		return ledger.EntryFields{
			Side:        rapid.SampledFrom([]ledger.Side{ledger.Given, ledger.Received}).Draw(r, "side"),
			AmountMinor: rapid.OneOf(rapid.Int64Range(1, 50_000), rapid.Int64Range(1, 10_000_000_00)).Draw(r, "paise"),
			Date:        time.Date(2026, 4, rapid.IntRange(-2, 6).Draw(r, "day"), 0, 0, 0, 0, time.UTC),
			Note: rapid.SampledFrom([]string{"", "क्षत्रिय हिन्दी", "rice 5 kg", "<b>5%s</b>", "=1+1"}).Draw(r,
				"note"),
		}
	}
	for range rapid.IntRange(0, 14).Draw(r, "steps") {
		step := rapid.SampledFrom([]string{"add", "add", "add", "open", "edit", "delete"}).Draw(r, "step")
		if len(k.entries) == 0 && step != "open" {
			step = "add"
		}
		run(func(tx *postgres.Tx) (err error) {
			switch f := fields(); step {
			case "add":
				e := &khataEntry{id: fresh(), f: f, version: 1}
				k.entries = append(k.entries, e)
				_, err = ledger.AddEntry(w.Context(), tx, e.id, k.party, f)
			case "open":
				if slices.ContainsFunc(k.entries, func(e *khataEntry) bool { return e.f.Opening }) {
					return nil
				}
				f.Opening = true
				e := &khataEntry{id: ledger.NewOpeningID(), f: f, version: 1}
				k.entries = append(k.entries, e)
				_, err = ledger.AddOpening(w.Context(), tx, e.id, k.party, f)
			default:
				e := rapid.SampledFrom(k.entries).Draw(r, "entry")
				switch {
				case step == "delete" && !e.deleted:
					_, err = ledger.DeleteEntry(w.Context(), tx, e.id, e.version)
					e.deleted = true
				case e.deleted:
					_, err = ledger.RestoreEntry(w.Context(), tx, e.id, e.version)
					e.deleted = false
				default:
					f.Opening = e.f.Opening
					_, err = ledger.EditEntry(w.Context(), tx, e.id, e.version, f)
					e.f = f
				}
				e.version++
			}
			return err
		})
	}
	return k
}

// plainAmount turns ₹12,34,567 and ₹12,34,567.00 into 1234567.00.
func plainAmount(s string) string {
	s = strings.NewReplacer("₹", "", ",", "").Replace(s)
	if s != "" && !strings.Contains(s, ".") {
		s += ".00"
	}
	return s
}

// plainDay turns 1 Apr 2026 into 2026-04-01.
func plainDay(tb testing.TB, s string) string {
	if s == "" {
		return ""
	}
	d, err := time.Parse("2 Jan 2006", s)
	if err != nil {
		tb.Error(err)
	}
	return d.Format(time.DateOnly)
}

var (
	tableRow  = regexp.MustCompile(`(?s)<tr role="row" class="st-(?:carried|line|closing)">(.*?)</tr>`)
	tableCell = regexp.MustCompile(`(?s)<t[dh][^>]*>(.*?)</t[dh]>`)
	cellWord  = regexp.MustCompile(`(?s)<span class="st-word".*?</span>`)
	anyTag    = regexp.MustCompile(`<[^>]*>`)
	boxSum    = regexp.MustCompile(`(?s)<div class="st-sum st-sum-[a-z]+">.*?<dd class="num">(.*?)</dd>`)
)

func pageFigures(tb testing.TB, page string) (rows figures) {
	for _, tr := range tableRow.FindAllStringSubmatch(page, -1) {
		var row [5]string
		for i, td := range tableCell.FindAllStringSubmatch(tr[1], -1) {
			text := strings.TrimSpace(html.UnescapeString(anyTag.ReplaceAllString(cellWord.ReplaceAllString(td[1], ""),
				"")))
			switch i {
			case 0:
				row[i] = plainDay(tb, text)
			case 1:
				row[i] = text
			default:
				row[i] = plainAmount(text)
			}
		}
		rows = append(rows, row)
	}
	var boxes []string
	for _, m := range boxSum.FindAllStringSubmatch(page, -1) {
		boxes = append(boxes, plainAmount(html.UnescapeString(m[1])))
	}
	checkBoxes(tb, "page", rows, boxes)
	return rows
}

// checkBoxes holds the four sums on top against the rows below.
func checkBoxes(tb testing.TB, where string, rows figures, boxes []string) {
	if len(rows) < 2 {
		tb.Errorf("the %s has %d rows", where, len(rows))
		return
	}
	closing := rows[len(rows)-1]
	if want := []string{rows[0][4], closing[2], closing[3], closing[4]}; !slices.Equal(boxes, want) {
		tb.Errorf("on top of the %s stand %q, below %q", where, boxes, want)
	}
}

func csvFigures(tb testing.TB, file string) (rows figures) {
	all, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(file, "\ufeff"))).ReadAll()
	if err != nil {
		tb.Error(err)
		return nil
	}
	for _, cells := range all[1:] {
		row := [5]string(cells)
		row[1] = strings.TrimPrefix(row[1], "'")
		rows = append(rows, row)
	}
	return rows
}

func xlsxFigures(tb testing.TB, file string) (rows figures) {
	f, err := excelize.OpenReader(strings.NewReader(file))
	if err != nil {
		tb.Error(err)
		return nil
	}
	defer f.Close()
	all, err := f.GetRows(f.GetSheetName(0), excelize.Options{RawCellValue: true})
	if err != nil {
		tb.Error(err)
		return nil
	}
	for _, cells := range all[5:] {
		var row [5]string
		copy(row[:], cells)
		if row[0] != "" {
			serial, err := strconv.ParseFloat(row[0], 64)
			if err != nil {
				tb.Error(err)
			}
			day, err := excelize.ExcelDateToTime(serial, false)
			if err != nil {
				tb.Error(err)
			}
			row[0] = day.Format(time.DateOnly)
		}
		for i := 2; i < 5; i++ {
			if row[i] != "" {
				number, err := strconv.ParseFloat(row[i], 64)
				if err != nil {
					tb.Error(err)
				}
				row[i] = money.Plain(int64(math.Round(number*100)), "INR")
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// pdfWord is a word of a page and where it stands, in points from the top left.
type pdfWord struct {
	Left   float64 `xml:"xMin,attr"`
	Right  float64 `xml:"xMax,attr"`
	Top    float64 `xml:"yMin,attr"`
	Bottom float64 `xml:"yMax,attr"`
	Text   string  `xml:",chardata"`
}

// pdfFigures reads the table by place: what stands under Gave was given.
func pdfFigures(tb testing.TB, file string) figures {
	cmd := exec.Command("pdftotext", "-bbox", "-", "-")
	cmd.Stdin = strings.NewReader(file)
	out, err := cmd.Output()
	if err != nil {
		tb.Errorf("pdftotext: %v (the tests of PDFs need poppler-utils)", err)
		return nil
	}
	var doc struct {
		Pages []struct {
			Words []pdfWord `xml:"word"`
		} `xml:"body>doc>page"`
	}
	decoder := xml.NewDecoder(bytes.NewReader(out))
	decoder.Strict, decoder.Entity = false, xml.HTMLEntity
	if err := decoder.Decode(&doc); err != nil {
		tb.Error(err)
		return nil
	}
	var lines []pdfLine
	var boxes []string
	for _, page := range doc.Pages {
		head := 0.0 // foot of the table's heads
		for _, word := range page.Words {
			if word.Text == "Date" && word.Left < 60 {
				head = word.Bottom
			}
		}
		slices.SortFunc(page.Words, func(a, b pdfWord) int {
			if math.Abs(a.Bottom-b.Bottom) > 2 {
				return cmp.Compare(a.Bottom, b.Bottom)
			}
			return cmp.Compare(a.Left, b.Left)
		})
		for _, word := range page.Words {
			switch height := word.Bottom - word.Top; {
			case word.Top > head+3 && word.Bottom < 790 && height < 13:
				lines = place(lines, word)
			case word.Bottom < head && height > 14.8 && strings.Contains(word.Text, "₹"):
				boxes = append(boxes, plainAmount(word.Text))
			}
		}
	}
	var rows figures
	for _, l := range lines {
		if l.row[4] != "" { // the heads and what stands below the table have no balance
			l.row[0] = plainDay(tb, l.row[0])
			rows = append(rows, l.row)
		}
	}
	checkBoxes(tb, "PDF", rows, boxes)
	return rows
}

type pdfLine struct {
	foot float64
	row  [5]string
}

// place puts a word into the line and column where it stands.
func place(lines []pdfLine, word pdfWord) []pdfLine {
	n := len(lines) - 1
	if n < 0 || math.Abs(lines[n].foot-word.Bottom) > 2 {
		lines, n = append(lines, pdfLine{foot: word.Bottom}), n+1
	}
	cell := &lines[n].row[0]
	amount := strings.Contains(word.Text, "₹")
	switch {
	case amount && word.Right > 540:
		cell = &lines[n].row[4]
	case amount && word.Right > 460:
		cell = &lines[n].row[3]
	case amount && word.Right > 380:
		cell = &lines[n].row[2]
	case word.Left >= 107:
		cell = &lines[n].row[1]
	}
	if amount {
		*cell = plainAmount(word.Text)
		return lines
	}
	*cell = strings.TrimPrefix(*cell+" "+word.Text, " ")
	return lines
}

// A statement that is longer than one page goes on with the balance that was reached.
func TestLongStatementGoesOn(t *testing.T) {
	t.Parallel()
	const maxLines = 1000 // of one part
	w := newWorld(t)
	owner := w.db.User(w, "Asha")
	party := fresh()
	w.ok(w.db.As(w.Context(), owner.Caller, func(tx *postgres.Tx) error {
		_, err := ledger.AddParty(w.Context(), tx, party, ledger.PartyFields{Kind: ledger.Supplier, Name: "राम"})
		return err
	}))
	w.exec(`
		insert into entries (account_id, business_id, id, party_id, side, amount_minor, business_date, note,
		    request_hash, created_by)
		select account_id, business_id, gen_random_uuid(), id, 'given', 100, date '2026-01-01' + i / 100, '',
		    sha256('x'), created_by
		from parties, generate_series(1, $2::int) i where id = $1`, party, 2*maxLines+1)
	path := "/b/" + owner.BusinessID.String() + "/p/" + party.String() + "/statement"
	for part, want := range map[string]struct {
		rows        int
		first, last string
		text        string
	}{
		"":  {maxLines + 1, "0.00", "1000.00", "part=2"},
		"2": {maxLines + 1, "1000.00", "2000.00", "Brought forward"},
		"3": {3, "2000.00", "2001.00", "Closing balance"},
		"x": {maxLines + 1, "0.00", "1000.00", "part=2"},
	} {
		got := w.send("GET", ask{path: path, query: url.Values{"part": {part}}}, owner.Token)
		var balances []string
		for _, tr := range tableRow.FindAllStringSubmatch(got.body, -1) {
			cells := tableCell.FindAllStringSubmatch(tr[1], -1)
			balances = append(balances,
				plainAmount(strings.TrimSpace(anyTag.ReplaceAllString(cellWord.ReplaceAllString(cells[4][1], ""), ""))))
		}
		if got.status != 200 || len(balances) != want.rows || balances[0] != want.first ||
			balances[len(balances)-1] != want.last || !strings.Contains(got.body, want.text) {
			t.Errorf("part %q: %d, %d balances from %s to %s; want %+v", part, got.status, len(balances), balances[0],
				balances[len(balances)-1], want)
		}
		if sums := boxSum.FindAllStringSubmatch(got.body, -1); len(sums) != 4 || sums[3][1] != "₹2,001" {
			t.Errorf("part %q: the sums are %v", part, sums)
		}
	}
	if got := w.send("GET", ask{path: path, query: url.Values{"part": {"4"}}}, owner.Token); got.status != 404 {
		t.Errorf("a part that is not there: %d", got.status)
	}
}

// Days that cannot be are said beside their field; a file is refused.
func TestDaysThatCannotBe(t *testing.T) {
	t.Parallel()
	w := newWorld(t).populate()
	party := "/b/" + w.a.ids["business"] + "/p/" + w.a.ids["party"]
	for _, days := range []url.Values{
		{"from": {"2026-04-02"}, "to": {"2026-04-01"}},
		{"from": {"x"}},
		{"to": {"1999-12-31"}},
		{"to": {"2100-01-01"}},
		{"from": {"\x00"}},
		{"from": {strings.Repeat("9", 5000)}},
		{"to": {"2026-02-30"}},
	} {
		got := w.send("GET", ask{path: party + "/statement", query: days}, w.a.Token)
		if got.status != 422 || !strings.Contains(got.body, `aria-invalid="true"`) || strings.Contains(got.body,
			"12,34,567") {
			t.Errorf("statement of %.60q: %d, want 422 with a word beside the field", days, got.status)
		}
		for _, kind := range []string{"csv", "xlsx", "pdf"} {
			if got := w.send("GET", ask{path: party + "/export." + kind, query: days}, w.a.Token); got.status != 422 {
				t.Errorf("%s of %.60q: %d, want 422", kind, days, got.status)
			}
		}
	}
	if got := w.send("GET", ask{path: party + "/statement", query: url.Values{"from": {"३१/०३/२०२६"}, "to": {""}}},
		w.a.Token); got.status != 200 || !strings.Contains(got.body, "From 31 Mar 2026") {
		t.Errorf("a day in Devanagari digits: %d", got.status)
	}
}

// Free reads and prints its statements; files are Pro, whatever the page shows.
func TestFilesArePro(t *testing.T) {
	t.Parallel()
	w := newWorld(t).populate()
	w.free(w.a)
	shop := "/b/" + w.a.ids["business"]
	page := w.send("GET", ask{path: shop + "/p/" + w.a.ids["party"] + "/statement"}, w.a.Token)
	if page.status != 200 || !strings.Contains(page.body, "12,34,567.89") || !strings.Contains(page.body,
		"needs the plan") {
		t.Errorf("statement on Free: %d", page.status)
	}
	for _, kind := range []string{"csv", "xlsx", "pdf"} {
		for _, path := range []string{shop + "/export.", shop + "/p/" + w.a.ids["party"] + "/export."} {
			if got := w.send("GET", ask{path: path + kind}, w.a.Token); got.status != 403 ||
				got.leaks("1234567", "12,34,567", "xl/worksheets", "%pdf") != "" {
				t.Errorf("%s%s on Free: %d", path, kind, got.status)
			}
		}
		got := w.send("GET", ask{path: "/api/businesses/" + w.a.ids["business"] + "/export." + kind}, w.a.Token)
		if got.status != 403 || !strings.Contains(got.body, `"upgrade_required"`) {
			t.Errorf("API %s on Free: %d %s", kind, got.status, got.body)
		}
	}
}
