package intake

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/fault"
)

// readCSV reads text with separators: comma, semicolon, tab or bar, whichever the first lines have most of.
func readCSV(text string) (*Table, error) {
	if !strings.Contains(text, "\n") {
		text = strings.ReplaceAll(text, "\r", "\n") // lines of old Macs
	}
	separator, text, hinted := hint(text)
	if !hinted {
		separator = separatorOf(text)
	}
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
		return nil, fault.New(fault.Invalid,
			"Line %d: a quotation mark is in the wrong place, or is never closed.", line).Because(err)
	}
	return t, err
}

func parseCSV(text string, separator rune, lazy bool) (*Table, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = separator, lazy, -1
	r.ReuseRecord = true
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
		for len(cells) > 0 && strings.TrimSpace(cells[len(cells)-1]) == "" {
			cells = cells[:len(cells)-1]
		}
		cells = slices.Clone(cells[:min(len(cells), maxRead+1)])
		row := Row{Line: line, Cells: cells}
		for i, c := range cells {
			row.Cells[i] = plainText(c)
			if strings.HasPrefix(strings.TrimSpace(row.Cells[i]), "=") && row.Cells[i] == c {
				row.Formulas = append(row.Formulas, i)
			}
		}
		if err := t.add(row); err != nil {
			return nil, err
		}
	}
}

// plainText takes the apostrophe away that our own files, and others, put before text that a spreadsheet would run, and
// before numbers that are to stay text; as does the ="0123" of banks.
func plainText(c string) string {
	if len(c) > 1 && c[0] == '\'' && strings.ContainsRune("=+-@\t\r0123456789", rune(c[1])) {
		return c[1:]
	}
	if len(c) > 3 && strings.HasPrefix(c, `="`) && c[len(c)-1] == '"' && !strings.Contains(c[2:len(c)-1], `"`) {
		return c[2 : len(c)-1]
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

var separators = []rune{',', ';', '\t', '|'}

// hint reads the first line by which Excel is told of the separator: sep=;
// The line stays, empty, so that lines are counted as before.
func hint(text string) (separator rune, rest string, found bool) {
	first, rest, _ := strings.Cut(text, "\n")
	said, ok := strings.CutPrefix(strings.ToLower(strings.Trim(first, "\r \"")), "sep=")
	if !ok {
		return 0, text, false
	}
	for _, s := range separators {
		if said == string(s) {
			return s, "\n" + rest, true
		}
	}
	return 0, "\n" + rest, false
}

// separatorOf is the separator that divides the most of the first lines into the same number of cells: a title, an
// address or the commas of amounts are not counted alike in every line.
func separatorOf(text string) rune {
	lines := make([][]int, 0, 60) // of each, how often it has each separator outside quotation marks
	counts, quoted, any := make([]int, len(separators)), false, false
	for i := 0; i < len(text) && len(lines) < 60; i++ {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\n':
			if any {
				lines = append(lines, counts)
				counts, any = make([]int, len(separators)), false
			}
			quoted = false // a mark within a word is no quotation
		case !quoted:
			for n, s := range separators {
				if rune(c) == s {
					counts[n]++
					any = true
				}
			}
		}
	}
	if any {
		lines = append(lines, counts)
	}
	best, most := ',', 0
	for n, s := range separators {
		alike := map[int]int{}
		for _, l := range lines {
			if l[n] > 0 {
				alike[l[n]]++
			}
		}
		for cells, times := range alike {
			if score := times*1000 + min(cells, 900); score > most {
				best, most = s, score
			}
		}
	}
	return best
}
