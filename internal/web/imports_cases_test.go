package web

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/ledger/intake"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/bulk"
)

var importTrials = map[string]trial{
	"GET /b/{business}/import": {
		ask: func(i ids) ask { return ask{path: i.shop() + "/import"} }, status: 200,
		free: true, shows: `type="file"`,
	},
	"POST /b/{business}/import": {status: 303, free: true, shows: "/import/", ask: func(i ids) ask {
		return form(i.shop()+"/import", "text", "Name,Balance\nMohan,100\n")
	}},
	"GET /b/{business}/import/{upload}": {
		private: true,
		ask:     func(i ids) ask { return ask{path: i.shop() + "/import/" + i.get("upload")} }, status: 200,
		shows: wordOfA + "party in a file",
	},
	"POST /b/{business}/import/{upload}": {status: 303, shows: "/import", ask: func(i ids) ask {
		return form(i.shop()+"/import/"+i.get("upload"), "day", "2026-04-01")
	}},
}

func (w *world) sendFile(name string, body []byte) answer {
	w.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	part, err := m.CreateFormFile("file", name)
	w.ok(err)
	_, err = part.Write(body)
	w.ok(err)
	w.ok(m.Close())
	r, err := http.NewRequest("POST", w.url+"/b/"+w.a.ids["business"]+"/import", &b)
	w.ok(err)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return w.do(r, w.a.Token)
}

func (w *world) living() (entries, parties int) {
	w.Helper()
	return one[int](w, `select count(*) from entries where business_id = $1 and deleted_at is null`, w.a.BusinessID),
		one[int](w, `select count(*) from parties where business_id = $1 and deleted_at is null`, w.a.BusinessID)
}

// A file is seen first, brought in once, and taken back with one tap.
func TestImport(t *testing.T) {
	t.Parallel()
	w := owned(t)
	entries, parties := w.living()
	before := w.rowsOf(w.a)
	got := w.sendFile(`C:\khata\old <b>.csv`,
		[]byte("Name,Phone,Balance\nSita Devi,9876500000,\"1,200\"\nMohan,,-300\n"+wordOfA+
			"party living,,7\nBad,12x,ten\n"))
	if got.status != 303 {
		t.Fatalf("send: %d %.300s", got.status, got.body)
	}
	at := got.location()
	page := w.send("GET", ask{path: at}, w.a.Token)
	for _, want := range []string{
		"old &lt;b&gt;.csv", "Sita Devi", "₹1,200", "₹12,34,575",
		"Write an amount, such as 250 or 250+90.", "Line 5", "Skip the 1 line",
	} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the dry run does not say %q", want)
		}
	}
	for table, sum := range w.rowsOf(w.a) {
		if before[table] != sum && !strings.HasPrefix(table, "uploads") && !strings.HasPrefix(table, "credentials") {
			t.Errorf("a dry run changed %s", table)
		}
	}
	if got = w.send("POST", form(at, "day", "2026-04-01"), w.a.Token); got.status != 422 {
		t.Errorf("with a problem: %d, want 422", got.status)
	}
	for range 2 { // a double tap
		if got = w.send("POST", form(at, "day", "2026-04-01", "skip", "yes"), w.a.Token); got.status != 303 {
			t.Fatalf("bring in: %d %.300s", got.status, got.body)
		}
	}
	if e, p := w.living(); e != entries+3 || p != parties+2 {
		t.Errorf("%d entries and %d parties more, want 3 and 2", e-entries, p-parties)
	}
	if n := one[int](w, `select count(*) from entries where business_id = $1 and opening
		and business_date = '2026-04-01' and deleted_at is null`, w.a.BusinessID); n != 3 {
		t.Errorf("%d opening balances, want 3", n)
	}
	if got = w.send("GET", ask{path: at}, w.a.Token); got.status != 404 {
		t.Errorf("the file after its import: %d, want 404", got.status)
	}
	if n := one[int](w, `select octet_length(body) from uploads where id = $1`,
		at[strings.LastIndex(at, "/")+1:]); n != 0 {
		t.Errorf("%d bytes of the file are still there", n)
	}
	got = w.send("GET", ask{path: "/b/" + w.a.ids["business"] + "/import"}, w.a.Token)
	if !strings.Contains(got.body, "old &lt;b&gt;.csv") || !strings.Contains(got.body, "2 new parties") {
		t.Error("the import is not listed")
	}
	got = w.send("POST", form("/b/"+w.a.ids["business"]+"/batches/"+at[strings.LastIndex(at, "/")+1:]+"/undo"),
		w.a.Token)
	if e, p := w.living(); got.status != 303 || !strings.Contains(got.location(), "/import?undone=") || e != entries ||
		p != parties {
		t.Errorf("undo: %d to %q, %d entries and %d parties too many", got.status, got.location(), e-entries, p-parties)
	}
	if got = w.send("GET", ask{path: got.location()}, w.a.Token); !strings.Contains(got.body, "Undone.") {
		t.Error("the undo is not told")
	}
}

