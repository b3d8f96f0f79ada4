package web

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/ledger/intake"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
	"github.com/tijorihq/tijori/internal/role"
	"github.com/tijorihq/tijori/internal/web/frame"
)

var update = flag.Bool("update", false,
	"rewrite testdata/access.txt; read the difference as you would read a change of locks")

const accessFile = "testdata/access.txt"

const accessHead = `# Who may use which address of the server.
#
# ✔ may   – may not
#
# owner … counter   members of an account, by their role, about what belongs to that account. A role in a
#                   single business means the same there, and nothing in other businesses or in the account.
# signed in         a user who is a member of nothing, about what belongs to that account
# stranger          nobody is signed in; what a stranger may, everybody may
# API key           a program with a key of the account
# app's key         a program with a server key of an app whose customer it is about
# operator          who runs this server
#
# Some addresses ask for more than who you are: a password, a token in the address, a signature, a plan.
# A counter sees and corrects their own entries only.
#
# This file says how the running server answered. To rewrite it:
# go test ./internal/web -run TestEveryRoute -update
`

// The columns beside the roles.
const (
	asSignedIn = "signed in"
	asStranger = "stranger"
	asProgram  = "API key"
	asApp      = "app's key"
	asOperator = "operator"
)

func accessColumns() []string {
	var columns []string
	for _, r := range role.All() {
		columns = append(columns, r.Name)
	}
	return append(columns, asSignedIn, asStranger, asProgram, asApp, asOperator)
}

// An accessTable collects what the exercise learns: whether the server let
// somebody in, by route and column.
type accessTable struct {
	mu   sync.Mutex
	seen map[string]map[string]bool
}

// note writes down one answer. Somebody who was refused once is refused.
func (a *accessTable) note(pattern, column string, may bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.seen[pattern] == nil {
		a.seen[pattern] = map[string]bool{}
	}
	before, asked := a.seen[pattern][column]
	a.seen[pattern][column] = may && (before || !asked)
}

// line is a route's line of the file, or an error about somebody who was not asked.
func (a *accessTable) line(rt *frame.Route, width int) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	seen := a.seen[rt.Pattern]
	method, path, _ := strings.Cut(rt.Pattern, " ")
	line := fmt.Sprintf("%-6s%-*s", method, width, path)
	for _, column := range accessColumns() {
		may, asked := seen[column]
		switch {
		case seen[asStranger]:
			may, asked = true, true // who may not can sign out and may
		case column == asOperator && !asked:
			may, asked = seen[asSignedIn], true // an operator is somebody who is signed in
		}
		if !asked {
			return "", fmt.Errorf("%s: the exercise does not know whether %q may use it", rt.Pattern, column)
		}
		mark := map[bool]string{true: "✔", false: "–"}[may]
		left := utf8.RuneCountInString(column) / 2
		line += "  " + strings.Repeat(" ", left) + mark + strings.Repeat(" ", utf8.RuneCountInString(column)-left-1)
	}
	return strings.TrimRight(line, " ") + "\n", nil
}

