package intake

import (
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
)

// ask puts what the file leaves open among the problems. While there is a question, nothing is brought in.
func (r *reader) ask() {
	if r.t.Kind == "vcard" {
		return
	}
	senses := r.t.senses()
	doubts := r.doubted(senses)
	r.askParty(len(doubts) > 0)
	r.askSides(doubts)
	r.askDays()
	r.askFigures(senses, doubts)
}

func (r *reader) question(ask string, reason error, column string, options ...string) *Problem {
	r.Problems = append(r.Problems, Problem{Ask: ask, Reason: fault.Of(reason), Column: column, Options: options})
	return &r.Problems[len(r.Problems)-1]
}

// doubted are the columns of amounts whose side is not known, if there are any amounts in them.
func (r *reader) doubted(senses []sense) []int {
	if !r.has(Date) {
		return nil
	}
	doubts := r.t.doubts(r.o.Mapping, senses)
	if !slices.ContainsFunc(doubts, func(i int) bool { return r.share(i) > 0 }) {
		return nil
	}
	return doubts
}

// askParty asks whose account it is where no column holds names.
func (r *reader) askParty(doubts bool) {
	m := r.o.Mapping
	if r.has(Name) || r.has(Company) || len(r.sections) > 0 {
		return
	}
	said := m.Party != "" || m.PartyID != uuid.Nil
	if !r.entries && !doubts && !said {
		r.Problems = append(r.Problems, Problem{Reason: errNoNames})
		return
	}
	if said {
		p, err := r.whose()
		if err == nil {
			r.single = p
			return
		}
		r.question("party", err, "")
		return
	}
	if r.bank { // its titles name who has the account, which is the shop itself
	} else if r.Suggest = sectionFrom(0, r.t.owner()).name; r.Suggest == "" && len(r.t.Sheets) > 1 &&
		!strings.HasPrefix(strings.ToLower(r.t.Sheet), "sheet") {
		r.Suggest = r.t.Sheet // a sheet for each customer
	}
	r.question("party", fault.New(fault.Invalid, "No column holds names. Say whose account all of this is, or which column holds the names."), "")
}

// owner is whose account the titles say it is.
func (t *Table) owner() string {
	for i, row := range t.Above {
		if who := ownerIn(row); who != "" {
			return who
		}
		if i > 0 && filled(row.Cells) == 1 && headKey(strings.Join(row.Cells, "")) == "ledger account" &&
			filled(t.Above[i-1].Cells) == 1 {
			return strings.TrimSpace(strings.Join(t.Above[i-1].Cells, ""))
		}
	}
	return ""
}

// ownerIn is whose account a title says it is: Customer: Ramesh.
func ownerIn(row Row) string {
	for n, c := range row.Cells {
		c = strings.TrimSpace(c)
		next := ""
		if n+1 < len(row.Cells) {
			next = strings.TrimSpace(row.Cells[n+1])
		}
		before, behind, ok := strings.Cut(c, ":")
		if !ok {
			before, behind, ok = cutWord(c)
		}
		if behind = strings.TrimSpace(strings.TrimLeft(behind, ":- ")); behind == "" &&
			(ok || readHead(c) == sense(Name)) {
			if !ok {
				before, ok = c, true
			}
			behind = strings.TrimSpace(strings.TrimLeft(next, ":- "))
		}
		if !ok || behind == "" || len(behind) > 200 || isFigure(behind) ||
			readHead(behind) != "" && readHead(behind) != sense(Name) {
			continue
		}
		key := headKey(before)
		if senseOf[key] == sense(Name) || slices.Contains([]string{
			"statement of", "account statement of",
			"statement for", "customer statement", "account of", "m s",
			"ledger of", "ledger account", "khata of", "party account",
		}, key) {
			return behind
		}
	}
	return ""
}

// cutWord takes "Statement of Ramesh" apart.
func cutWord(c string) (before, behind string, ok bool) {
	lower := strings.ToLower(c)
	for _, w := range []string{
		"account statement of ", "statement of ", "statement for ", "account of ", "ledger of ",
		"khata of ",
	} {
		if strings.HasPrefix(lower, w) && !strings.HasPrefix(lower, "statement of account") {
			return c[:len(w)-1], c[len(w):], true
		}
	}
	return "", "", false
}