// What cannot be read is refused beside the field, kindly, and leaves nothing.
func TestImportRefuses(t *testing.T) {
	t.Parallel()
	w := owned(t)
	before := w.rowsOf(w.a)
	for name, c := range map[string]struct {
		body   []byte
		status int
		says   string
	}{
		"no.csv":     {nil, 422, "Choose a file, or paste the rows."},
		"broken.csv": {[]byte("Name\n\"Ram\n"), 422, "Line 2: a quotation mark"},
		"large.csv":  {bytes.Repeat([]byte("x"), intake.MaxFile+5), 413, "at most 10 MB"},
		"cut.xlsx":   {[]byte("PK\x03\x04..."), 422, "This Excel file is damaged"},
	} {
		got := w.sendFile(name, c.body)
		if got.status != c.status || !strings.Contains(got.body, c.says) || !strings.Contains(got.body,
			`aria-invalid="true"`) {
			t.Errorf("%s: %d, want %d and %q beside the field", name, got.status, c.status, c.says)
		}
	}
	w.unchanged(before, "a file that cannot be read")
}

// The Free plan imports as much as it holds; one party more, and nothing is written.
func TestImportIsHeldByThePlan(t *testing.T) {
	t.Parallel()
	w := owned(t)
	w.free(w.a)
	_, parties := w.living()
	send := func(n int) answer {
		text := "Name\n"
		for i := range n {
			text += fmt.Sprintf("Person %d\n", i)
		}
		return w.sendFile("people.csv", []byte(text))
	}
	at := send(6 - parties).location()
	if page := w.send("GET", ask{path: at}, w.a.Token); !strings.Contains(page.body, "and this file brings") {
		t.Error("the dry run does not say that there is no room")
	}
	before := w.rowsOf(w.a)
	if got := w.send("POST", form(at), w.a.Token); got.status != 403 || !strings.Contains(got.body,
		"/billing/checkout") {
		t.Errorf("one too many: %d, want 403 with the way to more", got.status)
	}
	w.unchanged(before, "an import without room")
	if got := w.send("POST", form(send(5-parties).location()), w.a.Token); got.status != 303 {
		t.Errorf("as many as there is room for: %d", got.status)
	}
	if _, p := w.living(); p != 5 {
		t.Errorf("%d parties, want 5", p)
	}
}

// An upload is its sender's: not even another owner or manager of the business opens it.
func TestUploadIsOnesOwn(t *testing.T) {
	t.Parallel()
	w := owned(t)
	at := "/b/" + w.a.ids["business"] + "/import/" + w.a.ids["upload"]
	for who, u := range w.people {
		if got := w.send("GET", ask{path: at}, u.Token); got.status != 404 && got.status != 403 {
			t.Errorf("%s: %d, want 404 or 403", who, got.status)
		}
	}
	w.exec(`update uploads set expires_at = now() - interval '1 second' where id = $1`, w.a.ids["upload"])
	if got := w.send("GET", ask{path: at}, w.a.Token); got.status != 404 {
		t.Errorf("an hour later: %d, want 404", got.status)
	}
	_, err := w.accounts.Expire(w.Context())
	w.ok(err)
	if n := one[int](w, `select count(*) from uploads where id = $1`, w.a.ids["upload"]); n != 0 {
		t.Error("the sweep leaves the file")
	}
}

