package intake

import (
	"sort"
	"strings"
)

// A section is the account of one party among others in a file, under a line that names it.
type section struct {
	line        int
	name, phone string
}

// findSections looks for accounts that stand one under the other: a table without names in which lines say whose the
// next lines are.
func (r *reader) findSections() {
	if !r.entries || r.has(Name) || r.has(Company) || r.t.Kind == "vcard" {
		return
	}
	rows := body(r.t, r.o.Mapping)
	titled := false
	for i, row := range rows {
		if r.hasMoney(row) || filled(row.Cells) > 3 {
			continue
		}
		if _, dated := parseDay(r.cell(row, Date)); dated {
			continue
		}
		who := ownerIn(row)
		if next := i + 1; who == "" && filled(row.Cells) == 1 && next < len(rows) && r.repeatsHeads(rows[next]) &&
			!r.repeatsHeads(row) {
			if c := strings.TrimSpace(strings.Join(row.Cells, "")); !isFigure(c) && r.word(c) == ordinary &&
				!footnote(row.Cells) {
				who, titled = c, true
			}
		}
		if who != "" {
			r.sections = append(r.sections, sectionFrom(row.Line, who))
		}
	}
	if len(r.sections) == 0 {
		return
	}
	first := r.t.owner()
	if n := len(r.t.Above); first == "" && titled && n > 0 && filled(r.t.Above[n-1].Cells) == 1 {
		first = strings.TrimSpace(strings.Join(r.t.Above[n-1].Cells, ""))
	}
	if first == "" {
		first = r.o.Mapping.Party
	}
	r.sections = append([]section{sectionFrom(0, first)}, r.sections...)
}

// sectionFrom takes a name and the phone that stands behind it apart.
func sectionFrom(line int, who string) section {
	s := section{line: line, name: who}
	at := strings.IndexAny(digits(who), "+0123456789")
	if at <= 0 {
		return s
	}
	plain := digits(who)
	if phones, _ := readPhones(plain[at:]); len(phones) > 0 && count(plain[at:]) >= 10 {
		s.phone = phones[0]
		s.name = strings.TrimSpace(strings.TrimRight(strings.TrimSpace(plain[:at]), "(-:,[|"))
		for _, w := range []string{"Mobile", "Phone", "Mob", "Ph", "M", "मोबाइल", "फ़ोन"} {
			if before, ok := strings.CutSuffix(strings.TrimRight(s.name, ". "), w); ok && before != "" &&
				strings.ContainsAny(before[len(before)-1:], " ,(-") {
				s.name = strings.TrimSpace(strings.TrimRight(strings.TrimSpace(before), "(-:,[|"))
				break
			}
		}
	}
	return s
}

func (r *reader) isSection(row Row) bool {
	i := sort.Search(len(r.sections), func(i int) bool { return r.sections[i].line >= row.Line })
	return i < len(r.sections) && r.sections[i].line == row.Line
}

// sectionOf is the account in which a line stands.
func (r *reader) sectionOf(row Row) section {
	i := sort.Search(len(r.sections), func(i int) bool { return r.sections[i].line > row.Line })
	return r.sections[max(i-1, 0)]
}