// askSides asks what a column is that can be what was gave or what was got.
func (r *reader) askSides(doubts []int) {
	m := r.o.Mapping
	if len(doubts) > 0 {
		q := r.question("sides",
			fault.New(fault.Invalid, "Is the column “%s” what you got, or what you gave? It can be read in two ways.",
				r.label(doubts[0])), r.label(doubts[0]), SidesGot, SidesGave)
		for _, i := range doubts {
			q.Columns = append(q.Columns, r.label(i))
		}
		return
	}
	if !r.has(Side) && r.has(Amount) {
		r.askSigns()
	}
	if !r.has(Side) || !r.has(Amount) && !r.has(Opening) {
		return
	}
	said := map[string]sense{}
	together := map[sense]bool{}
	column := r.columns[Side][0]
	for _, row := range body(r.t, m) {
		if column >= len(row.Cells) || len(said) > 200 {
			continue
		}
		v := strings.TrimSpace(row.Cells[column])
		if _, ok := said[v]; ok || v == "" {
			continue
		}
		s := sideSense(v)
		said[v] = s
		together[s] = true
	}
	bank := r.has(Amount) && r.bank
	judged := judge(together, bank)
	asked := ""
	for v, s := range said {
		key := headKey(v)
		side, ok := judged[s]
		switch {
		case ok:
		case s == "" || s == sense(Side):
			continue
		case r.has(Opening) || !bank && (key == "cr" || key == "c"):
			side, ok = sideOf(v)
		case m.Sides != "": // said of the word that is asked about: what comes in
			in := ledger.Received
			if m.Sides == SidesGave {
				in = ledger.Given
			}
			side, ok = in, true
			if s == debit || s == withdrawal {
				side = other(in)
			}
		}
		if ok {
			r.sides[v] = side
			continue
		}
		if s == credit || s == deposit || s == payment || asked == "" {
			if asked == "" || said[asked] == debit || said[asked] == withdrawal ||
				v < asked && (s == credit || s == deposit || s == payment) {
				asked = v
			}
		}
	}
	if asked != "" {
		if s := said[asked]; s == debit || s == withdrawal { // the question is about what comes in
			asked = map[bool]string{true: "Cr", false: "Deposit"}[s == debit]
		}
		q := r.question("sides",
			fault.New(fault.Invalid, "Does “%s” mean what you got, or what you gave? It can be read in two ways.",
				asked), asked, SidesGot, SidesGave)
		q.Columns = []string{r.label(column)}
	}
}

// askSigns asks what a plus is in a column of amounts with both signs. With one sign only, all of it is what was given,
// which is noted.
func (r *reader) askSigns() {
	column := r.columns[Amount][0]
	plus, minus := false, false
	for _, row := range body(r.t, r.o.Mapping) {
		f, err := readFigure(r.cell(row, Amount), r.o.Desk.Currency, r.comma, true)
		if err != nil || f.minor == 0 || f.side != "" {
			continue
		}
		minus = minus || f.minus
		plus = plus || !f.minus
	}
	switch {
	case !plus && !minus:
	case r.o.Mapping.Sides != "":
		r.flip = r.o.Mapping.Sides == SidesGot
	case plus && minus:
		q := r.question("sides",
			fault.New(fault.Invalid, "Does “%s” mean what you got, or what you gave? It can be read in two ways.",
				"+"), r.label(column), SidesGot, SidesGave)
		q.Columns = []string{r.label(column)}
	default:
		r.Notes = append(r.Notes, Problem{
			Column: r.label(column), Reason: fault.New(fault.Invalid,
				"Nothing says whether the amounts in “%s” were given or got. They are read as given.",
				r.label(column)),
			Options: []string{SidesGot, SidesGave},
		})
	}
}

// askDays finds out whether the day or the month stands first, in the column of dates as a whole.
func (r *reader) askDays() {
	if !r.entries {
		return
	}
	o := r.orders(r.columns[Date][0])
	days := r.o.Mapping.Days
	if sample := r.exchanged(o); sample != "" {
		if r.swap = days == DayFirst; days == "" {
			r.question("days",
				fault.New(fault.Invalid,
					"Excel has read some of these dates with the month first, and could not read the others: %s may be another day. Did the day stand first?", sample), r.label(r.columns[Date][0]), DayFirst, MonthFirst)
		}
		return
	}
	if days != "" {
		r.calendar.monthFirst = days == MonthFirst
		return
	}
	monthFirst, ask := o.decide(r.o.Desk.Currency)
	if o.day == 0 && o.month == 0 && o.open > 0 { // another column of dates may be clearer
		for i, s := range r.t.senses() {
			if i != r.columns[Date][0] && (s == otherDate || s == sense(Date)) {
				if second := r.orders(i); (second.day > 0) != (second.month > 0) {
					monthFirst, ask = second.month > 0, false
				}
			}
		}
	}
	r.calendar.monthFirst = monthFirst
	if ask {
		r.question("days",
			fault.New(fault.Invalid, "Does the day or the month stand first? “%s” can be read in two ways.",
				o.first), r.label(r.columns[Date][0]), DayFirst, MonthFirst)
	}
}