// A file that arrives slowly keeps no connection to the database, and who sends too many at once waits for none of
// them.
func TestSlowUploadHoldsNothing(t *testing.T) {
	t.Parallel()
	w := owned(t)
	var slow []*io.PipeWriter
	var done []chan struct{}
	for range bulk.MaxOwnArrivals {
		from, to := io.Pipe()
		m := multipart.NewWriter(to)
		r, err := http.NewRequest("POST", w.url+"/b/"+w.a.ids["business"]+"/import", from)
		w.ok(err)
		r.Header.Set("Content-Type", m.FormDataContentType())
		out := make(chan struct{})
		go func() {
			defer close(out)
			if got, err := w.client.Do(withSession(r, w.a.Token)); err == nil {
				got.Body.Close()
				t.Errorf("a broken line: %d", got.StatusCode)
			}
		}()
		part, err := m.CreateFormFile("file", "slow.csv")
		w.ok(err)
		// more than lies between the two ends: it is being read
		_, err = part.Write([]byte("Name,Balance\n" + strings.Repeat("Somebody,1\n", 800_000)))
		w.ok(err)
		slow, done = append(slow, to), append(done, out)
	}
	if n := w.db.App.Stat().AcquiredConns(); n != 0 {
		t.Errorf("%d connections are held while files arrive", n)
	}
	if got := w.sendFile("more.csv", []byte("Name\nRam\n")); got.status != 429 {
		t.Errorf("one more file: %d, want 429", got.status)
	}
	for i, to := range slow {
		w.ok(to.CloseWithError(io.ErrUnexpectedEOF)) // the line breaks
		<-done[i]
	}
	if got := w.sendFile("more.csv", []byte("Name\nRam\n")); got.status != 303 {
		t.Errorf("afterwards: %d, want 303", got.status)
	}
	if got := w.send("POST", ask{path: "/b/" + w.a.ids["business"] + "/import", form: values("text", "Name\nRam\n")},
		w.people["counter of business"].Token); got.status != 403 {
		t.Errorf("a counter sends a file: %d, want 403", got.status)
	}
}

// Whichever page says so, and however many at once, an upload is imported once; what comes later finds it done.
func TestOneUploadOnTwoPages(t *testing.T) {
	t.Parallel()
	w := owned(t)
	entries, parties := w.living()
	at := w.sendFile("a.csv",
		[]byte("Date,Party,Gave,Got\n1/4/2026,Sita Devi,10,\n1/4/2026,Bad,x,\n2/4/2026,Mohan,,7\n")).location()
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			pairs := []string{"skip", "yes"}
			if i%2 == 1 { // another page reads the columns otherwise
				pairs = append(pairs, "c0", "date", "c1", "name", "c2", "received", "c3", "given", "head", "yes")
			}
			if got := w.send("POST", form(at, pairs...), w.a.Token); got.status != 303 {
				t.Errorf("bring in: %d %.300s", got.status, got.body)
			}
		})
	}
	all.Wait()
	if e, p := w.living(); e != entries+2 || p != parties+2 {
		t.Errorf("%d entries and %d parties more, want 2 and 2", e-entries, p-parties)
	}
	if n := one[int](w, `select count(*) from batches where id = $1`, at[strings.LastIndex(at, "/")+1:]); n != 1 {
		t.Errorf("%d batches", n)
	}
	w.send("POST", form("/b/"+w.a.ids["business"]+"/batches/"+at[strings.LastIndex(at, "/")+1:]+"/undo"), w.a.Token)
	if got := w.send("POST", form(at, "skip", "yes"), w.a.Token); got.status != 404 {
		t.Errorf("what was taken back comes in again: %d, want 404", got.status)
	}
}

