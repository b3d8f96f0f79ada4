package export_test

import (
	"bytes"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/xuri/excelize/v2"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/ledger/export"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

func write(t testing.TB, db *pgtest.DB, u *pgtest.User, f func(*postgres.Tx, io.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error { return f(tx, &b) }); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func openXLSX(t testing.TB, file []byte) *excelize.File {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func shopOptions() export.Options {
	o := options
	o.Business, o.Made = "श्री कृष्ण किराना स्टोर", "Made with Tijori on 22 Nov 2026"
	o.Date = func(d time.Time) string { return d.Format("2 Jan 2006") }
	return o
}

func TestPartyXLSX(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.User(t, "Asha")
	party := addParty(t, db, u, ledger.PartyFields{Kind: ledger.Customer, Name: "=शर्मा & Sons"},
		line{"2026-03-30", -123456789, "before"},
		line{"2026-04-01", 12345678900, "=1+1"}, line{"2026-04-02", -10, "+91 <b>&amp;</b> _x0041_"}, line{
			"2026-04-03",
			9999999999999, "two\nlines",
		})
	file := openXLSX(t, write(t, db, u, func(tx *postgres.Tx, w io.Writer) error {
		return export.PartyXLSX(t.Context(), tx, w, party, ledger.Range{From: date("2026-04-01")}, shopOptions())
	}))
	sheet := file.GetSheetName(0)
	shown, err := file.GetRows(sheet)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"श्री कृष्ण किराना स्टोर"},
		{"=शर्मा & Sons"},
		{"From 1 Apr 2026"},
		nil,
		{"Date", "Details", "You gave", "You got", "Balance", "Paid by"},
		{"01 Apr 2026", "Opening balance", "", "", "-12,34,567.89"},
		{"01 Apr 2026", "=1+1", "12,34,56,789.00", "", "12,22,22,221.11", "Goods"},
		{"02 Apr 2026", "+91 <b>&amp;</b> _x0041_", "", "0.10", "12,22,22,221.01", "Cash"},
		{"03 Apr 2026", "two\nlines", "99,99,99,99,999.99", "", "1,00,12,22,22,221.00", "Goods"},
		{"", "Closing balance", "1,00,12,34,56,788.99", "0.10", "1,00,12,22,22,221.00"},
	}
	// The reader of the test writes numbers in western groups; the format says how spreadsheets do.
	plain := func(rows [][]string) (out [][]string) {
		for _, row := range rows {
			var cells []string
			for _, c := range row {
				cells = append(cells, strings.ReplaceAll(c, ",", ""))
			}
			out = append(out, cells)
		}
		return out
	}
	if got, want := plain(shown), plain(want); !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("rows = %q, want %q", got, want)
	}
	style, err := file.GetCellStyle(sheet, "E7")
	if err != nil {
		t.Fatal(err)
	}
	if s, err := file.GetStyle(style); err != nil || s.CustomNumFmt == nil || *s.CustomNumFmt != "[$-4009]#,##,##0.00" {
		t.Errorf("format of amounts = %+v, %v", s, err)
	}
	for cell, kind := range map[string]excelize.CellType{
		"A7": excelize.CellTypeUnset,
		"B7": excelize.CellTypeInlineString, "C7": excelize.CellTypeUnset, "A2": excelize.CellTypeInlineString,
	} {
		if got, err := file.GetCellType(sheet, cell); err != nil || got != kind {
			t.Errorf("type of %s = %v, %v, want %v", cell, got, err, kind)
		}
		if formula, err := file.GetCellFormula(sheet, cell); err != nil || formula != "" {
			t.Errorf("%s has the formula %q, %v", cell, formula, err)
		}
	}
	if raw, err := file.GetCellValue(sheet, "A7", excelize.Options{RawCellValue: true}); err != nil || raw != "46113" {
		t.Errorf("the day is %q, %v, want the number of 1 April 2026", raw, err)
	}
	if panes, err := file.GetPanes(sheet); err != nil || !panes.Freeze || panes.YSplit != 5 {
		t.Errorf("panes = %+v, %v", panes, err)
	}
}

// Amounts with more digits than a spreadsheet keeps are text: a figure is never rounded.
func TestXLSXKeepsEveryPaisa(t *testing.T) {
	t.Parallel()
	for _, minor := range []int64{
		0, 1, -1, 10, 999_999_999_999_999, -999_999_999_999_999, 1_000_000_000_000_000,
		math.MaxInt64, math.MinInt64, 123_456_789_012_345,
	} {
		text, isText := export.Number(minor, "INR")
		if want := plainINR(minor); text != want {
			t.Errorf("%d is written %q, want %q", minor, text, want)
		}
		if beyond := minor > 999_999_999_999_999 || minor < -999_999_999_999_999; isText != beyond {
			t.Errorf("%d is text: %v, want %v", minor, isText, beyond)
		}
	}
}

