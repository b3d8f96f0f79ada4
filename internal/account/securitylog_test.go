package account

import (
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/account/passkeytest"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// log is what the owner of a session reads, the oldest first.
func readLog(t *testing.T, db *pgtest.DB, c postgres.Caller) (list []LogLine) {
	t.Helper()
	err := db.As(t.Context(), c, func(tx *postgres.Tx) (err error) {
		list, err = SecurityLog(t.Context(), tx, LogPlace{}, 1000)
		return err
	})
	if err != nil {
		t.Fatalf("SecurityLog = %v", err)
	}
	slices.Reverse(list)
	return list
}

func events(list []LogLine) (names []Event) {
	for _, l := range list {
		names = append(names, l.Event)
	}
	return names
}

// told are the addresses that notices wait for, with their events, in order.
func told(t *testing.T, db *pgtest.DB) (list []string) {
	t.Helper()
	rows, err := db.Super.Query(t.Context(), `
		select u.email || ' ' || n.kind from notices n join users u on u.id = n.user_id order by 1`)
	if err != nil {
		t.Fatal(err)
	}
	list, err = pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// allEvents is every event with whom it is told by mail: nobody, the user whom it concerns, or the owners of the
// account and that user.
var allEvents = []struct {
	event    Event
	audience string
}{
	{SignedIn, "nobody"},
	{DeviceAdded, "user"},
	{SignInFailed, "nobody"},
	{SignedOutEverywhere, "nobody"},
	{PasswordChanged, "user"},
	{PasswordRecovered, "user"},
	{EmailChangeAsked, "nobody"}, // both ends have letters of their own
	{EmailChanged, "nobody"},
	{EmailTakenBack, "user"},
	{FactorAdded, "user"},
	{FactorRemoved, "user"},
	{RecoveryCodesMade, "user"},
	{RecoveryCodeUsed, "user"},
	{MemberInvited, "nobody"},
	{OwnerInvited, "owners"},
	{MemberAdded, "nobody"},
	{OwnerAdded, "owners"},
	{RoleChanged, "owners"},
	{MemberRemoved, "user"},
	{OwnerRemoved, "owners"},
	{KeyMade, "owners"},
	{KeyEnded, "nobody"},
	{PayeeChanged, "owners"},
	{DataExported, "nobody"},
	{DataTaken, "owners"},
	{DeletionBegun, "nobody"}, // LeavingMail tells it
	{DeletionEnded, "nobody"},
}

// The program and the database have the same list of events.
func TestEventsAreThoseOfTheDatabase(t *testing.T) {
	t.Parallel()
	_, db := setup(t)
	got := map[string]string{}
	rows, err := db.Super.Query(t.Context(), `select kind, tells from security_kinds`)
	if err != nil {
		t.Fatal(err)
	}
	var kind, tells string
	_, err = pgx.ForEachRow(rows, []any{&kind, &tells}, func() error { got[kind] = tells; return nil })
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range allEvents {
		if got[string(e.event)] != e.audience {
			t.Errorf("%s tells %q in the program, %q in the database", e.event, e.audience, got[string(e.event)])
		}
		delete(got, string(e.event))
	}
	if len(got) > 0 {
		t.Errorf("the program does not know %v", got)
	}
}

// Each act stands in the log of the account, with who did it and from where, and is told to whom it concerns.
func TestSecurityLogOfAUser(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	first := confirmed(t, s, db, "asha@example.com")
	other := Device{UserAgent: "Other", Network: "203.0.113.7"}
	if _, err := s.SignIn(t.Context(), "asha@example.com", "not-the-password-1", other, ""); err == nil {
		t.Fatal("a wrong password signed in")
	}
	if _, err := s.SignIn(t.Context(), "nobody@example.com", "not-the-password-1", other, ""); err == nil {
		t.Fatal("nobody signed in")
	}
	if _, err := s.SweepNotices(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SignIn(t.Context(), "asha@example.com", goodPassword, on(phone, first), ""); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SignIn(t.Context(), "asha@example.com", goodPassword, other, ""); err != nil {
		t.Fatal(err)
	}
	if err := s.ChangePassword(t.Context(), caller(first), goodPassword, "green-lantern-market"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Recover(t.Context(), recoveryLink(t, s, db, "asha@example.com"), goodPassword, false,
		other); err != nil {
		t.Fatal(err)
	}
	owner, err := s.SignIn(t.Context(), "asha@example.com", goodPassword, other, "")
	if err != nil {
		t.Fatal(err)
	}
	list := readLog(t, db, caller(owner))
	want := []Event{
		SignedIn, SignInFailed, SignedIn, DeviceAdded, PasswordChanged, PasswordRecovered, DeviceAdded,
	}
	if got := events(list); !slices.Equal(got, want) {
		t.Fatalf("the log has %v, want %v", got, want)
	}
	for i, l := range list {
		from := phone.Network
		if i == 1 || i == 3 || i > 4 {
			from = other.Network
		}
		who := "asha@example.com"
		if l.Event == SignInFailed {
			who = "" // nobody knows
		}
		if l.Network != from || l.Who != who || l.About != "asha@example.com" || l.At.IsZero() {
			t.Errorf("line %d = %+v, want it from %s by %q", i, l, from, who)
		}
	}
	if got, want := told(t, db), []string{
		"asha@example.com device_added", "asha@example.com device_added", "asha@example.com password_changed",
		"asha@example.com password_recovered",
	}; !slices.Equal(got, want) {
		t.Errorf("notices wait for %v, want %v", got, want)
	}
	if n := one[int](t, db, `select count(*) from sign_in_failures`); n != 0 {
		t.Errorf("%d typed addresses stay behind, want none", n)
	}
}

// Every proof that is refused stands in the log, by whichever way, with from where: the second step tells that somebody
// has the password.
func TestSecurityLogOfRefusedProofs(t *testing.T) {
	t.Parallel()
	s, db := equipped(t)
	first := confirmed(t, s, db, "asha@example.com")
	withTOTP(t, s, db, first)
	a := withPasskey(t, s, first, 7)
	other := Device{UserAgent: "Other", Network: "203.0.113.7"}
	wrong := func(p Proof) error {
		_, err := s.FinishSignIn(t.Context(), halfIn(t, s, "asha@example.com"), p, other, "")
		return err
	}
	signIn := func(by *passkeytest.Authenticator) error {
		question, err := s.AskToSignIn(t.Context(), other.Network)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.SignInWithPasskey(t.Context(), by.Sign(t, question), other, "")
		return err
	}
	unverified := a.Copy()
	unverified.Count, unverified.Unverified = 100, true
	want := 0
	for _, c := range []struct {
		what, code string
		err        error
	}{
		{"a wrong code", "wrong_code", wrong(Proof{Code: "12345"})},
		{"a wrong recovery code", "wrong_code", wrong(Proof{Code: "AAAA-AAAA-AAAA-AAAA"})},
		{"what is no passkey", "passkey_refused", wrong(Proof{Passkey: "{}"})},
		{"a passkey that nobody verified", "passkey_refused", signIn(unverified)},
		{"a wrong code of a session", "wrong_code", s.StepUp(t.Context(), caller(first), Proof{Code: "12345"})},
	} {
		wantCode(t, c.what, c.err, c.code)
		want++
	}
	for range 2 {
		if _, err := s.SweepNotices(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	got := 0
	for _, l := range readLog(t, db, caller(first)) {
		if l.Event != SignInFailed {
			continue
		}
		got++
		if from := l.Network; from != other.Network && from != phone.Network || l.About != "asha@example.com" {
			t.Errorf("a line %+v", l)
		}
	}
	if got != want {
		t.Errorf("the log has %d refusals, want %d", got, want)
	}
}

// What changes in an account is logged by the database itself, whoever changes it.
func TestSecurityLogOfAnAccount(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	owner, binod := confirmed(t, s, db, "asha@example.com"), confirmed(t, s, db, "binod@example.com")
	id := uuid.New()
	if err := s.Invite(t.Context(), caller(owner), id, "binod@example.com", "manager", nil); err != nil {
		t.Fatal(err)
	}
	account := one[uuid.UUID](t, db, `select account_id from invitations`)
	l, err := s.IssueInvitation(t.Context(), account, id, false)
	if err != nil || l.Inviter != "asha@example.com" {
		t.Fatalf("IssueInvitation = %+v, %v, want the address of who invites", l, err)
	}
	if _, err := s.AcceptInvitation(t.Context(), caller(binod), l.Token); err != nil {
		t.Fatal(err)
	}
	member := one[uuid.UUID](t, db, `select id from members where account_id = $1 and role = 'manager'`, account)
	for _, role := range []string{"accountant", "owner", "manager"} {
		if err := s.ChangeRole(t.Context(), caller(owner), member, role); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.RemoveMember(t.Context(), caller(owner), member); err != nil {
		t.Fatal(err)
	}
	list := readLog(t, db, caller(owner))
	want := []Event{SignedIn, MemberInvited, MemberAdded, RoleChanged, OwnerAdded, RoleChanged, MemberRemoved}
	if got := events(list); !slices.Equal(got, want) {
		t.Fatalf("the log has %v, want %v", got, want)
	}
	for i, who := range []string{"asha", "asha", "binod", "asha", "asha", "asha", "asha"} {
		if list[i].Who != who+"@example.com" || list[i].Network != phone.Network {
			t.Errorf("line %d = %+v, want it by %s from %s", i, list[i], who, phone.Network)
		}
	}
	if list[3].Detail != "accountant" || list[3].About != "binod@example.com" {
		t.Errorf("the change of role = %+v", list[3])
	}
	if got, want := told(t, db), []string{
		"asha@example.com owner_added", "asha@example.com role_changed", "asha@example.com role_changed",
		"binod@example.com member_removed", "binod@example.com owner_added", "binod@example.com role_changed",
		"binod@example.com role_changed",
	}; !slices.Equal(got, want) {
		t.Errorf("notices wait for %v, want %v", got, want)
	}
	if got := events(readLog(t, db, caller(binod))); len(got) > 1 {
		t.Errorf("a removed member reads %v, want the own account's line alone", got)
	}
	exec(t, db, `update members set role = 'manager' where user_id = $1`, owner.UserID)
	if got := readLog(t, db, caller(owner)); len(got) != 0 {
		t.Errorf("a manager reads %v", events(got))
	}
}

// The log belongs to the transaction of the act, and nobody who works for tenants can add to it or take away.
func TestSecurityLogIsAppendOnly(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	owner := confirmed(t, s, db, "asha@example.com")
	before := len(readLog(t, db, caller(owner)))
	boom := fault.New(fault.Conflict, "no")
	err := db.AsAuth(t.Context(), func(tx pgx.Tx) error {
		if err := logUserFrom(t.Context(), tx, FactorAdded, owner.UserID, phone); err != nil {
			return err
		}
		return boom
	})
	wantKind(t, "an act that fails", err, fault.Conflict)
	if got := len(readLog(t, db, caller(owner))); got != before || len(told(t, db)) != 0 {
		t.Errorf("an act that failed left %d lines more and the notices %v", got-before, told(t, db))
	}
	for _, sql := range []string{
		`update security_log set network = 'x'`, `delete from security_log`, `select * from security_log`,
		`insert into security_log (account_id, kind) select account_id, 'signed_in' from accounts`,
		`insert into notices (user_id, kind) values (gen_random_uuid(), 'key_made')`,
		`select tijori_access.write_log('key_made', null, null, null)`,
		`select tijori_access.log_export('password_changed', '')`,
	} {
		err := db.As(t.Context(), caller(owner), func(tx *postgres.Tx) error {
			_, err := tx.Exec(t.Context(), sql)
			return err
		})
		if err == nil {
			t.Errorf("an owner may %q", sql)
		}
		if sql == `select * from security_log` {
			continue
		}
		err = db.AsAuth(t.Context(), func(tx pgx.Tx) error { _, err := tx.Exec(t.Context(), sql); return err })
		if err == nil {
			t.Errorf("the sign-in role may %q", sql)
		}
	}
	exec(t, db, `update security_log set at = now() - interval '366 days'`)
	if _, err := s.SignIn(t.Context(), "asha@example.com", goodPassword, on(phone, owner), ""); err != nil {
		t.Fatal(err)
	}
	if got := len(readLog(t, db, caller(owner))); got != 1 {
		t.Errorf("%d lines after a year, want the new one alone", got)
	}
}

// Every notice is enqueued once, however many nodes sweep, and goes when it is sent.
func TestNoticesAreSentOnce(t *testing.T) {
	t.Parallel()
	s, db := setup(t)
	session := confirmed(t, s, db, "asha@example.com")
	if err := s.ChangePassword(t.Context(), caller(session), goodPassword, "green-lantern-market"); err != nil {
		t.Fatal(err)
	}
	done := make(chan int)
	for range 8 {
		go func() {
			n, err := s.SweepNotices(t.Context())
			if err != nil {
				t.Error(err)
			}
			done <- n
		}()
	}
	sum := 0
	for range 8 {
		sum += <-done
	}
	if sum != 1 || one[int](t, db, `select count(*) from tijori_river.river_job where kind = 'notice_mail'`) != 1 {
		t.Errorf("%d notices were enqueued, want 1", sum)
	}
	id := one[uuid.UUID](t, db, `select id from notices`)
	l, err := s.NoticeByID(t.Context(), id)
	if err != nil || l.To != "asha@example.com" || l.Event != PasswordChanged || l.Actor != "" ||
		l.Network != phone.Network || l.Locale != "hi" {
		t.Errorf("NoticeByID = %+v, %v", l, err)
	}
	if err := s.NoticeSent(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	_, err = s.NoticeByID(t.Context(), id)
	wantKind(t, "a notice that was sent", err, fault.NotFound)
}
