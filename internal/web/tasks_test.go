package web

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/freeze"
	"github.com/tijorihq/tijori/internal/incident"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
)

var taskTrials = map[string]trial{
	"GET /api/businesses/{business}/tasks/{task}": {
		private: true, status: 200, shows: `"state":"running","done":5`,
		ask: func(i ids) ask {
			return ask{path: "/api/businesses/" + i.get("business") + "/tasks/" + i.get("task")}
		},
	},
	"POST /api/businesses/{business}/tasks/{task}/stop": {
		private: true, noBody: true, status: 200, shows: `"stopped"`,
		ask: func(i ids) ask {
			return ask{
				path: "/api/businesses/" + i.get("business") + "/tasks/" + i.get("task") + "/stop",
				json: map[string]any{},
			}
		},
	},
}

// manyEntries gives A's party entries that fill more than a connection holds before it is read.
func (w *world) manyEntries(n int) {
	w.Helper()
	tx, err := w.db.Super.Begin(w.Context())
	w.ok(err)
	for _, sql := range []string{
		`set local session_replication_role = replica`,
		`insert into entries (account_id, business_id, id, party_id, side, amount_minor, business_date, note, request_hash, created_by)
		select account_id, business_id, gen_random_uuid(), id, 'given', 100, date '2026-01-01' + i % 300,
		    repeat('rice and dal ', 10), sha256('x'), created_by
		from parties, generate_series(1, ` + strconv.Itoa(n) + `) i where id = '` + w.a.ids["party"] + `'`,
		`analyze entries`,
	} {
		_, err := tx.Exec(w.Context(), sql)
		w.ok(err)
	}
	w.ok(tx.Commit(w.Context()))
}

// reading reports whether the database works on somebody's rows.
func (w *world) reading() bool {
	w.Helper()
	return one[bool](w, `select exists (select 1 from pg_stat_activity where datname = current_database()
		and usename = 'tijori_app' and (state = 'active' or state like 'idle in transaction%'))`)
}

// until asks for a while.
func (w *world) until(what string, is func() bool) {
	w.Helper()
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if is() {
			return
		}
	}
	w.Fatalf("never came about: %s\n%.2000s", what, w.log.String())
}

// download begins a file; its first bytes, when there are any, are read, and no more.
func (w *world) download(ctx context.Context, file, task string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url+"/b/"+w.a.ids["business"]+"/export."+file+"?task="+
		task, nil)
	if err != nil {
		return nil, err
	}
	r.AddCookie(&http.Cookie{Name: "session", Value: w.a.Token})
	return w.client.Do(r)
}

// A taskAnswer is what the server says of long work.
type taskAnswer struct {
	State, Text string
	Done, Total int64
}

func (w *world) task(id string) (t taskAnswer, status int) {
	w.Helper()
	got := w.send("GET", ask{path: "/api/businesses/" + w.a.ids["business"] + "/tasks/" + id}, w.a.Token)
	if got.status == 200 {
		w.ok(json.Unmarshal([]byte(got.body), &t))
	}
	return t, got.status
}