// The test is not parallel: it makes the sheets of the whole package shorter.
func TestBookXLSXGoesOnOnTheNextSheet(t *testing.T) {
	defer export.SetMaxRows(4)()
	db := pgtest.New(t)
	u := db.User(t, "Asha")
	addParty(t, db, u, ledger.PartyFields{Kind: ledger.Customer, Name: "Ram"}, line{"2026-04-01", 1, ""},
		line{"2026-04-02", 2, ""}, line{"2026-04-03", 3, ""}, line{"2026-04-04", 4, ""})
	addParty(t, db, u, ledger.PartyFields{Kind: ledger.Supplier, Name: "Nobody yet"})
	addParty(t, db, u, ledger.PartyFields{Kind: ledger.Supplier, Name: "Sita"}, line{"2026-04-01", -700, "milk"})
	file := openXLSX(t, write(t, db, u, func(tx *postgres.Tx, w io.Writer) error {
		return export.BookXLSX(t.Context(),
			tx, w, shopOptions())
	}))
	if got, want := file.GetSheetList(), []string{"All parties", "All parties 2"}; !slices.Equal(got, want) {
		t.Fatalf("sheets %q, want %q", got, want)
	}
	for i, want := range []int{4, 4} {
		rows, err := file.GetRows(file.GetSheetName(i))
		if err != nil || len(rows) != want || rows[0][0] != "Party" {
			t.Errorf("sheet %d: %q, %v", i, rows, err)
		}
	}
	last, err := file.GetRows("All parties 2")
	if want := []string{"Sita", "Supplier", "", "01 Apr 2026", "milk", "", "7.00", "-7.00", "Cash"}; err != nil ||
		!slices.Equal(last[3], want) {
		t.Errorf("last row %q, %v, want %q", last, err, want)
	}
}

// Refusals come before the first byte, in every format.
func TestRefusalsOfPDFAndXLSX(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.User(t, "Asha")
	party := addParty(t, db, u, ledger.PartyFields{Kind: ledger.Customer, Name: "Ram"}, line{"2026-04-01", 100, ""})
	counter, stranger := db.Member(t, u, &u.BusinessID, "counter"), db.User(t, "Ravi")
	nobody := options
	nobody.Allow = nil
	for name, c := range map[string]struct {
		u       *pgtest.User
		party   uuid.UUID
		r       ledger.Range
		o       export.Options
		ofParty bool // of a party only
	}{
		"counter":          {counter, party, ledger.Range{}, options, false},
		"no plan":          {u, party, ledger.Range{}, nobody, false},
		"no such party":    {u, uuid.New(), ledger.Range{}, options, true},
		"of somebody else": {stranger, party, ledger.Range{}, options, true},
		"the range backwards": {
			u, party,
			ledger.Range{From: date("2026-04-02"), To: date("2026-04-01")},
			options,
			true,
		},
	} {
		var w bytes.Buffer
		for kind, call := range map[string]func(*postgres.Tx) error{
			"party pdf": func(tx *postgres.Tx) error {
				return export.PartyPDF(t.Context(), tx, &w, c.party, c.r,
					c.o)
			},
			"party xlsx": func(tx *postgres.Tx) error {
				return export.PartyXLSX(t.Context(), tx, &w, c.party, c.r,
					c.o)
			},
			"book pdf":  func(tx *postgres.Tx) error { return export.BookPDF(t.Context(), tx, &w, c.o) },
			"book xlsx": func(tx *postgres.Tx) error { return export.BookXLSX(t.Context(), tx, &w, c.o) },
		} {
			if c.ofParty && strings.HasPrefix(kind, "book") {
				continue
			}
			if err := db.As(t.Context(), c.u.Caller, call); err == nil || w.Len() != 0 {
				t.Errorf("%s, %s: %v and %d bytes, want a refusal and none", kind, name, err, w.Len())
			}
		}
	}
}

// A hundred thousand rows need less than 256 MB above what was in use before.
func TestXLSXMemory(t *testing.T) {
	const limit = 256 << 20
	db := pgtest.New(t)
	u := db.User(t, "Asha")
	addParty(t, db, u, ledger.PartyFields{Kind: ledger.Customer, Name: "राम Ram"})
	addEntries(t, db, u, 100_000)
	peak, took := watched(t, func(w io.Writer) {
		if err := db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error {
			return export.BookXLSX(t.Context(), tx, w,
				shopOptions())
		}); err != nil {
			t.Fatal(err)
		}
	})
	t.Logf("100,000 rows: %d MB above idle, %v", peak>>20, took)
	if peak > limit {
		t.Errorf("%d MB above idle, want at most %d", peak>>20, limit>>20)
	}
}

// watched runs a writer and returns by how much the memory in use grew at most.
func watched(t testing.TB, run func(io.Writer)) (uint64, time.Duration) {
	t.Helper()
	inUse := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse
	}
	runtime.GC()
	idle, most := inUse(), uint64(0)
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-done:
				return
			case <-time.After(10 * time.Millisecond):
				most = max(most, inUse())
			}
		}
	}()
	start := time.Now()
	run(io.Discard)
	took := time.Since(start)
	close(done)
	<-stopped
	return most - min(idle, most), took
}
