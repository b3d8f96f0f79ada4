package isolation

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// An actor sends SQL as tijori_app, as somebody would who can put what they like
// into a statement: they choose every setting, but know only their own token.
type actor struct {
	name     string
	settings map[string]string
	user     uuid.UUID
	role     string    // "" for who must be refused
	account  uuid.UUID // whose rows the actor may see
	business uuid.UUID // zero for the account as a whole
	refused  string    // SQLSTATE of the refusal
}

// An outcome is all that an actor learns from a statement.
type outcome struct {
	code string // SQLSTATE, "" when it went through
	text string // every word of the error, or the rows and tags
	rows [][]string
	n    int64 // rows affected by the last statement that tells
}

func (o outcome) String() string { return o.code + " " + o.text }

// run sends a statement in a transaction of the actor and returns what came back.
func (w *world) run(t testing.TB, a actor, sql string, commit bool) outcome {
	t.Helper()
	return w.runOn(t, w.App, a, sql, commit)
}

func (w *world) runOn(t testing.TB, pool *pgxpool.Pool, a actor, sql string, commit bool) outcome {
	t.Helper()
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	pg := conn.Conn().PgConn()
	var b strings.Builder
	b.WriteString("begin;")
	for _, name := range sortedKeys(a.settings) {
		b.WriteString("select set_config(" + literal(name) + ", " + literal(a.settings[name]) + ", true);")
	}
	var out outcome
	if copied, ok := strings.CutPrefix(sql, "\\copy "); ok {
		if _, err := pg.Exec(t.Context(), b.String()).ReadAll(); err != nil {
			t.Fatalf("%s: %v", a.name, err)
		}
		var data strings.Builder
		_, err = pg.CopyTo(t.Context(), &data, copied)
		out.text = data.String()
		out.n = int64(strings.Count(out.text, "\n"))
		out.fail(err)
	} else {
		results, err := pg.Exec(t.Context(), b.String()+sql).ReadAll()
		if ours := 1 + len(a.settings); len(results) >= ours { // begin and the settings
			results = results[ours:]
		} else {
			t.Fatalf("%s: %v", a.name, err)
		}
		for _, r := range results {
			for _, values := range r.Rows {
				var line []string
				for _, v := range values {
					line = append(line, string(v))
				}
				out.rows = append(out.rows, line)
			}
			out.n = r.CommandTag.RowsAffected()
			out.text += fmt.Sprintln(r.CommandTag.String())
		}
		out.text += fmt.Sprint(out.rows)
		out.fail(err)
	}
	end := "rollback"
	if commit {
		end = "commit"
	}
	if _, err := pg.Exec(t.Context(), end).ReadAll(); err != nil {
		t.Fatalf("%s: %s after %s: %v", a.name, end, sql, err)
	}
	return out
}

func (o *outcome) fail(err error) {
	if err == nil {
		return
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		o.code, o.text = "connection", err.Error()
		return
	}
	o.rows, o.n = nil, 0
	o.code = pg.Code
	o.text = strings.Join([]string{
		pg.Message, pg.Detail, pg.Hint, pg.Where, pg.SchemaName, pg.TableName, pg.ColumnName,
		pg.ConstraintName, pg.DataTypeName, pg.InternalQuery,
	}, "|")
}

func claims(u *pgtest.User, business uuid.UUID) map[string]string {
	s := map[string]string{"tijori.credential": hex.EncodeToString(u.Caller.Credential[:]), "tijori.business": ""}
	if business != uuid.Nil {
		s["tijori.business"] = business.String()
	}
	return s
}

