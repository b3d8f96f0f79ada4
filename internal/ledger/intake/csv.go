package intake

import (
	"encoding/csv"
	"errors"
	"io"
	"strings"

	"github.com/tijorihq/tijori/internal/fault"
)

// readCSV reads text with separators: comma, semicolon, tab or bar, whichever the first lines have most of.
func readCSV(text string) (*Table, error) {
	separator := separatorOf(text)
	if err := checkWidth(text, separator); err != nil {
		return nil, err
	}
	t, err := parseCSV(text, separator, false)
	var broken *csv.ParseError
	if errors.As(err, &broken) && errors.Is(err, csv.ErrBareQuote) {
		// 5" pipe: a mark within a word is no quotation.
		t, err = parseCSV(text, separator, true)
	}
	if errors.As(err, &broken) {
		line := broken.Line
		if broken.StartLine > 0 && broken.StartLine < line {
			line = broken.StartLine
		}
		return nil, fault.New(fault.Invalid, "Line %d: a quotation mark stands in the wrong place, or is never closed.", line).Because(err)
	}
	return t, err
}

func parseCSV(text string, separator rune, lazy bool) (*Table, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = separator, lazy, -1
	t := &Table{Kind: "csv"}
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return nil, err
		}
		line, _ := r.FieldPos(0)
		row := Row{Line: line, Cells: cells}
		for i, c := range cells {
			row.Cells[i] = plainText(c)
			if strings.HasPrefix(strings.TrimSpace(c), "=") {
				row.Formulas = append(row.Formulas, i)
			}
		}
		if err := t.add(row); err != nil {
			return nil, err
		}
	}
}

// plainText takes the apostrophe away that our own files, and others, put before
// text that a spreadsheet would run.
func plainText(c string) string {
	if len(c) > 1 && c[0] == '\'' && strings.ContainsRune("=+-@\t\r", rune(c[1])) {
		return c[1:]
	}
	return c
}

// checkWidth refuses lines of thousands of cells before memory is spent on each.
func checkWidth(text string, separator rune) error {
	line, n := 1, 0
	for i := range len(text) {
		switch text[i] {
		case '\n':
			line, n = line+1, 0
		case byte(separator):
			if n++; n > 2000 {
				return fault.New(fault.Invalid, "Line %d: this line has far too many columns.", line)
			}
		}
	}
	return nil
}

func separatorOf(text string) rune {
	head := text
	for i, lines := 0, 0; i < len(text); i++ {
		if text[i] == '\n' {
			if lines++; lines == 10 {
				head = text[:i]
				break
			}
		}
	}
	best, most := ',', 0
	for _, s := range []rune{',', ';', '\t', '|'} {
		if n := strings.Count(head, string(s)); n > most {
			best, most = s, n
		}
	}
	return best
}