// exchanged returns a date whose day and month Excel may have exchanged: one that was set for America makes dates of
// 5/1/2026, and leaves 13/1/2026 as text. It is "" where there is no such doubt.
func (r *reader) exchanged(o *orders) (sample string) {
	if o.day == 0 || o.month > 0 || o.open > 0 {
		return ""
	}
	column := r.columns[Date][0]
	for _, row := range body(r.t, r.o.Mapping) {
		if column >= min(len(row.Cells), 64) || row.days>>column&1 == 0 {
			continue
		}
		d, ok := parseDay(row.Cells[column])
		if ok && d.a > 12 {
			return "" // a day that it could not have made of a month
		}
		if ok && sample == "" && d.a != d.b {
			sample = strings.TrimSpace(row.Cells[column])
		}
	}
	return sample
}

func (r *reader) orders(column int) *orders {
	o, before := &orders{}, day{}
	for _, row := range body(r.t, r.o.Mapping) {
		if column >= len(row.Cells) || row.days>>min(column, 63)&1 == 1 {
			continue
		}
		if d, ok := parseDay(row.Cells[column]); ok {
			open := o.open
			o.look(d, &before, r.o.Desk.Today)
			if o.open > open && o.first == "" {
				o.first = strings.TrimSpace(row.Cells[column])
			}
		}
	}
	return o
}

// askFigures names the columns with figures that are left out. When lines would lose their only amount, or no amount is
// taken at all, that has to be said before anything is brought in.
func (r *reader) askFigures(senses []sense, doubts []int) {
	var columns []int
	taken := r.has(Given) || r.has(Received) || r.has(Amount) || r.has(Opening) || r.has(Owes) || r.has(Owed)
	for i, f := range r.o.Mapping.Columns {
		if f != Ignore || slices.Contains(doubts, i) {
			continue
		}
		switch s := senses[i]; s {
		case worker, otherDate, voucher, sense(Paid),
			firstName, middleName, lastName, sense(Phone), sense(Date), sense(Name),
			sense(Side), sense(Kind):
			continue
		case balance, sense(Owes), sense(Owed):
			if r.entries || taken {
				continue
			}
		case sense(Amount):
			if r.has(Given) && r.has(Received) {
				continue
			}
		}
		if r.isMoney(i) {
			columns = append(columns, i)
			r.Figures = append(r.Figures, r.label(i))
		}
	}
	if len(columns) == 0 || r.o.Mapping.Figures || len(doubts) > 0 {
		return
	}
	if taken && !r.loses(columns) {
		return
	}
	q := r.question("figures",
		fault.New(fault.Invalid,
			"There are figures in columns that are skipped: %s. Say what they are, or that they may be skipped.", strings.Join(r.Figures, ", ")), "", "leave")
	q.Columns = r.Figures
}

// loses reports a line of an entry whose only amount is in one of the columns.
func (r *reader) loses(columns []int) bool {
	if !r.entries {
		return false
	}
	for _, row := range body(r.t, r.o.Mapping) {
		if r.hasMoney(row) {
			continue
		}
		for _, i := range columns {
			if i < len(row.Cells) && !empty(strings.TrimSpace(row.Cells[i])) {
				if out, _ := r.outside(row); out == nil {
					return true
				}
			}
		}
	}
	return false
}

// isMoney reports a column of figures that may be amounts, and are no serial numbers, days or phones.
func (r *reader) isMoney(column int) bool {
	all, good, long, at, serial := 0, 0, 0, 0, 0
	rows := body(r.t, r.o.Mapping)
	for _, row := range rows[:min(len(rows), 500)] {
		if column >= len(row.Cells) || empty(strings.TrimSpace(row.Cells[column])) {
			continue
		}
		all++
		c := strings.TrimSpace(digits(row.Cells[column]))
		f, err := readFigure(c, r.o.Desk.Currency, r.comma, true)
		if err != nil || f.minor == 0 {
			continue
		}
		good++
		if isDigits(c) && len(c) >= 9 {
			long++
		}
		if f.minor == int64(at+1)*100 {
			serial++
		}
		at = int(f.minor / 100)
	}
	return good > 0 && good*10 >= all*6 && long*2 < good && (serial*10 < good*9 || good < 3 && serial < good)
}

// share is how many cells of a column hold amounts.
func (r *reader) share(column int) (n int) {
	for _, row := range body(r.t, r.o.Mapping) {
		if column < len(row.Cells) && !empty(strings.TrimSpace(row.Cells[column])) {
			n++
		}
	}
	return n
}
