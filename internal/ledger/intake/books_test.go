package intake

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

// book is a workbook whose cells are set by their names.
func workbook(t testing.TB, make func(f *excelize.File)) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	make(f)
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func set(f *excelize.File, sheet string, rows ...[]any) {
	for i, row := range rows {
		for j, v := range row {
			at, _ := excelize.CoordinatesToCellName(j+1, i+1)
			if v != nil {
				_ = f.SetCellValue(sheet, at, v)
			}
		}
	}
}

// Workbooks as shops keep them: titles, merged cells, dates as dates and as text, numbers that say Dr and Cr by their
// format.
func TestBooks(t *testing.T) {
	t.Parallel()
	date := func(d int) time.Time { return time.Date(2026, 1, d, 10, 15, 0, 0, time.UTC) }
	for name, c := range map[string]struct {
		body  []byte
		want  []string
		dates []string
	}{
		"titles, and names merged over lines": {workbook(t, func(f *excelize.File) {
			set(f, "Sheet1", []any{"Sharma Kirana"}, []any{"January 2026"}, []any{}, []any{
				"Date", "Party", "Amount",
				nil, "Note",
			}, []any{nil, nil, "Gave", "Got"},
				[]any{date(5), "Ramesh", 1000.0, nil, "atta"}, []any{date(6), nil, nil, 400.0}, []any{
					date(7), "Sita",
					250.5,
				}, []any{"Total", nil, 1250.5, 400.0})
			for _, m := range [][2]string{
				{"A1", "E1"},
				{"A2", "E2"},
				{"C4", "D4"},
				{"A4", "A5"},
				{"B4", "B5"},
				{"B6", "B7"},
			} {
				_ = f.MergeCell("Sheet1", m[0], m[1])
			}
		}), []string{"Ramesh 600", "Sita 250.50"}, []string{"2026-01-05 1000", "2026-01-06 -400", "2026-01-07 250.50"}},
		"Dr and Cr by the format of the number": {workbook(t, func(f *excelize.File) {
			dr, cr := `#,##0.00" Dr"`, `#,##0.00" Cr"`
			debit, _ := f.NewStyle(&excelize.Style{CustomNumFmt: &dr})
			credit, _ := f.NewStyle(&excelize.Style{CustomNumFmt: &cr})
			set(f, "Sheet1", []any{"Particulars", "Closing Balance"}, []any{"Ramesh", 1500}, []any{"Sita", 700},
				[]any{"Grand Total", 800})
			_ = f.SetCellStyle("Sheet1", "B2", "B2", debit)
			_ = f.SetCellStyle("Sheet1", "B3", "B3", credit)
		}), []string{"Ramesh 1500", "Sita -700"}, nil},
		"days as text and as days": {workbook(t, func(f *excelize.File) {
			form := "dd-mmm-yy"
			style, _ := f.NewStyle(&excelize.Style{CustomNumFmt: &form})
			set(f, "Sheet1", []any{"Date", "Name", "Gave"}, []any{"05/01/2026", "A", 1}, []any{46027, "A", 2},
				[]any{46028, "A", 4}, []any{46028.5, "A", 8})
			_ = f.SetCellStyle("Sheet1", "A4", "A5", style)
		}), []string{"A 15"}, []string{"2026-01-05 1", "2026-01-05 2", "2026-01-06 4", "2026-01-06 8"}},
		"an empty sheet in front": {workbook(t, func(f *excelize.File) {
			_, _ = f.NewSheet("Dues")
			set(f, "Dues", []any{"Name", "Phone", "Balance"}, []any{"A", 9876543210, 5}, []any{
				"B", 9.876543211e9,
				-2.5,
			})
		}), []string{"A+919876543210 5", "B+919876543211 -2.50"}, nil},
		"totals that are formulas": {workbook(t, func(f *excelize.File) {
			set(f, "Sheet1", []any{"Name", "Balance"}, []any{"A", 5}, []any{"Total"})
			_ = f.SetCellFormula("Sheet1", "B3", "SUM(B2:B2)")
		}), []string{"A 5"}, nil},
		"a formula": {workbook(t, func(f *excelize.File) {
			set(f, "Sheet1", []any{"Name", "Balance"}, []any{"A", 5}, []any{"B"})
			_ = f.SetCellFormula("Sheet1", "B3", "B2*2")
		}), []string{"problem Balance", "A 5"}, nil},
		"balances that are formulas": {workbook(t, func(f *excelize.File) {
			set(f, "Sheet1", []any{"Date", "Name", "Gave", "Got", "Balance"}, []any{date(5), "A", 5})
			_ = f.SetCellFormula("Sheet1", "E2", "C2-D2")
		}), []string{"A 5"}, nil},
	} {
		p := readBody(t, c.body, existing{}, nil)
		if diff := cmp.Diff(c.want, said(p)); diff != "" {
			t.Errorf("%s: %s %v %v", name, diff, p.Problems, p.Left)
		}
		if diff := cmp.Diff(c.dates, days(p)); c.dates != nil && diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	american := workbook(t, func(f *excelize.File) {
		set(f, "Sheet1", []any{"Date", "Name", "Gave"}, []any{time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC), "A", 1},
			[]any{"13/01/2026", "A", 2})
	})
	if p := readBody(t, american, existing{}, nil); len(p.Asks()) != 1 || p.Asks()[0].Ask != "days" {
		t.Errorf("days that Excel exchanged are not asked about: %v", said(p))
	}
	p := readBody(t, american, existing{}, func(m *Mapping) { m.Days = DayFirst })
	if diff := cmp.Diff([]string{"2026-01-05 1", "2026-01-13 2"}, days(p)); diff != "" {
		t.Error(diff)
	}
	p = readBody(t, american, existing{}, func(m *Mapping) { m.Days = MonthFirst })
	if diff := cmp.Diff([]string{"2026-05-01 1", "2026-01-13 2"}, days(p)); diff != "" {
		t.Error(diff)
	}
	each := workbook(t, func(f *excelize.File) {
		_ = f.SetSheetName("Sheet1", "Ramesh")
		_, _ = f.NewSheet("Sita")
		set(f, "Ramesh", []any{"Date", "Gave", "Got"}, []any{date(5), 5})
		set(f, "Sita", []any{"Date", "Gave", "Got"}, []any{date(5), 7})
	})
	table, err := ReadSheet(each, "Sita")
	if err != nil || table.Sheet != "Sita" || len(table.Sheets) != 2 || table.Rows[1].Cells[1] != "7" {
		t.Errorf("the second sheet: %+v, %v", table, err)
	}
	if p := readBody(t, each, existing{}, nil); p.Suggest != "Ramesh" || len(p.Asks()) != 1 {
		t.Errorf("a sheet of one customer suggests %q, %v", p.Suggest, said(p))
	}
}

// What we write ourselves is read back as it was.
func TestOwnExports(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ party, want string }{
		"party.csv": {"राम", "-755431.08"}, "party_range.csv": {"राम", "-765431.09"},
		"party_empty_range.csv": {"राम", plain(0)}, // its opening balance is of a day to come
		"book.csv":              {"", "-755431.08"}, "book_hindi.csv": {"", "-755431.08"},
	} {
		body, err := os.ReadFile("../export/testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		p := readBody(t, body, existing{}, func(m *Mapping) { m.Party = c.party })
		if len(p.Problems) > 0 || len(p.Parties) == 0 || plain(p.Parties[0].After) != c.want {
			t.Errorf("%s: %v, %v, want %s", name, said(p), p.Problems, c.want)
		}
		if p.Check != nil && !p.Check.Agrees() {
			t.Errorf("%s: %+v", name, p.Check)
		}
	}
}