// The same file again is told, with the rows that are there; they can be left out, and nothing is left out unasked.
func TestSameFileTwice(t *testing.T) {
	t.Parallel()
	w := owned(t)
	file := []byte("Date,Party,Gave,Got,Note\n1/4/2026,Sita Devi,10,,tea\n1/4/2026,Sita Devi,10,,tea again\n2/4/2026,Mohan,,7,\n")
	first := w.sendFile("april.csv", file).location()
	page := w.send("GET", ask{path: first}, w.a.Token)
	if !strings.Contains(page.body, "1 row repeats one further up in the file") || strings.Contains(page.body,
		"This same file") || strings.Contains(page.body, "in the khata already (same") {
		t.Error("the first time: a row that repeats another is not told, or more than that")
	}
	if got := w.send("POST", form(first), w.a.Token); got.status != 303 {
		t.Fatalf("bring in: %d", got.status)
	}
	entries, _ := w.living()
	again := w.sendFile("other name.csv", append(bytes.TrimSpace(file),
		"\n3/4/2026,Mohan,5,,new\n1/4/2026,Sita Devi,10,,a third\n"...)).location()
	page = w.send("GET", ask{path: again}, w.a.Token)
	for _, want := range []string{
		"3 entries like these are in the khata already", "1 row repeats one further up",
		"in the khata already", "Leave them out", "Line 6",
	} {
		if !strings.Contains(page.body, want) {
			t.Errorf("a longer file: the dry run does not say %q", want)
		}
	}
	page = w.send("GET", ask{path: again, query: values("twins", "leave")}, w.a.Token)
	if !strings.Contains(page.body, "3 entries that are in the khata already are skipped.") ||
		!strings.Contains(page.body, `name="twins" value="leave"`) {
		t.Error("left out: the dry run does not say so")
	}
	same := w.sendFile("same.csv", file).location()
	if page = w.send("GET", ask{path: same}, w.a.Token); !strings.Contains(page.body,
		"This same file was imported before") || !strings.Contains(page.body, "april.csv") {
		t.Error("the same file is not known again")
	}
	again = w.sendFile("other name.csv", append(bytes.TrimSpace(file),
		"\n3/4/2026,Mohan,5,,new\n1/4/2026,Sita Devi,10,,a third\n"...)).location()
	if got := w.send("POST", form(again, "twins", "leave"), w.a.Token); got.status != 303 {
		t.Fatalf("bring in the rest: %d", got.status)
	}
	if e, _ := w.living(); e != entries+2 {
		t.Errorf("%d entries more, want the 2 that were not there", e-entries)
	}
}

// When the database dies, the user stops it or goes away in the middle of an import, nothing is there; then the same
// page brings it all in.
func TestImportEndsInTheMiddle(t *testing.T) {
	t.Parallel()
	w := owned(t)
	entries, parties := w.living()
	at := w.sendFile("year.csv", []byte("Date,Party,Gave\n1/4/2026,Sita Devi,10\n2/4/2026,Mohan,20\n")).location()
	task := "/api/businesses/" + w.a.ids["business"] + "/tasks/" + at[strings.LastIndex(at, "/")+1:]
	// begin begins an import that comes as far as its entries, whose table somebody else holds.
	begin := func(ctx context.Context) (out chan answer, free func()) {
		t.Helper()
		tx, err := w.db.Super.Begin(t.Context())
		w.ok(err)
		_, err = tx.Exec(t.Context(), `lock table entries in share mode`)
		w.ok(err)
		out = make(chan answer, 1)
		r, err := form(at).request("POST", w.url)
		w.ok(err)
		go func() {
			got, err := w.client.Do(withSession(r.WithContext(ctx), w.a.Token))
			if err != nil {
				out <- answer{}
				return
			}
			got.Body.Close()
			out <- answer{status: got.StatusCode, header: got.Header}
		}()
		w.until("the parties are written", func() bool { return one[bool](w, waitingForEntries) })
		return out, func() { w.ok(tx.Rollback(t.Context())) }
	}
	nothing := func(what string) {
		t.Helper()
		w.until(what+": its transaction has ended", func() bool { return !w.reading() })
		if e, p := w.living(); e != entries || p != parties {
			t.Errorf("%s: %d entries, %d parties of half an import", what, e-entries, p-parties)
		}
	}

	out, free := begin(t.Context())
	w.exec(`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()
		and usename = 'tijori_app'`)
	if got := <-out; got.status < 500 {
		t.Errorf("the database died: %d", got.status)
	}
	free()
	nothing("the database died")

	out, free = begin(t.Context())
	w.until("the page is told", func() bool { return w.send("GET", ask{path: task}, w.a.Token).status == 200 })
	if got := w.send("POST", ask{path: task + "/stop", json: map[string]any{}}, w.a.Token); got.status != 200 {
		t.Errorf("stop: %d", got.status)
	}
	if got := <-out; got.status != 303 || !strings.HasPrefix(got.location(), at) {
		t.Errorf("stopped: %d to %q, want the dry run again", got.status, got.location())
	}
	nothing("stopped")
	free()

	ctx, leave := context.WithCancel(t.Context())
	_, free = begin(ctx)
	leave()
	nothing("the page was closed")
	free()

	if got := w.send("POST", form(at), w.a.Token); got.status != 303 || strings.HasPrefix(got.location(), at) {
		t.Errorf("once more: %d to %q", got.status, got.location())
	}
	if e, p := w.living(); e != entries+2 || p != parties+2 {
		t.Errorf("%d entries, %d parties more, want 2 and 2", e-entries, p-parties)
	}
}