// check compares what was learned with the file, or rewrites it. When only some
// routes were asked, only their lines are compared.
func (a *accessTable) check(t *testing.T) {
	if t.Failed() {
		return
	}
	width := 0
	for _, rt := range routes {
		_, path, _ := strings.Cut(rt.Pattern, " ")
		width = max(width, len(path)+1)
	}
	var b strings.Builder
	b.WriteString(accessHead)
	var lines []string
	heads := routeGroups(t)
	for i := range routes {
		rt := &routes[i]
		if heads[i] != "" {
			fmt.Fprintf(&b, "\n%s\n\n%-*s  %s\n", heads[i], width+6, "", strings.Join(accessColumns(), "  "))
		}
		if a.seen[rt.Pattern] == nil {
			continue
		}
		line, err := a.line(rt, width)
		if err != nil {
			t.Error(err)
		}
		b.WriteString(line)
		lines = append(lines, line)
	}
	whole := len(lines) == len(routes)
	if *update {
		if !whole {
			t.Fatalf("only %d of %d routes were asked; -update needs all", len(lines), len(routes))
		}
		if err := os.WriteFile(accessFile, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(accessFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		if !strings.Contains("\n"+string(want), "\n"+line) {
			t.Errorf("%s has no line\n%s", accessFile, line)
		}
	}
	if whole && !t.Failed() && string(want) != b.String() {
		t.Errorf("%s has other lines, or another order, than the list of routes", accessFile)
	}
}

// routeGroups returns the comment above each route of the list, "" for most.
func routeGroups(t *testing.T) []string {
	t.Helper()
	source, err := os.ReadFile("routes.go")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(source), "\n\treturn []frame.Route{\n")
	lines := regexp.MustCompile(`(?m)^\t\t(?:// (.*)|\{(?:\n\t\t\t)?Pattern: .*)$`)
	var heads []string
	head := ""
	for _, m := range lines.FindAllStringSubmatch(list, -1) {
		if m[1] != "" {
			head = strings.TrimSpace(head + " " + m[1])
			continue
		}
		heads, head = append(heads, head), ""
	}
	if len(heads) != len(routes) || heads[0] == "" {
		t.Fatalf("%d routes stand in routes.go, the list has %d", len(heads), len(routes))
	}
	return heads
}

// turnedAway reports whether an answer refuses somebody for who they are. Pages
// send whoever has no session to sign in.
func (a answer) turnedAway(session bool) bool {
	toLogin := a.status == 303 && strings.HasPrefix(a.location(), "/login")
	return a.status == 401 || a.status == 403 || a.status == 404 || toLogin && !session
}

// ask asks for the route with somebody's ids, and notes how they fared.
func (e *exercise) ask(column string, ids map[string]string, token string) answer {
	got := e.send(e.method, e.trial.ask(newIDs(ids)), token)
	session := token != "" && column != asProgram && column != asApp && column != asStranger
	e.table.note(e.rt.Pattern, column, !got.turnedAway(session))
	return got
}

// outsiders asks as those who are no members of A, where that changes nothing.
func (e *exercise) outsiders() {
	if e.open() {
		return
	}
	if e.rt.Access != frame.SignedIn {
		e.ask(asSignedIn, e.a.ids, e.passerBy().Token)
	}
	if e.rt.Access != frame.Program {
		e.ask(asProgram, e.a.ids, e.a.key)
	}
	if !e.rt.Access.OfApp() {
		e.ask(asApp, e.a.ids, e.a.appKey)
	}
	if e.rt.Access != frame.Program && !e.rt.Access.OfApp() {
		return
	}
	e.ask(role.Owner, e.a.ids, e.a.Token)
	for _, name := range roleNames {
		e.ask(name, e.a.ids, e.people[name+" of account"].Token)
	}
}

// owners asks for an operator's route as A's owner, who is not the operator for a moment.
func (e *exercise) owners() {
	if e.rt.Access == frame.Operator {
		e.config.Operators[0] = ""
		e.ask(role.Owner, e.a.ids, e.a.Token)
		e.config.Operators[0] = e.a.Email
	}
}

// rightRoles asks as those who may, each about things of their own.
func (e *exercise) rightRoles() {
	if e.open() || e.rt.Access == frame.Operator || e.rt.Access == frame.Program || e.rt.Access.OfApp() {
		return
	}
	place := "account"
	if strings.Contains(e.rt.Pattern, "{business}") {
		place = "business"
	}
	for _, name := range roleNames {
		if e.rt.Access != frame.SignedIn && (!e.rt.Access.Admits(role.Of(name)) || e.read(name)) {
			continue // asked before
		}
		p := e.people[name+" of "+place]
		got := e.ask(name, e.own(p, role.Of(name)), p.Token)
		if e.rt.Access != frame.SignedIn && got.turnedAway(true) {
			e.Errorf("as %s of the %s, who may: %d %s %.200s", name, place, got.status, got.location(), got.body)
		}
	}
	if e.rt.Access == frame.SignedIn {
		p := e.passerBy()
		e.ask(asSignedIn, e.ownSession(p), p.Token)
	}
}

// read reports whether wrongRoles has asked as a role already: pages that all of the role see alike.
func (e *exercise) read(name string) bool {
	return e.method == "GET" && !e.trial.private && (!e.trial.own || role.Of(name).SeesTotals)
}

// passerBy is a user who is a member of nothing.
func (w *world) passerBy() *pgtest.User {
	w.Helper()
	u := w.db.Member(w, w.b.User, nil, role.Counter)
	w.exec(`delete from members where user_id = $1`, u.UserID)
	return u
}

// ownSession is A's ids, with a session of the user's own among them.
func (w *world) ownSession(u *pgtest.User) map[string]string {
	w.Helper()
	ids := maps.Clone(w.a.ids)
	ids["session"] = w.session(u.UserID, u.AccountID, "30 days", false).id
	return ids
}

// own is A's ids, with things that a member has made among them: as many as their rights let them make.
func (w *world) own(u *pgtest.User, may role.Rights) map[string]string {
	w.Helper()
	s := &side{User: u, ids: w.ownSession(u), word: wordOfA + "own"}
	s.ids["own second membership"] = fresh().String()
	w.exec(`insert into members (account_id, id, user_id, business_id, role) values ($1, $2, $3, $4, 'manager')`,
		s.AccountID, s.ids["own second membership"], s.UserID, s.ids["business2"])
	if may.RunsKhata {
		w.seedLedger(s, phoneA, amountA)
		w.seedBatch(s)
		w.seedFile(s)
		w.seedLink(s)
	} else if may.AddsEntries {
		w.seedEntries(s, s.party(), amountA)
	}
	if may.SeesTotals {
		w.seedTask(s)
	}
	return s.ids
}

// seedEntries gives a party an entry, and one in the bin.
func (w *world) seedEntries(s *side, party uuid.UUID, amount int64) {
	w.Helper()
	entry, gone := fresh(), fresh()
	s.ids["entry"], s.ids["gone entry"] = entry.String(), gone.String()
	f := ledger.EntryFields{Side: ledger.Given, AmountMinor: amount, Date: day(2026, 3, 31), Note: s.word + "note"}
	w.ok(w.db.As(w.Context(), s.Caller, func(tx *postgres.Tx) error {
		for _, id := range []uuid.UUID{entry, gone} {
			if _, err := ledger.AddEntry(w.Context(), tx, id, party, f); err != nil {
				return err
			}
		}
		_, err := ledger.DeleteEntry(w.Context(), tx, gone, 1)
		return err
	}))
}

// seedFile keeps a file of a side between its dry run and its import.
func (w *world) seedFile(s *side) {
	w.Helper()
	upload := fresh()
	s.ids["upload"] = upload.String()
	text := "Name,Balance\n" + s.word + "party in a file,12\n" + s.word + "party living,-5\n"
	w.ok(w.db.As(w.Context(), s.Caller, func(tx *postgres.Tx) error {
		return intake.Store(w.Context(), tx, upload, s.word+"note.csv", []byte(text))
	}))
}

// seedTask gives a side a task that is under way.
func (w *world) seedTask(s *side) {
	w.Helper()
	task := fresh()
	s.ids["task"] = task.String()
	w.ok(w.db.As(w.Context(), s.Caller, func(tx *postgres.Tx) error {
		return ledger.BeginTask(w.Context(), tx, task, ledger.ExportTask, 5)
	}))
}

// seedLink gives a side a link that its party can open.
func (w *world) seedLink(s *side) {
	w.Helper()
	link := fresh()
	s.ids["share"], s.ids["link"] = link.String(), ledger.NewShareToken()
	w.ok(w.db.As(w.Context(), s.Caller, func(tx *postgres.Tx) error {
		days := ledger.Range{To: day(2026, 4, 30)}
		_, err := ledger.AddShare(w.Context(), tx, link, s.party(), s.ids["link"], days, ledger.ShareLife)
		return err
	}))
}

// A new role has no column until the file is rewritten.
func TestAccessFileNamesEveryRole(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(accessFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range role.All() {
		if !slices.Contains(strings.Fields(string(b)), r.Name) {
			t.Errorf("%s has no column for %q", accessFile, r.Name)
		}
	}
}
