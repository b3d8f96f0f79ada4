package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Khata says how large the large business is, and the one whose book leaves as a
// spreadsheet. Zero fields take the whole measure.
type Khata struct {
	Parties, Entries int // 0 means 10,000 with 1,000,000
	SheetRows        int // of the spreadsheet; 0 means 100,000
	PageRows         int // of the party whose statement is printed; 0 means 5,000
}

func (k Khata) withDefaults() Khata {
	if k.Parties == 0 {
		k.Parties, k.Entries = 10_000, 1_000_000
	}
	if k.SheetRows == 0 {
		k.SheetRows = 100_000
	}
	if k.PageRows == 0 {
		k.PageRows = 5_000
	}
	return k
}

// A largeShop is one business with very many entries. Its first party has as many as first says.
type largeShop struct{ parties, entries, first int }

const (
	largePartyKind = 16 // and the next, for the next large shop
	words          = `(array['Ramesh','Sita','Mohan','Lakshmi','Iqbal','Gurpreet','Anita','Suresh','Fatima','Joseph','राम','सीता','कृष्ण','Prakash','Meena','Vijay'])`
	surnames       = `(array['Kumar','Traders','Sharma','Patel','Khan','Singh','Stores','Reddy','Das','Agencies','किराना','शर्मा','Enterprises','Gupta'])`
)

// statements fill the shop as business n. A tenth of the parties is settled, a fifth has paid in advance.
func (l largeShop) statements(n int) []seedStatement {
	kind := largePartyKind + l.parties%2 // two shops differ in it
	party := idSQL(kind, fmt.Sprintf("%d * 100000 + p", n))
	name := words + `[1 + p % 16] || ' ' || ` + surnames + `[1 + p / 16 % 14] || ' ' || p`
	tenant := idSQL(accountKind, fmt.Sprint(n)) + ", " + idSQL(businessKind, fmt.Sprint(n))
	user := idSQL(userKind, fmt.Sprint(n))
	return []seedStatement{
		{`insert into tijori.parties (account_id, business_id, id, kind, name, name_key, phone, request_hash, created_by, created_at, updated_at)
			select ` + tenant + `, ` + party + `, case when p % 8 = 0 then 'supplier' else 'customer' end,
			` + name + `, lower(` + name + `), '+9198' || lpad((p::bigint * 7919 % 100000000)::text, 8, '0'),
				decode(repeat('00', 32), 'hex'), ` + user + `, timestamptz '2024-01-01', timestamptz '2024-01-01'
			from generate_series(1, $1::int) p order by p`, []any{l.parties}},
		{`insert into tijori.entries (account_id, business_id, id, party_id, side, amount_minor, business_date, note, request_hash, created_by, created_at, updated_at)
			select ` + tenant + `,
			('01920200-` + fmt.Sprintf("%04x", n) + `-7000-8000-' || lpad(to_hex(e), 12, '0'))::uuid, ` + party + `,
				case when e % 2 = 0 then 'received' else 'given' end,
				case when p % 10 = 0 then 5000 when p % 5 = 1 then 100 + (e::bigint * 7919 % 500000) + e % 2 * -90
				    when e % 2 = 0 then 100 + (e::bigint * 7919 % 400000) else 100 + (e::bigint * 104729 % 500000) end,
				date '2024-01-01' + (e::bigint * 700 / $2)::int,
				    case when e % 4 = 0 then 'sugar, tea and rice' else '' end,
				decode(repeat('00', 32), 'hex'), ` + user + `, timestamptz '2025-06-01', timestamptz '2025-06-01'
			from generate_series(1, $2::int) e
			cross join lateral (select case when e <= 2 * $3::int and e % 2 = 0 then 1 else 1 + (e::bigint * 7919 % $1)::int end as p) x`, []any{l.parties, l.entries, l.first}},
	}
}

func (l largeShop) partyID(n, p int) string {
	return seededID(largePartyKind+l.parties%2, n*100000+p).String()
}

// A khataRun is RunKhata under way.
type khataRun struct {
	*run
	Khata
	lines []khataLine
	extra []figure
}

type figure struct {
	name  string
	value float64
	unit  string
}

