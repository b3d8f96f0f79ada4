package intake

import (
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/money"
)

// today is the day on which files are read in tests.
var today = time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)

// readFile plans a file of testdata as a business in India would.
func readFile(t testing.TB, name string, there existing, say func(*Mapping)) *Plan {
	t.Helper()
	file, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return readBody(t, file, there, say)
}

func readBody(t testing.TB, file []byte, there existing, say func(*Mapping)) *Plan {
	t.Helper()
	table, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	m := Guess(table)
	if say != nil {
		say(&m)
		m = m.Clean(table)
	}
	return build(table, Options{
		Upload: uuid.MustParse("019ac000-0000-7000-8000-000000000000"), Mapping: m, Desk: ledger.Desk{
			Currency: "INR",
			Today:    today,
		},
		OpeningDate: today, OpeningNote: "Opening balance",
	}, there)
}

// said is a plan in words that are easy to compare: what is asked, and each entry in its order, with each party that
// has none.
func said(p *Plan) (out []string) {
	for _, problem := range p.Problems {
		line := "problem " + problem.Column
		if problem.Ask != "" && problem.Line == 0 {
			line = "ask " + problem.Ask
		}
		out = append(out, strings.TrimSpace(line))
	}
	for _, party := range p.Parties {
		line := party.Name + party.Phone + " " + plain(party.After)
		out = append(out, line)
	}
	return out
}

func plain(minor int64) string { return strings.TrimSuffix(money.Plain(minor, "INR"), ".00") }

func days(p *Plan) (out []string) {
	for _, e := range p.Entries {
		out = append(out, e.Date.Format(time.DateOnly)+" "+plain(e.Signed()))
	}
	return out
}