// actors are everybody the matrix is about.
func (w *world) actors() []actor {
	v, s := w.victim, w.stranger
	in := func(name string, u *pgtest.User, role string, account, business uuid.UUID) actor {
		settings := claims(u, business)
		settings["tijori.account"] = account.String() // as the program writes down what it was told
		settings["tijori.own_only"] = "off"
		if role == "counter" {
			settings["tijori.own_only"] = "on"
		}
		return actor{name: name, settings: settings, user: u.UserID, role: role, account: account, business: business}
	}
	no := func(name, code string, settings map[string]string) actor {
		if settings["tijori.account"] == "" {
			settings["tijori.account"] = uuid.Max.String() // a hint that leads nowhere
		}
		return actor{name: name, settings: settings, refused: code}
	}
	with := func(settings map[string]string, pairs ...string) map[string]string {
		for i := 0; i < len(pairs); i += 2 {
			settings[pairs[i]] = pairs[i+1]
		}
		return settings
	}
	out := []actor{
		in("stranger", s, "owner", s.AccountID, s.BusinessID),
		in("stranger, account", s, "owner", s.AccountID, uuid.Nil),
		in("owner", v, "owner", v.AccountID, v.BusinessID),
		in("owner, account", v, "owner", v.AccountID, uuid.Nil),
		in("owner in the other business", v, "owner", v.AccountID, w.second),
	}
	for _, role := range []string{"manager", "accountant", "counter"} {
		out = append(out,
			in(role, w.members[role], role, v.AccountID, v.BusinessID),
			in(role+" of the other business", w.members["second "+role], role, v.AccountID, w.second),
			in(role+" of the account", w.members["account "+role], role, v.AccountID, uuid.Nil),
			in(role+" of the account, in a business", w.members["account "+role], role, v.AccountID, v.BusinessID),
			no(role+" of the other business, naming this one", "P0002", claims(w.members["second "+role],
				v.BusinessID)),
			// Member of one business only, and no business named: a user, but of no account.
			actor{
				name: role + " of a business, naming none", settings: claims(w.members[role], uuid.Nil),
				user: w.members[role].UserID, refused: "nothing",
			},
		)
	}
	const forged = "tijori.user_id"
	return append(out,
		no("stranger naming the victim's business", "P0002", claims(s, v.BusinessID)),
		no("stranger naming the victim's other business", "P0002", claims(s, w.second)),
		no("removed member", "P0002", claims(w.removed, v.BusinessID)),
		actor{
			name: "removed member, account", settings: claims(w.removed, uuid.Nil), user: w.removed.UserID,
			refused: "nothing",
		},
		no("revoked credential", "28000", claims(w.revoked, v.BusinessID)),
		no("revoked credential, account", "28000", claims(w.revoked, uuid.Nil)),
		no("expired credential", "28000", claims(w.stale, v.BusinessID)),
		no("expired credential, account", "28000", claims(w.stale, uuid.Nil)),
		no("no credential", "28000", map[string]string{"tijori.business": v.BusinessID.String()}),
		no("empty credential", "28000", map[string]string{
			"tijori.credential": "",
			"tijori.business":   v.BusinessID.String(),
		}),
		no("made-up credential", "28000", map[string]string{
			"tijori.credential": strings.Repeat("ab", 32),
			"tijori.business":   v.BusinessID.String(),
		}),
		no("the token instead of its hash", "28000", map[string]string{
			"tijori.credential": v.Token,
			"tijori.business":   v.BusinessID.String(),
		}),
		no("half a credential", "28000",
			map[string]string{
				"tijori.credential": hex.EncodeToString(v.Caller.Credential[:16]),
				"tijori.business":   v.BusinessID.String(),
			}),
		no("forged user and account, no credential", "28000", with(map[string]string{}, forged, v.UserID.String(),
			"tijori.account_id", v.AccountID.String(), "tijori.role", "owner", "tijori.business",
			v.BusinessID.String())),
		no("stranger with a forged user and account, in the victim's business", "P0002", with(claims(s, v.BusinessID),
			forged, v.UserID.String(), "tijori.account", v.AccountID.String(), "tijori.account_id",
			v.AccountID.String(), "tijori.role", "owner")),
		actor{
			name: "stranger with a forged user and account", user: s.UserID, role: "owner", account: s.AccountID,
			business: s.BusinessID,
			settings: with(claims(s, s.BusinessID), forged, v.UserID.String(), "tijori.user", v.UserID.String(),
				"tijori.account", s.AccountID.String(), "tijori.account_id", v.AccountID.String(),
				"tijori_access.account_id", v.AccountID.String(), "request.jwt.claims",
				`{"sub": "`+v.UserID.String()+`"}`),
		},
	)
}