// A khataLine is one kind of request at the compared number of clients.
type khataLine struct {
	name, figure string
	rounds       []sample
}

// RunKhata measures what a shopkeeper with a very large book waits for: pages of
// parties and entries, searches, files and the first view. Each line "figure" says what is asked in issue 5.
func RunKhata(ctx context.Context, c Config, k Khata) (err error) {
	r := &khataRun{run: &run{Config: c.withDefaults(), log: &statementLog{}}, Khata: k.withDefaults()}
	r.large = []largeShop{{r.Khata.Parties &^ 1, r.Khata.Entries, r.PageRows}, {
		max(r.SheetRows/100, 1) | 1,
		r.SheetRows, 1,
	}}
	defer func() { err = errors.Join(err, r.close()) }()
	if err := r.open(ctx); err != nil {
		return err
	}
	if err := r.seed(ctx); err != nil {
		return fmt.Errorf("seed the benchmark: %w", err)
	}
	if err := r.startAgain(ctx); err != nil {
		return err
	}
	for _, part := range []func(context.Context) error{r.measureFirstView, r.measureKhata, r.measureFiles} {
		if err := part(ctx); err != nil {
			return fmt.Errorf("%w: the server's last words: %s", err, r.server.output)
		}
	}
	if err := r.write(c.Out, r.machine(ctx)); err != nil {
		return err
	}
	return r.tidy(ctx)
}

// startAgain gives a part a server that has done nothing yet.
func (r *khataRun) startAgain(ctx context.Context) (err error) {
	if r.server != nil {
		if err := r.server.stop(); err != nil {
			return err
		}
		r.server = nil
	}
	r.server, err = startServer(ctx, append(slices.Clone(r.Server), "--no-jobs"), r.pg.DSN(databaseName, "postgres"),
		r.scratch)
	return err
}

func (r *khataRun) business(shop int) int { return r.Businesses + 1 + shop }

func (r *khataRun) pagePath(shop int) string {
	return "/b/" + seededID(businessKind, r.business(shop)).String()
}

func (r *khataRun) apiPath() string {
	return "/api/businesses/" + seededID(businessKind, r.business(0)).String()
}

// get makes the bytes of a request of the owner of a large shop.
func (r *khataRun) get(shop int, accept, path string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: %s\r\nCookie: session=%s\r\n",
		path, accept, token(r.business(shop)))
	if accept == "text/html" {
		b.WriteString("Accept-Encoding: gzip\r\n")
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

var nextPage = regexp.MustCompile(`[?&;]after=([A-Za-z0-9_-]+)`)

// laterPage is the address of the tenth page of a list.
func (r *khataRun) laterPage(query string) (string, error) {
	path := r.pagePath(0) + "?" + query
	for range 9 {
		body, err := r.page(path)
		if err != nil {
			return "", err
		}
		m := nextPage.FindSubmatch(body)
		if m == nil {
			break // a short list in a short run
		}
		path = r.pagePath(0) + "?" + query + "&after=" + string(m[1])
	}
	return path, nil
}

// page reads one page as the owner of the large shop.
func (r *khataRun) page(path string) ([]byte, error) {
	req, err := http.NewRequest(http.MethodGet, "http://"+r.server.addr+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Cookie", "session="+token(r.business(0)))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", path, resp.Status)
	}
	return body, err
}