// Every file of which somebody has complained, and what is right.
func TestFaults(t *testing.T) {
	t.Parallel()
	ramesh := known{id: uuid.New(), fields: ledger.PartyFields{
		Kind: ledger.Customer, Name: "Ramesh",
		Phone: "+919876543210",
	}, balance: 150000, opening: true, begun: true}
	patel := known{
		id: uuid.New(), fields: ledger.PartyFields{Kind: ledger.Customer, Name: "Ramesh Patel"},
		balance: 150000, opening: true, begun: true,
	}
	for name, c := range map[string]struct {
		there existing
		say   func(*Mapping)
		want  []string
		days  []string
	}{
		"computed-amount.xlsx": {want: []string{"Ramesh 33.33"}, days: []string{"2026-04-01 33.33"}},
		"contacts-onto-khata-2.vcf": {
			there: existing{byName: map[string][]known{"ramesh patel": {patel}}},
			want:  []string{"Ramesh Patel+919876543210 1500"},
		},
		"credit-payment-columns.csv": {want: []string{"Ramesh 600"}},
		"dates-by-name.csv": {want: []string{"Ramesh 15"}, days: []string{
			"2026-01-05 1", "2026-01-05 2",
			"2026-01-05 3", "2026-01-05 4", "2026-01-05 5",
		}},
		"decimal-comma.csv": {want: []string{"Ramesh 1224.50"}, days: []string{
			"2026-04-01 1234.50",
			"2026-04-03 -10",
		}},
		"get-give-columns.csv": {want: []string{"Ramesh+919876543210 1500", "Sunita+919876500000 -700"}},
		"google-contacts.csv": {want: []string{
			"Ramesh Patel+919876543210 0", "Sunita+919876500000 0",
			"Mahavir Traders+919811111111 0",
		}},
		"hidden-marks-phone.vcf": {want: []string{"Ramesh+919876543210 0", "Sunita+919876500001 0"}},
		"html-as-xls.xls":        {want: []string{"Ramesh+919876543210 1500", "Sunita+919876500000 700"}},
		"indian-amounts.csv": {want: []string{
			"A 500", "B 500", "C -1200", "D 500", "E 500", "F 500",
			"G 500",
		}},
		"khatabook-clone-export.csv": {want: []string{"Ramesh 500"}, days: []string{
			"2026-01-05 -1500",
			"2026-01-02 2000",
		}},
		"khatabook-heads.csv": {want: []string{"Ramesh 500"}, days: []string{
			"2026-01-02 2000",
			"2026-01-05 -1500",
		}},
		"merged-name.xlsx": {want: []string{"Ramesh 300"}},
		"month-first.csv": {want: []string{"Ramesh 1200"}, days: []string{
			"2026-01-02 1000",
			"2026-01-13 -200", "2026-02-03 500", "2026-02-28 -100",
		}},
		"newest-first.csv":        {want: []string{"Ramesh 600"}},
		"one-party-statement.csv": {want: []string{"ask party"}},
		"own-export-opening.csv": {want: []string{"Ramesh+919876543210 150"}, days: []string{
			"2026-04-02 -100",
			"2026-03-31 250",
		}},
		"phone-placeholder.csv": {want: []string{
			"Ramesh+919876543210 100", "Lal 600", "Kaka 700",
			"Gita+919876543210 300",
		}},
		"same-name-other-phone-1.csv": {want: []string{"Ramesh+919876543210 1500"}},
		"same-name-other-phone-2.csv": {
			there: existing{byName: map[string][]known{"ramesh": {ramesh}}},
			want:  []string{"Ramesh+919000000001 5000"},
		},
		"sep-line.csv":         {want: []string{"Ramesh 100", "Sunita 200"}},
		"title-rows-above.csv": {want: []string{"Ramesh 500"}},
		"total-row.csv":        {want: []string{"Ramesh+919876543210 1500", "Sunita+919876500000 -700"}},
		"utc-timestamp.csv":    {want: []string{"Ramesh 1000"}, days: []string{"2026-04-01 1000"}},
		"vcard-agent.vcf":      {want: []string{"Big Boss+919811111120 0"}},
		"xlsx-prefix.xlsx":     {want: []string{"Ramesh 100"}},
	} {
		p := readFile(t, "faults/"+name, c.there, c.say)
		if diff := cmp.Diff(c.want, said(p)); diff != "" {
			t.Errorf("%s: %s\n%v %v", name, diff, p.Problems, p.Left)
		}
		if diff := cmp.Diff(c.days, days(p)); c.days != nil && diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// What a file does not say is asked, what is left out is shown, and what the file says of itself is compared.
func TestFaultsSayMore(t *testing.T) {
	t.Parallel()
	reasons := func(list []Problem) (out []string) {
		for _, p := range list {
			out = append(out, fmt.Sprintf("%d "+p.Reason.Text, append([]any{p.Line}, p.Reason.Args...)...))
		}
		return out
	}
	p := readFile(t, "faults/one-party-statement.csv", existing{}, func(m *Mapping) { m.Party = "Ramesh" })
	if diff := cmp.Diff([]string{"Ramesh 600"}, said(p)); diff != "" || len(p.Entries) != 2 || p.Check == nil ||
		!p.Check.Agrees() {
		t.Errorf("all of this is Ramesh: %s %+v", diff, p.Check)
	}
	if diff := cmp.Diff([]string{
		"5 This is a closing balance, not an entry.",
		"2 This is a balance brought forward, not an entry.",
	}, reasons(p.Left)); diff != "" {
		t.Error(diff)
	}
	p = readFile(t, "faults/newest-first.csv", existing{}, nil)
	if p.Entries[0].ID.String() < p.Entries[1].ID.String() || !p.Check.Agrees() {
		t.Errorf("the entry of the morning does not stand first: %+v", p.Check)
	}
	p = readFile(t, "faults/own-export-opening.csv", existing{}, nil)
	if len(p.Entries) != 2 || !p.Entries[1].Opening || p.Entries[0].Opening || !p.Check.Agrees() {
		t.Errorf("the old balance is no opening: %+v", p.Entries)
	}
	p = readFile(t, "faults/title-rows-above.csv", existing{}, nil)
	if diff := cmp.Diff([]string{"1 This is above the header row.", "2 This is above the header row."},
		reasons(p.Left)); diff != "" {
		t.Error(diff)
	}
	p = readFile(t, "faults/total-row.csv", existing{}, nil)
	if diff := cmp.Diff([]string{"4 This is a total, not an entry."}, reasons(p.Left)); diff != "" {
		t.Error(diff)
	}
	if p = readFile(t, "faults/total-row.csv", existing{}, func(m *Mapping) { m.Take = []int{4} }); p.New != 3 {
		t.Errorf("a line that is to be taken all the same: %v", said(p))
	}
	p = readFile(t, "faults/phone-placeholder.csv", existing{}, nil)
	if diff := cmp.Diff([]string{
		"3 “N/A” is not a phone number and is skipped.",
		"4 “-” is not a phone number and is skipped.",
		"5 Of several phone numbers, the first is used: +919876543210.",
	}, reasons(p.Notes)); diff != "" {
		t.Error(diff)
	}
	p = readFile(t, "faults/computed-amount.xlsx", existing{}, nil)
	if diff := cmp.Diff([]string{"2 33.333333 is finer than the smallest coin, and is rounded to ₹33.33."},
		reasons(p.Notes)); diff != "" {
		t.Error(diff)
	}
	p = readFile(t, "faults/khatabook-heads.csv", existing{}, func(m *Mapping) {
		m.Columns[3], m.Columns[4] = Ignore,
			Ignore
	})
	if diff := cmp.Diff([]string{"ask sides"}, said(p)); diff != "" {
		t.Errorf("figures left out by hand: %s", diff)
	}
}

// On a plan with room for five, five of three hundred contacts are chosen by their lines.
func TestFiveOfThreeHundred(t *testing.T) {
	t.Parallel()
	var cards strings.Builder
	for i := range 300 {
		fmt.Fprintf(&cards, "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Contact %d\r\nTEL;TYPE=CELL:98%08d\r\nEND:VCARD\r\n", i,
			i)
	}
	all := readBody(t, []byte(cards.String()), existing{}, nil)
	if all.New != 300 {
		t.Fatalf("%d contacts", all.New)
	}
	p := readBody(t, []byte(cards.String()), existing{}, func(m *Mapping) {
		for _, i := range []int{0, 7, 100, 200, 299} {
			m.Pick = append(m.Pick, all.Parties[i].Line)
		}
	})
	if p.New != 5 || p.Parties[2].Name != "Contact 100" || p.Parties[2].ID != all.Parties[100].ID {
		t.Errorf("chosen: %v", said(p))
	}
}

// The form of a page says what the file does not.
func TestReadMapping(t *testing.T) {
	t.Parallel()
	body := []byte("HDFC Bank\nDate,Narration,Chq,Value Dt,Withdrawal,Deposit\n15/01/2026,UPI,1,15/01/2026,,500\n")
	table, err := Read(body)
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{
		"party": {" \u202aSita\u202c "}, "sides": {"got"}, "days": {"week"}, "kind": {"supplier"},
		"take": {"3, 4", "x"}, "figures": {"leave"},
	}
	want := Mapping{
		Columns: []Field{Date, Details, Ignore, Ignore, Given, Received}, Head: true, Kind: ledger.Supplier,
		Sides: SidesGot, Party: "Sita", Figures: true, Take: []int{3, 4},
	}
	if diff := cmp.Diff(want, ReadMapping(form, table)); diff != "" {
		t.Error(diff)
	}
	form = url.Values{"c0": {"name"}, "c1": {"given"}, "c2": {"nonsense"}, "c4": {"given"}, "head": {"no", "yes"}}
	want = Mapping{Columns: []Field{Name, Given, Ignore, Ignore, Ignore, Ignore}, Head: true, Kind: ledger.Customer}
	if diff := cmp.Diff(want, ReadMapping(form, table)); diff != "" {
		t.Error(diff)
	}
	if ReadMapping(url.Values{"headline": {"1"}}, table); table.Rows[0].Line != 1 || len(table.Above) != 0 {
		t.Errorf("heads in another line: %+v", table.Rows[0])
	}
}