const waitingForEntries = `select exists (select 1 from pg_stat_activity where datname = current_database()
	and usename = 'tijori_app' and wait_event_type = 'Lock' and query like '%insert into tijori.entries%')`

func withSession(r *http.Request, token string) *http.Request {
	r.AddCookie(&http.Cookie{Name: "session", Value: token})
	return r
}

// A lock that is set between the dry run and the import holds.
func TestImportOnALockedDay(t *testing.T) {
	t.Parallel()
	w := owned(t)
	at := w.sendFile("a.csv", []byte("Date,Party,Gave\n1/4/2026,Sita Devi,10\n")).location()
	if page := w.send("GET", ask{path: at}, w.a.Token); !strings.Contains(page.body, "You can undo the whole import") {
		t.Error("the dry run finds a problem")
	}
	w.ok(w.db.As(t.Context(), w.a.Caller, func(tx *postgres.Tx) error {
		_, err := ledger.SetLock(t.Context(), tx, fresh(), ledger.LockForm{Until: time.Date(2026, 4, 1, 0, 0, 0, 0,
			time.UTC), Today: time.Now(), From: time.Date(2001, 1, 31, 0, 0, 0, 0, time.UTC), Reason: "closed"})
		return err
	}))
	before := w.rowsOf(w.a)
	if got := w.send("POST", form(at), w.a.Token); got.status != 422 || !strings.Contains(got.body,
		"This day is locked.") {
		t.Errorf("bring in: %d, want 422 with the line", got.status)
	}
	w.unchanged(before, "an import on a locked day")
}

// Fifty thousand rows go in and come back out.
func TestImportOfFiftyThousandRows(t *testing.T) {
	t.Parallel()
	w := owned(t)
	entries, parties := w.living()
	var text strings.Builder
	text.WriteString("Date,Party,Gave,Got,Note\n")
	for i := range intake.MaxRows {
		fmt.Fprintf(&text, "%d/4/2026,Party %d,%d,,rice\n", i%28+1, i%5000, i+1)
	}
	w.client.Timeout = 3 * time.Minute
	start := time.Now()
	at := w.sendFile("year.csv", []byte(text.String())).location()
	sent := time.Since(start)
	if got := w.send("GET", ask{path: at}, w.a.Token); got.status != 200 || !strings.Contains(got.body, "50000") {
		t.Fatalf("dry run: %d", got.status)
	}
	seen := time.Since(start)
	if got := w.send("POST", form(at), w.a.Token); got.status != 303 {
		t.Fatalf("bring in: %d %.300s", got.status, got.body)
	}
	in := time.Since(start)
	if e, p := w.living(); e != entries+intake.MaxRows || p != parties+5000 {
		t.Fatalf("%d entries, %d parties more", e-entries, p-parties)
	}
	got := w.send("POST", form("/b/"+w.a.ids["business"]+"/batches/"+at[strings.LastIndex(at, "/")+1:]+"/undo"),
		w.a.Token)
	if e, p := w.living(); got.status != 303 || e != entries || p != parties {
		t.Fatalf("undo: %d, %d entries and %d parties too many", got.status, e-entries, p-parties)
	}
	t.Logf("sent and read %v, dry run %v, brought in %v, undone %v", sent, seen-sent, in-seen, time.Since(start)-in)
}
