package intake

import (
	"slices"
	"strings"
)

// maxAbove is how many of the first lines may hold titles and notes before the heads.
const maxAbove = 80

// findHeads looks for the line of heads by what it says, and puts it first. Files of banks, Tally and khata apps begin
// with titles.
func (t *Table) findHeads() {
	best, most, known := 0, 0, make([]int, 0, maxAbove)
	for i := range t.Rows[:min(len(t.Rows), maxAbove)] {
		n := headScore(t.Rows[i].Cells)
		known = append(known, n)
		if n > most {
			best, most = i, n
		}
	}
	switch {
	case most >= 2:
	case most == 1 && known[0] == 0 && alone(t.Rows[:best]) && best < 10:
	default:
		best = 0
	}
	t.cut(best)
}

// HeadAt takes another line of the file for the heads, as somebody has said. A line that there is not changes nothing.
func (t *Table) HeadAt(line int) {
	rows := append(slices.Clone(t.Above), t.Rows...)
	i := slices.IndexFunc(rows, func(r Row) bool { return r.Line == line })
	if i < 0 || t.Kind == "vcard" {
		return
	}
	t.Above, t.Rows = nil, rows
	t.cut(i)
}

// cut makes a row the first.
func (t *Table) cut(head int) {
	t.Above, t.Rows = t.Rows[:head:head], t.Rows[head:]
	t.join()
	t.narrow()
}

// alone reports rows of one cell each, as titles are.
func alone(rows []Row) bool {
	return !slices.ContainsFunc(rows, func(r Row) bool { return filled(r.Cells) > 1 })
}

func filled(cells []string) (n int) {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			n++
		}
	}
	return n
}

// headScore is how many different things the cells of a row mean as heads: none, when one is a figure or a date.
func headScore(cells []string) int {
	var senses []sense
	for _, c := range cells {
		c = strings.TrimSpace(c)
		if c == "" {
			continue
		}
		if len(c) > 80 {
			return 0
		}
		if s := readHead(c); s != "" {
			if !slices.Contains(senses, s) {
				senses = append(senses, s)
			}
		} else if isFigure(c) {
			return 0
		}
	}
	return len(senses)
}

// isFigure reports a cell that begins with a number, as amounts, days and phones do and heads do not.
func isFigure(c string) bool {
	c = strings.TrimLeft(digits(c), " -+(₹.")
	return c != "" && c[0] >= '0' && c[0] <= '9'
}

// join puts heads that stand in two lines together: Closing balance above Debit and Credit.
func (t *Table) join() {
	if len(t.Rows) < 3 {
		return
	}
	top, below := t.Rows[0].Cells, t.Rows[1].Cells
	if slices.ContainsFunc(below, func(c string) bool { return isFigure(strings.TrimSpace(c)) }) ||
		filled(below) == 0 || headScore(below) == 0 || headScore(top) == 0 {
		return
	}
	width := max(len(top), len(below))
	at := func(cells []string, i int) string {
		if i < len(cells) {
			return strings.TrimSpace(cells[i])
		}
		return ""
	}
	joined, over, gained := make([]string, width), "", false
	for i := range width {
		a, b := at(top, i), at(below, i)
		if currencyWords[headKey(b)] {
			b = ""
		}
		if a != "" {
			over = a
		}
		switch {
		case b == "":
			joined[i] = a
		case a == "" && i >= len(top) && over == "":
			joined[i] = b
		case readHead(over+" "+b) != "" || readHead(b) == "":
			joined[i] = strings.TrimSpace(over + " " + b)
		default:
			joined[i] = b
		}
		if b != "" && readHead(joined[i]) != "" && (a == "" || readHead(a) != readHead(joined[i])) {
			gained = true
		}
		if a != "" && b != "" && readHead(a) != "" && readHead(b) == "" {
			return // a line of entries, not of heads
		}
	}
	if !gained || headScore(joined) <= headScore(top) {
		return
	}
	t.Above = append(t.Above, t.Rows[0])
	t.Rows = slices.Clone(t.Rows[1:])
	t.Rows[0].Cells = joined
}

// narrow leaves out columns that are more than are read: first those with nothing under their head, of which contacts
// have dozens.
func (t *Table) narrow() {
	width := t.Width()
	if width <= 16 || width <= MaxColumns && headScore(t.Rows[0].Cells) < 3 {
		return
	}
	var keep []int
	if headScore(t.Rows[0].Cells) >= 3 && len(t.Rows) > 1 {
		used := make([]bool, width)
		for _, r := range t.Rows[1:] {
			for i, c := range r.Cells {
				used[i] = used[i] || c != ""
			}
			for _, i := range r.Formulas {
				used[i] = true
			}
		}
		for i, u := range used {
			if u {
				keep = append(keep, i)
			}
		}
	} else {
		for i := range width {
			keep = append(keep, i)
		}
	}
	if len(keep) > MaxColumns {
		keep, t.Cut = keep[:MaxColumns], true
	} else if width <= maxRead-1 {
		t.Cut = false
	}
	if len(keep) == width {
		return
	}
	for n := range t.Rows {
		r := &t.Rows[n]
		out := Row{Line: r.Line, phones: r.phones}
		for to, from := range keep {
			if from >= len(r.Cells) {
				break
			}
			out.Cells = append(out.Cells, r.Cells[from])
			if contains(r.Formulas, from) {
				out.Formulas = append(out.Formulas, to)
			}
			if from < 64 {
				out.numbers |= (r.numbers >> from & 1) << to
				out.days |= (r.days >> from & 1) << to
			}
		}
		t.Rows[n] = out
	}
}
