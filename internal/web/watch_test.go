package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/watch/accesslog"
)

// watched is a world whose requests are kept, and how to read them.
type watched struct {
	*world
	writer *accesslog.Writer
}

// An accessRow is a row of the access log, as text.
type accessRow struct {
	Route, Verdict, User, Account, Business, Object, Key string
	Operator                                             bool
	Status, Rows                                         int
}

// rows stops the writer and reads what it wrote.
func (k *watched) rows() []accessRow {
	k.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	k.ok(k.writer.Stop(ctx))
	rows, err := k.db.Super.Query(ctx, `
		select route, verdict, coalesce(user_id::text, ''), coalesce(account_id::text, ''),
		       coalesce(business_id::text, ''), coalesce(object, ''),
		       coalesce(key_id::text, ''), operator, status, rows
		  from access_log order by at`)
	k.ok(err)
	defer rows.Close()
	var out []accessRow
	for rows.Next() {
		var r accessRow
		k.ok(rows.Scan(&r.Route, &r.Verdict, &r.User, &r.Account, &r.Business, &r.Object, &r.Key, &r.Operator,
			&r.Status, &r.Rows))
		out = append(out, r)
	}
	k.ok(rows.Err())
	return out
}

func watch(w *world) *watched {
	w.Helper()
	k := &watched{world: w, writer: accesslog.Start(w.db.Log, "v-test", w.config.Log)}
	w.config.Access = k.writer
	w.server = New(w.config)
	return k
}

func TestAccessLogSaysWho(t *testing.T) {
	t.Parallel()
	w := newWorld(t).populate()
	k := watch(w)
	a, b := w.a, w.b
	party := "/b/" + a.ids["business"] + "/p/" + a.ids["party"]
	apiParty := "/api/businesses/" + a.ids["business"] + "/parties/" + a.ids["party"]
	w.get(party, a.Token).has(t, "the own party", 200)
	w.get(party, b.Token).has(t, "another's party", 404)
	w.get(apiParty, b.Token).has(t, "another's party by the API", 404)
	w.get(party, "").has(t, "a stranger", 303)
	w.get("/admin", b.Token).has(t, "the operators' room", 404)
	w.get("/healthz", "").has(t, "a machine", 200)
	w.get("/confirm/"+a.ids["sign-up"], "").has(t, "a link", 200)
	r, err := http.NewRequest("GET", w.url+"/api/credits?secret=in-the-query", nil)
	w.ok(err)
	r.Header.Set("Authorization", "Bearer "+a.key)
	w.do(r, "").has(t, "a program", 200)
	typed := "correct horse battery staple"
	w.send("POST", form("/login", "email", typed, "password", "wrong"), "")
	rows := k.rows()

	find := func(what string, fits func(accessRow) bool) accessRow {
		t.Helper()
		for _, r := range rows {
			if fits(r) {
				return r
			}
		}
		t.Fatalf("%s is not in the log: %+v", what, rows)
		return accessRow{}
	}
	own := find("the own party", func(r accessRow) bool { return r.Verdict == "allowed" && r.Object == a.ids["party"] })
	if own.User != a.UserID.String() || own.Account != a.AccountID.String() || own.Business != a.ids["business"] ||
		own.Route != "GET /b/{business}/p/{party}" || own.Status != 200 || own.Rows == 0 || own.Operator {
		t.Errorf("the own party is kept as %+v", own)
	}
	for _, route := range []string{"GET /b/{business}/p/{party}", "GET /api/businesses/{business}/parties/{party}"} {
		r := find("another's party", func(r accessRow) bool { return r.Verdict == "not_found" && r.Route == route })
		if r.User != b.UserID.String() || r.Account != b.AccountID.String() || r.Business != a.ids["business"] ||
			r.Object != a.ids["party"] {
			t.Errorf("who tried another's party is kept as %+v", r)
		}
	}
	stranger := find("a stranger", func(r accessRow) bool {
		return r.Verdict == "denied" && r.Object == a.ids["party"]
	})
	if stranger.User != "" || stranger.Account != "" || stranger.Status != 303 {
		t.Errorf("a stranger is kept as %+v", stranger)
	}
	find("who tried the operators' room", func(r accessRow) bool {
		return r.Route == "GET /admin" && r.Verdict == "not_found" && r.User == b.UserID.String() && !r.Operator
	})
	program := find("a program", func(r accessRow) bool { return r.Route == "GET /api/credits" })
	if program.Account != a.AccountID.String() || program.Key == "" || program.User != "" ||
		program.Verdict != "allowed" {
		t.Errorf("a program is kept as %+v", program)
	}
	login := find("a wrong password", func(r accessRow) bool { return r.Route == "POST /login" })
	if login.Verdict != "denied" || !strings.HasPrefix(login.Object, "address:") {
		t.Errorf("a wrong password is kept as %+v", login)
	}
	text := fmt.Sprintf("%+v", rows)
	for what, secret := range map[string]string{
		"a link's token": a.ids["sign-up"], "an API key": a.key, "a session": a.Token,
		"a query": "in-the-query", "what was typed as an address": typed, "health": "healthz",
	} {
		if strings.Contains(text, secret) {
			t.Errorf("the access log holds %s", what)
		}
	}
	if _, err := uuid.Parse(program.Key); err != nil {
		t.Error(err)
	}
}