// measureKhata measures the pages.
func (r *khataRun) measureKhata(ctx context.Context) error {
	list, api := r.pagePath(0), r.apiPath()
	later, err := r.laterPage("")
	if err != nil {
		return err
	}
	fixed := func(accept, path string) func() []byte {
		request := r.get(0, accept, path)
		return func() []byte { return request }
	}
	anyParty := func() string { return r.large[0].partyID(r.business(0), 2+rand.IntN(r.large[0].parties-1)) }
	texts := []string{"ramesh kum", "सीता", "khan 12", "lakshmi", "stores 77", "gupta 1", "nobody such"}
	for _, l := range []struct {
		name, figure string
		next         func() []byte
	}{
		{"party list", "party_list", fixed("text/html", list)},
		{"party list, JSON", "party_list_json", fixed("application/json", api+"/parties")},
		{"party list, tenth page", "party_list_later", fixed("text/html", later)},
		{"party list, who owes", "party_list_due", fixed("text/html", list+"?show=due")},
		{"party list, whom we owe", "party_list_advance", fixed("text/html", list+"?show=advance")},
		{"party list, by name", "party_list_name", fixed("text/html", list+"?sort=name")},
		{"party list, latest", "party_list_recent", fixed("text/html", list+"?sort=recent")},
		{"party list, oldest due", "party_list_oldest", fixed("text/html", list+"?sort=oldest")},
		{"party page", "party_page", func() []byte { return r.get(0, "text/html", list+"/p/"+anyParty()) }},
		{
			fmt.Sprintf("party page of %d entries", r.PageRows), "party_page_long",
			fixed("text/html", list+"/p/"+r.large[0].partyID(r.business(0), 1)),
		},
		{"search, words", "search", func() []byte {
			return r.get(0, "text/html", list+"?q="+url.QueryEscape(texts[rand.IntN(len(texts))]))
		}},
		{
			"search, digits", "search_digits",
			func() []byte { return r.get(0, "text/html", list+fmt.Sprintf("?q=%d", 100+rand.IntN(9900))) },
		},
		{"search that half of all match", "search_wide", fixed("text/html", list+"?q=a")},
		{"add entry", "khata_add_entry", func() []byte { return r.addEntry(anyParty()) }},
	} {
		r.say("measuring %s", l.name)
		line := khataLine{name: l.name, figure: l.figure}
		if _, err := r.load(ctx, compared, r.Round/3, l.next); err != nil { // as a server that has been up for a while
			return fmt.Errorf("%s: %w", l.name, err)
		}
		for range r.Rounds {
			s, err := r.load(ctx, compared, r.Round, l.next)
			if err != nil {
				return fmt.Errorf("%s: %w", l.name, err)
			}
			line.rounds = append(line.rounds, s)
		}
		r.lines = append(r.lines, line)
	}
	return nil
}

func (r *khataRun) addEntry(party string) []byte {
	body := fmt.Sprintf(`{"id":"%s","party_id":"%s","side":"given","amount":12500,"date":"2025-12-30","note":"sugar"}`,
		freshID(fresh.Add(1)), party)
	return fmt.Appendf(nil,
		"POST %s/entries HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\nCookie: session=%s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		r.apiPath(), token(r.business(0)), len(body), body)
}

// median is the middle of what the rounds say.
func (l *khataLine) median(of func(*sample) float64) float64 {
	var all []float64
	for i := range l.rounds {
		all = append(all, of(&l.rounds[i]))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func (r *khataRun) write(out io.Writer, machine string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s; %d clients, medians of %d rounds\n\n", machine, r.sizes(), compared, r.Rounds)
	t := tabwriter.NewWriter(&b, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "request\tper second\tp50 ms\tp95 ms\tp99 ms\tserver µs\t")
	share := func(p float64) func(*sample) float64 {
		return func(s *sample) float64 { return float64(s.percentile(p)) / float64(time.Millisecond) }
	}
	for i := range r.lines {
		l := &r.lines[i]
		fmt.Fprintf(t, "%s\t%.0f\t%.1f\t%.1f\t%.1f\t%.0f\t\n",
			l.name, l.median((*sample).perSecond), l.median(share(0.5)), l.median(share(0.95)), l.median(share(0.99)),
			l.median(func(s *sample) float64 { return float64(s.cpuEach().Microseconds()) }))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	b.WriteString("\n")
	for i := range r.lines {
		fmt.Fprintf(&b, "figure %s_p95 %.2f ms\n", r.lines[i].figure, r.lines[i].median(share(0.95)))
	}
	for _, f := range r.extra {
		fmt.Fprintf(&b, "figure %s %.2f %s\n", f.name, f.value, f.unit)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func (r *khataRun) sizes() string {
	return fmt.Sprintf("a business of %d parties and %d entries, one of %d entries, and %d of %d parties and %d entries each",
		r.large[0].parties, r.large[0].entries, r.large[1].entries, r.Businesses, r.Config.Parties, r.Config.Entries)
}