// A file on its way to a slow reader needs the database no more. It is watched all the same, and ends when it is
// stopped, when its reader goes, and when its reader's session ends.
func TestLongFileIsWatchedAndEnds(t *testing.T) {
	t.Parallel()
	w := owned(t)
	config := w.config
	config.chunk = 10 * time.Minute // however slow the machine
	server := w.serves(config)
	w.manyEntries(200_000)
	begin := func(ctx context.Context, id string) *http.Response {
		t.Helper()
		answer, err := w.download(ctx, "csv", id)
		w.ok(err)
		if _, err := io.ReadFull(answer.Body, make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		w.until("the page is told how far it is", func() bool {
			task, status := w.task(id)
			return status == 200 && task.State == "running" && task.Done >= 200_000 && strings.Contains(task.Text,
				"2,00,00")
		})
		w.until("the database works for it no more", func() bool {
			making, reserved := server.FilesUnderWay()
			return making == 0 && reserved > 0 && !w.reading()
		})
		return answer
	}
	broken := func(what string, answer *http.Response) {
		t.Helper()
		w.until(what+": nothing is kept", func() bool {
			_, reserved := server.FilesUnderWay()
			return reserved == 0
		})
		n, err := io.Copy(io.Discard, answer.Body) // what lies between the two ends
		if err == nil {
			t.Errorf("%s: %d bytes look like a whole file", what, n)
		}
		answer.Body.Close()
	}

	id := newIDText()
	answer := begin(t.Context(), id)
	if got := w.send("POST", ask{
		path: "/api/businesses/" + w.a.ids["business"] + "/tasks/" + id + "/stop",
		json: map[string]any{},
	}, w.people["accountant of account"].Token); got.status != 404 {
		t.Errorf("a colleague stops it: %d, want 404", got.status)
	}
	if got := w.send("POST", ask{
		path: "/api/businesses/" + w.a.ids["business"] + "/tasks/" + id + "/stop",
		json: map[string]any{},
	}, w.a.Token); got.status != 200 {
		t.Fatalf("stop: %d %s", got.status, got.body)
	}
	broken("stopped", answer)
	w.until("the page is told", func() bool { task, _ := w.task(id); return task.State == "stopped" })

	id = newIDText()
	ctx, leave := context.WithCancel(t.Context())
	answer = begin(ctx, id)
	leave()
	broken("its reader has gone", answer)
	w.until("that is written down", func() bool { task, _ := w.task(id); return task.State == "failed" })

	id = newIDText()
	ctx, leave = context.WithCancel(t.Context())
	answer = begin(ctx, id)
	w.send("POST", ask{
		path: "/api/businesses/" + w.a.ids["business"] + "/tasks/" + id + "/stop",
		json: map[string]any{},
	}, w.a.Token)
	leave()
	broken("stopped by a reader who goes", answer)
	time.Sleep(2 * frame.Heartbeat) // whatever the work writes last
	if task, _ := w.task(id); task.State != "stopped" {
		t.Errorf("stopped by a reader who goes: %s", task.State)
	}

	again := w.session(w.a.UserID, w.a.AccountID, "30 days", false)
	id = newIDText()
	answer = begin(t.Context(), id)
	w.exec(`update credentials set revoked_at = now() where encode(hash, 'hex') = $1`, hexHash(w.a.Token))
	w.a.Token = again.token
	broken("signed out", answer)

	answer = begin(t.Context(), newIDText())
	_, _, err := incident.New(w.db.DB).Freeze(t.Context(), "priya", 0, freeze.Exports, uuid.Nil,
		"an export of somebody else's")
	w.ok(err)
	broken("frozen", answer)
}

// A file of which nothing is sent before it is whole leaves the page where it is when it is stopped.
func TestStoppedBeforeItsFirstByte(t *testing.T) {
	t.Parallel()
	w := owned(t)
	tx, err := w.db.Super.Begin(t.Context())
	w.ok(err)
	// the statement gets no row before it is stopped
	_, err = tx.Exec(t.Context(), `lock table entries in access exclusive mode`)
	w.ok(err)
	id := newIDText()
	status := make(chan int, 1)
	go func() {
		answer, err := w.download(t.Context(), "xlsx", id)
		if err != nil {
			status <- -1
			return
		}
		answer.Body.Close()
		status <- answer.StatusCode
	}()
	w.until("it is being made", func() bool { task, _ := w.task(id); return task.State == "running" })
	w.send("POST", ask{
		path: "/api/businesses/" + w.a.ids["business"] + "/tasks/" + id + "/stop",
		json: map[string]any{},
	}, w.a.Token)
	if got := <-status; got != http.StatusNoContent {
		t.Errorf("the download: %d, want 204", got)
	}
	w.ok(tx.Rollback(t.Context()))
	w.until("the statement has ended", func() bool { return !w.reading() })
}

// An id that a colleague uses neither shows nor stops anything of theirs, and the file comes all the same. Work that is
// not heard of has failed.
func TestTaskIsOnesOwn(t *testing.T) {
	t.Parallel()
	w := owned(t)
	as := func(u postgres.Caller, fn func(*postgres.Tx) error) error { return w.db.As(t.Context(), u, fn) }
	id := uuid.MustParse(w.a.ids["task"])
	other := w.people["manager of account"].Caller
	if err := as(other, func(tx *postgres.Tx) error {
		return ledger.BeginTask(t.Context(), tx, id, ledger.ExportTask,
			0)
	}); err == nil {
		t.Error("a colleague takes the id over")
	}
	if task, _ := w.task(id.String()); task.State != "running" || task.Done != 5 {
		t.Errorf("the task = %+v", task)
	}
	w.exec(`update tasks set seen_at = now() - interval '30 seconds' where id = $1`, id)
	if task, _ := w.task(id.String()); task.State != "failed" {
		t.Errorf("silent for half a minute: %+v", task)
	}
	w.exec(`update tasks set seen_at = now() - interval '25 hours' where id = $1`, id)
	_, err := w.accounts.Expire(w.Context())
	w.ok(err)
	if _, status := w.task(id.String()); status != 404 {
		t.Errorf("a day later: %d, want 404", status)
	}
}
